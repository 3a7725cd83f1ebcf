"""What /v1/kv answers while Redis cannot serve, or forgot its scripts."""

import asyncio
import io
import json
import signal
import time
from contextlib import contextmanager

import pytest
import redis

from app import create_app
from app.outage import FAILOVER_PAUSE
from app.settings import Settings
from tests.conftest import PATIENCE
from tests.problem import assert_problem
from tests.proxy import proxied
from tests.served import until

JSON = {"Accept": "application/json"}
ANY = {"If-Match": "*"}
READS = [
    ("GET", "/v1/kv/k", {}),
    ("GET", "/v1/kv/k", {"headers": JSON}),
    ("HEAD", "/v1/kv/k", {}),
    ("GET", "/v1/kv?include=ttl,size,value", {}),
    ("DELETE", "/v1/kv?prefix=k&dry_run=true", {}),
]
ADDITIONS = [
    ("PUT", "/v1/kv/k", {"data": b"w"}),
    ("PUT", "/v1/kv/k", {"data": b"w", "headers": ANY}),
    ("PUT", "/v1/kv/new?ttl=10", {"data": b"w", "headers": {"If-None-Match": "*"}}),
    ("PATCH", "/v1/kv/k", {"json": {"increment": 1}}),
    ("PATCH", "/v1/kv/k", {"json": {"increment": 0.5}}),
    ("PATCH", "/v1/kv/k", {"json": {"append": "0"}}),
]
REMOVALS = [
    ("DELETE", "/v1/kv/k", {}),
    ("DELETE", "/v1/kv/k?return=previous", {"headers": ANY}),
    ("DELETE", "/v1/kv?prefix=k&confirm=k", {}),
    ("PATCH", "/v1/kv/k", {"json": {"ttl": 60}}),
    ("PATCH", "/v1/kv/k", {"json": {"persist": True}}),
]


def answers(client, requests):
    for method, path, kwargs in requests:
        yield client.open(path, method=method, **kwargs)


@pytest.fixture
def one_value(every_redis):
    every_redis.set("k", "1", ex=1000)
    yield every_redis
    every_redis.replicaof("NO", "ONE")
    for name, value in (("maxmemory", 0), ("min-replicas-to-write", 0)):
        every_redis.config_set(name, value)


def test_a_full_redis_is_read_and_emptied_but_takes_no_more(every_client, one_value):
    one_value.config_set("maxmemory", 1)
    for response in answers(every_client, READS):
        assert response.status_code == 200
    for response in answers(every_client, ADDITIONS):
        assert_problem(response, 503, reason="out-of-memory")
    assert one_value.get("k") == b"1"
    assert every_client.delete("/v1/kv/k").status_code == 204


def test_a_replica_is_read_and_not_written(every_client, one_value):
    one_value.replicaof("127.0.0.1", 1)
    one_value.config_set("replica-serve-stale-data", "yes")
    for response in answers(every_client, READS):
        assert response.status_code == 200
    for response in answers(every_client, ADDITIONS + REMOVALS):
        assert_problem(response, 503, reason="read-only")
    assert one_value.get("k") == b"1"


def test_too_few_replicas_let_read_and_not_write(every_client, one_value):
    one_value.config_set("min-replicas-to-write", 1)
    for response in answers(every_client, READS):
        assert response.status_code == 200
    assert_problem(every_client.put("/v1/kv/k", data=b"w"), 503)
    if one_value.info("server")["redis_version"].startswith("6."):
        return  # Redis 6.2 does not ask for replicas in scripts
    for response in answers(every_client, ADDITIONS + REMOVALS):
        assert_problem(response, 503, reason="too-few-replicas")
    assert one_value.get("k") == b"1"


@contextmanager
def on_loop(loop, context):
    """Enter an asynchronous context on a loop that runs in another thread."""

    def run(coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, loop).result(5)

    entered = run(context.__aenter__())
    try:
        yield entered
    finally:
        run(context.__aexit__(None, None, None))


def test_a_failover_behind_the_same_address_heals_without_a_restart(
    client_of, server, shared_server, redis_client, loop
):
    with on_loop(loop, proxied(server.socket)) as (proxy, port):
        client = client_of(f"redis://127.0.0.1:{port}")
        assert client.put("/v1/kv/k", data=b"v").status_code == 201
        with redis.Redis.from_url(server.url) as old_master:
            old_master.replicaof("127.0.0.1", 1)
        proxy.target = shared_server.socket
        assert_problem(client.put("/v1/kv/k", data=b"w"), 503, reason="read-only")
        until(
            lambda: client.put("/v1/kv/k", data=b"w").status_code == 201,
            "the new master is written to",
            3,
        )
        assert redis_client.get("k") == b"w"


def test_a_replica_is_asked_over_the_same_connection_most_of_the_time(
    client_of, server, loop
):
    with redis.Redis.from_url(server.url) as owner:
        owner.replicaof("127.0.0.1", 1)
    with on_loop(loop, proxied(server.socket)) as (proxy, port):
        client = client_of(f"redis://127.0.0.1:{port}")
        start = time.monotonic()
        for _ in range(30):
            assert_problem(client.put("/v1/kv/k", data=b"w"), 503, reason="read-only")
            assert client.get("/v1/kv/k").status_code == 404
        assert proxy.connections <= 2 + (time.monotonic() - start) / FAILOVER_PAUSE


def test_a_user_who_may_only_read_reads(every_client, one_value, every_url, client_of):
    rules = ("on", ">pw", "~*", "+@read", "+@scripting")
    one_value.execute_command("ACL", "SETUSER", "reader", "reset", *rules)
    client = client_of(
        every_url, redis_username="reader", redis_password="pw", redis_timeout=PATIENCE
    )
    for response in answers(client, READS):
        assert response.status_code == 200
    for response in answers(client, ADDITIONS + REMOVALS):
        assert_problem(response, 503, reason="no-permission")
    assert one_value.get("k") == b"1"


