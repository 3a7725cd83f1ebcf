"""Loads the service for minutes while Redis restarts, and looks at every answer.

`make soak` runs this; it exits with 1 where an answer was wrong, memory grew or the
service did not come back in time.
"""

import argparse
import asyncio
import json
import random
import re
import tempfile
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import redis
import report
from servers import Running, Server, end_with_all, free_port, resident_bytes, running

from app.embedded import EmbeddedServer, find_server

ROOT = Path(__file__).parent.parent
CONNECTIONS = 256
COUNTERS = 8
# What the must-shows allow.
BACK_SECONDS = 5
GROWTH_BYTES = 4 * 2**20
# Until then buffers, caches and idle greenlets fill up.
WARM_SHARE = 0.25
DOWN_SECONDS = 1.0


@dataclass
class Tally:
    """What was answered, and what was wrong about it."""

    answers: Counter[int] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    broken: int = 0
    applied: Counter[int] = field(default_factory=Counter)
    perhaps_applied: Counter[int] = field(default_factory=Counter)
    last_ok: float = 0.0


class Client:
    """One kept HTTP connection, opened anew where it broke."""

    def __init__(self, port: int, tally: Tally) -> None:
        self._port = port
        self._tally = tally
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def ask(self, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
        """Return status and body; raises OSError where the connection broke."""
        if self._writer is None or self._reader is None:
            opened = await asyncio.open_connection("127.0.0.1", self._port)
            self._reader, self._writer = opened
        head = f"{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}\r\n"
        kind = "Content-Type: application/json\r\n" if method == "PATCH" else ""
        try:
            self._writer.write(f"{head}{kind}\r\n".encode() + body)
            start = await self._reader.readuntil(b"\r\n\r\n")
            found = re.search(rb"content-length: (\d+)", start, re.IGNORECASE)
            content = await self._reader.readexactly(int(found[1]) if found else 0)
        except (OSError, asyncio.IncompleteReadError) as error:
            self.close()
            raise ConnectionResetError from error
        status = int(start[9:12])
        self._tally.answers[status] += 1
        if status < 300:
            self._tally.last_ok = time.monotonic()
        return status, content

    def close(self) -> None:
        """Let the connection go."""
        if self._writer is not None:
            self._writer.close()
        self._writer = None


class OneKey:
    """Writes values to a key of its own, reads them, and knows which may be there."""

    def __init__(self, number: int, client: Client, tally: Tally) -> None:
        self._path = f"/v1/kv/soak-{number}"
        self._client = client
        self._tally = tally
        self._turn = 0
        self._possible: set[bytes | None] = {None}

    async def step(self) -> None:
        """Write or read once, and look at the answer."""
        if random.random() < 0.2:
            await self._write()
        else:
            await self._read()

    async def _write(self) -> None:
        self._turn += 1
        value = f"{self._path}:{self._turn}:".encode() * random.choice((1, 10, 500))
        self._possible.add(value)  # also where the answer is lost
        status, body = await self._client.ask("PUT", self._path, value)
        if status in (201, 204):
            self._possible = {value}
        elif status == 503 and json.loads(body).get("applied") != "unknown":
            self._possible.discard(value)
        elif status != 503:
            self._tally.wrong.append(f"PUT: {status} {body!r}")

    async def _read(self) -> None:
        status, body = await self._client.ask("GET", self._path)
        value = body if status == 200 else None
        if status in (200, 404):
            if value not in self._possible:
                self._tally.wrong.append(f"GET: {status} {body[:80]!r}")
            self._possible = {value}
        elif status != 503:
            self._tally.wrong.append(f"GET: {status} {body!r}")


class OneCounter:
    """Increments a counter that others increment too."""

    def __init__(self, number: int, client: Client, tally: Tally) -> None:
        self._number = number // 4 % COUNTERS
        self._client = client
        self._tally = tally

    async def step(self) -> None:
        """Increment once, and remember whether that was done."""
        path = f"/v1/kv/count-{self._number}"
        try:
            status, body = await self._client.ask("PATCH", path, b'{"increment":1}')
        except OSError:
            self._tally.perhaps_applied[self._number] += 1
            raise
        if status in (200, 201):
            self._tally.applied[self._number] += 1
        elif status == 503 and json.loads(body).get("applied") == "unknown":
            self._tally.perhaps_applied[self._number] += 1
        elif status != 503:
            self._tally.wrong.append(f"PATCH: {status} {body!r}")


def main() -> None:
    """Run the soak and say what it showed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--ours", type=lambda path: Path(path).absolute(), required=True
    )
    parser.add_argument("--minutes", type=float, default=5)
    arguments = parser.parse_args()
    end_with_all()
    with tempfile.TemporaryDirectory(prefix="soak-") as path:
        folder = Path(path)
        port = free_port()
        options = ("--bind", "127.0.0.1", "--port", str(port))
        command = (
            str(arguments.ours / "gunicorn"),
            "--config",
            "docker/gunicorn.conf.py",
        )
        server = Server(
            "flask-redis-api", command, ROOT, live="/health/live", ours=True
        )
        url = f"redis://127.0.0.1:{port}/0"
        with (
            EmbeddedServer(find_server(), folder / "redis", *options) as store,
            running(server, url, folder / "log") as target,
        ):
            tally, backs, memory = asyncio.run(soak(target, store, arguments.minutes))
            said, failures = verdict(tally, backs, memory, url)
    print(*said, sep="\n")
    if failures:
        raise SystemExit("FAILED: " + "; ".join(failures))
    date = datetime.now(UTC).date().isoformat()
    how = f"{date}: {arguments.minutes:g} minutes on {CONNECTIONS} connections."
    lines = "\n".join(f"- {line}" for line in (how, *said))
    report.fill_in(ROOT / "docs" / "performance.md", "make soak", f"\n{lines}\n\n")


async def soak(
    target: Running, store: EmbeddedServer, minutes: float
) -> tuple[Tally, list[float], list[int]]:
    """Load the service; return the tally, the seconds to come back, and its memory."""
    tally = Tally()
    port = int(target.url.rpartition(":")[2])
    end = time.monotonic() + minutes * 60
    workers = [
        asyncio.create_task(_keep_asking(number, port, tally, end))
        for number in range(CONNECTIONS)
    ]
    watch = asyncio.create_task(_watch_memory(target, minutes * 60, end))
    backs = []
    for _ in range(2):
        await asyncio.sleep(minutes * 60 / 3)
        backs.append(await _restart(store, tally))
    await asyncio.gather(*workers)
    return tally, backs, await watch


async def _keep_asking(number: int, port: int, tally: Tally, end: float) -> None:
    client = Client(port, tally)
    kind = OneCounter if number % 4 == 0 else OneKey
    step = kind(number, client, tally).step
    while time.monotonic() < end:
        try:
            await step()
        except OSError:
            tally.broken += 1
        await asyncio.sleep(random.uniform(0, 0.02))
    client.close()


async def _restart(store: EmbeddedServer, tally: Tally) -> float:
    """Stop Redis, start it again; return the seconds until an answer was good."""
    await asyncio.to_thread(store.stop)
    await asyncio.sleep(DOWN_SECONDS)
    await asyncio.to_thread(store.start)
    up = time.monotonic()
    while tally.last_ok < up:
        await asyncio.sleep(0.01)
        if time.monotonic() > up + 10 * BACK_SECONDS:
            break
    return time.monotonic() - up


async def _watch_memory(target: Running, seconds: float, end: float) -> list[int]:
    """Return the memory of the largest worker, each second once it is warm."""
    await asyncio.sleep(seconds * WARM_SHARE)
    seen = []
    while time.monotonic() < end:
        with suppress(FileNotFoundError):
            seen.append(max(resident_bytes(pid) for pid in target.workers()))
        await asyncio.sleep(1)
    return seen


def verdict(
    tally: Tally, backs: list[float], memory: list[int], url: str
) -> tuple[list[str], list[str]]:
    """Return what was seen, and what it should not have been."""
    half = len(memory) // 2
    early, late = max(memory[:half]), max(memory[half:])
    answers = ", ".join(f"{n:,} × {code}" for code, n in sorted(tally.answers.items()))
    times = " and ".join(f"{back:.2f} s" for back in backs)
    applied, failures = _look_at_counters(tally, url)
    said = [
        (
            f"Answers by status: {answers}. Wrong ones: {len(tally.wrong)}. "
            f"Connections that broke: {tally.broken}."
        ),
        f"Redis was restarted twice; the first good answer came {times} after its own.",
        applied,
        (
            f"The largest worker's memory: {early / 2**20:.1f} MiB at most in the "
            f"first half, {late / 2**20:.1f} MiB in the second."
        ),
    ]
    failures += tally.wrong[:3]
    if max(backs) > BACK_SECONDS:
        failures.append("it was not back in time")
    if late > early + GROWTH_BYTES:
        failures.append("memory grew")
    if tally.broken:
        failures.append("connections broke")
    return said, failures


def _look_at_counters(tally: Tally, url: str) -> tuple[str, list[str]]:
    """Hold the counters in Redis against what was acknowledged."""
    failures = []
    least, found, unknown = 0, 0, 0
    with redis.Redis.from_url(url) as client:
        for number in range(COUNTERS):
            count = int(client.get(f"count-{number}") or 0)
            acknowledged = tally.applied[number]
            perhaps = tally.perhaps_applied[number]
            if not acknowledged <= count <= acknowledged + perhaps:
                failures.append(f"counter {number} is {count}")
            least, found, unknown = (
                least + acknowledged,
                found + count,
                unknown + perhaps,
            )
    said = (
        f"Increments: {least:,} acknowledged, {unknown:,} answered as unknown, "
        f"{found:,} found in Redis."
    )
    return said, failures


if __name__ == "__main__":
    main()
