"""The image by itself: what it holds, as whom it runs, how it ends."""

import json
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from app import __version__

from .engine import docker, health, inspect, until
from .stack import LOOPBACK, ROOT, Stack

RESTRICTED = (
    "--read-only",
    "--tmpfs=/tmp",
    "--cap-drop=ALL",
    "--security-opt=no-new-privileges",
)


@pytest.fixture(scope="session")
def image(stack: Stack) -> str:
    return f"{stack.project}-api"


@contextmanager
def started(stack: Stack, image: str, *options: str) -> Iterator[str]:
    """Run the image without compose.yaml, beside the stack's Redis."""
    name = f"{stack.project}-alone"
    network = f"--network={stack.project}_default"
    arguments = (f"--name={name}", network, "--env=REDIS_HOST=redis", *options)
    docker("run", "--detach", *arguments, "--publish=127.0.0.1::5000", image)
    try:
        yield name
    finally:
        docker("rm", "--force", name)


def build(folder: Path, tag: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["docker", "build", "--file=docker/Dockerfile", f"--tag={tag}"]
    return subprocess.run(
        [*command, *arguments, "."],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def python(image: str, code: str) -> str:
    return docker("run", "--rm", image, "python", "-c", code)


def checkout(folder: Path) -> Path:
    """Copy what a build needs, to be changed at will."""
    for name in ("app", "docker", "LICENSE", ".dockerignore"):
        source = ROOT / name
        copy = shutil.copytree if source.is_dir() else shutil.copy
        copy(source, folder / name)
    return folder


def test_gunicorn_is_process_1(stack: Stack) -> None:
    """exec form: no shell stands between the signal and gunicorn."""
    arguments = stack.run_in("api", "cat", "/proc/1/cmdline").split("\0")
    assert any(argument.endswith("/gunicorn") for argument in arguments[:2])


@pytest.mark.parametrize(("service", "uid"), [("api", "10001"), ("redis", "999")])
def test_process_1_has_no_rights_at_all(stack: Stack, service: str, uid: str) -> None:
    lines = stack.run_in(service, "cat", "/proc/1/status").splitlines()
    status = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
    assert status["Uid"].split() == status["Gid"].split() == [uid] * 4
    for capabilities in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert int(status[capabilities], 16) == 0, capabilities
    assert status["NoNewPrivs"] == "1"


@pytest.mark.parametrize("service", ["api", "redis"])
def test_only_tmp_and_shm_can_be_written(stack: Stack, service: str) -> None:
    attempt = "for d in / /app /opt/venv /usr/local/bin /var/tmp /tmp /dev/shm; do "
    attempt += "(: >$d/attempt) 2>/dev/null && rm $d/attempt && echo $d; done; true"
    written = stack.run_in(service, "sh", "-c", attempt).split()
    assert written == ["/tmp", "/dev/shm"]


def test_the_user_has_its_name(image: str) -> None:
    code = "import os, pwd; print(*pwd.getpwuid(os.getuid())[:4])"
    assert python(image, code) == "appuser x 10001 10001"


def test_a_stop_lets_the_request_in_flight_end_and_exits_0(
    stack: Stack, image: str
) -> None:
    body = json.dumps({"key": "slow", "value": "upload"}).encode()
    head = f"POST /set HTTP/1.1\r\nHost: api\r\nContent-Length: {len(body)}\r\n"
    head += "Content-Type: application/json\r\n\r\n"
    with started(stack, image, *RESTRICTED) as container:
        until(lambda: health(container) == "healthy", "healthy")
        port = int(docker("port", container, "5000").rpartition(":")[2])
        with socket.create_connection((LOOPBACK, port), timeout=30) as client:
            client.sendall(head.encode() + body[:-1])
            time.sleep(1)  # It is read, and waits for its last byte.
            stop = ["docker", "stop", "-t20", container]
            with subprocess.Popen(stop, stdout=subprocess.DEVNULL):
                time.sleep(2)
                client.sendall(body[-1:])
                answer = client.recv(65536)
        assert answer.startswith(b"HTTP/1.1 200 "), answer
        assert inspect(container)["State"]["ExitCode"] == 0
    assert stack.value("slow") == "upload"


def test_its_own_health_check_turns_unhealthy_and_healthy_again(
    stack: Stack, image: str
) -> None:
    fast = ("--health-interval=1s", "--health-start-period=0s")
    with started(stack, image, *RESTRICTED, *fast) as container:
        until(lambda: health(container) == "healthy", "healthy with Redis")
        stack.compose("stop", "redis")
        try:
            until(lambda: health(container) == "unhealthy", "unhealthy without")
        finally:
            stack.compose("start", "redis")
        until(lambda: health(container) == "healthy", "healthy again")


def test_it_holds_the_app_and_its_dependencies_and_nothing_else(image: str) -> None:
    code = """
import importlib.util, json, pathlib
site = pathlib.Path(importlib.util.find_spec("flask").origin).parents[1]
files = [*pathlib.Path("/app").rglob("*"), *site.rglob("*")]
print(json.dumps({
    "pip": importlib.util.find_spec("pip") is not None,
    "top": sorted(path.name for path in pathlib.Path("/app").iterdir()),
    "docker": [path.name for path in pathlib.Path("/app/docker").iterdir()],
    "tests": [str(path) for path in files if path.name in {"tests", "test"}],
    "not compiled": [
        str(path) for path in files
        if path.suffix == ".py" and path.name != "gunicorn.conf.py"
        and not pathlib.Path(importlib.util.cache_from_source(path)).exists()
    ],
}))
"""
    assert json.loads(python(image, code)) == {
        "pip": False,
        "top": ["LICENSE", "app", "docker"],
        "docker": ["gunicorn.conf.py"],
        "tests": [],
        "not compiled": [],
    }


def test_it_has_the_command(image: str) -> None:
    output = docker("run", "--rm", image, "flask-redis-api", "--version")
    assert output.strip() == f"flask-redis-api {__version__}"


def test_its_size_above_the_base_is_small(image: str) -> None:
    """The base is built to a tag of its own: a builder may keep it to itself."""
    base = f"{image}-base"
    docker("build", f"--tag={base}", "-", input="FROM python:3.11-slim\n")
    try:
        above = inspect(image)["Size"] - inspect(base)["Size"]
    finally:
        docker("rmi", base)
    print(f"\nthe image is {above / 1e6:.1f} MB above its base")
    assert 0 < above < 25e6


def test_the_labels_come_from_the_build(image: str) -> None:
    tag = f"{image}-labelled"
    given = {"version": "1.2.3", "revision": "abc", "source": "here", "licenses": "X"}
    arguments = [f"--build-arg={name.upper()}={v}" for name, v in given.items()]
    assert build(ROOT, tag, *arguments).returncode == 0
    try:
        labels = inspect(tag)["Config"]["Labels"]
    finally:
        docker("rmi", tag)
    prefix = "org.opencontainers.image."
    assert {name: labels[prefix + name] for name in given} == given


def test_a_checkout_under_a_strict_umask_gives_a_working_image(
    image: str, tmp_path: Path
) -> None:
    tag = f"{image}-strict"
    for path in checkout(tmp_path).rglob("*"):
        path.chmod(0o700 if path.is_dir() else 0o600)
    assert build(tmp_path, tag).returncode == 0
    try:
        assert python(tag, "import app; print(app.__name__)") == "app"
    finally:
        docker("rmi", tag)


def test_a_dependency_that_is_not_the_pinned_one_stops_the_build(
    image: str, tmp_path: Path
) -> None:
    lock = checkout(tmp_path) / "docker/requirements.txt"
    forged = re.sub("sha256:[0-9a-f]{64}", "sha256:" + "0" * 64, lock.read_text())
    lock.write_text(forged)
    failed = build(tmp_path, f"{image}-forged")
    assert failed.returncode != 0
    assert "DO NOT MATCH THE HASHES" in failed.stdout + failed.stderr
