"""What the chart tells Prometheus and Grafana."""

import json
import re

import pytest
import yaml

from tests.monitoring.rules import RULES, promtool

from .rendering import CHART, Refused, environment, objects, text
from .test_shapes import values_of

API = "demo-flask-redis-api"
REDIS = "demo-flask-redis-api-redis"
SELECTOR = re.compile(r"\w\{([^}]*)\}")


def rules(values):
    return objects(values)["PrometheusRule", API]["spec"]


def monitored():
    return objects(values_of("monitoring"))


def selected(rendered, kind, labels):
    """Return the names of the objects of a kind that have those labels."""
    return [
        name
        for (its_kind, name), each in rendered.items()
        if its_kind == kind and labels.items() <= each["metadata"]["labels"].items()
    ]


def test_pods_are_annotated_for_a_prometheus_without_the_operator():
    def annotations(values):
        template = objects(values)["Deployment", API]["spec"]["template"]
        return template["metadata"].get("annotations")

    assert annotations({"metrics": {"port": 9200}}) == {
        "prometheus.io/scrape": "true",
        "prometheus.io/port": "9200",
        "prometheus.io/path": "/metrics",
    }
    assert annotations({"metrics": {"annotations": False}}) is None
    assert annotations({"metrics": {"enabled": False}}) is None


def test_without_metrics_the_images_own_port_stays_closed():
    rendered = objects({"metrics": {"enabled": False}})
    assert environment(rendered)["METRICS_PORT"]["value"] == "0"


def test_the_main_port_serves_metrics_only_if_asked():
    assert environment(objects())["METRICS_ON_MAIN_PORT"]["value"] == "false"


def test_a_service_monitor_finds_a_service_of_its_own_for_each_target():
    rendered = monitored()
    for monitor, service, job in (
        (API, f"{API}-metrics", API),
        (f"{REDIS}-exporter", f"{REDIS}-exporter", REDIS),
    ):
        found = rendered["ServiceMonitor", monitor]
        assert found["metadata"]["labels"]["release"] == "prometheus"
        labels = found["spec"]["selector"]["matchLabels"]
        assert selected(rendered, "Service", labels) == [service]
        [endpoint] = found["spec"]["endpoints"]
        [port] = rendered["Service", service]["spec"]["ports"]
        assert endpoint["port"] == port["name"]
        assert (endpoint["interval"], endpoint["scrapeTimeout"]) == ("5s", "4s")
        assert endpoint["relabelings"] == [{"targetLabel": "job", "replacement": job}]
    assert rendered["Service", API]["spec"]["ports"][0]["name"] == "http"
    assert len(rendered["Service", API]["spec"]["ports"]) == 1


def test_a_pod_monitor_finds_the_pods():
    rendered = objects(values_of("monitoring-pods"))
    for monitor, workload in ((API, API), (f"{REDIS}-exporter", f"{REDIS}-exporter")):
        spec = rendered["PodMonitor", monitor]["spec"]
        pod = rendered["Deployment", workload]["spec"]["template"]
        labels = spec["selector"]["matchLabels"]
        assert labels.items() <= pod["metadata"]["labels"].items()
        ports = {port["name"] for port in pod["spec"]["containers"][0]["ports"]}
        assert spec["podMetricsEndpoints"][0]["port"] in ports


@pytest.mark.parametrize("name", ["serviceMonitor", "podMonitor", "prometheusRule"])
def test_what_would_find_nothing_to_scrape_is_refused(name):
    metrics = {"enabled": False, name: {"enabled": True}}
    with pytest.raises(Refused, match=rf"metrics\.{name} would find nothing"):
        text({"metrics": metrics})


def test_scraping_each_pod_twice_is_refused():
    both = {"serviceMonitor": {"enabled": True}, "podMonitor": {"enabled": True}}
    with pytest.raises(Refused, match="keep one"):
        text({"metrics": both})


@pytest.mark.parametrize("name", ["serviceMonitor", "podMonitor"])
@pytest.mark.parametrize(("interval", "timeout"), [("5s", "10s"), ("1m", "1m1s")])
def test_a_scrape_that_may_outlast_its_interval_is_refused(name, interval, timeout):
    monitor = {"enabled": True, "interval": interval, "scrapeTimeout": timeout}
    message = rf"{name}: scrapeTimeout \({timeout}\) is more than interval"
    with pytest.raises(Refused, match=message):
        text({"metrics": {name: monitor}})


def test_a_scrape_may_take_all_of_its_interval_in_whatever_unit():
    monitor = {"enabled": True, "interval": "1m", "scrapeTimeout": "60s"}
    assert text({"metrics": {"serviceMonitor": monitor}})


def test_a_latency_goal_between_two_bounds_is_refused():
    with pytest.raises(Refused, match="latencySeconds"):
        text({"metrics": {"prometheusRule": {"latencySeconds": "0.3"}}})


def test_the_rules_look_at_this_release_alone():
    groups = rules(values_of("monitoring"))["groups"]
    expressions = [rule["expr"] for group in groups for rule in group["rules"]]
    selectors = SELECTOR.findall("".join(expressions))
    assert len(selectors) > 40
    for selector in selectors:
        assert 'namespace="there"' in selector
        assert f'job="{API}"' in selector or f'job="{REDIS}"' in selector


