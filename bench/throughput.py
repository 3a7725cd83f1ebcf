"""Measures the project beside its peers, in one run, taking turns.

`make bench` runs this; the figures go into docs/performance.md.
"""

import argparse
import importlib.metadata
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import tempfile
from contextlib import ExitStack
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import redis
import report
from load import Work, check, measure, require_wrk
from servers import ROOT, WORKERS, Running, end_with_all, free_port, running, servers

from app.embedded import EmbeddedServer, find_server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

KEYS = 100
SIZES = (32, 1024)
SMALL = [Work("get", 32), Work("put", 32), Work("mix", 32)]
LARGE = [Work("get", 1024), Work("set", 1024), Work("put", 1024)]
WORKS_OF = {
    1: SMALL,
    32: [*SMALL, Work("miss", 32), Work("set", 32), *LARGE],
    256: SMALL,
}
PACKAGES = (
    "flask",
    "gunicorn",
    "redis",
    "hiredis",
    "fastapi",
    "uvicorn",
    "uvloop",
    "gevent",
)


def main() -> None:
    """Measure, and write the figures down."""
    arguments = _arguments()
    require_wrk()
    end_with_all()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        url = start_redis(stack, folder)
        targets = [
            stack.enter_context(running(server, url, folder / f"{number}.log"))
            for number, server in enumerate(servers(arguments.peers, arguments.ours))
        ]
        for connections, work, target in _plan(targets):
            check(target, work, connections)
        clock = _clock_of(stack, url)
        results = {
            **_circumstances(arguments, url),
            "rounds": [
                [_line(*each, arguments.seconds, clock) for each in _plan(targets)]
                for _ in range(arguments.rounds)
            ],
            "servers": {target.server.name: _size_of(target) for target in targets},
            "redis_benchmark": _redis_benchmark(url),
        }
    arguments.results.write_text(json.dumps(results, indent=1) + "\n")
    report.write(results, ROOT / "docs")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=int, default=3, help="of each measurement")
    parser.add_argument(
        "--ours",
        type=Path,
        required=True,
        help="bin folder with the runtime's gunicorn",
    )
    parser.add_argument(
        "--peers", type=_absolute, required=True, help="bin folder with the peers"
    )
    parser.add_argument(
        "--results", type=Path, default=ROOT / "docs" / "performance.json"
    )
    return parser.parse_args()


def _absolute(path: str) -> Path:
    return Path(path).absolute()


def start_redis(stack: ExitStack, folder: Path) -> str:
    """Start a server on a port of the loopback address, with the keys to be read."""
    port = free_port()
    options = ("--bind", "127.0.0.1", "--port", str(port), "--appendonly", "no")
    stack.enter_context(
        EmbeddedServer(find_server(), folder / "redis", *options, "--save", "")
    )
    url = f"redis://127.0.0.1:{port}/0"
    with redis.Redis.from_url(url) as client:
        for size in SIZES:
            for number in range(KEYS):
                client.set(f"key-{number:02d}-{size}", "x" * size)
    return url


def _plan(targets: list[Running]) -> "Iterator[tuple[int, Work, Running]]":
    """Name all there is to measure; each kind of work by one server after the other."""
    for connections, works in WORKS_OF.items():
        for work in works:
            for target in targets:
                if not target.server.reads_only or work == SMALL[0]:
                    yield connections, work, target


def _clock_of(stack: ExitStack, url: str) -> "Callable[[], float]":
    """Return what tells the processor time of a Redis."""
    client = stack.enter_context(redis.Redis.from_url(url))

    def seconds() -> float:
        used = client.info("cpu")
        return float(used["used_cpu_user"]) + float(used["used_cpu_sys"])

    return seconds


def _line(
    connections: int,
    work: Work,
    target: Running,
    seconds: int,
    clock: "Callable[[], float]",
) -> dict[str, Any]:
    """Measure once."""
    figures = measure(target, work, connections, seconds, clock)
    line = {"server": target.server.name, "work": str(work), "connections": connections}
    print(line, f"{figures.requests_per_second:.0f} requests/s, p99 {figures.p99} ms")
    return {**line, **asdict(figures)}


def _size_of(target: Running) -> dict[str, float]:
    return {"ready_seconds": target.ready_seconds, "bytes": target.worker_bytes()}


def _redis_benchmark(url: str) -> float | None:
    """Return Redis' own requests/s without pipelining; None without its tool."""
    tool = shutil.which("redis-benchmark") or shutil.which("valkey-benchmark")
    if tool is None:
        return None
    port = url.rpartition(":")[2].removesuffix("/0")
    options = ("-p", port, "-c", "32", "-n", "200000", "-d", "32", "-t", "get", "--csv")
    runs = [
        subprocess.check_output([tool, *options], text=True).splitlines()[-1]
        for _ in range(3)
    ]
    return statistics.median(float(run.split(",")[1].strip('"')) for run in runs)


def _circumstances(arguments: argparse.Namespace, url: str) -> dict[str, Any]:
    with redis.Redis.from_url(url) as client:
        info = client.info("server")
    server = info.get("valkey_version", info["redis_version"])
    name = "Valkey" if "valkey_version" in info else "Redis"
    versions = {
        "Python": platform.python_version(),
        name: server,
        "wrk": _wrk_version(),
    }
    system = f"{platform.system()} {platform.release()}"
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "seconds": arguments.seconds,
        "workers": WORKERS,
        "machine": f"{_processor()}, {os.cpu_count()} cores, {system}",
        "load_before": round(os.getloadavg()[0], 2),
        "versions": versions | _packages(arguments.peers),
    }


def _processor() -> str:
    found = re.search(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    return found[1] if found else platform.machine()


def _wrk_version() -> str:
    found = subprocess.run(["wrk", "-v"], check=False, capture_output=True, text=True)
    return (found.stdout + found.stderr).split()[1]


def _packages(bin_folder: Path) -> dict[str, str]:
    [library] = bin_folder.parent.glob("lib/python*/site-packages")
    found = importlib.metadata.distributions(path=[str(library)])
    installed = {each.name.lower(): each.version for each in found}
    return {name: installed[name] for name in PACKAGES}


if __name__ == "__main__":
    main()
