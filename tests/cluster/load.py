"""A steady load that never retries; it runs in a pod and needs only Python.

python load.py '{"host": …, "port": …, "rate": …, "seconds": …, "writes": …, "run": …}'

It asks at fixed times, whatever became of earlier requests, half on new connections and
half on kept ones. It prints a line of JSON when it starts and one when it is done.
"""

import asyncio
import json
import socket
import sys
import time
from collections import Counter
from dataclasses import dataclass, field

WORKERS = 40
PATIENCE = 10  # seconds


def read(key, headers=b""):
    return b"GET /get/%s HTTP/1.1\r\nHost: load\r\n%s\r\n" % (key.encode(), headers)


def write(key, headers=b""):
    """Return a request that writes a key, which is also its value."""
    body = json.dumps({"key": key, "value": key}).encode()
    return (
        b"POST /set HTTP/1.1\r\nHost: load\r\nContent-Type: application/json\r\n"
        b"Content-Length: %d\r\n%s\r\n%s" % (len(body), headers, body)
    )


class Connection:
    """One connection at a time; it is closed when either side wants that."""

    def __init__(self, address, *, kept):
        self.address = address
        self.kept = kept
        self.reader = self.writer = None

    async def exchange(self, request):
        """Return status, headers and body; raise OSError or EOFError."""
        if self.writer is None or self.reader.at_eof():
            self.close()
            self.reader, self.writer = await asyncio.open_connection(*self.address)
        self.writer.write(request)
        try:
            head = await self.reader.readuntil(b"\r\n\r\n")
            status, *lines = head.decode().strip().split("\r\n")
            pairs = (line.split(": ", 1) for line in lines)
            headers = {name.lower(): value for name, value in pairs}
            body = await self.reader.readexactly(int(headers["content-length"]))
        except BaseException:
            self.close()
            raise
        if not self.kept or headers.get("connection", "").lower() == "close":
            self.close()
        return int(status.split()[1]), headers, body

    def close(self):
        if self.writer is not None:
            self.writer.close()
        self.reader = self.writer = None


@dataclass
class Load:
    """What is asked, and what became of it.

    With `writes`, each request writes a key of its own, and all that were acknowledged are
    read in the end; else one in two writes, and the others read what was written first.
    """

    host: str
    port: int
    rate: int
    seconds: int
    run: str
    writes: bool
    outcomes: Counter = field(default_factory=Counter)
    failures: list = field(default_factory=list)
    written: list = field(default_factory=list)
    refused: list = field(default_factory=list)
    told_to_close: int = 0

    def __post_init__(self):
        self.address = (socket.gethostbyname(self.host), self.port)
        self.first = f"load/{self.run}/first"

    async def work(self, worker, start):
        connection = Connection(self.address, kept=worker % 2 == 0)
        writes = self.writes or worker // 2 % 2 == 0
        for number in range(worker, self.rate * self.seconds, WORKERS):
            await asyncio.sleep(start + number / self.rate - time.time())
            if time.time() > start + self.seconds + PATIENCE:
                return  # an outage held it up for so long that its time is over
            await self.ask(connection, f"load/{self.run}/{number}" if writes else None)
        connection.close()

    async def ask(self, connection, key):
        """Write a key, or where there is none read the first one."""
        began = time.time()
        keep = b"" if connection.kept else b"Connection: close\r\n"
        request = write(key, keep) if key else read(self.first, keep)
        try:
            async with asyncio.timeout(PATIENCE):
                status, headers, body = await connection.exchange(request)
        except (OSError, EOFError) as error:
            return self.fail(began, connection, repr(error))
        if connection.kept and headers.get("connection", "").lower() == "close":
            self.told_to_close += 1
        if status == 200:
            self.outcomes["served"] += 1
            if self.writes:
                self.written.append(key)
        elif status == 503 and explains(headers, body):
            self.outcomes["refused"] += 1
            self.refused.append(time.time())
        else:
            self.fail(began, connection, f"{status} {body[:200]!r}")
        return None

    def fail(self, began, connection, what):
        self.outcomes["failed"] += 1
        how = "kept" if connection.kept else "new"
        self.failures.append(f"{began:.2f} +{time.time() - began:.2f} {how}: {what}")

    async def lost(self):
        """Return the acknowledged keys that do not have their values."""
        keys = iter(self.written)
        lost = []

        async def read_all():
            connection = Connection(self.address, kept=True)
            for key in keys:
                answer = await connection.exchange(read(key))
                if answer[0] != 200 or json.loads(answer[2])["value"] != key:
                    lost.append(f"{key}: {answer[0]} {answer[2][:200]!r}")
            connection.close()

        await asyncio.gather(*(read_all() for _ in range(8)))
        return lost

    async def run_all(self):
        await Connection(self.address, kept=False).exchange(write(self.first))
        start = time.time() + 0.5
        print(json.dumps({"start": start}), flush=True)
        await asyncio.gather(*(self.work(each, start) for each in range(WORKERS)))
        return {
            "requests": sum(self.outcomes.values()),
            "served": self.outcomes["served"],
            "refused": self.outcomes["refused"],
            "failed": self.outcomes["failed"],
            "failures": self.failures[:20],
            "first_refused": min(self.refused, default=None),
            "last_refused": max(self.refused, default=None),
            "told_to_close": self.told_to_close,
            "written": len(self.written),
            "lost": await self.lost(),
        }


def explains(headers, body):
    """Tell whether an answer is a problem that says when to come back."""
    return (
        headers["content-type"] == "application/problem+json"
        and "retry-after" in headers
        and json.loads(body)["status"] == 503
    )


if __name__ == "__main__":
    print(json.dumps(asyncio.run(Load(**json.loads(sys.argv[1])).run_all())))
