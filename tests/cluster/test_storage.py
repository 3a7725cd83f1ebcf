"""What is kept, what is refused before it could lose anything, and what fills up."""

import re
import secrets
import shlex
import time
from pathlib import Path

import pytest
from kubernetes import client as kubernetes

from .commands import CommandFailed, run
from .release import CHART, is_ready, until

FIRST_CHART = Path(__file__).parent / "fixtures" / "first-chart.tgz"
KEYS = [f"kept/{number}" for number in range(500)]


@pytest.fixture(scope="module")
def release(make_release, expandable):
    release = make_release("storage")
    size = "--set=redis.persistence.size=64Mi"
    release.install(size, f"--set=redis.persistence.storageClass={expandable}")
    return release


@pytest.fixture(scope="module")
def api(release, make_client):
    return make_client(release)


@pytest.fixture(scope="module")
def expandable():
    """A StorageClass whose claims the cluster lets grow, beside the default one."""
    storage = kubernetes.StorageV1Api()
    default = "storageclass.kubernetes.io/is-default-class"
    [found] = [
        each
        for each in storage.list_storage_class().items
        if (each.metadata.annotations or {}).get(default) == "true"
    ]
    name = f"flask-redis-api-expandable-{secrets.token_hex(3)}"
    manifest = {
        "metadata": {"name": name},
        "provisioner": found.provisioner,
        "volumeBindingMode": found.volume_binding_mode,
        "allowVolumeExpansion": True,
    }
    storage.create_storage_class(manifest)
    yield name
    storage.delete_storage_class(name)


def upgrade(release, **values):
    """Upgrade with the values that the release has, but for these; dots are `__`."""
    sets = [
        f"--set={name.replace('__', '.')}={value}" for name, value in values.items()
    ]
    release.upgrade("--reset-then-reuse-values", *sets)


def refusal(release, **values):
    with pytest.raises(CommandFailed) as failed:
        upgrade(release, **values)
    return str(failed.value)


def redis_pod(release):
    [pod] = release.pods("redis")
    return pod.metadata.uid


def test_a_volume_is_resized_by_the_commands_in_the_refusal_and_redis_stays(
    release, api
):
    api.write(KEYS)
    before = redis_pod(release)
    message = refusal(release, redis__persistence__size="128Mi")
    commands = re.findall(r"^ +(kubectl .+)$", message, re.MULTILINE)
    assert len(commands) == 2
    for command in commands:
        run(*shlex.split(command))
    upgrade(release, redis__persistence__size="128Mi")
    assert redis_pod(release) == before
    assert api.lost(KEYS) == []


def test_a_volume_is_not_made_smaller(release):
    message = refusal(release, redis__persistence__size="1Mi")
    assert "a volume cannot shrink" in message


def test_a_password_that_redis_does_not_know_is_refused(release, api):
    assert "redis.auth.password" in refusal(release, redis__auth__password="other")
    assert api.ask("/health").status == 200


@pytest.mark.parametrize(
    "switch",
    [
        {"redis__auth__enabled": "false"},
        {"externalRedis__url": "redis://elsewhere"},
    ],
    ids=str,
)
def test_a_live_release_changes_its_mode_only_when_told_twice(release, switch):
    assert "allowModeSwitch" in refusal(release, **switch)


def test_nothing_restarts_redis_but_a_change_of_its_own_spec(release, tmp_path):
    before = redis_pod(release)
    run("helm", "package", str(CHART), "--version", "99.0.0", "-d", str(tmp_path))
    [newer] = tmp_path.glob("*.tgz")
    options = ["--reuse-values", "--set=config.logLevel=debug", "--set=replicaCount=1"]
    release.upgrade(*options, chart=newer)
    assert redis_pod(release) == before
    upgrade(release, redis__appendfsync="always")
    assert redis_pod(release) != before


def test_no_key_is_lost_from_the_first_chart_to_this_one_and_back_and_reinstalled(
    make_release, make_client
):
    release = make_release("first-chart")
    release.install(chart=FIRST_CHART)
    api = make_client(release)
    api.write(KEYS)
    steps = {
        "upgrade": release.upgrade,
        "rollback": lambda: release.helm("rollback", "--wait", "--timeout", "120s"),
        "uninstall": lambda: release.helm("uninstall", "--wait", "--timeout", "120s"),
        "install again": release.install,
    }
    for name, step in steps.items():
        step()
        if name == "uninstall":
            continue
        release.redis_ready()
        until(lambda: api.ask("/health").status == 200, 30, "the API reaches Redis")
        lost = api.lost(KEYS)
        print(f"\n{name}: {len(lost)} of {len(KEYS)} keys lost", end="")
        assert lost == []


def test_a_full_redis_refuses_writes_and_goes_on_with_everything_else(
    make_release, make_client
):
    release = make_release("full")
    release.install(
        "--set=redis.resources.limits.memory=64Mi",
        "--set=redis.resources.requests.memory=64Mi",
    )
    api = make_client(release)
    api.write(["small"])
    filled, _ = api.fill(500_000)
    time.sleep(5)  # until Redis gives back the buffers that such large requests took
    _, refused = api.fill(10_000, 100)
    print(f"\nfull with {filled} bytes and small ones: {refused.body.strip()}")
    assert refused.status == 503
    assert refused.headers["content-type"] == "application/problem+json"
    assert "memory" in refused.json["detail"]
    with api.load(seconds=15, writes=True) as load:
        release.redis_cli("bgrewriteaof")
    memory = release.redis_cli("info", "memory")
    peaks = re.findall(
        r"^(?:used_memory_peak|used_memory_rss):(\d+)", memory, re.MULTILINE
    )
    print(f"resident and peak bytes, of a limit of {64 << 20}: {', '.join(peaks)}")
    print(load)
    assert load.failed == 0
    assert load.refused > load.served
    assert load.lost == []
    assert api.lost(["small"]) == []
    assert is_ready(release.pods())
    assert is_ready(release.pods("redis"))
    assert release.restarts("redis") == release.restarts() == 0
