"""Load by wrk, and whether every answer to it was right."""

import json
import resource
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from servers import Running

SCRIPT = Path(__file__).parent / "load.lua"
CHECK_SECONDS = 1


@dataclass(frozen=True)
class Work:
    """What is asked: "put" is sent as PUT /v1/kv/<key> where a server has that."""

    kind: str
    size: int

    def __str__(self) -> str:
        names = {
            "get": f"GET, {self.size} B",
            "miss": "GET, no such key",
            "set": f"POST /set, {self.size} B",
            "put": f"PUT, {self.size} B",
            "mix": f"90 % GET, 10 % POST /set, {self.size} B",
        }
        return names[self.kind]


@dataclass(frozen=True)
class Figures:
    """What one round measured: latencies in milliseconds, processor time a request.

    `whole_microseconds` are the workers', Redis' and the load's together; `errors` are
    connections that broke or were never answered.
    """

    requests_per_second: float
    p50: float
    p99: float
    worker_microseconds: float
    whole_microseconds: float
    errors: int


def require_wrk() -> None:
    """Exit with a message where wrk is missing."""
    if shutil.which("wrk") is None:
        raise SystemExit("the load generator wrk is missing: apt-get install wrk")


def check(target: "Running", work: Work, connections: int) -> None:
    """Look at status and body of each answer for a second; exit where one is wrong."""
    _wrk(target, work, connections, CHECK_SECONDS, "checked")


def measure(
    target: "Running",
    work: Work,
    connections: int,
    seconds: int,
    redis_seconds: "Callable[[], float]",
) -> Figures:
    """Ask for the work on so many connections; exit where a status is wrong.

    `redis_seconds` tells the processor time that Redis has had.
    """
    before = target.cpu_seconds(), redis_seconds() + _load_seconds()
    summary = _wrk(target, work, connections, seconds, "measured")
    workers = target.cpu_seconds() - before[0]
    others = redis_seconds() + _load_seconds() - before[1]
    requests = summary["requests"]
    return Figures(
        requests_per_second=requests / (summary["microseconds"] / 1e6),
        p50=summary["p50_us"] / 1000,
        p99=summary["p99_us"] / 1000,
        worker_microseconds=workers / requests * 1e6,
        whole_microseconds=(workers + others) / requests * 1e6,
        errors=broken(summary),
    )


def _load_seconds() -> float:
    """Return the processor time of the load generators that have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def broken(summary: dict[str, int]) -> int:
    """Count the connections that broke or were never answered."""
    return sum(summary[name] for name in ("connect", "read", "write", "timeout"))


def _wrk(
    target: "Running", work: Work, connections: int, seconds: int, mode: str
) -> dict[str, int]:
    kind = "set" if work.kind == "put" and not target.server.ours else work.kind
    options = ["-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s"]
    arguments = [kind, str(work.size), mode]
    found = subprocess.run(
        ["wrk", *options, "-s", str(SCRIPT), target.url, "--", *arguments],
        check=True,
        capture_output=True,
        text=True,
    )
    summary: dict[str, int] = json.loads(found.stdout.splitlines()[-1])
    expected = summary["requests"] if kind == "miss" else 0
    fails = summary["status"] != expected or found.stderr
    if fails or (target.server.ours and broken(summary)):
        where = f"{target.server.name}, {work}, {connections} connections"
        raise SystemExit(f"wrong answers of {where}: {summary} {found.stderr}")
    return summary
