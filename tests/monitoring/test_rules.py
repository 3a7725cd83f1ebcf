"""The alerts fire when they should and are silent when they should be."""

import re
from pathlib import Path

import pytest
import yaml

from .rules import ROOT, RULES, alerts, promtool

SCENARIOS = sorted(Path(__file__).parent.glob("alerts*.yaml"))
PAGES = ROOT / "docs" / "runbook"


def test_promtool_accepts_the_rules():
    promtool("check", "rules", str(RULES))


@pytest.mark.parametrize("scenarios", SCENARIOS, ids=lambda path: path.stem)
def test_each_alert_does_as_its_scenarios_say(scenarios):
    promtool("test", "rules", str(scenarios))


@pytest.mark.parametrize("scenarios", SCENARIOS, ids=lambda path: path.stem)
def test_each_alert_does_the_same_where_targets_have_a_namespace(scenarios, tmp_path):
    read = yaml.safe_load(scenarios.read_text()) | {"rule_files": [str(RULES)]}
    read["tests"] = [in_a_namespace(test) for test in read["tests"]]
    path = tmp_path / scenarios.name
    path.write_text(yaml.safe_dump(read))
    promtool("test", "rules", str(path))


def in_a_namespace(test):
    """Return a scenario with a namespace on what is scraped and what comes of it."""
    job = 'job="flask-redis-api'
    if not any(job in each["series"] for each in test["input_series"]):
        return test
    text = yaml.safe_dump(test).replace(job, f'namespace="default", {job}')
    labelled = yaml.safe_load(text)
    for case in labelled.get("alert_rule_test", []):
        for alert in case["exp_alerts"]:
            alert["exp_labels"]["namespace"] = "default"
    return labelled


def test_each_alert_has_a_scenario_in_which_it_fires_and_one_in_which_not():
    expected = [
        (case["alertname"], bool(case["exp_alerts"]))
        for path in SCENARIOS
        for test in yaml.safe_load(path.read_text())["tests"]
        for case in test.get("alert_rule_test", [])
    ]
    assert set(expected) == {(name, on) for name in alerts() for on in (True, False)}


@pytest.mark.parametrize("name", alerts())
def test_an_alert_says_what_it_is_and_where_to_read_on(name):
    alert = alerts()[name]
    annotations = alert["annotations"]
    assert annotations.keys() == {"summary", "description", "runbook_url"}
    assert annotations["runbook_url"] == f"docs/runbook/{name}.md"
    assert alert["labels"]["severity"] in {"critical", "warning"}


@pytest.mark.parametrize("name", alerts())
def test_an_alerts_page_says_what_to_look_at_and_what_to_do(name):
    page = page_of(name)
    assert page.startswith(f"# {name}\n")
    for heading in ("## What it means", "## What to look at", "## What to do"):
        assert f"\n{heading}\n" in page


ASKED = re.compile(r"redis-cli|SLOWLOG|SCRIPT KILL|CLIENT LIST|BGREWRITEAOF|--bigkeys")


def test_a_page_that_asks_redis_leads_to_how_with_its_password():
    asking = [name for name in alerts() if ASKED.search(page_of(name))]
    assert len(asking) > 3
    for name in asking:
        assert "(README.md)" in page_of(name), name
    how = (PAGES / "README.md").read_text()
    start = (ROOT / "chart/templates/redis/_scripts.tpl").read_text()
    assert 'REDISCLI_AUTH="$(cat /run/redis/password)" redis-cli' in how
    assert "> /run/redis/password" in start


def page_of(name):
    return (PAGES / f"{name}.md").read_text()


def test_there_is_no_page_without_its_alert():
    pages = {path.stem for path in PAGES.glob("*.md")} - {"README"}
    assert pages == alerts().keys()
