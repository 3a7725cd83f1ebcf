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

from .absence import missing
from .client import Client
from .commands import CommandFailed, run
from .manifests import client_pod, executioner_pod
from .release import Release

ROOT = Path(__file__).parents[2]
TIMEOUT = 600
RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted"}


def pytest_collection_modifyitems(items):
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.timeout(TIMEOUT))


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

    def make(subject, labels=RESTRICTED):
        name = f"flask-redis-api-{subject}-{secrets.token_hex(3)}"
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


@pytest.fixture(scope="module")
def executioner(namespaces, image):
    """Kills a pod's Redis with SIGKILL, which nothing inside of the pod can do."""
    privileged = {"pod-security.kubernetes.io/enforce": "privileged"}
    namespace = namespaces("executioner", privileged)

    def kill(pod):
        node, uid = pod.spec.node_name, pod.metadata.uid
        name = f"executioner-{secrets.token_hex(3)}"
        manifest = executioner_pod(namespace, image, name, node, uid)
        run("kubectl", "apply", "-f", "-", stdin=json.dumps(manifest))
        phase = "--for=jsonpath={.status.phase}=Succeeded"
        run("kubectl", "wait", "--namespace", namespace, f"pod/{name}", phase)

    return kill


@pytest.fixture(scope="session")
def make_client(image):
    """Starts a pod that asks the API of a release."""

    def make(release, **options):
        namespace = options.pop("namespace", release.namespace)
        manifest = client_pod(namespace, image, **options)
        name = manifest["metadata"]["name"]
        run("kubectl", "apply", "-f", "-", stdin=json.dumps(manifest))
        ready = ["--for=condition=Ready", "--timeout=60s"]
        run("kubectl", "wait", "--namespace", namespace, f"pod/{name}", *ready)
        return Client(namespace, f"{release.api}.{release.namespace}", name)

    return make
