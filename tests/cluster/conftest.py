"""A real cluster, the image on it, and namespaces that go again."""

import json
import os
import secrets
import shutil
import subprocess
from hashlib import sha256
from pathlib import Path

import kubernetes
import pytest

from .client import Client, pod_manifest
from .commands import CommandFailed, run
from .release import Release

ROOT = Path(__file__).parents[2]
TIMEOUT = 600


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.timeout(TIMEOUT))


def missing(what):
    """Fail where CI runs; elsewhere skip, which -ra says at the end."""
    message = f"{what}: nothing was tested on a cluster"
    if os.environ.get("CI"):
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture(scope="session", autouse=True)
def cluster():
    """The cluster that KUBECONFIG names, and the commands to use it."""
    for tool in ("docker", "helm", "kubectl"):
        if not shutil.which(tool):
            missing(f"{tool} is not on PATH")
    try:
        run("kubectl", "get", "--raw", "/readyz", seconds=20)
    except (CommandFailed, subprocess.TimeoutExpired) as error:
        missing(f"no cluster answers ({error})")
    kubernetes.config.load_kube_config()


@pytest.fixture(scope="session")
def image():
    """The API's image, built from this checkout and given to every node."""
    checkout = sha256(str(ROOT).encode()).hexdigest()[:8]
    name = f"flask-redis-api:e2e-{checkout}"
    run("docker", "build", "-f", ROOT / "docker" / "Dockerfile", "-t", name, ROOT)
    load = os.environ.get("LOAD_IMAGE", "kind load docker-image")
    run(*load.split(), name)
    return name


@pytest.fixture(scope="module")
def namespaces():
    """Makes namespaces that enforce Pod Security `restricted`; deletes them after."""
    core = kubernetes.client.CoreV1Api()
    made = []

    def make(subject):
        name = f"flask-redis-api-{subject}-{secrets.token_hex(3)}"
        labels = {"pod-security.kubernetes.io/enforce": "restricted"}
        core.create_namespace({"metadata": {"name": name, "labels": labels}})
        made.append(name)
        return name

    yield make
    for name in made:
        core.delete_namespace(name)


@pytest.fixture(scope="module")
def make_release(namespaces, image):
    """Makes a Release in a namespace of its own; installing it is the test's."""
    return lambda subject, **options: Release(namespaces(subject), image, **options)


@pytest.fixture(scope="session")
def make_client(image):
    """Starts a pod that asks the API of a release."""

    def make(release, **options):
        namespace = options.pop("namespace", release.namespace)
        manifest = pod_manifest(namespace, image, **options)
        name = manifest["metadata"]["name"]
        run("kubectl", "apply", "-f", "-", stdin=json.dumps(manifest))
        ready = ["--for=condition=Ready", "--timeout=60s"]
        run("kubectl", "wait", "--namespace", namespace, f"pod/{name}", *ready)
        return Client(namespace, f"{release.api}.{release.namespace}", name)

    return make
