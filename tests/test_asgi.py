import asyncio
import uuid
import weakref
from contextlib import suppress

import pytest
from flask import g, request
from werkzeug.exceptions import RequestEntityTooLarge

from app import bridge, gateway, logs
from app.asgi import Service
from app.body import LINGER_BYTES, SHORT_REST, Body
from app.hot import HotRoutes
from app.settings import Settings

MEGABYTE = 2**20


def scope(method="GET", path="/", headers=(), **more):
    return {
        "type": "http",
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in headers],
        "server": ("127.0.0.1", 5000),
        "client": ("127.0.0.1", 1),
        **more,
    }


class Client:
    """One request's receive and send, which keep what passed through them."""

    def __init__(self, *pieces, endless=False):
        self.pieces = list(pieces)
        self.endless = endless
        self.received = 0
        self.messages = []
        self.sent = asyncio.Event()

    async def receive(self):
        if self.endless:
            self.received += 1
            await asyncio.sleep(0)
            return {"type": "http.request", "body": b"x" * 65536, "more_body": True}
        if not self.pieces:
            return {"type": "http.disconnect"}
        self.received += 1
        body = self.pieces.pop(0)
        return {"type": "http.request", "body": body, "more_body": bool(self.pieces)}

    async def send(self, message):
        self.messages.append(message)
        self.sent.set()

    @property
    def status(self):
        return self.messages[0]["status"]

    @property
    def headers(self):
        return dict(self.messages[0]["headers"])

    @property
    def body(self):
        return b"".join(message.get("body", b"") for message in self.messages)


@pytest.fixture
def service(shared_server, redis_client):
    return Service(Settings(redis_url=shared_server.url, redis_timeout=1))


def ask(service, *requests):
    """Send requests, each a scope with its client, at the same time."""

    async def all_at_once():
        calls = [
            service(each, client.receive, client.send) for each, client in requests
        ]
        outcomes = await asyncio.gather(*calls, return_exceptions=True)
        service.flask.extensions["transport"].close()
        await asyncio.sleep(0.01)
        return outcomes

    return asyncio.run(all_at_once())


def test_hundreds_of_concurrent_requests_never_mix(service, redis_client):
    app = service.flask
    store = app.extensions["store"]

    @app.get("/mine/<name>")
    def mine(name):
        g.name = name
        seen = [g.name, request.path, logs.request_ids.get()["request_id"]]
        for _ in range(3):
            store.get(name.encode())
            seen += [g.name, request.path, logs.request_ids.get()["request_id"]]
        return seen

    names = [uuid.uuid4().hex for _ in range(300)]
    paths = [(f"/mine/{n}" if i % 2 else f"/get/{n}", n) for i, n in enumerate(names)]
    redis_client.mset({name: f"value of {name}" for name in names})
    requests = [
        (scope(path=path, headers=[("x-request-id", name)]), Client())
        for path, name in paths
    ]
    ask(service, *requests)
    for (path, name), (_, client) in zip(paths, requests, strict=True):
        assert client.status == 200
        assert client.headers[b"x-request-id"] == name.encode()
        if path.startswith("/mine"):
            expected = (
                f'["{name}","{path}","{name}"' + f',"{name}","{path}","{name}"' * 3
            )
            assert client.body.decode().strip() == expected + "]"
        else:
            assert f"value of {name}" in client.body.decode()


def test_an_exception_touches_no_other_request(service):
    @service.flask.get("/broken")
    def broken():
        message = "a bug"
        raise RuntimeError(message)

    requests = [
        (scope(path="/broken" if n % 2 else "/health/live"), Client())
        for n in range(50)
    ]
    assert ask(service, *requests) == [None] * 50
    assert [client.status for _, client in requests] == [200, 500] * 25


