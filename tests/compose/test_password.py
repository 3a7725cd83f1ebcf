"""A password in .env protects Redis, reaches the API and shows nowhere."""

from collections.abc import Iterator

import pytest

from .engine import docker
from .stack import Stack, running

# Each of these means something to a shell, to redis.conf or to compose.
PASSWORD = 'p$a ss"w\\o#rd%s\t&é'


@pytest.fixture(scope="module")
def protected(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    folder = tmp_path_factory.mktemp("protected")
    with running(folder, REDIS_PASSWORD=PASSWORD, LOG_LEVEL="debug") as stack:
        yield stack


def test_the_api_knows_the_password(protected: Stack) -> None:
    protected.set("foo", "bar")
    assert protected.value("foo") == "bar"


@pytest.mark.parametrize(
    ("given", "refusal"), [("", "NOAUTH"), ("a wrong one", "NOAUTH")]
)
def test_redis_refuses_who_does_not_know_it(
    protected: Stack, given: str, refusal: str
) -> None:
    login = f"--env=REDISCLI_AUTH={given}"
    redis = protected.container("redis")
    answer = docker("exec", login, redis, "redis-cli", "get", "foo")
    assert refusal in answer


def test_an_empty_password_leaves_redis_open(stack: Stack) -> None:
    assert stack.settings.get("REDIS_PASSWORD") is None
    assert stack.redis_cli("--no-auth-warning", "dbsize").isdecimal()


@pytest.mark.parametrize("service", ["api", "redis"])
def test_no_command_line_and_no_log_shows_the_password(
    protected: Stack, service: str
) -> None:
    container = protected.container(service)
    shown = docker("top", container, "-eo", "pid,args")
    assert "redis-server" in shown or "gunicorn" in shown
    assert PASSWORD not in shown
    assert PASSWORD not in protected.compose("logs", service)


def test_only_its_hash_lies_in_the_configuration(protected: Stack) -> None:
    written = protected.run_in("redis", "cat", "/tmp/redis.conf")
    assert "user default on #" in written
    assert PASSWORD not in written
