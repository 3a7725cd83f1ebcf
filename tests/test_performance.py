"""No figure on the page of figures is written by hand."""

import json

from bench import report
from tests.served import ROOT

DOCS = ROOT / "docs"
RESULTS = json.loads((DOCS / "performance.json").read_text())


def test_the_page_has_what_was_measured():
    assert report.tables(RESULTS) in (DOCS / "performance.md").read_text()


def test_the_picture_shows_what_was_measured():
    assert (DOCS / "performance.svg").read_text() == report.picture(RESULTS)