def test_the_rules_have_the_goals_of_the_values():
    rendered = rules(values_of("monitoring"))
    recorded = {
        rule["record"]: rule
        for group in rendered["groups"]
        for rule in group["rules"]
        if "record" in rule
    }
    errors = recorded["flask_redis_api:error_budget:ratio"]
    assert errors["expr"] == "vector(0.0005)"
    assert errors["labels"] == {"namespace": "there", "job": API}
    slow = recorded["flask_redis_api:slow_budget:ratio"]
    assert slow["expr"] == "vector(0.005)"
    assert 'le="0.1"' in recorded["flask_redis_api:http_slow:burn_rate1h"]["expr"]
    assert 'le="0.25"' not in yaml.safe_dump(rendered)


def test_by_default_the_charts_rules_are_those_of_the_file():
    rendered = rules({"metrics": {"prometheusRule": {"enabled": True}}})
    groups = yaml.safe_load(RULES.read_text())["groups"]
    here = f'namespace="there",job="{API}"'
    assert [
        rule["expr"] for group in rendered["groups"] for rule in group["rules"]
    ] == [
        rule["expr"].replace('job="flask-redis-api"', here)
        for group in groups
        if group["name"] != "flask-redis-api.redis"
        for rule in group["rules"]
    ]


def test_alerts_on_redis_own_metrics_come_with_the_exporter():
    def names(values):
        return {group["name"] for group in rules(values)["groups"]}

    without = {"metrics": {"prometheusRule": {"enabled": True}}}
    assert "flask-redis-api.redis" not in names(without)
    assert "flask-redis-api.redis" in names(values_of("monitoring"))


def test_a_prefix_makes_a_url_of_each_alerts_page():
    groups = rules(values_of("monitoring"))["groups"]
    alerts = [rule for group in groups for rule in group["rules"] if "alert" in rule]
    prefix = "https://git.example.org/flask-redis-api/blob/main/docs/runbook/"
    for alert in alerts:
        assert alert["annotations"]["runbook_url"] == f"{prefix}{alert['alert']}.md"


def test_promtool_accepts_the_charts_rules(tmp_path):
    path = tmp_path / "rules.yaml"
    path.write_text(yaml.safe_dump(rules(values_of("monitoring"))))
    promtool("check", "rules", str(path))


def test_the_dashboard_is_the_one_that_its_script_writes(monkeypatch):
    monkeypatch.syspath_prepend(CHART.parent / "monitoring")
    import dashboard

    written = json.loads(dashboard.PATH.read_text())
    assert written == dashboard.dashboard(), "run python monitoring/dashboard.py"


def test_grafanas_sidecar_finds_the_dashboard():
    config_map = objects()["ConfigMap", f"{API}-dashboard"]
    assert config_map["metadata"]["labels"]["grafana_dashboard"] == "1"
    [(name, source)] = config_map["data"].items()
    assert name.endswith(".json")
    assert json.loads(source)["title"] == "flask-redis-api"


def test_the_exporter_gets_the_password_by_reference_and_no_rights():
    rendered = monitored()
    spec = rendered["Deployment", f"{REDIS}-exporter"]["spec"]["template"]["spec"]
    [container] = spec["containers"]
    variables = {entry["name"]: entry for entry in container["env"]}
    assert variables["REDIS_ADDR"]["value"] == f"redis://{REDIS}:6379"
    reference = variables["REDIS_PASSWORD"]["valueFrom"]["secretKeyRef"]
    assert reference == {"name": REDIS, "key": "password"}
    assert container["image"] == "oliver006/redis_exporter:v1.69.0"
    assert spec["automountServiceAccountToken"] is False
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }


def test_the_exporter_follows_to_an_external_redis():
    values = {
        "externalRedis": {"url": "rediss://user:secret@redis.example.org:6380/0"},
        "metrics": {"redisExporter": {"enabled": True}},
    }
    rendered = objects(values)
    spec = rendered["Deployment", f"{REDIS}-exporter"]["spec"]["template"]["spec"]
    [variable] = spec["containers"][0]["env"]
    reference = {"name": f"{API}-external-redis", "key": "url"}
    assert variable["valueFrom"]["secretKeyRef"] == reference
    egress = rendered["NetworkPolicy", f"{REDIS}-exporter"]["spec"]["egress"]
    assert {"ports": [{"port": 6380}]} in egress


def test_the_exporter_changes_nothing_of_redis_own_spec():
    redis = ("StatefulSet", REDIS)
    exporter = {"metrics": {"redisExporter": {"enabled": True}}}
    assert objects(exporter)[redis]["spec"] == objects()[redis]["spec"]


def test_only_scrapers_reach_the_exporter_and_it_reaches_redis():
    rendered = monitored()
    policy = rendered["NetworkPolicy", f"{REDIS}-exporter"]["spec"]
    [rule] = policy["ingress"]
    assert rule["ports"] == [{"port": "metrics"}]
    assert rule["from"] == rendered["NetworkPolicy", API]["spec"]["ingress"][1]["from"]
    labels = rendered["Deployment", f"{REDIS}-exporter"]["spec"]["selector"]
    [ingress] = rendered["NetworkPolicy", REDIS]["spec"]["ingress"]
    assert {"podSelector": labels} in ingress["from"]
    [to_redis] = [rule for rule in policy["egress"] if rule["ports"][0]["port"] == 6379]
    redis = rendered["StatefulSet", REDIS]["spec"]["selector"]
    assert to_redis["to"] == [{"podSelector": redis}]