def test_scripts_survive_being_flushed(every_client, every_redis):
    for step in range(3):
        every_redis.script_flush()
        response = every_client.patch("/v1/kv/k", json={"increment": 1})
        assert response.get_json()["value"] == str(step + 1)
        every_redis.script_flush()
        for read in answers(every_client, READS):
            assert read.status_code == 200


def test_a_script_is_sent_once_and_then_named(every_client, every_redis):
    every_redis.set("k", "v")
    every_client.get("/v1/kv/k")
    every_redis.config_resetstat()
    every_client.get("/v1/kv/k")
    commands = every_redis.info("commandstats")
    assert commands["cmdstat_evalsha"]["calls"] == 1
    assert "cmdstat_eval" not in commands


def test_scripts_survive_a_restart_of_redis(client_of, server):
    client = client_of(server.url)
    assert client.patch("/v1/kv/k", json={"increment": 1}).status_code == 201
    server.stop()
    assert_problem(client.get("/v1/kv/k"), 503, reason="unreachable")
    server.start()
    until(lambda: client.get("/v1/kv/k").status_code == 200, "Redis is back", 5)
    response = client.patch("/v1/kv/k", json={"increment": 1}, headers=ANY)
    assert response.get_json()["value"] == "2"


def test_a_write_whose_answer_is_lost_is_not_sent_again(client_of, server):
    client = client_of(server.url)
    client.patch("/v1/kv/k", json={"increment": 1})
    server.signal(signal.SIGSTOP)
    try:
        response = client.patch("/v1/kv/k", json={"increment": 1})
        assert_problem(response, 503, reason="unreachable", applied="unknown")
    finally:
        server.signal(signal.SIGCONT)
    with redis.Redis.from_url(server.url) as owner:
        until(lambda: owner.get("k") == b"2", "the sent increment is done")


def fill(owner, prefix, count):
    for start in range(0, count, 10_000):
        batch = range(start, min(start + 10_000, count))
        owner.mset({f"{prefix}{number}": "v" for number in batch})


def test_an_outage_before_the_first_line_is_its_own_answer(client_of, server):
    client = client_of(server.url)
    server.stop()
    response = client.delete("/v1/kv?prefix=a&confirm=a")
    assert_problem(response, 503, reason="unreachable")


def test_an_outage_in_the_middle_is_the_last_line(settings, server, redis_client):
    with redis.Redis.from_url(server.url) as owner:
        fill(owner, "a", 5000)
    client = create_app(Settings(redis_url=server.url)).test_client()
    response = client.delete("/v1/kv?prefix=a&confirm=a", buffered=False)
    lines = response.iter_encoded()
    first = json.loads(next(lines))
    assert 0 < first["deleted"] < 5000
    assert first["done"] is False
    server.stop()
    last = [json.loads(line) for line in lines][-1]
    assert last["deleted"] == first["deleted"]
    assert last["done"] is False
    assert last["problem"]["status"] == 503
    assert last["problem"]["reason"] == "unreachable"


def test_a_deletion_that_nobody_follows_stops(app, redis_client):
    fill(redis_client, "a", 5000)
    response = app.test_client().delete("/v1/kv?prefix=a&confirm=a", buffered=False)
    first = json.loads(next(response.iter_encoded()))
    response.close()
    assert redis_client.dbsize() == 5000 - first["deleted"] > 0


def test_a_deletion_that_is_refused_in_the_middle_says_so(
    every_url, every_redis, client_of
):
    fill(every_redis, "a", 30)
    rights = ("+@all", "%R~*", "~a1*")
    if every_redis.info("server")["redis_version"].startswith("6."):
        rights = ("+@all", "~a1*")  # it lets SCAN tell of every key
    every_redis.execute_command("ACL", "SETUSER", "some", "reset", "on", ">pw", *rights)
    client = client_of(
        every_url, redis_username="some", redis_password="pw", redis_timeout=PATIENCE
    )
    response = client.delete("/v1/kv?prefix=a&confirm=a")
    assert_problem(response, 503, reason="no-permission", applied="unknown")
    assert every_redis.dbsize() == 19


class Endless(io.RawIOBase):
    """A body that never ends, and counts how much of it was read."""

    def __init__(self):
        self.read_bytes = 0

    def readable(self):
        return True

    def readinto(self, buffer):
        self.read_bytes += len(buffer)
        buffer[:] = b"x" * len(buffer)
        return len(buffer)


@pytest.mark.parametrize(
    ("method", "content_type"), [("PUT", ""), ("PATCH", "application/json")]
)
def test_a_chunked_body_without_end_is_cut_at_the_limit(
    app, redis_client, method, content_type
):
    body = Endless()
    response = app.test_client().open(
        "/v1/kv/k",
        method=method,
        content_type=content_type,
        environ_overrides={"wsgi.input": body, "wsgi.input_terminated": True},
    )
    assert_problem(response, 413)
    assert body.read_bytes < 8 * 1024 * 1024
    assert redis_client.dbsize() == 0


def test_a_body_that_is_declared_too_long_is_not_read(app):
    class Untouchable(io.RawIOBase):
        def readable(self):
            return True

        def readinto(self, buffer):
            raise AssertionError("the body was read")

    environ = {"wsgi.input": Untouchable(), "CONTENT_LENGTH": str(1024 * 1024 + 2)}
    response = app.test_client().put("/v1/kv/k", environ_overrides=environ)
    assert_problem(response, 413)
