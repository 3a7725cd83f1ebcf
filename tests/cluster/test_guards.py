"""What a live release refuses, told before anything is changed."""

import json

import pytest

from .commands import CommandFailed


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
    path = "jsonpath={.data.password}"
    password = release.kubectl("get", "secret", release.redis, "-o", path)
    make_secret(release, "same", password=password)
    release.upgrade(
        "--dry-run=server", "--set=redis.auth.existingSecret=same", wait=False
    )
