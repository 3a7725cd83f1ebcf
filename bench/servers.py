"""The project and its peers as running servers, each with two workers."""

import os
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

BENCH = Path(__file__).parent
ROOT = BENCH.parent
WORKERS = 2
THREADS = 8
START_SECONDS = 30


@dataclass(frozen=True)
class Server:
    """How one is started: its name, its command, and where it says that it lives.

    {port} in the command is the port to listen on. Only ours has PUT /v1/kv/<key>, and
    only of ours does a broken connection end the benchmark.
    """

    name: str
    command: tuple[str, ...]
    folder: Path
    live: str = "/live"
    ours: bool = False
    reads_only: bool = False


@dataclass
class Running:
    """A started server, and how many seconds it took until it answered."""

    server: Server
    process: subprocess.Popen[bytes]
    url: str
    ready_seconds: float

    def workers(self) -> list[int]:
        """Return the process ids of its workers: the largest of its children."""
        path = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        children = [int(pid) for pid in path.read_text().split()]
        return sorted(children, key=resident_bytes)[-WORKERS:]

    def worker_bytes(self) -> int:
        """Return the resident memory of the largest worker, shared pages included."""
        return max(resident_bytes(pid) for pid in self.workers())

    def cpu_seconds(self) -> float:
        """Return the processor time that the workers have had."""
        return sum(_cpu_seconds(pid) for pid in self.workers())


def servers(bin_folder: Path, own_bin_folder: Path) -> list[Server]:
    """Return ours and the peers, by the bin folders of their environments."""
    gunicorn = (str(bin_folder / "gunicorn"), "--workers", str(WORKERS), "--bind")
    gunicorn += ("127.0.0.1:{port}", "--log-level", "error", "--no-control-socket")
    fast = (str(bin_folder / "uvicorn"), "fast:app", "--workers", str(WORKERS))
    fast += ("--port", "{port}", "--no-access-log", "--log-level", "error")
    ours = (str(own_bin_folder / "gunicorn"), "--config", "docker/gunicorn.conf.py")
    gthread = ("--worker-class", "gthread", "--threads", str(THREADS))
    kept = ("--keep-alive", "75")
    peers = BENCH / "peers"
    return [
        Server("flask-redis-api", ours, ROOT, live="/health/live", ours=True),
        Server(
            "Flask, gunicorn sync (the plain form)", (*gunicorn, "plain:app"), peers
        ),
        Server(
            "Flask, gunicorn gthread", (*gunicorn, *gthread, *kept, "plain:app"), peers
        ),
        Server(
            "Flask, gunicorn gevent",
            (*gunicorn, "--worker-class", "gevent", *kept, "plain:app"),
            peers,
        ),
        Server("FastAPI, uvicorn, redis.asyncio", fast, peers),
        Server(
            "an empty ASGI app on gunicorn",
            (*gunicorn, "--worker-class", "asgi", *kept, "empty:app"),
            peers,
            reads_only=True,
        ),
    ]


@contextmanager
def running(
    server: Server, redis_url: str, log: Path, **environment: str
) -> "Iterator[Running]":
    """Start a server, wait until it answers, and stop it in the end."""
    port = free_port()
    chosen = {"REDIS_URL": redis_url, "WORKERS": str(WORKERS), "PORT": str(port)}
    chosen["METRICS_PORT"] = str(free_port())
    command = [part.format(port=port) for part in server.command]
    start = time.monotonic()
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=server.folder,
            env={"PATH": os.environ["PATH"], **chosen, **environment},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_until_it_answers(process, f"{url}{server.live}", log)
        yield Running(server, process, url, time.monotonic() - start)
    finally:
        process.terminate()
        process.wait(timeout=60)


def end_with_all() -> None:
    """Let SIGTERM end this process as Ctrl-C does, so that it stops what it started."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)


def free_port() -> int:
    """Return a port of the loopback address on which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def resident_bytes(pid: int) -> int:
    """Return how much memory of a process is in RAM, shared pages included."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _wait_until_it_answers(
    process: subprocess.Popen[bytes], url: str, log: Path
) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            urllib.request.urlopen(url, timeout=1).close()
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            if process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"{url} does not answer:\n{log.read_text()}") from None
            time.sleep(0.01)
        else:
            return
