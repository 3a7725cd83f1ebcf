"""Measures lists and deletions among many keys: python -m bench.keyspace.

It asks the service as shipped, on a Redis of its own, and meanwhile lets redis-cli
--latency look for stalls of that Redis. It needs redis-cli.
"""

import argparse
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import redis
import requests

from app.embedded import EmbeddedServer, find_server
from tests.served import Service, served

KEYS = 1_000_000
BATCH = 10_000
VALUE = b"x" * 100
# What is promised, in milliseconds.
MOST_ANSWER, MOST_STALL = 100, 50
# How long the machine is looked at without any request, to tell its own stalls.
BEFORE_SECONDS = 5


@dataclass
class Figures:
    """How many milliseconds each of some requests took."""

    name: str
    milliseconds: list[float] = field(default_factory=list)

    @contextmanager
    def time(self) -> Iterator[None]:
        """Time one more."""
        start = time.perf_counter()
        yield
        self.milliseconds.append((time.perf_counter() - start) * 1000)

    def line(self) -> str:
        """Tell how many there were, the median and the worst."""
        ordered = sorted(self.milliseconds)
        median = ordered[len(ordered) // 2]
        verdict = "" if ordered[-1] < MOST_ANSWER else f"  MISSED {MOST_ANSWER} ms"
        return f"{self.name:48}{len(ordered):6}{median:9.2f}{ordered[-1]:9.2f}{verdict}"


class Stalls:
    """Runs redis-cli --latency a second at a time, until it is told to stop."""

    def __init__(self, socket: Path) -> None:
        self.worst = 0.0
        self.samples = 0
        self._socket = socket
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()

    def line(self) -> str:
        """Tell the worst."""
        return f"at most {self.worst:.0f} ms in {self.samples} samples"

    def _watch(self) -> None:
        command = ["redis-cli", "-s", str(self._socket), "--latency"]
        while not self._stopped.is_set():
            said = subprocess.run(command, capture_output=True, text=True, check=True)
            # The least, the greatest and the mean, in milliseconds, and how many.
            _, worst, _, samples = said.stdout.split()
            self.worst = max(self.worst, float(worst))
            self.samples += int(samples)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", type=Path, help="Redis' binary (default: Valkey's)")
    parser.add_argument("--keys", type=int, default=KEYS)
    arguments = parser.parse_args()
    if shutil.which("redis-cli") is None:
        raise SystemExit("redis-cli is not on PATH")
    with tempfile.TemporaryDirectory(prefix="kv-") as name:
        folder = Path(name)
        with (
            EmbeddedServer(arguments.server or find_server(), folder) as server,
            served(server.url, folder / "log", LOG_LEVEL="error") as service,
            redis.Redis.from_url(server.url) as owner,
        ):
            fill(owner, arguments.keys)
            time.sleep(1)  # its append-only file is on the disk
            with Stalls(server.socket) as before:
                time.sleep(BEFORE_SECONDS)
            print(f"{owner.dbsize()} keys in {version(owner)}, milliseconds")
            print(f"{'':48}{'number':>6}{'median':>9}{'worst':>9}")
            with Stalls(server.socket) as stalls:
                measure(service)
        verdict = "" if stalls.worst < MOST_STALL else f"  MISSED {MOST_STALL} ms"
        print(f"redis-cli --latency before: {before.line()}")
        print(f"redis-cli --latency meanwhile: {stalls.line()}{verdict}")


def version(owner: redis.Redis) -> str:
    """Return the server's name and version."""
    info = owner.info("server")
    return f"{info.get('server_name', 'redis')} " + (
        info.get("valkey_version") or info["redis_version"]
    )


def fill(owner: redis.Redis, keys: int) -> None:
    """Store so many keys: of nine tenths one prefix, of one tenth another."""
    for start in range(0, keys, BATCH):
        numbers = range(start, min(start + BATCH, keys))
        owner.mset({f"{'job' if n % 10 == 0 else 'user'}/{n}": VALUE for n in numbers})
    owner.mset({f"rare/{number}": VALUE for number in range(10)})


def measure(service: Service) -> None:
    """Ask for lists and deletions of each kind."""
    with requests.Session() as session:
        for query in (
            "limit=1",
            "limit=1000",
            "limit=1000&include=ttl,size,value",
            "prefix=user/&limit=1000",
            "prefix=job/&limit=1000",
            "prefix=none/",
            "prefix=none/&limit=1000&include=ttl,size,value",
        ):
            print(listed(session, service, query, 200).line(), flush=True)
        for query in ("prefix=rare/&limit=1000", "limit=1000"):
            figures = listed(session, service, query)
            figures.name += ", to the end"
            print(figures.line(), flush=True)
        for query in (
            "prefix=none/&dry_run=true",
            "prefix=rare/&confirm=rare/",
            "prefix=job/&confirm=job/",
            "prefix=user/&confirm=user/",
        ):
            deleted(session, service, query)


def listed(
    session: requests.Session, service: Service, query: str, most: int = 10**9
) -> Figures:
    """Follow a list over some pages, or to its end."""
    figures = Figures(f"GET /v1/kv?{query}")
    path = f"/v1/kv?{query}"
    for _ in range(most):
        with figures.time():
            response = session.get(service.url + path, timeout=30)
        response.raise_for_status()
        if "next" not in response.links:
            break
        path = response.links["next"]["url"]
    return figures


def deleted(session: requests.Session, service: Service, query: str) -> None:
    """Delete by a prefix; time the first line, and all of them."""
    first = Figures(f"DELETE /v1/kv?{query}, first line")
    start = time.perf_counter()
    with first.time():
        response = session.delete(
            f"{service.url}/v1/kv?{query}", stream=True, timeout=30
        )
        lines = response.iter_lines(chunk_size=None)
        last = next(lines)
    *_, last = last, *lines
    seconds = time.perf_counter() - start
    print(first.line(), flush=True)
    print(f"  {last.decode()} after {seconds:.1f} s", flush=True)


if __name__ == "__main__":
    main()
