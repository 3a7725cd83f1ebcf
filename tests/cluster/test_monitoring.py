"""A release under the eyes of a real Prometheus with the operator."""

import json
import os
import subprocess
import time
from urllib.parse import urlencode

import pytest
from kubernetes import client

from tests.monitoring.rules import dashboard_queries, selectors

from .commands import run
from .conftest import missing
from .release import until

GROUP = ("monitoring.coreos.com", "v1")
EXPORTER = "oliver006/redis_exporter:v1.69.0"
TARGETS_SECONDS = 60
ALERT = "FlaskRedisApiRedisDown"
FAST = {"enabled": True, "interval": "5s", "scrapeTimeout": "4s"}
# An alert waits a minute by its own word; the rest is scraping and evaluating.
FIRING_SECONDS = 120
RESOLVED_SECONDS = 120


class Prometheus:
    """The cluster's, asked through the API server."""

    def __init__(self, spec):
        self.namespace = spec["metadata"]["namespace"]
        self.labels = spec["spec"].get("serviceMonitorSelector", {}).get("matchLabels")
        pod = f"prometheus-{spec['metadata']['name']}-0:9090"
        self._path = (
            f"/api/v1/namespaces/{self.namespace}/pods/{pod}/proxy/api/v1/query"
        )

    def query(self, expression):
        """Return the samples of an instant query, as (labels, value)."""
        path = f"{self._path}?{urlencode({'query': expression})}"
        answer = json.loads(run("kubectl", "get", "--raw", path))
        return [
            (sample["metric"], float(sample["value"][1]))
            for sample in answer["data"]["result"]
        ]

    def firing(self, alert, namespace):
        labels = f'alertname="{alert}",namespace="{namespace}",alertstate="firing"'
        return bool(self.query(f"ALERTS{{{labels}}}"))


@pytest.fixture(scope="module")
def prometheus():
    try:
        found = client.CustomObjectsApi().list_cluster_custom_object(
            *GROUP, "prometheuses"
        )["items"]
    except client.ApiException as error:
        missing(f"no Prometheus operator ({error.reason})")
    if not found:
        missing("no Prometheus")
    return Prometheus(found[0])


@pytest.fixture(scope="module")
def release(make_release, prometheus):
    """A release without the chart's waiting, with every kind of metric."""
    local = ["docker", "image", "inspect", EXPORTER]
    if subprocess.run(local, capture_output=True, check=False).returncode == 0:
        run(*os.environ.get("LOAD_IMAGE", "kind load docker-image").split(), EXPORTER)
    release = make_release("monitoring")
    selected = {"labels": prometheus.labels or {}}
    metrics = {
        "serviceMonitor": FAST | selected,
        "prometheusRule": {"enabled": True} | selected,
        "redisExporter": {"enabled": True},
    }
    name = {"kubernetes.io/metadata.name": prometheus.namespace}
    peers = [{"namespaceSelector": {"matchLabels": name}}]
    values = {"metrics": metrics, "networkPolicy": {"metricsFrom": peers}}
    sets = [f"{name}={json.dumps(value)}" for name, value in values.items()]
    options = [part for each in sets for part in ("--set-json", each)]
    release.install(*options, wait=False)
    return release


@pytest.fixture(scope="module")
def outage(release, prometheus, make_client):
    """Traffic of more than a minute, in the middle of which Redis is stopped.

    It is the seconds from the stop to the alert, and from the return to its end.
    """
    until(lambda: release.endpoints() == 2, 60, "the API serves")

    def fires():
        return prometheus.firing(ALERT, release.namespace)

    with make_client(release).load(rate=20, seconds=150):
        time.sleep(30)
        assert not fires()
        release.scale_redis(0)
        fired = until(fires, FIRING_SECONDS, f"{ALERT} fires")
        release.scale_redis(1)
        release.redis_ready()
        resolved = until(lambda: not fires(), RESOLVED_SECONDS, f"{ALERT} is over")
    return fired, resolved


def test_every_target_is_up_within_a_minute_of_the_install(release, prometheus):
    def up():
        found = prometheus.query(f'up{{namespace="{release.namespace}"}} == 1')
        return sorted(labels["job"] for labels, _ in found)

    expected = [release.api, release.api, release.redis]
    seconds = until(lambda: up() == expected, TARGETS_SECONDS, f"{expected} are up")
    print(f"\ntargets up {seconds:.1f} s after helm install")


def test_the_alert_fires_while_redis_is_stopped_and_ends_with_its_return(outage):
    fired, resolved = outage
    print(f"\n{ALERT}: firing {fired:.1f} s after the stop")
    print(f"{ALERT}: over {resolved:.1f} s after Redis was ready again")


@pytest.mark.usefixtures("outage")
def test_every_selector_of_rules_and_dashboard_matches_series(release, prometheus):
    asked = {
        selector
        for query in rule_expressions(release) + dashboard_expressions(release)
        for selector in selectors(query)
    }
    assert len(asked) > 50
    silent = [each for each in sorted(asked) if not prometheus.query(f"count({each})")]
    print(f"\n{len(asked)} selectors, {len(silent)} without series")
    assert silent == []


def rule_expressions(release):
    rule = client.CustomObjectsApi().get_namespaced_custom_object(
        *GROUP, release.namespace, "prometheusrules", release.api
    )
    return [each["expr"] for group in rule["spec"]["groups"] for each in group["rules"]]


def dashboard_expressions(release):
    config_map = client.CoreV1Api().read_namespaced_config_map(
        f"{release.api}-dashboard", release.namespace
    )
    [source] = config_map.data.values()
    return dashboard_queries(source, release.namespace, release.api)
