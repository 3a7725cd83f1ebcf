import asyncio
import json
import logging
import re
import socket

import jsonschema
import pytest
import redis
import requests

from app import create_app, logs
from app.settings import Settings
from tests.served import ROOT, served

SCHEMA = json.loads((ROOT / "docs" / "log-line.schema.json").read_text())
SECRET = "hush-hush"


def assert_fits(line):
    jsonschema.validate(line, SCHEMA)
    return line


@pytest.fixture(autouse=True)
def _logging_as_before():
    root, level = logging.getLogger(), logging.getLogger().level
    handlers = list(root.handlers)
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def lines_of(shared_server, capfd):
    """Makes a client of an app with such settings, and a reader of its lines."""

    def make(**settings):
        app = create_app(Settings(**{"redis_url": shared_server.url, **settings}))

        def lines():
            written = capfd.readouterr().out.splitlines()
            return [assert_fits(json.loads(line)) for line in written]

        return app.test_client(), lines

    return make


def test_each_request_is_one_line_of_the_schema(lines_of, redis_client):
    redis_client.set("foo", "bar")
    client, lines = lines_of()
    answer = client.get("/get/foo", headers={"X-Request-ID": "mine"})
    [line] = lines()
    assert line["logger"] == "app.access"
    assert line["level"] == "info"
    assert (line["method"], line["route"]) == ("GET", "/get/<key:key>")
    assert (line["status"], line["bytes"]) == (200, len(answer.data))
    assert (line["request_id"], line["client"]) == ("mine", "127.0.0.1")
    assert 0 < line["duration_ms"] < 5000


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", f"/{SECRET}", ("GET", None, 404)),
        ("BREW", "/set", ("other", None, 405)),
        ("DELETE", "/set", ("DELETE", None, 405)),
        ("POST", "/set", ("POST", "/set", 415)),
        ("GET", "/get/", ("GET", "/get/<key:key>", 422)),
        ("HEAD", "/get/no", ("HEAD", "/get/<key:key>", 404)),
    ],
)
def test_what_a_client_made_up_is_not_in_its_line(lines_of, method, path, expected):
    client, lines = lines_of()
    client.open(path, method=method)
    [line] = lines()
    assert (line["method"], line["route"], line["status"]) == expected
    assert SECRET not in json.dumps(line)


def test_an_answer_without_a_body_counts_no_bytes(lines_of):
    client, lines = lines_of()
    client.head("/get/nothing")
    assert lines()[0]["bytes"] == 0


def test_a_streamed_answer_is_logged_when_it_ends_with_its_bytes(lines_of):
    client, lines = lines_of()
    client.application.add_url_rule("/stream", view_func=lambda: iter([b"abc", b"de"]))
    answer = client.get("/stream", buffered=False)
    assert lines() == []
    assert answer.data == b"abcde"
    answer.close()
    assert [line["bytes"] for line in lines()] == [5]


def test_a_stream_that_its_client_drops_is_logged_once(lines_of):
    client, lines = lines_of()
    client.application.add_url_rule("/stream", view_func=lambda: iter([b"abc"] * 9))
    answer = client.get("/stream", buffered=False)
    next(answer.iter_encoded())
    answer.close()
    assert [line["bytes"] for line in lines()] == [3]


@pytest.mark.parametrize("given", ["", "a b", "a\tb", "é", "x" * 129, '"', "a\\b"])
def test_an_id_that_is_not_well_formed_is_replaced(client, given):
    answered = client.get("/health/live", headers={"X-Request-ID": given})
    assert re.fullmatch("[0-9a-f]{32}", answered.headers["X-Request-ID"])


def test_a_well_formed_id_is_sent_back(client):
    answered = client.get("/health/live", headers={"X-Request-ID": "a.b:c_d+e/f=g@h-1"})
    assert answered.headers["X-Request-ID"] == "a.b:c_d+e/f=g@h-1"


def test_every_line_of_a_request_carries_its_ids(lines_of):
    client, lines = lines_of()

    @client.application.get("/talk")
    def talk():
        logging.getLogger("app.talk").info("hello", extra={"count": 3})
        return "said"

    client.get("/talk", headers={"X-Request-ID": "mine"})
    said, access = lines()
    assert (said["message"], said["count"]) == ("hello", 3)
    assert said["request_id"] == access["request_id"] == "mine"
    assert said["trace_id"] == access["trace_id"]
    assert said["span_id"] == access["span_id"]


def test_health_checks_are_silent_while_they_succeed(lines_of):
    client, lines = lines_of()
    for path in ("/health", "/health/ready", "/health/live", "/metrics"):
        assert client.get(path).status_code == 200
    assert lines() == []


def test_health_checks_can_be_logged(lines_of):
    client, lines = lines_of(log_health_checks=True)
    client.get("/health/live")
    assert [line["route"] for line in lines()] == ["/health/live"]


def test_a_health_check_that_fails_is_a_warning(lines_of):
    client, lines = lines_of(redis_url="redis://127.0.0.1:1")
    client.get("/health")
    assert [(x["level"], x["status"]) for x in lines()] == [("warning", 503)]


