"""A copy of compose.yaml under a project name and on ports of its own."""

import os
import random
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import requests

from .engine import docker

ROOT = Path(__file__).parents[2]
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True)
class Stack:
    """Settings are what a user writes into .env; the user's own stay out."""

    project: str
    settings: dict[str, str]
    env_file: Path

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.settings['API_PORT']}"

    def compose(self, *arguments: str, overrides: tuple[Path, ...] = ()) -> str:
        """Run docker compose on the repository's file and nothing beside it."""
        files = (ROOT / "compose.yaml", *overrides)
        return docker(
            "compose",
            *(f"--file={file}" for file in files),
            f"--project-name={self.project}",
            f"--env-file={self.env_file}",
            *arguments,
            env=_own_environment(),
        )

    def up(self) -> None:
        self.compose("up", "--build", "--detach", "--wait")

    def down(self) -> None:
        self.compose("down", "--volumes", "--remove-orphans", "--rmi=local")

    def container(self, service: str) -> str:
        return self.compose("ps", "--all", "--quiet", service)

    def run_in(self, service: str, *command: str) -> str:
        return self.compose("exec", "--no-TTY", service, *command)

    def redis_cli(self, *command: str) -> str:
        return self.run_in("redis", "redis-cli", *command)

    def get(self, path: str, **options: Any) -> requests.Response:
        return requests.get(self.url + path, timeout=5, **options)

    def set(self, key: str, value: str) -> None:
        body = {"key": key, "value": value}
        requests.post(f"{self.url}/set", json=body, timeout=5).raise_for_status()

    def value(self, key: str) -> str:
        answer = self.get(f"/get/{key}")
        answer.raise_for_status()
        return answer.json()["value"]


def configured(folder: Path, **settings: str) -> Stack:
    """Return a stack that is not running yet."""
    ports = dict(zip(("API_PORT", "REDIS_PORT"), free_ports(2), strict=True))
    settings = ports | settings
    env_file = folder / ".env"
    env_file.write_text("".join(f"{n}='{v}'\n" for n, v in settings.items()))
    return Stack(f"fra-test-{uuid4().hex[:8]}", settings, env_file)


@contextmanager
def running(folder: Path, **settings: str) -> Iterator[Stack]:
    """Give a healthy stack, and take it away with its volume and its image."""
    stack = configured(folder, **settings)
    try:
        stack.up()
        yield stack
    except BaseException:
        print(stack.compose("logs", "--no-color"))
        raise
    finally:
        stack.down()


def free_ports(count: int) -> list[str]:
    """Return ports that stay free while images are built.

    Outgoing connections take theirs from 32768 up, and Kubernetes' Services from 30000.
    """
    candidates = random.sample(range(20000, 30000), 100)
    return [str(port) for port in candidates if _is_free(port)][:count]


def _is_free(port: int) -> bool:
    try:
        socket.create_server((LOOPBACK, port)).close()
    except OSError:
        return False
    return True


def _own_environment() -> dict[str, str]:
    """Return what docker needs: exported variables would win over the env file."""
    return {
        name: value
        for name, value in os.environ.items()
        if name in {"PATH", "HOME"} or name.startswith(("DOCKER_", "BUILDX_"))
    }
