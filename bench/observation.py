"""Measures what metrics and the access log cost: python -m bench.observation.

Two servers as shipped, one with both on and one with both off, take turns under one
load; the figure compares the medians of their rounds. It needs wrk.
"""

import re
import statistics
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

import requests

from app.embedded import EmbeddedServer, find_server
from tests.served import Service, served

ROUNDS = 30
SECONDS = 1
CONNECTIONS = 32
OFF = {"LOG_LEVEL": "error", "METRICS_PORT": "0", "METRICS_ON_MAIN_PORT": "false"}


@dataclass
class Load:
    """Requests a second, and the microseconds of processor time that each took."""

    rate: float
    cost: float


def main() -> None:
    """Measure, and print what comes out."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with (
            EmbeddedServer(find_server(), folder) as redis,
            served(redis.url, folder / "on.log") as on,
            served(redis.url, folder / "off.log", **OFF) as off,
        ):
            body = {"key": "foo", "value": "x" * 32}
            requests.post(f"{on.url}/set", json=body, timeout=5).raise_for_status()
            load(on), load(off)
            rounds = [(load(on), load(off)) for _ in range(ROUNDS)]
    report(*zip(*rounds, strict=True))


def report(with_both: tuple[Load, ...], without: tuple[Load, ...]) -> None:
    """Print the medians, and the ratio of those of the rates."""
    print(f"{ROUNDS} rounds of {SECONDS} s, {CONNECTIONS} connections, GET of 32 bytes")
    rates = []
    for name, loads in (("on", with_both), ("off", without)):
        rates.append(statistics.median(load.rate for load in loads))
        cost = statistics.median(load.cost for load in loads)
        print(
            f"{name:4}{rates[-1]:7.0f} requests/s, each {cost:.1f} µs of processor time"
        )
    share = rates[0] / rates[1]
    print(f"with metrics and access log: {share:.1%} of the requests/s without")


def load(service: Service) -> Load:
    """Load a server for a while."""
    before = service.cpu_seconds()
    wrk = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{SECONDS}s", f"{service.url}/get/foo"]
    said = subprocess.run(wrk, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in said or "Socket errors" in said:
        raise RuntimeError(said)
    count, rate = re.search(
        r"(\d+) requests in .*Requests/sec: +([\d.]+)", said, re.DOTALL
    ).groups()
    spent = service.cpu_seconds() - before
    return Load(float(rate), spent / int(count) * 1e6)


if __name__ == "__main__":
    main()
