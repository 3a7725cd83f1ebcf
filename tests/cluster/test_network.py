"""A namespace that denies everything by default, and pods that are no one's."""

import json

import pytest

from .client import CONNECT
from .release import until

DENY = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "NetworkPolicy",
    "metadata": {"name": "default-deny"},
    "spec": {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]},
}
REDIS_CLIENT = {"example.org/redis-client": "true"}
PROMETHEUS = {"example.org/prometheus": "true"}


def peer(namespace, labels):
    """Return a NetworkPolicy's peer: pods with these labels in one namespace."""
    name = {"kubernetes.io/metadata.name": namespace}
    pods = {"podSelector": {"matchLabels": labels}}
    return [{"namespaceSelector": {"matchLabels": name}} | pods]


@pytest.fixture(scope="module")
def outside(namespaces):
    """A namespace beside the release's, without policies of its own."""
    return namespaces("outside")


@pytest.fixture(scope="module")
def release(make_release, outside):
    release = make_release("network")
    release.kubectl("apply", "-f", "-", stdin=json.dumps(DENY))
    policy = {
        "redisFrom": peer(outside, REDIS_CLIENT),
        "metricsFrom": peer(outside, PROMETHEUS),
    }
    release.install("--set-json", f"networkPolicy={json.dumps(policy)}")
    return release


@pytest.fixture(scope="module")
def make_outsider(release, outside, make_client):
    return lambda name, labels=None: make_client(
        release, namespace=outside, name=name, labels=labels
    )


@pytest.fixture(scope="module")
def stranger(make_outsider):
    return make_outsider("stranger")


def redis_of(release):
    return f"{release.redis}.{release.namespace}"


def address(pods):
    return pods[0].status.pod_ip


def test_it_works_where_everything_is_denied_by_default(release, stranger):
    assert stranger.ask("/set", {"key": "k", "value": "v"}).status == 200
    assert stranger.ask("/get/k").json["value"] == "v"
    assert stranger.ask("/health").status == 200
    assert "Phase:          Succeeded" in release.helm("test")


def test_a_pod_without_the_right_labels_reaches_neither_redis_nor_the_metrics(
    release, stranger
):
    assert not stranger.reaches(redis_of(release), 6379)
    assert not stranger.reaches(address(release.pods("redis")), 6379)
    assert not stranger.reaches(address(release.pods()), 9100)
    assert stranger.reaches(address(release.pods()), 5000)


def test_a_pod_that_the_values_name_reaches_what_it_may_and_no_more(
    release, make_outsider
):
    redis_client = make_outsider("redis-client", REDIS_CLIENT)
    # A new pod is let in once the policies know its address.
    until(lambda: redis_client.reaches(redis_of(release), 6379), 15, "it is let in")
    assert not redis_client.reaches(address(release.pods()), 9100)
    prometheus = make_outsider("prometheus", PROMETHEUS)
    metrics = (address(release.pods()), 9100)
    until(lambda: prometheus.reaches(*metrics), 15, "it is let in")
    assert not prometheus.reaches(redis_of(release), 6379)


def test_the_api_goes_nowhere_but_to_redis_and_the_name_servers(release, stranger):
    def api_reaches(host, port):
        command = ["python", "-c", CONNECT, host, port]
        where = f"pod/{release.pods()[0].metadata.name}"
        return release.kubectl("exec", where, "--", *command) == "reached\n"

    another = release.pods("api")[1].status.pod_ip
    assert stranger.reaches(another, "5000")
    assert not api_reaches(another, "5000")
    assert api_reaches(release.redis, "6379")
