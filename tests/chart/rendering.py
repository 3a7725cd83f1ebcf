"""Renders the chart with `helm template`, which asks no cluster."""

import json
import subprocess
from pathlib import Path

import yaml

CHART = Path(__file__).parents[2] / "chart"
VALUES = yaml.safe_load((CHART / "values.yaml").read_text())


class Refused(Exception):  # noqa: N818 - a refusal is what the tests ask for
    """Helm's message on values that it does not render."""


def helm(verb, values, *arguments, chart=CHART, release="demo"):
    """Return what helm prints; raise Refused."""
    command = ["helm", verb, release, str(chart), "--namespace", "there"]
    done = subprocess.run(
        [*command, "--values", "-", *arguments],
        input=json.dumps(values or {}),
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise Refused(done.stderr)
    return done.stdout


def text(values=None, *arguments, **options):
    """Return the rendered manifests as helm prints them; raise Refused."""
    return helm("template", values, *arguments, **options)


def notes(values=None):
    """Return what an installation would tell its user."""
    return helm("install", values, "--dry-run=client").partition("\nNOTES:\n")[2]


def objects(values=None, *arguments, **options):
    """Return the rendered objects by (kind, name)."""
    documents = yaml.safe_load_all(text(values, *arguments, **options))
    return {
        (each["kind"], each["metadata"]["name"]): each for each in documents if each
    }


def pod_spec(rendered, kind):
    """Return the pod spec of the one object of a kind."""
    [found] = [each for (its_kind, _), each in rendered.items() if its_kind == kind]
    return found["spec"] if kind == "Pod" else found["spec"]["template"]["spec"]


def redis_script(rendered):
    """Return the script that starts Redis, redis.conf in it."""
    [container] = pod_spec(rendered, "StatefulSet")["containers"]
    [script] = container["args"]
    return script


def environment(rendered):
    """Return the API container's environment by name, as {name: entry}."""
    [container] = pod_spec(rendered, "Deployment")["containers"]
    return {entry["name"]: entry for entry in container["env"]}
