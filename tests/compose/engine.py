"""The docker command, and waiting for what it started."""

import json
import subprocess
import time
from collections.abc import Callable
from typing import Any


def docker(*arguments: str, **options: Any) -> str:
    """Run docker and return what it printed; an error shows all of its output."""
    done = subprocess.run(
        ["docker", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        **options,
    )
    assert done.returncode == 0, f"docker {arguments}:\n{done.stdout}\n{done.stderr}"
    return done.stdout.strip()


def inspect(name: str) -> dict[str, Any]:
    """Return what the engine knows of a container or an image."""
    return json.loads(docker("inspect", name))[0]


def health(container: str) -> str:
    """Return starting, healthy or unhealthy."""
    return inspect(container)["State"]["Health"]["Status"]


def until(true: Callable[[], bool], what: str, seconds: float = 60) -> None:
    """Wait until it is true, and fail with what was awaited when it stays false."""
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, f"waited {seconds} s in vain: {what}"
        time.sleep(0.1)