def test_a_streamed_answer_leaves_piece_by_piece(service):
    made = []

    @service.flask.get("/stream")
    def stream():
        def pieces():
            for n in range(5):
                made.append(n)
                yield b"%d" % n

        return pieces()

    client = Client()
    seen = []

    async def send(message):
        seen.append((message.get("body"), len(made)))
        await client.send(message)

    asyncio.run(service(scope(path="/stream"), client.receive, send))
    assert [body for body, _ in seen] == [None, b"0", b"1", b"2", b"3", b"4", b""]
    assert seen[1] == (b"0", 1), "the first piece leaves before the second is made"
    assert client.messages[-1]["more_body"] is False


def test_a_client_that_hangs_up_closes_what_streams_to_it(service):
    closed = []

    @service.flask.get("/endless")
    def endless():
        def pieces():
            try:
                while True:
                    yield b"x" * 100
            finally:
                closed.append(True)

        return pieces()

    async def hang_up():
        client = Client()
        call = asyncio.create_task(
            service(scope(path="/endless"), client.receive, client.send)
        )
        await client.sent.wait()
        await asyncio.sleep(0.01)
        assert not closed
        call.cancel()
        with suppress(asyncio.CancelledError):
            await call

    asyncio.run(hang_up())
    assert closed == [True]


def test_a_client_that_hangs_up_is_logged_as_gone_and_counted_no_more(service, capfd):
    async def hang_up(path, query=b""):
        client = Client()
        asked = scope(path=path, query_string=query)
        call = asyncio.create_task(service(asked, client.receive, client.send))
        await asyncio.sleep(0)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call

    async def both():
        await hang_up("/get/foo")
        await hang_up("/v1/kv", b"prefix=a")
        service.flask.extensions["transport"].close()

    asyncio.run(both())
    assert capfd.readouterr().out.count('"status": 499') == 2
    registry = service.flask.extensions["metrics"].registry
    assert registry.get_sample_value("http_requests_in_flight") == 0


def test_a_body_streams_in_no_faster_than_it_is_read(service):
    received = []

    @service.flask.post("/read")
    def read():
        for _ in range(3):
            request.stream.read(10)
            received.append(client.received)
        return "", 204

    client = Client(*[b"x" * 10] * 10)
    asked = scope("POST", "/read", [("content-length", "100")])
    ask(service, (asked, client))
    assert received == [1, 2, 3]


@pytest.mark.parametrize("path", ["/v1/kv/k", "/v1/kv?key=k"])
@pytest.mark.parametrize(
    "framing", [("content-length", "9999999"), ("transfer-encoding", "chunked")]
)
def test_a_body_beyond_the_limit_is_cut_there(service, redis_client, path, framing):
    client = Client(endless=True)
    path, _, query = path.partition("?")
    ask(service, (scope("PUT", path, [framing], query_string=query.encode()), client))
    assert client.status == 413
    assert client.headers[b"connection"] == b"close"
    assert client.received * 65536 <= MEGABYTE + LINGER_BYTES + 3 * 65536
    assert redis_client.dbsize() == 0


def test_a_short_body_that_nobody_reads_leaves_the_connection_usable(service):
    for path in ("/nowhere", "/health/live"):
        client = Client(b"x" * 1000, b"x" * 1000)
        ask(service, (scope("POST", path, [("content-length", "2000")]), client))
        assert client.status in (404, 405)
        assert client.received == 2
        assert b"connection" not in client.headers


def test_a_long_body_that_nobody_reads_closes_the_connection(service):
    client = Client(*[b"x" * 1000] * 100)
    asked = scope("POST", "/nowhere", [("content-length", str(SHORT_REST + 1))])
    ask(service, (asked, client))
    assert client.status == 404
    assert client.headers[b"connection"] == b"close"


def test_a_client_that_waits_for_100_continue_is_not_waited_for(service):
    client = Client(b"x" * 10)
    headers = [("content-length", "10"), ("expect", "100-continue")]
    ask(service, (scope("POST", "/nowhere", headers), client))
    assert client.received == 0
    assert client.headers[b"connection"] == b"close"


