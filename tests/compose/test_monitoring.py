"""What docker compose --profile monitoring up adds."""

from collections.abc import Iterator

import pytest
import requests

from tests.monitoring.rules import ROOT, alerts, dashboard_queries, rules, selectors

from .engine import until
from .stack import LOOPBACK, Stack, free_ports, running


@pytest.fixture(scope="module")
def monitored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("monitored")
    [port] = free_ports(1)
    settings = {"COMPOSE_PROFILES": "monitoring", "PROMETHEUS_PORT": port}
    with running(folder, REDIS_PASSWORD="open-sesame", **settings) as stack:
        yield stack


def ask(stack: Stack, path: str, **parameters: str) -> dict:
    url = f"http://{LOOPBACK}:{stack.settings['PROMETHEUS_PORT']}/api/v1/{path}"
    return requests.get(url, params=parameters, timeout=5).json()["data"]


def jobs_up(stack: Stack) -> set[str]:
    found = ask(stack, "query", query="up == 1")["result"]
    return {sample["metric"]["job"] for sample in found}


def test_prometheus_reaches_the_api_and_the_exporter(monitored: Stack) -> None:
    jobs = {"flask-redis-api", "flask-redis-api-redis"}
    until(lambda: jobs_up(monitored) == jobs, "both targets are up")


def test_it_has_every_alert_and_none_fires(monitored: Stack) -> None:
    groups = ask(monitored, "rules", type="alert")["groups"]
    states = {
        rule["name"]: rule["state"] for group in groups for rule in group["rules"]
    }
    assert states.keys() == alerts().keys()
    assert "firing" not in states.values()


def test_every_selector_of_rules_and_dashboard_matches_series(monitored: Stack) -> None:
    monitored.set("foo", "bar")
    monitored.compose("stop", "redis")
    assert monitored.get("/get/foo").status_code == 503
    monitored.compose("start", "redis")
    until(lambda: monitored.get("/health").ok, "Redis is back")
    dashboard = (ROOT / "chart" / "files" / "dashboard.json").read_text()
    queries = [rule["expr"] for rule in rules()] + dashboard_queries(dashboard)
    silent = {selector for query in queries for selector in selectors(query)}

    def all_match() -> bool:
        for selector in tuple(silent):
            monitored.set("foo", "bar")
            if ask(monitored, "query", query=f"count({selector})")["result"]:
                silent.remove(selector)
        return not silent

    until(all_match, f"each of {silent} matches series", seconds=90)
