"""What plain WSGI and ASGI answer to the same request, held against each other."""

import re

import pytest
from flask import Flask
from werkzeug.test import EnvironBuilder

from app import create_app, hot
from app.asgi import Service
from tests.asgi_client import asgi_client
from tests.kv_table import TABLE, Ask
from tests.test_kv import send, store

# Each answer has its own of these; the rest must be the same.
OWN = {"date", "server", "connection", "x-request-id", "traceresponse", "key-ttl"}
JSON = {"Content-Type": "application/json"}
OTHERS = [
    Ask("GET", "/get/k"),
    Ask("HEAD", "/get/k"),
    Ask("OPTIONS", "/get/k"),
    Ask("DELETE", "/get/k"),
    Ask("GET", "/get/"),
    Ask("GET", "/get//k"),
    Ask("GET", "/get/%2e%2E/%2F?query=1"),
    Ask("GET", "/get/%FF"),
    Ask("GET", "/get/" + "x" * 513),
    Ask("GET", "/%67et/k"),
    Ask("POST", "/set", JSON, b'{"key": "k", "value": "2"}'),
    Ask("POST", "/set", JSON, b'{"key": "k"'),
    Ask("POST", "/set", JSON, b'{"key": "k", "value": 1}'),
    Ask("POST", "/set", {"Content-Type": "text/plain"}, b"{}"),
    Ask("POST", "/set", JSON, b""),
    Ask("PUT", "/set", JSON, b"{}"),
    Ask("GET", "/set"),
    Ask("OPTIONS", "*"),
    Ask("BREW", "/get/k"),
    Ask("GET", "/nowhere"),
    Ask("POST", "/nowhere", {}, b"x" * 100_000),
    Ask("GET", "/health/ready"),
    Ask("GET", "/health/live"),
    Ask("PUT", "/v1/kv/k", {"X-Request-ID": "mine", "traceparent": "nonsense"}, b"v"),
]
ROWS = [
    *[
        pytest.param(before, ask, id=f"{part}: {name}")
        for part, rows in TABLE.items()
        for name, before, ask, *_ in rows
    ],
    *[
        pytest.param(
            {b"k": b"v", b"../": b"dots"},
            ask,
            id=f"{number} {ask.method} {ask.path[:20]}",
        )
        for number, ask in enumerate(OTHERS)
    ],
]


@pytest.fixture
def wsgi_client(app):
    return app.test_client()


@pytest.fixture
def asgi(settings, loop):
    with asgi_client(Service(settings), loop) as client:
        yield client


@pytest.mark.parametrize(("before", "ask"), ROWS)
def test_both_answer_alike_and_leave_the_same(
    wsgi_client, asgi, redis_client, before, ask
):
    seen = []
    for client in (wsgi_client, asgi):
        redis_client.flushall()
        store(redis_client, before)
        response = send(client, ask)
        kept = {key: redis_client.dump(key) for key in redis_client.scan_iter()}
        seen.append((response.status_code, *told(response), kept))
    assert seen[0] == seen[1]


def told(response):
    """Return headers and body, but for what differs from one moment to the next."""
    body, times = re.subn(rb'"ttl":[0-9.]+', b'"ttl":0', response.get_data())
    own = OWN | {"content-length"} if times else OWN
    headers = [(n.lower(), v) for n, v in response.headers if n.lower() not in own]
    return sorted(headers), body


def test_a_hot_route_is_one_of_flasks(app: Flask):
    adapter = app.url_map.bind("localhost")
    for route in hot.ROUTES:
        path = route.start.decode() + ("k" if route.start.endswith(b"/") else "")
        rule, _ = adapter.match(path, route.method, return_rule=True)
        assert rule.rule == route.rule


def test_the_part_before_the_service_is_taken_from_the_path(
    settings, loop, redis_client
):
    redis_client.set("k", "v")
    for path in ("/api/get/k", "/api/v1/kv/k"):
        environ = EnvironBuilder(path).get_environ() | {"SCRIPT_NAME": "/api"}
        with asgi_client(Service(settings), loop) as client:
            assert client.open(environ).status_code == 200
    wsgi = create_app(settings).test_client()
    assert wsgi.get("/get/k", base_url="http://localhost/api").status_code == 200
