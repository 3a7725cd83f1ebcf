"""Whatever replaces API pods, no request fails: 200 a second for a minute each."""

import time

import pytest

from .release import is_ready, until


@pytest.fixture(scope="module")
def release(make_release):
    release = make_release("rollouts")
    release.install()
    return release


@pytest.fixture(scope="module")
def api(release, make_client):
    return make_client(release)


def names(release):
    return {pod.metadata.name for pod in release.pods()}


def gone(release, before):
    """Wait until none of the pods is left and the ones in their place are ready."""
    until(
        lambda: not names(release) & before and is_ready(release.pods()),
        90,
        "every pod was replaced",
    )


def assert_steady(load):
    print(f"\n{load}")
    assert load.failed == 0, load.failures
    assert load.served == load.requests == 12_000


def test_an_upgrade_that_replaces_every_pod_fails_no_request(release, api):
    before = names(release)
    with api.load() as load:
        time.sleep(5)
        release.upgrade("--set-string", "podAnnotations.revision=2")
        gone(release, before)
    assert_steady(load)


def test_a_rollback_fails_no_request(release, api):
    before = names(release)
    with api.load() as load:
        time.sleep(5)
        release.helm("rollback", "--wait", "--timeout", "120s")
        gone(release, before)
    assert_steady(load)


def test_deleting_the_pods_one_by_one_fails_no_request(release, api):
    before = names(release)
    with api.load() as load:
        time.sleep(5)
        for name in before:
            release.kubectl("delete", "pod", name, "--wait=false")
            until(
                lambda gone=name: (
                    gone not in names(release)
                    and len(release.pods()) == 2
                    and is_ready(release.pods())
                ),
                60,
                "another pod is ready",
            )
        gone(release, before)
    assert_steady(load)


def test_scaling_up_and_down_fails_no_request(release, api):
    with api.load() as load:
        time.sleep(5)
        release.upgrade("--set", "replicaCount=3")
        assert len(release.pods()) == 3
        time.sleep(5)
        release.upgrade("--set", "replicaCount=1")
        until(lambda: len(release.pods()) == 1, 60, "one pod is left")
        time.sleep(5)
        release.upgrade("--set", "replicaCount=2")
    assert_steady(load)
