import json
import time
from urllib.parse import unquote_to_bytes

import pytest

from tests.kv_table import ABSENT, SAME, TABLE, Ttl
from tests.problem import assert_problem

ROWS = [
    pytest.param(*row, id=f"{part}: {name}")
    for part, rows in TABLE.items()
    for name, *row in rows
]
# How many seconds may pass between a request and a look at what it did.
LATE = 5


@pytest.mark.parametrize(("before", "ask", "answer", "after"), ROWS)
def test_the_table_holds(every_client, every_redis, before, ask, answer, after):
    store(every_redis, before)
    response = send(every_client, ask)
    assert_answer(response, ask, answer)
    assert_stored(every_redis, before if after is SAME else after)


def store(redis_client, state):
    for key, value in state.items():
        if isinstance(value, list):
            redis_client.rpush(key, *value)
        elif isinstance(value, Ttl):
            redis_client.set(key, value.value, px=round(value.seconds * 1000))
        else:
            redis_client.set(key, value)


def send(client, ask):
    path, _, query = ask.path.partition("?")
    kwargs = {"json" if isinstance(ask.body, dict) else "data": ask.body}
    environ = {"PATH_INFO": unquoted(path), "QUERY_STRING": query}
    return client.open(
        method=ask.method, headers=ask.headers, environ_overrides=environ, **kwargs
    )


def unquoted(path):
    return unquote_to_bytes(path).decode("latin-1")


def assert_answer(response, ask, answer):
    assert response.status_code == answer.status, response.get_data()[:500]
    if isinstance(answer.body, bytes):
        assert response.get_data() == answer.body
    elif answer.status >= 400 and ask.method != "HEAD":
        assert_problem(response, answer.status, **(answer.body or {}))
    elif isinstance(answer.body, dict):
        assert_fields(json.loads(response.get_data()), answer.body)
    for name, value in answer.headers.items():
        if value is ABSENT:
            assert name not in response.headers
        elif isinstance(value, float):
            assert value - LATE < float(response.headers[name]) <= value
        else:
            assert response.headers[name] == value


def assert_fields(found, expected):
    for name, value in expected.items():
        if name == "ttl" and value is not None:
            assert value - LATE < found[name] <= value
        elif name == "keys":
            assert len(found[name]) == len(value)
            for one, other in zip(found[name], value, strict=True):
                assert one.keys() == other.keys()
                assert_fields(one, other)
        else:
            assert found[name] == value


def assert_stored(redis_client, state):
    assert set(redis_client.keys()) == state.keys()
    for key, value in state.items():
        if isinstance(value, list):
            assert redis_client.lrange(key, 0, -1) == [v.encode() for v in value]
            continue
        data, seconds = value, None
        if isinstance(value, Ttl):
            data, seconds = value.value, value.seconds
        assert redis_client.get(key) == data
        assert_ttl(redis_client.pttl(key) / 1000, seconds)


def assert_ttl(found, seconds):
    if seconds is None:
        assert found == -0.001
        return
    if seconds < 0:  # a point in time
        seconds = -seconds - time.time() + 1
    assert seconds - LATE < found <= seconds
