"""What only shows on a socket: the service as it is shipped, under gunicorn."""

import json
import socket
import time
from http.client import HTTPResponse

import pytest

from tests.served import served, until
from tests.test_kv_faults import fill

MOST_SECONDS = 5


@pytest.fixture(scope="module")
def service(shared_server, tmp_path_factory):
    output = tmp_path_factory.mktemp("served") / "output"
    with served(shared_server.url, output, WORKERS="1") as started:
        yield started


def ask(service, head, body=(), *, more=b""):
    """Send a request by hand; return what is answered until the server hangs up."""
    with socket.create_connection(("127.0.0.1", service.port)) as client:
        client.settimeout(MOST_SECONDS)
        client.sendall(
            f"{head}\r\nHost: x\r\nConnection: close\r\n\r\n".encode() + more
        )
        try:
            for piece in body:
                client.sendall(piece)
        except OSError:
            pass  # the server has heard enough
        answer = b""
        while piece := client.recv(65536):
            answer += piece
    return answer


def test_too_long_a_body_is_refused_before_it_is_sent(service, redis_client):
    start = time.monotonic()
    for expectation in ("", "\r\nExpect: 100-continue"):
        head = f"PUT /v1/kv/k HTTP/1.1\r\nContent-Length: 2000000{expectation}"
        assert ask(service, head).startswith(b"HTTP/1.1 413 ")
    assert time.monotonic() - start < MOST_SECONDS
    assert redis_client.dbsize() == 0


def test_too_long_a_key_is_refused_before_the_body_is_sent(service, redis_client):
    head = f"PUT /v1/kv/{'k' * 513} HTTP/1.1\r\nContent-Length: 2000000"
    assert ask(service, head).startswith(b"HTTP/1.1 414 ")
    head = "PUT /v1/kv/k?tll=1 HTTP/1.1\r\nContent-Length: 2000000"
    assert ask(service, head + "\r\nExpect: 100-continue").startswith(b"HTTP/1.1 422 ")
    assert redis_client.dbsize() == 0


def test_a_refusal_waits_for_no_body_however_short(service):
    for target in (f"PUT /v1/kv/{'k' * 513}", "POST /nowhere"):
        answer = ask(service, f"{target} HTTP/1.1\r\nContent-Length: 10")
        assert answer.startswith((b"HTTP/1.1 414 ", b"HTTP/1.1 404 "))
        assert b"\r\nconnection: close\r\n" in answer.lower()


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET /get/" + b"k" * 9000 + b" HTTP/1.1\r\nHost: x", 414),
        (b"GET /get/\xff HTTP/1.1\r\nHost: x", 400),
        (b"GET /get/k HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: x", 501),
        (b"GET /get/k HTTP/1.1\r\nHost: x\r\nX: " + b"x" * 9000, 431),
        (b"nonsense", 400),
    ],
)
def test_what_the_server_itself_refuses_is_a_problem_too(service, head, status):
    with socket.create_connection(("127.0.0.1", service.port)) as client:
        client.settimeout(MOST_SECONDS)
        client.sendall(head + b"\r\n\r\n")
        answer = HTTPResponse(client)
        answer.begin()
        assert answer.status == status
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.headers["Connection"] == "close"
        problem = json.loads(answer.read())
    assert problem["status"] == status
    assert problem["detail"]


def test_a_chunked_body_without_end_is_cut(service, redis_client):
    chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    sent = 0

    def endless():
        nonlocal sent
        while True:
            sent += len(chunk)
            yield chunk

    answer = ask(
        service, "PUT /v1/kv/k HTTP/1.1\r\nTransfer-Encoding: chunked", endless()
    )
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert sent < 64 * 1024 * 1024
    assert redis_client.dbsize() == 0


def test_a_chunked_body_of_the_greatest_length_is_stored(service, redis_client):
    chunks = [b"10000\r\n" + b"x" * 65536 + b"\r\n"] * 16 + [b"0\r\n\r\n"]
    answer = ask(service, "PUT /v1/kv/k HTTP/1.1\r\nTransfer-Encoding: chunked", chunks)
    assert answer.startswith(b"HTTP/1.1 201 ")
    assert redis_client.strlen("k") == 1024 * 1024


@pytest.mark.parametrize(
    ("path", "key"),
    [
        ("a//b/../c/./", b"a//b/../c/./"),
        ("..", b".."),
        ("%2e%2E", b".."),
        ("/", b"/"),
        ("%00%FF%2F%3F%25%23", b"\0\xff/?%#"),
        ("{k}", b"{k}"),
        ("a;b", b"a;b"),
    ],
)
def test_a_key_on_the_wire_is_the_key_in_redis(service, redis_client, path, key):
    for target in (f"/v1/kv/{path}", f"http://x/v1/kv/{path}"):
        redis_client.delete(key)
        head = f"PUT {target} HTTP/1.1\r\nContent-Length: 1"
        assert ask(service, head, more=b"v").startswith(b"HTTP/1.1 201 ")
        assert redis_client.get(key) == b"v"


def test_head_and_not_modified_have_no_body(service, redis_client):
    redis_client.set("k", "value")
    head = ask(service, "HEAD /v1/kv/k HTTP/1.1")
    assert b"content-length: 5\r\n" in head.lower()
    assert head.endswith(b"\r\n\r\n")
    fresh = ask(service, "GET /v1/kv/k HTTP/1.1\r\nIf-None-Match: *")
    assert fresh.startswith(b"HTTP/1.1 304 ")
    assert fresh.endswith(b"\r\n\r\n")
    assert b"content-length" not in fresh.lower()


def test_options_of_the_server_is_answered(service):
    answer = ask(service, "OPTIONS * HTTP/1.1")
    assert answer.startswith(b"HTTP/1.1 204 ")
    assert b"allow: DELETE, GET" in answer


def test_a_deletion_stops_when_its_client_goes_away(service, redis_client):
    fill(redis_client, "a", 200_000)
    with socket.create_connection(("127.0.0.1", service.port)) as client:
        client.sendall(b"DELETE /v1/kv?prefix=a&confirm=a HTTP/1.1\r\nHost: x\r\n\r\n")
        answer = b""
        while b'"done": false' not in answer:
            answer += client.recv(65536)
    sizes = []

    def stands_still():
        sizes.append(redis_client.dbsize())
        time.sleep(0.2)
        return sizes[-2:] == [sizes[-1]] * 2

    until(stands_still, "the deletion stops")
    assert 0 < sizes[-1] < 200_000


def test_others_are_served_while_a_prefix_is_deleted(service, redis_client):
    fill(redis_client, "a", 100_000)
    redis_client.set("k", "v")
    with socket.create_connection(("127.0.0.1", service.port)) as client:
        client.sendall(b"DELETE /v1/kv?prefix=a&confirm=a HTTP/1.1\r\nHost: x\r\n\r\n")
        first = client.recv(1)
        assert ask(service, "GET /v1/kv/k HTTP/1.1").endswith(b"\r\n\r\nv")
        answer = first
        while b'"done": true' not in answer:
            answer += client.recv(65536)
    last = next(line for line in answer.splitlines() if b'"done": true' in line)
    assert json.loads(last) == {"deleted": 100_000, "done": True}
