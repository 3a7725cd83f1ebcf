"""Redis gone, hanging or loading, under an API that keeps running."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from .engine import health, inspect, until
from .stack import Stack

BACK_WITHIN = 5  # seconds


@contextmanager
def untouched(container: str) -> Iterator[None]:
    """Prove that the container's process lived through what happens inside."""
    before = inspect(container)
    yield
    after = inspect(container)
    assert after["State"]["Pid"] == before["State"]["Pid"]
    assert after["RestartCount"] == before["RestartCount"]


@pytest.mark.parametrize(("away", "back"), [("stop", "start"), ("pause", "unpause")])
def test_an_outage_is_a_503_and_ends_without_a_restart(
    stack: Stack, away: str, back: str
) -> None:
    stack.set("foo", "bar")
    with untouched(stack.container("api")):
        stack.compose(away, "redis")
        try:
            for path in ("/health", "/get/foo"):
                answer = stack.get(path)
                assert answer.status_code == 503
                assert int(answer.headers["Retry-After"]) > 0
            assert answer.headers["Content-Type"] == "application/problem+json"
            assert answer.json()["status"] == 503
            assert stack.get("/health/live").status_code == 200
        finally:
            stack.compose(back, "redis")
        began = time.monotonic()
        until(lambda: stack.get("/health").ok, "the API recovers", BACK_WITHIN)
        stack.set("after", "the outage")
        assert stack.value("foo") == "bar"
        print(f"\n{away} redis: served again {time.monotonic() - began:.1f} s later")


def test_a_hanging_redis_makes_health_fail_within_two_seconds(stack: Stack) -> None:
    stack.compose("pause", "redis")
    try:
        began = time.monotonic()
        assert stack.get("/health").status_code == 503
        assert time.monotonic() - began < 2
    finally:
        stack.compose("unpause", "redis")
    until(lambda: stack.get("/health").ok, "the API recovers", BACK_WITHIN)


def test_the_health_check_of_the_api_follows_redis(stack: Stack) -> None:
    api = stack.container("api")
    until(lambda: health(api) == "healthy", "healthy at first")
    stack.compose("stop", "redis")
    try:
        until(lambda: health(api) == "unhealthy", "unhealthy without Redis")
    finally:
        stack.compose("start", "redis")
    until(lambda: health(api) == "healthy", "healthy again")


SLOW_TO_LOAD = """
services:
  redis:
    command: [redis-server, --appendonly, "yes", --key-load-delay, "2000"]
"""


def test_a_loading_redis_is_not_healthy_yet(stack: Stack, tmp_path: Path) -> None:
    """2000 µs for each of some thousand keys leave time to look."""
    slow = tmp_path / "slow.yaml"
    slow.write_text(SLOW_TO_LOAD)
    stack.redis_cli("eval", "for i=1,4000 do redis.call('set',i,i) end", "0")
    try:
        stack.compose("up", "--detach", "--no-deps", "redis", overrides=(slow,))
        redis = stack.container("redis")
        until(lambda: health(redis) == "healthy", "healthy once loaded")
        checks = inspect(redis)["State"]["Health"]["Log"]
        loading = [c for c in checks if "LOADING" in c["Output"]]
        assert loading, checks
        assert all(check["ExitCode"] != 0 for check in loading)
    finally:
        stack.up()
        stack.redis_cli("eval", "for i=1,4000 do redis.call('del',i) end", "0")
