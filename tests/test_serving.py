"""The service as it is shipped, on a real gunicorn, from the outside."""

import json
import os
import signal
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection

import pytest
import redis
import requests

from tests.served import served, until

SECONDS = 5
LARGE = 2**20


@pytest.fixture
def service(server, folder):
    with served(server.url, folder / "out", WORKERS="2") as started:
        yield started


@contextmanager
def connected(service):
    with socket.create_connection(("127.0.0.1", service.port), SECONDS) as connection:
        yield connection


def read_head(connection):
    """Read status and headers of one answer; return them with the body's beginning."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            break
        data += piece
    head, _, body = data.partition(b"\r\n\r\n")
    start, *lines = head.decode("latin-1").split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in lines)
    return int(start.split()[1]), headers, body


def is_closed(connection):
    try:
        return connection.recv(65536) == b""
    except ConnectionResetError:
        return True


def test_it_is_ready_soon_and_stops_without_an_error(service):
    until(
        lambda: requests.get(f"{service.url}/health/ready", timeout=2).ok,
        "readiness",
        2,
    )
    assert service.stop() == 0


def test_from_sigterm_on_each_answer_says_close_and_idle_clients_hold_nothing_up(
    service,
):
    session = requests.Session()
    url = f"{service.url}/health/live"
    assert "connection" not in session.get(url, timeout=2).headers
    with connected(service) as idle, connected(service) as busy:
        idle.sendall(b"GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n")
        assert read_head(idle)[0] == 200
        busy.sendall(b"PUT /v1/kv/k HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n1")
        time.sleep(0.1)
        start = time.monotonic()
        service.process.send_signal(signal.SIGTERM)
        time.sleep(0.1)
        assert session.get(url, timeout=2).headers["connection"] == "close"
        busy.sendall(b"2")
        status, headers, _ = read_head(busy)
        assert (status, headers["connection"]) == (201, "close")
        assert is_closed(idle)
        assert service.process.wait(timeout=20) == 0
        assert time.monotonic() - start < 10, "the graceful timeout is 25 s"


def test_from_sigterm_on_it_is_not_ready(service):
    with connected(service) as kept:
        ask = b"GET /health/ready HTTP/1.1\r\nHost: x\r\n\r\n"
        kept.sendall(ask)
        assert read_head(kept)[0] == 200
        service.process.send_signal(signal.SIGTERM)
        time.sleep(0.1)
        kept.sendall(ask)
        status, _, body = read_head(kept)
        assert status == 503
        assert json.loads(body)["reason"] == "draining"


def test_a_worker_that_dies_is_replaced_and_ready_in_an_outage_too(service, server):
    ready = f"{service.url}/health/ready"
    assert requests.get(ready, timeout=2).ok
    server.stop()
    before = service.workers()
    for worker in before:
        os.kill(worker, signal.SIGKILL)
    until(lambda: len(set(service.workers()) - set(before)) == 2, "two new workers")
    until(lambda: _status(ready) is not None, "an answer")
    assert [_status(ready) for _ in range(20)] == [200] * 20
    server.start()
    until(lambda: _status(f"{service.url}/health") == 200, "Redis is reached", SECONDS)


def _status(url):
    try:
        return requests.get(url, timeout=2).status_code
    except requests.ConnectionError:
        return None


def test_a_hung_redis_is_503_in_time_and_live_all_along(service, server):
    assert requests.get(f"{service.url}/get/k", timeout=2).status_code == 404
    server.signal(signal.SIGSTOP)
    try:
        with ThreadPoolExecutor(20) as pool:
            start = time.monotonic()
            paths = ["/get/k", "/health", "/health/live", "/v1/kv/k"] * 5
            asked = pool.map(lambda path: _status(service.url + path), paths)
            assert list(asked) == [503, 503, 200, 503] * 5
            assert time.monotonic() - start < 2
    finally:
        server.signal(signal.SIGCONT)
    until(lambda: _status(f"{service.url}/health") == 200, "Redis is reached", SECONDS)


def test_no_counter_is_applied_twice_and_none_lost_while_redis_restarts(
    service, server
):
    answers = []
    ended = threading.Event()

    def count():
        session = requests.Session()
        while not ended.is_set():
            body = {"increment": 1}
            answer = session.patch(f"{service.url}/v1/kv/n", json=body, timeout=5)
            answers.append((answer.status_code, answer.json().get("applied")))
            time.sleep(0.01)

    def answered(good):
        return [status for status, _ in answers if (status < 300) == good]

    with ThreadPoolExecutor(8) as pool:
        counts = [pool.submit(count) for _ in range(8)]
        try:
            until(lambda: len(answered(good=True)) > 50, "increments")
            server.stop()
            until(lambda: answered(good=False), "an outage")
            server.start()
            before = len(answered(good=True))
            until(lambda: len(answered(good=True)) > before, "increments", SECONDS)
        finally:
            ended.set()
        for each in counts:
            each.result()
    assert set(answered(good=False)) == {503}
    accepted = len(answered(good=True))
    unknown = sum(applied == "unknown" for _, applied in answers)
    with redis.Redis.from_url(server.url) as client:
        assert accepted <= int(client.get("n")) <= accepted + unknown


def test_a_slow_reader_of_a_large_answer_holds_nobody_up(service, server):
    with redis.Redis.from_url(server.url) as client:
        client.set("large", b"x" * LARGE)
    with connected(service) as one, connected(service) as other:
        for slow in (one, other):
            ask = b"GET /v1/kv/large HTTP/1.1\r\nHost: x\r\n\r\n" * 5
            slow.sendall(ask)
        start = time.monotonic()
        for _ in range(20):
            assert _status(f"{service.url}/health/live") == 200
        assert time.monotonic() - start < SECONDS
        for slow in (one, other):
            _, headers, body = read_head(slow)
            size = len(body)
            assert int(headers["content-length"]) == LARGE
            while size < LARGE:
                size += len(slow.recv(65536))


def test_requests_in_a_row_are_answered_in_a_row(service):
    with connected(service) as connection:
        paths = ["/health/live", "/nowhere", "/health/live"]
        connection.sendall(
            b"".join(
                f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode() for path in paths
            )
        )
        data = b""
        while data.count(b"HTTP/1.1") < 3 or not data.endswith(b"}\n"):
            data += connection.recv(65536)
        statuses = [part[:4] for part in data.split(b"HTTP/1.1")[1:]]
        assert statuses == [b" 200", b" 404", b" 200"]


def test_a_body_that_is_announced_is_asked_for_and_one_too_large_is_not(service):
    for length, first in ((5, 100), (LARGE * 2, 413)):
        with connected(service) as connection:
            connection.sendall(
                b"PUT /v1/kv/k HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
                b"Content-Length: %d\r\n\r\n" % length
            )
            status, headers, _ = read_head(connection)
            assert status == first
            if status == 100:
                connection.sendall(b"12345")
                assert read_head(connection)[0] == 201
            else:
                assert headers["connection"] == "close"


def test_a_refusal_of_a_long_body_is_seen_by_the_client_that_still_sends_it(service):
    connection = HTTPConnection("127.0.0.1", service.port, timeout=SECONDS)
    connection.request("PUT", "/v1/kv/k", body=b"x" * (LARGE + 1))
    answer = connection.getresponse()
    assert answer.status == 413
    assert answer.headers["Connection"] == "close"
    connection.close()


def test_uploads_that_stop_in_the_middle_cost_no_other_request_anything(service):
    with connected(service) as one, connected(service) as other:
        for slow in (one, other):
            slow.sendall(
                b"PUT /v1/kv/k HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n1"
            )
        for _ in range(20):
            assert _status(f"{service.url}/get/k") == 404
    until(
        lambda: sum(line.get("status") == 400 for line in service.lines()) == 2,
        "the clients that went away are in the log",
    )


def test_what_is_written_at_once_by_many_is_read_as_it_was_written(service):
    wrong = []

    def write_and_read(number):
        session = requests.Session()
        url = f"{service.url}/v1/kv/{number}"
        for turn in range(20):
            value = f"{number}:{turn}:".encode() * (1 + 500 * (turn % 3))
            session.put(url, data=value, timeout=5)
            if session.get(url, timeout=5).content != value:
                wrong.append(number)

    threads = [threading.Thread(target=write_and_read, args=(n,)) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
