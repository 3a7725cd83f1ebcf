"""Values that contradict one another are refused, all at once and with what to do."""

import pytest

from .rendering import Refused, objects, pod_spec, redis_script, text


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            {"drain": {"preStopSeconds": 10, "terminationGracePeriodSeconds": 35}},
            r"preStopSeconds \(10\) \+ gracefulTimeoutSeconds \(25\) = 35, .* less than",
        ),
        (
            {"autoscaling": {"enabled": True, "minReplicas": 3, "maxReplicas": 2}},
            r"minReplicas \(3\) is more than maxReplicas \(2\)",
        ),
        (
            {"autoscaling": {"enabled": True, "targetCPUUtilizationPercentage": None}},
            "nothing to scale by",
        ),
        (
            {"autoscaling": {"enabled": True}, "resources": {"requests": None}},
            "share of resources.requests.cpu",
        ),
        (
            {"extraEnv": [{"name": "REDIS_HOST", "value": "x"}]},
            "REDIS_HOST is the chart's",
        ),
        (
            {"extraEnv": [{"name": "REDIS_URL", "value": "redis://x"}]},
            "REDIS_URL is the chart's",
        ),
        ({"redis": {"maxmemory": "0"}}, "/redis/maxmemory"),
        ({"redis": {"maxmemory": "0.0Mi"}}, "/redis/maxmemory"),
        ({"redis": {"maxmemoryPercent": 99}}, "/redis/maxmemoryPercent"),
        ({"metrics": {"port": 5000}}, "metrics.port: .* another port"),
        ({"ingress": {"enabled": True}}, "ingress.hosts: .* at least one"),
        ({"httpRoute": {"enabled": True}}, "httpRoute.parentRefs: .* needs a Gateway"),
        (
            {"externalRedis": {"url": "redis://x", "existingSecret": "y"}},
            "externalRedis: url and existingSecret are both set",
        ),
        (
            {"redis": {"auth": {"password": "x", "existingSecret": "y"}}},
            "redis.auth: password and existingSecret are both set",
        ),
        ({"redis": {"auth": {"password": " "}}}, "/redis/auth/password"),
        (
            {"redis": {"maxmemory": "256Mi"}},
            r"268435456 bytes leave nothing of the memory limit \(268435456 bytes\)",
        ),
    ],
)
def test_a_contradiction_is_refused(values, message):
    with pytest.raises(Refused, match=message):
        text(values)


def test_every_contradiction_is_told_at_once():
    with pytest.raises(Refused) as refused:
        text({"ingress": {"enabled": True}, "httpRoute": {"enabled": True}})
    assert "ingress.hosts" in str(refused.value)
    assert "httpRoute.parentRefs" in str(refused.value)


@pytest.mark.parametrize(
    ("drain", "seconds"),
    [
        ({}, 35),
        ({"preStopSeconds": 15, "gracefulTimeoutSeconds": 60}, 80),
        ({"terminationGracePeriodSeconds": 31}, 31),
    ],
)
def test_the_grace_period_is_the_sum_and_a_margin(drain, seconds):
    spec = pod_spec(objects({"drain": drain}), "Deployment")
    assert spec["terminationGracePeriodSeconds"] == seconds


@pytest.mark.parametrize(
    ("limit", "percent", "maxmemory"),
    [
        ("256Mi", 75, 201326592),
        ("1Gi", 50, 536870912),
        ("1.5G", 80, 1200000000),
        ("2500k", 50, 1250000),
        (1000000, 75, 750000),
    ],
)
def test_maxmemory_is_a_share_of_the_memory_limit(limit, percent, maxmemory):
    redis = {"resources": {"limits": {"memory": limit}}, "maxmemoryPercent": percent}
    assert f"\nmaxmemory {maxmemory}\n" in config(redis)


def test_a_given_maxmemory_is_taken_as_it_is():
    assert "\nmaxmemory 67108864\n" in config({"maxmemory": "64Mi"})


def test_without_a_memory_limit_redis_is_told_no_maxmemory():
    assert "\nmaxmemory " not in config({"resources": {"limits": None}})


def config(redis):
    return redis_script(objects({"redis": redis}))
