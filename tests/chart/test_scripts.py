"""The scripts in Redis' pod, run here on a real redis-server."""

import os
import shutil
import socket
import subprocess
import time

import pytest

from .rendering import objects, pod_spec


class Pod:
    """The scripts of Redis' container, with a folder's paths in place of a pod's."""

    def __init__(self, folder, values, password):
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        values["extraConfig"] = f"{values.get('extraConfig', '')}\nport {self.port}"
        [self.container] = pod_spec(objects({"redis": values}), "StatefulSet")[
            "containers"
        ]
        self.folder = folder
        for each in ("data", "run/redis", "run/secrets/redis"):
            (folder / each).mkdir(parents=True)
        (folder / "run/secrets/redis/password").write_text(password)

    def command(self, command):
        """Return a command as the kubelet would run it: `$$` is a dollar."""
        *shell, script = command
        for path in ("/run/redis", "/run/secrets", "/data"):
            script = script.replace(path, f"{self.folder}{path}")
        script = script.replace("-h 127.0.0.1", f"-h 127.0.0.1 -p {self.port}")
        return [*shell, script]

    def start(self):
        command = self.container["command"] + self.container["args"]
        command[-1] = command[-1].replace("$$", "$")
        return subprocess.Popen(
            self.command(command),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )

    def passes(self, probe):
        command = self.command(self.container[probe]["exec"]["command"])
        return subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.fixture
def start(tmp_path):
    """Starts Redis with values and a password, and ends it."""
    for tool in ("redis-server", "redis-cli"):
        if not shutil.which(tool):
            message = f"{tool} is not on PATH, so the pod's scripts were not tested"
            (pytest.fail if os.environ.get("CI") else pytest.skip)(message)
    started = []

    def start(values=None, password="open sesame"):
        pod = Pod(tmp_path, values or {}, password)
        started.append(pod.start())
        return pod, started[-1]

    yield start
    for process in started:
        process.terminate()
        process.communicate()


def ready(pod):
    deadline = time.monotonic() + 30
    while not pod.passes("readinessProbe"):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_every_probe_passes_with_any_password(start):
    pod, _ = start(password='a "quoted" \\ $word # % ')
    ready(pod)
    assert pod.passes("startupProbe")
    assert pod.passes("livenessProbe")


@pytest.mark.parametrize("auth", [True, False])
def test_redis_with_no_room_for_a_probe_is_alive(start, auth):
    values = {"extraConfig": "maxclients 1", "auth": {"enabled": auth}}
    pod, _ = start(values)
    ready(pod)
    with socket.create_connection(("127.0.0.1", pod.port)) as other:
        time.sleep(0.1)
        assert not pod.passes("readinessProbe")
        for _ in range(10):
            assert pod.passes("livenessProbe")
        other.close()


def test_where_nothing_listens_redis_is_not_alive(start):
    pod, process = start()
    ready(pod)
    process.terminate()
    process.wait()
    assert not pod.passes("livenessProbe")


def test_more_configuration_reaches_redis_as_it_is_written(start):
    pod, _ = start({"extraConfig": 'proc-title-template "$(HOME) $$ {title}"'})
    ready(pod)
    written = (pod.folder / "run/redis/redis.conf").read_text()
    assert '\nproc-title-template "$(HOME) $$ {title}"\n' in written


@pytest.mark.parametrize("password", ["", "\n"])
def test_redis_does_not_start_with_an_empty_password(start, password):
    _, process = start(password=password)
    _, printed = process.communicate(timeout=30)
    assert process.returncode == 1
    assert "password is empty" in printed
