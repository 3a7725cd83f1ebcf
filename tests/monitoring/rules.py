"""The file of the rules, and Prometheus' own tool to check them with."""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
RULES = ROOT / "chart" / "files" / "rules.yaml"


def promtool(*arguments, stdin=None):
    """Run promtool, which must find nothing to say; fail where CI lacks it."""
    if (binary := shutil.which("promtool")) is None:
        message = "promtool is not on PATH, so nothing was checked with it"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(message)
    done = subprocess.run(
        [binary, *arguments], input=stdin, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


def rules():
    """Return every rule of every group."""
    groups = yaml.safe_load(RULES.read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def alerts():
    """Return the alerts by name."""
    return {rule["alert"]: rule for rule in rules() if "alert" in rule}


SELECTOR = re.compile(r"([a-zA-Z_:][\w:]*)\{([^}]*)\}")
WORDS = {"absent", "and", "by", "count", "histogram_quantile", "increase", "max"}
WORDS |= {"last_over_time", "min", "or", "rate", "scalar", "sum", "vector"}
LABELS = {"command", "job", "kind", "le", "method", "namespace", "pod", "reason"}
LABELS |= {"route", "status", "version", "worker"}


def selectors(expression):
    """Return the selectors of a query; in ours each has braces."""
    rest = re.sub(r"\[[^]]*\]", "", SELECTOR.sub("", expression))
    assert set(re.findall(r"[a-zA-Z_:][\w:]*", rest)) <= WORDS | LABELS, rest
    return {match.group(0) for match in SELECTOR.finditer(expression)}


def dashboard_queries(source, namespace=".*", job="flask-redis-api"):
    """Return the queries of a dashboard with its variables filled in."""
    return [
        target["expr"]
        .replace("$namespace", namespace)
        .replace("$job", job)
        .replace("$__rate_interval", "1m")
        for panel in json.loads(source)["panels"]
        for target in panel["targets"]
    ]
