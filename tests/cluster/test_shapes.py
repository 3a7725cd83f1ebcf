"""Every shape in chart/ci installs under the server's strict validation."""

import pytest

from .commands import CommandFailed, run
from .release import CHART, Release, until

SHAPES = sorted((CHART / "ci").glob("*-values.yaml"))
DEFINITIONS = sorted((CHART.parent / "tests/cluster/fixtures/crds").glob("*.yaml"))


@pytest.fixture(scope="module")
def namespace(namespaces):
    return namespaces("shapes")


@pytest.fixture(scope="module", autouse=True)
def definitions():
    """The resource definitions that some shapes need, where the cluster lacks them."""
    lacking = [path for path in DEFINITIONS if not is_defined(path.stem)]
    for path in lacking:
        run("kubectl", "apply", "--server-side", "-f", str(path))
        until(lambda: is_established(path.stem), 30, f"{path.stem} is known")  # noqa: B023 - asked at once
    yield
    for path in lacking:
        run("kubectl", "delete", "-f", str(path))


def is_defined(name):
    try:
        run("kubectl", "get", "crd", name)
    except CommandFailed:
        return False
    return True


def is_established(name):
    """Tell it by asking: `kubectl wait` fails where there is no condition yet."""
    conditions = '{.status.conditions[?(@.type=="Established")].status}'
    return run("kubectl", "get", "crd", name, f"-o=jsonpath={conditions}") == "True"


@pytest.mark.parametrize("shape", SHAPES, ids=lambda path: path.stem)
def test_a_shape_installs_under_strict_validation(shape, namespace, image):
    release = Release(namespace, image, shape.stem.removesuffix("-values"))
    values = f"--values={shape}"
    release.helm("install", values, chart=CHART)
    # The test's pod, too, now that its ServiceAccount is there.
    manifests = release.helm("template", values, chart=CHART)
    strict = [
        "--server-side",
        "--force-conflicts",
        "--dry-run=server",
        "--validate=strict",
    ]
    release.kubectl("apply", *strict, "-f", "-", stdin=manifests)
    release.helm("uninstall")
