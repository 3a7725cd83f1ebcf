import time

import pytest

from .release import is_ready, until

FOO = {"key": "foo", "value": "bar"}


@pytest.fixture(scope="module")
def release(make_release):
    release = make_release("outages")
    release.install()
    return release


@pytest.fixture(scope="module")
def api(release, make_client):
    return make_client(release)


def test_a_stopped_redis_is_a_503_that_says_so_and_restarts_no_api_pod(release, api):
    assert api.ask("/set", FOO).json == FOO
    release.scale_redis(0)
    until(lambda: not release.pods("redis"), 60, "Redis is going")
    until(lambda: api.ask("/health").status == 503, 30, "Redis is gone")
    absent = api.ask("/get/foo")
    assert absent.status == 503
    assert absent.headers["Content-Type"] == "application/problem+json"
    assert absent.headers["Retry-After"]
    assert api.ask("/health/live").status == 200
    release.scale_redis(1)
    ready = release.redis_ready()
    until(lambda: api.ask("/get/foo").status == 200, 5, "values are served again")
    print(f"\nserved again {time.time() - ready:.1f} s after Redis was ready")
    assert api.ask("/get/foo").json == FOO
    assert api.ask("/health").status == 200
    assert release.restarts("api") == 0


def test_a_redis_that_loads_is_not_ready_not_restarted_and_told_apart(release, api):
    redis_cli = 'REDISCLI_AUTH="$(cat /run/redis/password)" redis-cli'
    fill = "for i = 1, 4000 do redis.call('SET', 'loaded/' .. i, i) end"
    script = f'{redis_cli} eval "{fill}" 0; {redis_cli} bgrewriteaof'
    release.kubectl("exec", f"{release.redis}-0", "--", "sh", "-c", script)
    # 4000 keys at 5 ms each: far longer than this liveness would give a dead server.
    release.upgrade(
        "--set=redis.extraConfig=key-load-delay 5000\nloading-process-events-interval-bytes 1024",
        "--set=redis.livenessProbe.periodSeconds=1",
        "--set=redis.livenessProbe.failureThreshold=3",
        wait=False,
    )
    until(lambda: "loading" in api.ask("/health").body.lower(), 60, "Redis is loading")
    began = time.monotonic()
    assert not is_ready(release.pods("redis"))
    assert api.ask("/get/foo").status == 503
    release.redis_ready()
    print(f"\nloaded for {time.monotonic() - began:.1f} s")
    assert time.monotonic() - began > 5
    assert release.restarts("redis") == 0
    assert api.ask("/get/loaded/4000").json["value"] == "4000"
