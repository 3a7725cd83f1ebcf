import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from app import __version__

COMMAND = Path(sys.executable).with_name("flask-redis-api")
START_SECONDS = 20


@pytest.fixture
def port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def environment(port, **variables):
    kept = {k: v for k, v in os.environ.items() if not k.startswith("REDIS_")}
    return {**kept, "PORT": str(port), "METRICS_PORT": "0", "WORKERS": "1", **variables}


def start(port, folder, **variables):
    """Start `flask-redis-api run` as a terminal would and wait until it serves."""
    process = subprocess.Popen(
        [COMMAND, "run", "--data", folder],
        env=environment(port, **variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            ask(port, "/health")
        except OSError:
            time.sleep(0.05)
        else:
            return process
    process.kill()
    raise AssertionError(process.communicate()[0])


def ask(port, path, body=None):
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}",
        data=json.dumps(body).encode() if body else None,
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=5) as response:
        return json.load(response)


def interrupt(process):
    """Press Ctrl-C: the terminal signals every process of the group."""
    os.killpg(process.pid, signal.SIGINT)
    output, _ = process.communicate(timeout=20)
    return output


def test_values_survive_ctrl_c_and_a_new_start(port, folder):
    process = start(port, folder)
    ask(port, "/set", {"key": "foo", "value": "bar"})
    output = interrupt(process)
    assert process.returncode == 0, output
    assert "Traceback" not in output
    assert not (folder / "redis.pid").exists(), "Redis did not end cleanly"
    process = start(port, folder)
    assert ask(port, "/get/foo") == {"key": "foo", "value": "bar"}
    interrupt(process)


def test_sigterm_stops_both_too(port, folder):
    process = start(port, folder)
    process.terminate()
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 0, output
    assert not (folder / "redis.pid").exists(), "Redis did not end cleanly"


def test_closing_the_terminal_stops_both(port, folder):
    process = start(port, folder)
    os.killpg(process.pid, signal.SIGHUP)
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 0, output
    assert not (folder / "redis.pid").exists(), "Redis did not end cleanly"
    with pytest.raises(urllib.error.URLError):
        ask(port, "/health")


def test_a_second_copy_on_the_same_port_says_so_and_disturbs_nothing(port, folder):
    process = start(port, folder)
    second = subprocess.run(
        [COMMAND, "run", "--data", folder],
        env=environment(port),
        capture_output=True,
        text=True,
        check=False,
    )
    assert second.returncode == 1
    assert f"127.0.0.1:{port}" in second.stderr
    assert "another copy" in second.stderr
    assert ask(port, "/health")["status"] == "ok"
    interrupt(process)


def test_a_given_redis_url_is_used_instead_of_an_own_server(port, folder, server):
    data = folder / "unused"
    process = start(port, data, REDIS_URL=server.url)
    ask(port, "/set", {"key": "foo", "value": "bar"})
    interrupt(process)
    assert not data.exists()


def test_a_password_meant_for_another_redis_does_not_disturb_the_own_one(port, folder):
    process = start(port, folder, REDIS_PASSWORD="for another")
    assert ask(port, "/health")["status"] == "ok"
    interrupt(process)


def test_wrong_settings_stop_the_start_with_one_message(port, folder):
    run = subprocess.run(
        [COMMAND, "run", "--data", folder],
        env=environment(port, WORKERS="many", LOG_LEVEL="loud"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 1
    assert run.stderr.startswith("flask-redis-api: wrong settings: ")
    assert "WORKERS='many'" in run.stderr
    assert "LOG_LEVEL='loud'" in run.stderr
    assert run.stderr.count("\n") == 1


def test_health_exits_with_what_the_service_answers(port, folder, server):
    def health():
        return subprocess.run(
            [sys.executable, "-m", "app", "health"],
            env=environment(port, HOST="0.0.0.0", http_proxy="http://127.0.0.1:9"),
            capture_output=True,
            text=True,
            check=False,
        )

    assert health().returncode == 1
    assert str(port) in health().stderr
    process = start(port, folder / "unused", REDIS_URL=server.url)
    assert health().returncode == 0
    server.stop()
    assert health().returncode == 1
    assert "unreachable" in health().stdout
    interrupt(process)


def test_the_version_is_told():
    output = subprocess.check_output([COMMAND, "--version"], text=True)
    assert output == f"flask-redis-api {__version__}\n"


def test_help_names_the_commands():
    output = subprocess.check_output([COMMAND, "--help"], text=True)
    assert "run" in output
    assert "health" in output
