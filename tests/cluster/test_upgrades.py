"""An upgrade that fails halfway leaves what runs as it is."""

import pytest

from .commands import CommandFailed
from .release import until


def test_redis_keeps_its_settings_over_a_failed_upgrade_and_a_restart(make_release):
    release = make_release("upgrades")
    release.install()
    with pytest.raises(CommandFailed, match="not allowed!"):
        release.upgrade(
            "--set=redis.appendfsync=no",
            "--set=redis.podLabels.refused=not allowed!",
        )
    before = release.restarts("redis")
    with pytest.raises(CommandFailed):
        release.redis_cli("shutdown")
    until(lambda: release.restarts("redis") > before, 60, "the container restarts")
    release.redis_ready()
    assert release.redis_cli("config", "get", "appendfsync").split()[1] == "everysec"
