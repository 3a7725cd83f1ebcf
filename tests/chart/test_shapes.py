"""Every shape in chart/ci renders, the same each time, and says what it risks."""

import pytest
import yaml

from .rendering import CHART, objects, pod_spec, text

SHAPES = sorted((CHART / "ci").glob("*-values.yaml"))
PASSWORD = ("--set", "redis.auth.password=given")


def values_of(name):
    return yaml.safe_load((CHART / "ci" / f"{name}-values.yaml").read_text())


def names(rendered, kind):
    return [name for its_kind, name in rendered if its_kind == kind]


@pytest.mark.parametrize("shape", SHAPES, ids=lambda path: path.stem)
def test_a_shape_renders_the_same_bytes_twice(shape):
    values = yaml.safe_load(shape.read_text())
    given = () if "existingSecret" in shape.read_text() else PASSWORD
    assert text(values, *given) == text(values, *given)


def test_an_external_redis_takes_statefulset_secret_and_policies_along():
    rendered = objects(values_of("external-redis"))
    kinds = {kind for kind, name in rendered if name.endswith("-redis")}
    assert kinds == {"Secret"}
    [container] = pod_spec(rendered, "Deployment")["containers"]
    environment = {entry["name"]: entry for entry in container["env"]}
    reference = environment["REDIS_URL"]["valueFrom"]["secretKeyRef"]
    assert reference == {"name": "demo-flask-redis-api-external-redis", "key": "url"}
    assert not {"REDIS_HOST", "REDIS_PORT", "REDIS_PASSWORD_FILE"} & set(environment)
    egress = rendered["NetworkPolicy", "demo-flask-redis-api"]["spec"]["egress"]
    peers = [{"ipBlock": {"cidr": "192.0.2.0/24"}}]
    assert egress[1] == {"ports": [{"port": 6380}], "to": peers}


@pytest.mark.parametrize("name", ["", "-redis-exporter"])
def test_a_new_url_of_an_external_redis_rolls_out_whoever_uses_it(name):
    def template(url):
        exporter = {"redisExporter": {"enabled": True}}
        rendered = objects({"externalRedis": {"url": url}, "metrics": exporter})
        return rendered["Deployment", f"demo-flask-redis-api{name}"]["spec"]["template"]

    assert template("redis://one") != template("redis://two")
    assert template("redis://one") == template("redis://one")


def test_the_autoscaler_alone_says_how_many_pods_there_are():
    rendered = objects(values_of("autoscaling"))
    assert "replicas" not in rendered["Deployment", "demo-flask-redis-api"]["spec"]
    scaler = rendered["HorizontalPodAutoscaler", "demo-flask-redis-api"]["spec"]
    assert [metric["resource"]["name"] for metric in scaler["metrics"]] == [
        "cpu",
        "memory",
    ]


@pytest.mark.parametrize(
    ("values", "budgets"),
    [
        ({}, 1),
        ({"replicaCount": 1}, 0),
        ({"replicaCount": 1, "autoscaling": {"enabled": True}}, 1),
        ({"autoscaling": {"enabled": True, "minReplicas": 1}}, 0),
        ({"podDisruptionBudget": {"enabled": False}}, 0),
    ],
)
def test_a_disruption_budget_is_made_only_where_it_can_hold(values, budgets):
    assert len(names(objects(values), "PodDisruptionBudget")) == budgets


def test_an_ingress_and_a_route_lead_to_the_service():
    ingress = objects(values_of("ingress"))["Ingress", "demo-flask-redis-api"]
    [path] = ingress["spec"]["rules"][0]["http"]["paths"]
    service = {"name": "demo-flask-redis-api", "port": {"name": "http"}}
    assert path["backend"]["service"] == service
    route = objects(values_of("httproute"))["HTTPRoute", "demo-flask-redis-api"]
    [rule] = route["spec"]["rules"]
    assert rule["backendRefs"] == [{"name": "demo-flask-redis-api", "port": 5000}]


def test_extra_objects_may_use_the_charts_templates():
    rendered = objects(values_of("everything"))
    address = rendered["ConfigMap", "kv-demo"]["data"]["address"]
    assert address == "demo-kv:5000"
    assert ("ConfigMap", "demo-as-text") in rendered


def test_it_works_as_a_subchart(tmp_path):
    (tmp_path / "charts").mkdir()
    (tmp_path / "charts" / "flask-redis-api").symlink_to(CHART)
    chart = {"apiVersion": "v2", "name": "parent", "version": "1.0.0"}
    (tmp_path / "Chart.yaml").write_text(yaml.safe_dump(chart))
    values = {"global": {"region": "here"}, "flask-redis-api": {"replicaCount": 3}}
    rendered = objects(values, chart=tmp_path)
    assert rendered["Deployment", "demo-flask-redis-api"]["spec"]["replicas"] == 3
