"""What a person sees after docker compose up."""

import json
import re
import shlex
import subprocess
from dataclasses import fields
from pathlib import Path

import pytest
import yaml

from app.settings import Settings

from .engine import docker, inspect, until
from .stack import LOOPBACK, ROOT, Stack, configured, running


def readme_curl_commands() -> list[str]:
    text = (ROOT / "README.md").read_text().replace("\\\n", " ")
    return re.findall(r"^\s*(?:\$ )?(curl .*)$", text, re.MULTILINE)[:3]


def curl(command: str, stack: Stack) -> dict[str, object]:
    here = re.sub(r"(localhost|127\.0\.0\.1):5000", stack.url[7:], command)
    assert here != command, f"the README's command names no port 5000: {command}"
    arguments = [*shlex.split(here), "--silent", "--show-error", "--fail"]
    done = subprocess.run(
        arguments, capture_output=True, text=True, check=True, timeout=10
    )
    return json.loads(done.stdout)


def test_the_three_curl_commands_of_the_readme_work(stack: Stack) -> None:
    stored, read, health = (curl(one, stack) for one in readme_curl_commands())
    assert stored == read == {"key": "foo", "value": "bar"}
    assert health["status"] == "ok"


def test_values_outlive_down_and_up(stack: Stack) -> None:
    stack.set("kept", "over down and up")
    before = stack.container("redis")
    stack.compose("down")
    stack.up()
    assert stack.container("redis") != before
    assert stack.value("kept") == "over down and up"


def test_a_killed_redis_comes_back_with_every_acknowledged_value(stack: Stack) -> None:
    redis = stack.container("redis")
    restarts = inspect(redis)["RestartCount"]
    stack.set("acknowledged", "before the kill")
    pid = stack.redis_cli("info", "server").partition("process_id:")[2].split()[0]
    stack.run_in("redis", "sh", "-c", f"kill -9 {pid}")
    until(lambda: inspect(redis)["RestartCount"] > restarts, "Redis restarts")
    until(lambda: stack.get("/health").ok, "the API reaches it again")
    assert stack.value("acknowledged") == "before the kill"


def test_two_copies_run_side_by_side(stack: Stack, tmp_path: Path) -> None:
    stack.set("copy", "first")
    with running(tmp_path) as other:
        other.set("copy", "second")
        assert stack.value("copy") == "first"
        assert other.value("copy") == "second"


@pytest.mark.parametrize("service", ["api", "redis"])
def test_a_port_is_open_to_this_machine_alone(stack: Stack, service: str) -> None:
    container = inspect(stack.container(service))
    published = [
        address["HostIp"]
        for addresses in container["NetworkSettings"]["Ports"].values()
        for address in addresses or []
    ]
    assert published == [LOOPBACK]


def test_opening_the_api_to_others_opens_nothing_else(tmp_path: Path) -> None:
    stack = configured(tmp_path, BIND_ADDRESS="0.0.0.0", COMPOSE_PROFILES="monitoring")
    services = json.loads(stack.compose("config", "--format=json"))["services"]
    assert services["api"]["ports"][0]["host_ip"] == "0.0.0.0"
    assert services["redis"]["ports"][0]["host_ip"] == LOOPBACK
    assert services["prometheus"]["ports"][0]["host_ip"] == LOOPBACK


def test_a_setting_in_the_env_file_reaches_the_api(tmp_path: Path) -> None:
    stack = configured(tmp_path, WORKERS="7")
    services = json.loads(stack.compose("config", "--format=json"))["services"]
    assert services["api"]["environment"]["WORKERS"] == "7"


def api_environment() -> dict[str, str | None]:
    text = (ROOT / "compose.yaml").read_text()
    return yaml.safe_load(text)["services"]["api"]["environment"]


def test_compose_passes_on_every_setting_but_those_that_it_decides() -> None:
    settings = {field.name.upper() for field in fields(Settings)}
    decided = {"HOST", "PORT", "METRICS_PORT", "REDIS_URL", "REDIS_USERNAME"}
    assert settings - api_environment().keys() == decided


def test_the_example_names_every_variable_that_compose_takes() -> None:
    taken = {name for name, value in api_environment().items() if value is None}
    taken |= set(re.findall(r"\$\{(\w+)", (ROOT / "compose.yaml").read_text()))
    example = (ROOT / ".env.example").read_text()
    assert set(re.findall(r"^#(\w+)=", example, re.MULTILINE)) == taken


def test_redis_writes_each_command_to_an_append_only_file(stack: Stack) -> None:
    assert stack.redis_cli("config", "get", "appendonly").split()[-1] == "yes"
    volumes = inspect(stack.container("redis"))["Mounts"]
    assert [v["Name"] for v in volumes if v["Destination"] == "/data"] == [
        f"{stack.project}_redis_data"
    ]
    assert "appendonlydir" in docker("exec", stack.container("redis"), "ls", "/data")
