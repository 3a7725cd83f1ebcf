import json
import time

import pytest

from .release import Release, is_ready, until

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
    assert absent.headers["content-type"] == "application/problem+json"
    assert absent.headers["retry-after"]
    assert api.ask("/health/live").status == 200
    release.scale_redis(1)
    ready = release.redis_ready()
    until(lambda: api.ask("/get/foo").status == 200, 5, "values are served again")
    print(f"\nserved again within {time.time() - ready:.1f} s of Redis' readiness")
    assert api.ask("/get/foo").json == FOO
    assert api.ask("/health").status == 200
    assert release.restarts("api") == 0


def test_a_redis_that_loads_is_not_ready_not_restarted_and_told_apart(release, api):
    fill = "for i = 1, 4000 do redis.call('SET', 'loaded/' .. i, i) end"
    release.redis_cli("eval", fill, "0")
    release.redis_cli("bgrewriteaof")
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


def shot(release, executioner):
    executioner(release.pods("redis")[0])
    until(lambda: release.restarts("redis"), 30, "its container was restarted")


def deleted(release, _executioner):
    before = release.pods("redis")[0].metadata.uid
    release.kubectl("delete", "pod", f"{release.redis}-0")
    until(
        lambda: (
            [pod.metadata.uid for pod in release.pods("redis")] not in ([], [before])
        ),
        60,
        "there is another pod",
    )


@pytest.mark.parametrize("end", [deleted, shot], ids=lambda end: end.__name__)
@pytest.mark.parametrize("appendfsync", ["everysec", "always"])
def test_no_acknowledged_write_is_lost_with_a_redis_that_is(
    release, api, executioner, appendfsync, end
):
    release.upgrade(f"--set=redis.appendfsync={appendfsync}")
    with api.load(seconds=20, writes=True) as load:
        time.sleep(5)
        end(release, executioner)
        ready = release.redis_ready()
    print(
        f"\n{load}; {len(load.lost)} of {load.written} acknowledged writes lost;",
        end="",
    )
    print(f" refused for {load.last_refused - load.first_refused:.1f} s,", end="")
    print(f" until {load.last_refused - ready:.1f} s after Redis was ready")
    assert load.failed == 0
    assert load.refused > 0
    assert load.lost == []
    assert load.last_refused - ready < 5
    assert release.restarts("api") == 0


@pytest.fixture(scope="module")
def store(make_release):
    """A Redis that is not of the release which uses it: another release, without an API."""
    store = make_release("external", name="store")
    demo = {"podSelector": {"matchLabels": {"app.kubernetes.io/instance": "demo"}}}
    policy = json.dumps({"redisFrom": [demo]})
    password = "--set=redis.auth.password=sesame"
    store.install(
        "--set=replicaCount=0", password, f"--set-json=networkPolicy={policy}"
    )
    return store


def test_two_minutes_without_redis_restart_nothing_and_a_wrong_rollout_takes_nothing_down(
    store, image, make_client
):
    release = Release(store.namespace, image)
    url = f"redis://:sesame@{store.redis}:6379/0"
    release.install(f"--set=externalRedis.url={url}")
    api = make_client(release)
    assert api.ask("/set", FOO).json == FOO
    endpoints = set()
    with api.load(rate=20, seconds=140) as load:
        store.scale_redis(0)
        until(lambda: not store.pods("redis"), 60, "Redis is going")
        went = time.monotonic()
        release.upgrade("--set=externalRedis.url=redis://nowhere.invalid", wait=False)
        while time.monotonic() < went + 120:
            endpoints.add(release.endpoints())
            time.sleep(1)
        ready = [is_ready([pod]) for pod in release.pods()]
        release.helm("rollback", "--wait", "--timeout", "60s")
        store.scale_redis(1)
        store.redis_ready()
    print(f"\n{load}; ready endpoints: {endpoints}; pods ready: {ready}")
    assert sorted(ready) == [False, True, True]
    assert endpoints == {2}
    assert load.failed == 0
    assert load.refused > 120 * 10
    assert release.restarts() == 0
    assert api.ask("/get/foo").json == FOO
