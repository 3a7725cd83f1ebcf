"""Whatever replaces API pods, no request fails: 200 a second for a minute each."""

import time

import pytest
from kubernetes import client

from .absence import missing
from .commands import run
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


def nodes_of(pods):
    return {pod.spec.node_name for pod in pods}


def test_draining_a_node_fails_no_request(release, make_client):
    nodes = {node.metadata.name for node in client.CoreV1Api().list_node().items}
    if len(nodes) < 2:
        missing("the cluster has one node: draining one of two was not tested")
    [home] = nodes_of(release.pods("redis"))
    away = nodes_of(release.pods()) - {home}
    assert away, "the API's pods are spread over the nodes"
    [node] = away
    api = make_client(release, name="client-at-home", node=home)
    chosen = f"app.kubernetes.io/instance={release.name}"
    try:
        with api.load() as load:
            time.sleep(5)
            options = ["--delete-emptydir-data", "--timeout=60s"]
            run("kubectl", "drain", node, f"--pod-selector={chosen}", *options)
            until(lambda: is_ready(release.pods()), 60, "the pods are ready elsewhere")
            assert nodes_of(release.pods()) == {home}
    finally:
        run("kubectl", "uncordon", node)
    assert_steady(load)
