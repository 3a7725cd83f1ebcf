"""What a live release refuses, told before anything is changed."""

import json
import re
import shlex

import pytest

from .commands import CommandFailed, run


@pytest.fixture(scope="module")
def release(make_release):
    release = make_release("guards")
    release.install(wait=False)
    return release


def refusal(release, *values):
    with pytest.raises(CommandFailed) as failed:
        release.upgrade("--dry-run=server", *values, wait=False)
    return str(failed.value)


def make_secret(release, name, **data):
    secret = {"kind": "Secret", "apiVersion": "v1", "metadata": {"name": name}}
    manifest = json.dumps(secret | {"data": data})
    release.kubectl("apply", "-f", "-", stdin=manifest)


def test_a_secret_that_redis_could_not_start_with_is_refused(release):
    missing = refusal(release, "--set=redis.auth.existingSecret=mistyped")
    assert "no Secret mistyped with a password under the key password" in missing
    make_secret(release, "keyless", other="b3RoZXI=")
    keyless = refusal(release, "--set=redis.auth.existingSecret=keyless")
    assert "no Secret keyless" in keyless


def test_a_secret_with_another_password_is_refused_and_with_the_same_taken(release):
    make_secret(release, "other", password="b3RoZXI=")
    assert "not the one with which" in refusal(
        release, "--set=redis.auth.existingSecret=other"
    )
    exporter = "--set=metrics.redisExporter.enabled=true"
    told = refusal(release, "--set=redis.auth.existingSecret=other", exporter)
    assert f"deployment/{release.redis}-exporter" in told
    path = "jsonpath={.data.password}"
    password = release.kubectl("get", "secret", release.redis, "-o", path)
    make_secret(release, "same", password=password)
    release.upgrade(
        "--dry-run=server", "--set=redis.auth.existingSecret=same", wait=False
    )


VOLUME = "redis.persistence.enabled"
CLASS = "redis.persistence.storageClass"
MODES = "redis.persistence.accessModes"


def obey(message):
    """Run the one command in a refusal."""
    [command] = re.findall(r"^ +(kubectl .+)$", message, re.MULTILINE)
    run(*shlex.split(command))


def redis_pod(release):
    [pod] = release.pods("redis")
    return pod.metadata.uid


def test_a_volume_of_another_kind_is_refused_until_its_command_has_run(release):
    release.redis_ready()
    before = redis_pod(release)
    modes = f"--set={MODES}={{ReadWriteOncePod}}"
    assert '["ReadWriteOncePod"]' in refusal(release, modes)
    other = refusal(release, f"--set={CLASS}=other")
    assert 'storageClass "" and' in other
    assert 'ask for "other"' in other
    obey(other)
    release.upgrade(f"--set={CLASS}=other", wait=False)
    assert 'storageClass "other" and' in refusal(release)
    obey(refusal(release))
    release.upgrade(wait=False)
    release.redis_ready()
    assert redis_pod(release) == before


@pytest.mark.parametrize("when_deleted", ["Retain", "Delete"])
def test_a_volume_goes_and_comes_by_the_command_in_the_refusal_and_keeps_its_data(
    release, when_deleted
):
    kept = f"--set=redis.persistence.whenDeleted={when_deleted}"
    release.upgrade(kept)
    release.redis_cli("set", "kept", when_deleted)
    without = ["--set=allowModeSwitch=true", f"--set={VOLUME}=false"]
    message = refusal(release, *without)
    assert "Redis runs on a volume" in message
    obey(message)
    release.upgrade(*without)
    assert release.redis_cli("get", "kept").strip() == ""
    message = refusal(release, kept)
    assert "Redis runs without a volume" in message
    obey(message)
    release.upgrade(kept)
    assert release.redis_cli("get", "kept").strip() == when_deleted


def test_a_deployment_that_ran_ahead_of_a_failed_upgrade_locks_nobody_out(release):
    """Only the API has been told of another Redis; the StatefulSet is as it was."""
    elsewhere = [f"deployment/{release.api}", "REDIS_URL=redis://elsewhere"]
    release.kubectl("set", "env", *elsewhere)
    release.upgrade("--dry-run=server", wait=False)
    external = refusal(release, "--set=externalRedis.url=redis://elsewhere")
    assert "runs with its own Redis with a password" in external
    release.kubectl("set", "env", f"deployment/{release.api}", "REDIS_URL-")


def test_no_password_and_another_redis_are_refused_until_told_twice(release):
    bare = refusal(release, "--set=redis.auth.enabled=false")
    assert "runs with its own Redis with a password" in bare
    told = "--set=allowModeSwitch=true"
    release.upgrade(told, "--set=redis.auth.enabled=false", wait=False)
    assert "own Redis without a password" in refusal(release)
    external = "--set=externalRedis.url=redis://elsewhere"
    release.upgrade(told, external, wait=False)
    release.upgrade("--dry-run=server", external, wait=False)
    assert "runs with an external Redis" in refusal(release)
