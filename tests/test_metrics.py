import os
import random
import re
import signal
import socket
import string
import time
from contextlib import closing
from http.client import HTTPConnection
from itertools import product
from pathlib import Path

import pytest
import redis
import requests

from app import create_app
from app.settings import Settings
from tests.monitoring.rules import promtool
from tests.served import answers, free_port, series, served, until, value

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "BREW"]
HOSTILE_REQUESTS = 10_000


@pytest.fixture
def scrape(client):
    return lambda: client.get("/metrics").text


@pytest.fixture(scope="module")
def service(shared_server, tmp_path_factory):
    output = tmp_path_factory.mktemp("service") / "log"
    with served(shared_server.url, output) as started:
        yield started


@pytest.fixture
def own_service(server, tmp_path):
    """A service and a Redis of this test's own, to break as it likes."""
    with served(server.url, tmp_path / "log") as started:
        yield started


def get(service, path="/get/nothing", **options):
    return requests.get(service.url + path, timeout=5, **options)


def shared_files(service):
    """Return the files in which the workers share their figures."""
    maps = [Path(f"/proc/{pid}/maps").read_text() for pid in service.workers()]
    return set(re.findall(r"\S+flask-redis-api-metrics-\S+/\S+\.db", "".join(maps)))


def count_of(text, **labels):
    return value(text, "http_request_duration_seconds_count", **labels)


def test_a_request_is_counted_by_method_route_and_class_of_status(client, scrape):
    client.get("/get/some/key")
    client.post("/set", json={"key": "a", "value": "b"})
    client.get("/get/a")
    text = scrape()
    kinds = {"method": "GET", "route": "/get/<key:key>"}
    assert count_of(text, **kinds, status="4xx") == 1
    assert count_of(text, **kinds, status="2xx") == 1
    assert count_of(text, method="POST", route="/set", status="2xx") == 1


def test_latency_falls_into_buckets_from_half_a_millisecond_to_five_seconds(
    client, scrape
):
    client.get("/health/live")
    bounds = [
        float(dict(labels)["le"])
        for name, labels in series(scrape())
        if name == "http_request_duration_seconds_bucket"
    ]
    assert (min(bounds), sorted(bounds)[-2]) == (0.0005, 5)


def test_redis_commands_are_counted_by_name_and_errors_by_kind(
    client, redis_client, scrape
):
    client.get("/get/a")
    client.post("/set", json={"key": "a", "value": "b"})
    redis_client.lpush("list", "x")
    client.get("/get/list")
    text = scrape()
    counted = "redis_client_command_duration_seconds_count"
    assert value(text, counted, command="GET") == 2
    assert value(text, counted, command="SET") == 1
    assert value(text, "redis_client_errors_total", kind="error-reply") == 1
    assert value(text, "redis_client_errors_total", kind="unreachable") == 0
    assert value(text, "redis_client_connections") == 1


def test_a_lost_connection_is_counted_as_made_anew(client, redis_client, scrape):
    client.get("/get/a")
    for each in redis_client.client_list():
        if each["id"] != str(redis_client.client_id()):
            redis_client.client_kill_filter(_id=each["id"])
    assert client.get("/get/a").status_code == 404
    text = scrape()
    assert value(text, "redis_client_reconnections_total") == 1
    assert value(text, "redis_client_connections") == 1


def test_an_idle_service_knows_that_redis_is_gone_and_back(client_of, server):
    client = client_of(server.url)

    def up():
        text = client.get("/metrics").text
        reasons = {
            dict(labels)["reason"]: number
            for (name, labels), number in series(text).items()
            if name == "redis_client_outage"
        }
        return value(text, "redis_client_up"), [r for r, on in reasons.items() if on]

    assert up() == (1, [])
    server.stop()
    assert up() == (0, ["unreachable"])
    server.start()
    assert up() == (1, [])


def test_two_apps_in_one_process_count_apart(settings, redis_client):
    one, other = (create_app(settings).test_client() for _ in range(2))
    one.get("/get/nothing")
    assert count_of(one.get("/metrics").text, route="/get/<key:key>") == 1
    with pytest.raises(AssertionError, match="no series"):
        count_of(other.get("/metrics").text, route="/get/<key:key>")


def test_metrics_can_be_left_off_the_main_port(client_of, shared_server):
    client = client_of(shared_server.url, metrics_port=9100, metrics_on_main_port=False)
    assert client.get("/metrics").status_code == 404


def test_nothing_is_counted_where_nobody_can_read_it(shared_server):
    app = create_app(Settings(redis_url=shared_server.url, metrics_on_main_port=False))
    assert app.extensions["metrics"] is None
    assert app.test_client().get("/get/nothing").status_code == 404


def test_a_scraper_can_ask_for_some_names(client):
    text = client.get("/metrics?name[]=redis_client_up").text
    assert {name for name, _ in series(text)} == {"redis_client_up"}


@pytest.mark.parametrize("port", ["own", "main"])
def test_promtool_finds_nothing_to_say_against_a_real_scrape(service, port):
    get(service)
    text = service.scrape() if port == "own" else get(service, "/metrics").text
    assert promtool("check", "metrics", stdin=text) == ""


def test_both_ports_tell_of_every_worker(service):
    for text in (service.scrape(), get(service, "/metrics").text):
        assert workers_told_of(text) == ["1", "2"]
        assert value(text, "process_open_fds", worker="1") > 3
        assert value(text, "flask_redis_api_build_info") == 1