def test_a_client_that_leaves_in_the_middle_of_its_body_changes_nothing(
    service, redis_client
):
    async def leave():
        messages = [
            {"type": "http.request", "body": b"half", "more_body": True},
            {"type": "http.disconnect"},
        ]

        async def receive():
            return messages.pop(0)

        client = Client()
        asked = scope("PUT", "/v1/kv/k", [("content-length", "10")])
        await service(asked, receive, client.send)
        return client

    assert asyncio.run(leave()).status == 400
    assert redis_client.dbsize() == 0


def test_the_environ_says_what_the_request_said():
    headers = [("x-one", "1"), ("x-one", "2"), ("cookie", "a=1"), ("cookie", "b=2")]
    headers += [("content-type", "text/plain"), ("content-length", "0")]
    asked = scope(
        "PUT",
        "/api/caf%C3%A9/%FF%2F?",
        headers,
        root_path="/api",
        query_string=b"q=%20",
        server=("::1", 80),
        client=None,
    )
    environ = gateway.environ_of(asked, Body(None, dict(asked["headers"])))
    told = {
        "REQUEST_METHOD": "PUT",
        "SCRIPT_NAME": "/api",
        "PATH_INFO": "/caf\u00c3\u00a9/\u00ff/?",
        "QUERY_STRING": "q=%20",
        "HTTP_X_ONE": "1,2",
        "HTTP_COOKIE": "a=1; b=2",
        "CONTENT_TYPE": "text/plain",
        "CONTENT_LENGTH": "0",
        "SERVER_NAME": "::1",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "",
    }
    assert told.items() <= environ.items()
    assert "HTTP_CONTENT_TYPE" not in environ


def test_an_absolute_uri_is_the_path_in_it():
    asked = scope(path="http://example.org/get/a%2Fb")
    environ = gateway.environ_of(asked, Body(None, {}))
    assert environ["PATH_INFO"] == "/get/a/b"


def test_several_fields_of_one_name_take_the_way_through_flask(service):
    routes = HotRoutes(None, None, None)
    assert routes.find(scope(path="/get/k", headers=[("accept", "a")]))
    twice = [("if-none-match", '"a"'), ("if-none-match", '"b"')]
    assert routes.find(scope(path="/v1/kv/k", headers=twice)) is None
    assert routes.find(scope(path="/get/k", root_path="/api")) is None
    assert routes.find(scope("POST", "/set/k")) is None


def test_a_websocket_is_turned_away(service):
    client = Client()
    asyncio.run(service({"type": "websocket"}, client.receive, client.send))
    assert client.messages == [{"type": "websocket.close"}]


def test_a_function_that_the_bridge_runs_leaves_nothing_behind():
    ids = []

    def call(value):
        ids.append(logs.request_ids.get())
        logs.request_ids.set({"request_id": value})
        bridge.wait(asyncio.sleep(0))
        return logs.request_ids.get()

    async def one_after_the_other():
        return [await bridge.run(call, value) for value in "abc"]

    assert [each["request_id"] for each in asyncio.run(one_after_the_other())] == list(
        "abc"
    )
    assert ids == [None, None, None]


def test_a_call_that_has_ended_keeps_nothing_alive():
    class Request:
        pass

    async def call_with(request):
        return await bridge.run(id, request)

    async def two():
        kept = []
        for _ in range(2):
            request = Request()
            kept.append(weakref.ref(request))
            await call_with(request)
            del request
        return [reference() for reference in kept]

    assert asyncio.run(two()) == [None, None]


def test_an_error_where_a_function_waits_is_raised_in_it():
    async def fail():
        raise RequestEntityTooLarge

    def call():
        with pytest.raises(RequestEntityTooLarge):
            bridge.wait(fail())
        return "caught"

    assert asyncio.run(bridge.run(call)) == "caught"
