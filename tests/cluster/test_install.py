import base64
import time

import pytest
import requests

from .release import until

FOO = {"key": "foo", "value": "bar"}


@pytest.fixture(scope="module")
def installed(make_release):
    """A release, and the seconds that its installation took."""
    release = make_release("install")
    began = time.monotonic()
    release.install()
    return release, time.monotonic() - began


def password(release):
    secret = f"secret/{release.redis}"
    encoded = release.kubectl("get", secret, "-o", "jsonpath={.data.password}")
    return base64.b64decode(encoded).decode()


def redis_pod(release):
    [pod] = release.pods("redis")
    return pod.metadata.uid


def test_it_is_ready_within_a_minute_under_pod_security_restricted(installed):
    _, seconds = installed
    print(f"\nready {seconds:.1f} s after helm install")
    assert seconds < 60


def test_helms_own_test_writes_and_reads_through_the_api(installed):
    release, _ = installed
    assert "Phase:          Succeeded" in release.helm("test")


def test_the_readmes_three_commands_work_through_a_port_forward(installed):
    release, _ = installed
    with release.forwarded() as api:
        assert requests.post(f"{api}/set", json=FOO, timeout=10).json() == FOO
        assert requests.get(f"{api}/get/foo", timeout=10).json() == FOO
        assert requests.get(f"{api}/health", timeout=10).json()["status"] == "ok"


def test_values_outlive_the_redis_pod(installed):
    release, _ = installed
    before = redis_pod(release)
    with release.forwarded() as api:
        requests.post(f"{api}/set", json=FOO, timeout=10).raise_for_status()
        release.kubectl("delete", "pod", f"{release.redis}-0")
        until(lambda: redis_pod(release) != before, 60, "there is another pod")
        release.redis_ready()
        assert requests.get(f"{api}/get/foo", timeout=10).json() == FOO


def test_values_and_password_outlive_uninstall_and_install(installed):
    release, _ = installed
    with release.forwarded() as api:
        requests.post(f"{api}/set", json=FOO, timeout=10).raise_for_status()
    before = password(release)
    release.helm("uninstall", "--wait", "--timeout", "120s")
    assert not release.pods("redis")
    release.install()
    assert password(release) == before
    with release.forwarded() as api:
        assert requests.get(f"{api}/get/foo", timeout=10).json() == FOO
        assert requests.get(f"{api}/health", timeout=10).status_code == 200