def test_a_request_in_flight_is_counted_until_it_ends(server, tmp_path):
    pid = int((server.folder / "redis.pid").read_text())
    with served(server.url, tmp_path / "log", REDIS_TIMEOUT="20") as service:

        def in_flight():
            return value(service.scrape(), "http_requests_in_flight")

        with socket.create_connection(("127.0.0.1", service.port)) as connection:
            os.kill(pid, signal.SIGSTOP)
            try:
                connection.sendall(b"GET /get/a HTTP/1.1\r\nHost: x\r\n\r\n")
                until(lambda: in_flight() == 1, "it is counted")
            finally:
                os.kill(pid, signal.SIGCONT)
            assert b" 404 " in connection.recv(99)
        until(lambda: in_flight() == 0, "it has ended")


def test_workers_that_die_lose_no_count_and_leave_no_gauge_or_file(own_service):
    service = own_service
    for _ in range(20):
        get(service)
    until(lambda: counted_gets(service) == 20, "all are published")
    until(lambda: len(shared_files(service)) >= 6, "both workers have their files")
    files = shared_files(service)
    for count in range(21, 25):
        replace_workers(service)
        get(service)
        until(lambda: counted_gets(service) == count, "no count is lost")  # noqa: B023 - asked now
        text = service.scrape()
        assert value(text, "http_requests_in_flight") == 0
        assert value(text, "redis_client_connections") <= 2
        assert workers_told_of(text) == ["1", "2"]
    until(lambda: len(shared_files(service)) >= len(files), "they have theirs")
    assert shared_files(service) == files


def test_a_scrape_leaves_no_connection_to_redis_to_a_worker_born_later(
    own_service, server
):
    own_service.scrape()
    replace_workers(own_service)
    own_service.scrape()
    with redis.Redis.from_url(server.url) as client:
        until(
            lambda: all(each["cmd"] != "setrange" for each in client.client_list()),
            "whoever asked for the scrape is gone",
            2,
        )


def counted_gets(service):
    return count_of(service.scrape(), route="/get/<key:key>")


def workers_told_of(text):
    found = [labels for name, labels in series(text) if name == "process_open_fds"]
    return sorted(dict(labels)["worker"] for labels in found)


def replace_workers(service):
    """Kill both workers, and wait until two others answer."""
    dying = service.workers()
    for pid in dying:
        os.kill(pid, signal.SIGKILL)
    until(lambda: len(set(service.workers()) - set(dying)) == 2, "two new workers")
    until(lambda: answers(service), "they answer")


def test_a_reload_keeps_the_counts_and_the_port(own_service):
    service = own_service
    for _ in range(10):
        get(service)
    before = set(service.workers())
    service.process.send_signal(signal.SIGHUP)
    until(
        lambda: len(service.workers()) == 2 and not before & set(service.workers()),
        "two new workers",
        seconds=40,
    )
    until(lambda: answers(service), "they answer")
    get(service)
    until(lambda: counted_gets(service) == 11, "no count is lost")


def test_workers_that_hang_hold_up_no_scrape(own_service):
    workers = own_service.workers()
    for pid in workers:
        os.kill(pid, signal.SIGSTOP)
    try:
        start = time.monotonic()
        assert "http_requests_in_flight" in own_service.scrape()
        assert time.monotonic() - start < 2
    finally:
        for pid in workers:
            os.kill(pid, signal.SIGCONT)


def test_a_scraper_that_says_nothing_holds_up_no_other(service):
    silent = [
        socket.create_connection(("127.0.0.1", service.metrics_port)) for _ in range(20)
    ]
    assert "http_requests_in_flight" in service.scrape()
    for connection in silent:
        connection.close()


def test_a_metrics_port_that_is_taken_ends_the_start_and_says_so(
    shared_server, tmp_path
):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with (
            pytest.raises(AssertionError, match=f"METRICS_PORT={port}"),
            served(shared_server.url, tmp_path / "log", METRICS_PORT=str(port)),
        ):
            pass


def test_a_stopped_server_leaves_no_file_and_no_open_port(shared_server, tmp_path):
    with served(shared_server.url, tmp_path / "log") as service:
        get(service)
        folder = Path(shared_files(service).pop()).parent
        assert service.stop() == 0
        assert not folder.exists()
        with pytest.raises(requests.ConnectionError):
            service.scrape()


def anything(length, alphabet=string.ascii_letters + string.digits + "-._~/%20"):
    return "".join(random.choices(alphabet, k=length))


def hostile_request(connection, method, path):
    headers = {anything(9, string.ascii_letters): anything(20) for _ in range(3)}
    headers |= {"traceparent": anything(55), "X-Request-ID": anything(30)}
    connection.request(method, path, headers=headers)
    connection.getresponse().read()


def test_a_hostile_client_adds_no_series(service):
    places = ["/", "/get/", "/set", "/set/", "/health", "/health/", "/v1/kv/"]
    with closing(HTTPConnection("127.0.0.1", service.port, timeout=5)) as connection:
        for method, place in product(METHODS, places):
            for path in (place, place + anything(9), place + "x" * 600):
                hostile_request(connection, method, path)
        for place in ("/health/live", "/health/ready"):
            hostile_request(connection, "GET", place)
        before = len(series(service.scrape()))
        for _ in range(HOSTILE_REQUESTS):
            verb = random.choice([*METHODS, anything(7, string.ascii_uppercase)])
            hostile_request(connection, verb, random.choice(places) + anything(12))
        after = len(series(service.scrape()))
    print(f"\n{HOSTILE_REQUESTS} hostile requests: {before} series, then {after}")
    assert after == before


def test_metrics_port_and_port_must_differ():
    port = str(free_port())
    with pytest.raises(ValueError, match="METRICS_PORT"):
        Settings.from_env({"PORT": port, "METRICS_PORT": port})