def test_the_level_leaves_out_what_is_less_severe(lines_of, client_of):
    client, lines = lines_of(log_level="warning")
    assert client.get("/get/nothing").status_code == 404
    assert lines() == []
    client, lines = lines_of(log_level="warning", redis_url="redis://127.0.0.1:1")
    assert client.get("/get/nothing").status_code == 503
    assert [line["status"] for line in lines()] == [503]
    client, lines = lines_of(log_level="error", redis_url="redis://127.0.0.1:1")
    assert client.get("/get/nothing").status_code == 503
    assert lines() == []


def test_people_read_text(client_of, shared_server, capfd):
    client = client_of(shared_server.url, log_format="text")
    client.get("/get/nothing", headers={"X-Request-ID": "mine"})
    line = capfd.readouterr().out
    assert " info     request logger=app.access method=GET route=/get/<key:key>" in line
    assert " status=404 " in line
    assert " request_id=mine " in line


def fail():
    message = f"Command # 1 (SET {SECRET} {SECRET}) of pipeline caused error"
    try:
        raise redis.ResponseError(message)  # noqa: TRY301 - as redis-py does below us
    except redis.ResponseError as error:
        raise LookupError(SECRET) from error


def test_an_exception_is_told_by_type_and_place_alone(lines_of):
    client, lines = lines_of()
    client.application.add_url_rule("/fail", view_func=fail)
    assert client.get("/fail").status_code == 500
    error, access = lines()
    assert (error["level"], access["level"]) == ("error", "warning")
    assert "test_logs.py" in error["exception"]
    assert re.search(
        r"redis\.exceptions\.ResponseError\n.*\n.*LookupError$",
        error["exception"],
        re.DOTALL,
    )
    assert SECRET not in json.dumps(error)


def test_debugging_reveals_what_an_exception_says(lines_of):
    client, lines = lines_of(log_level="debug")
    client.application.add_url_rule("/fail", view_func=fail)
    client.get("/fail")
    assert SECRET in lines()[0]["exception"]


def test_a_chain_of_causes_that_is_a_ring_ends():
    first, second = LookupError(), KeyError()
    first.__cause__, second.__cause__ = second, first
    assert logs.whence(first).count("LookupError") < 10


def test_libraries_are_quoted_only_when_debugging(lines_of):
    _, lines = lines_of()
    loop = asyncio.new_event_loop()
    loop.call_exception_handler({"message": f"Exception in callback f({SECRET!r})"})
    logging.getLogger("werkzeug").warning("GET /get/%s", SECRET)
    said = lines()
    assert [line["logger"] for line in said] == ["asyncio", "werkzeug"]
    assert SECRET not in json.dumps(said)
    assert re.fullmatch(r"logged at test_logs\.\w+:\d+", said[1]["message"])
    _, lines = lines_of(log_level="debug")
    loop.call_exception_handler({"message": f"Exception in callback f({SECRET!r})"})
    loop.close()
    assert SECRET in json.dumps(lines())


def test_gunicorn_quotes_no_request():
    said = [
        ("Error handling request %s %s", ("GET", SECRET), True),
        (f"Invalid request from ip=::1: Invalid Header {SECRET!r}", (), False),
        (ValueError(SECRET), (), True),
        ("Worker exception: %s", (SECRET,), True),
    ]
    for message, arguments, failed in said:
        error = ValueError(SECRET) if failed else None
        record = logging.LogRecord(
            "gunicorn.error",
            40,
            "x.py",
            1,
            message,
            arguments,
            (ValueError, error, None),
        )
        record.exc_info = record.exc_info if failed else None
        form = logs.LineFormatter(logs.json_line, reveal=False)
        assert SECRET not in form.format(record)


def raw(port, request):
    """Send bytes as they are; return what comes back."""
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        return connection.makefile("rb").read()


def test_a_running_server_writes_the_schema_and_no_secret(shared_server, tmp_path):
    with served(shared_server.url, tmp_path / "log", REDIS_PASSWORD="") as service:
        body = {"key": SECRET, "value": SECRET}
        assert requests.post(f"{service.url}/set", json=body, timeout=5).ok
        assert requests.get(f"{service.url}/get/{SECRET}?{SECRET}", timeout=5).ok
        requests.get(f"{service.url}/{SECRET}", timeout=5)
        requests.get(service.url, headers={"Authorization": SECRET}, timeout=5)
        for request in (
            b"%s / HTTP/1.1\r\n\r\n",
            b"GET /%s HTTP/9.9\r\n\r\n",
            b"GET /get/x HTTP/1.1\r\nHost: x\r\n%s\r\n\r\n",
            b"GET /get/x HTTP/1.1\r\nHost: x\r\nContent-Length: %s\r\n\r\n",
            b"POST /set HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: %s\r\n\r\n",
            b"POST /set HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n%s\r\n",
        ):
            raw(service.port, request.replace(b"%s", SECRET.encode()))
        assert service.stop() == 0
        lines = [assert_fits(line) for line in service.lines()]
    assert SECRET not in service.output.read_text()
    assert [x["route"] for x in lines if x["logger"] == "app.access"][:4] == [
        "/set",
        "/get/<key:key>",
        None,
        "/",
    ]
    messages = [x["message"] for x in lines if x["logger"] == "gunicorn.error"]
    assert any(message.startswith("Listening at: http://") for message in messages)


def test_a_log_that_cannot_be_written_fails_no_request(client, monkeypatch):
    with socket.socket() as gone:
        monkeypatch.setattr("sys.stdout", gone)
        gone.close()
        assert client.get("/get/nothing").status_code == 404
