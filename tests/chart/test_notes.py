import pytest

from .rendering import notes

SAFE = {
    "replicaCount": 2,
    "networkPolicy": {"apiFrom": [{"podSelector": {}}]},
    "redis": {"appendfsync": "always", "auth": {"existingSecret": "mine"}},
}


def test_values_that_risk_nothing_are_told_no_risk():
    assert "risk" not in notes(SAFE)


@pytest.mark.parametrize(
    ("values", "risk"),
    [
        ({"redis": {"persistence": {"enabled": False}}}, "restart of Redis' pod loses"),
        ({"redis": {"persistence": {"whenDeleted": "Delete"}}}, "uninstall deletes"),
        ({}, "appendfsync=everysec: the loss of a node"),
        ({"redis": {"appendfsync": "no"}}, "half a minute"),
        ({"redis": {"auth": {"enabled": False}}}, "whoever reaches Redis' port"),
        ({}, "the password was made up"),
        ({"redis": {"maxmemoryPolicy": "allkeys-lru"}}, "acknowledged disappear"),
        ({"redis": {"resources": {"limits": None}}}, "grows until its node"),
        ({"externalRedis": {"url": "rediss://x:7000"}}, "every address on port 7000"),
        ({"externalRedis": {"url": "redis://x"}}, "without TLS"),
        ({"replicaCount": 1}, "one API pod"),
        (
            {"networkPolicy": {"enabled": False}},
            "every pod of the cluster reaches Redis",
        ),
        ({}, "every pod of the cluster may use the API"),
    ],
)
def test_each_risk_of_the_chosen_values_is_told(values, risk):
    assert risk in notes(values)


def test_rules_without_a_monitor_are_told_which_targets_they_need():
    rules = {"prometheusRule": {"enabled": True}}
    risk = 'FlaskRedisApiDown fires unless your Prometheus scrapes the API as the job "demo'
    assert risk in notes({"metrics": rules})
    for name in ("serviceMonitor", "podMonitor"):
        assert risk not in notes({"metrics": rules | {name: {"enabled": True}}})


def test_the_command_for_the_password_knows_a_key_with_a_dot():
    auth = {"existingSecret": "mine", "existingSecretKey": "redis.password"}
    assert r"jsonpath='{.data.redis\.password}'" in notes({"redis": {"auth": auth}})
