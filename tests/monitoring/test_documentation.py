"""docs/monitoring.md says what there is."""

import re

import pytest
import requests

from tests.served import served

from .rules import ROOT, alerts

DOCS = ROOT / "docs"
PAGE = (DOCS / "monitoring.md").read_text()


def test_the_page_lists_every_metric_that_is_served_and_no_other(
    shared_server, tmp_path
):
    with served(shared_server.url, tmp_path / "log") as service:
        requests.get(f"{service.url}/get/nothing", timeout=5)
        types = re.findall(r"^# TYPE (\S+) (?!$)", service.scrape(), re.MULTILINE)
    table = PAGE.partition("<!-- metrics -->")[2].partition("<!-- /metrics -->")[0]
    first_cells = re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)
    assert set(re.findall(r"`(\w+)`", " ".join(first_cells))) == set(types)


@pytest.mark.parametrize("alert", alerts())
def test_the_page_leads_to_each_alerts_own(alert):
    assert f"[{alert}](runbook/{alert}.md)" in PAGE


def test_every_relative_link_of_the_pages_leads_somewhere():
    for page in (DOCS / "monitoring.md", *(DOCS / "runbook").glob("*.md")):
        for link in re.findall(r"\]\(((?!https?:)[^)#]+)", page.read_text()):
            assert (page.parent / link).exists(), f"{page.name}: {link}"
