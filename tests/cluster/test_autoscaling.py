import json
import time

import pytest

from .absence import missing
from .commands import CommandFailed, run
from .release import is_ready, until

MIN, MAX = 2, 3
HASTY = {
    "stabilizationWindowSeconds": 0,
    "policies": [{"type": "Pods", "value": 1, "periodSeconds": 15}],
}


@pytest.fixture(scope="module")
def release(make_release):
    try:
        run("kubectl", "top", "nodes")
    except CommandFailed as error:
        missing(f"no metrics-server answers ({error})")
    release = make_release("autoscaling")
    release.install(
        "--set=autoscaling.enabled=true",
        f"--set=autoscaling.minReplicas={MIN}",
        f"--set=autoscaling.maxReplicas={MAX}",
        f"--set-json=autoscaling.behavior.scaleDown={json.dumps(HASTY)}",
    )
    return release


def test_it_scales_up_under_load_and_down_after_it(release, make_client):
    api = make_client(release)
    until(lambda: len(release.pods()) == MIN, 90, "idle, there are few pods")
    with api.load(seconds=60) as load:
        up = until(lambda: len(release.pods()) == MAX, 45, "under load there are more")
        until(lambda: is_ready(release.pods()), 60, "they are ready")
        release.upgrade("--reuse-values", "--set-string", "podAnnotations.revision=2")
        assert len(release.pods()) == MAX, "an upgrade leaves the number alone"
    ended = time.monotonic()
    until(lambda: len(release.pods()) == MIN, 240, "after it there are few again")
    down = time.monotonic() - ended
    print(f"\nup after {up:.0f} s of load, down {down:.0f} s after it; {load}")
    assert load.failed == 0
