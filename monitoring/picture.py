"""Draws docs/metrics.svg from the metrics of a real run: python -m monitoring.picture.

The service runs for a minute as shipped. Meanwhile Redis is stopped and comes back, and
a worker is killed.
"""

import os
import random
import signal
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from itertools import pairwise
from pathlib import Path
from xml.sax.saxutils import escape

from app.embedded import EmbeddedServer, find_server
from tests.served import Service, series, served

PATH = Path(__file__).parents[1] / "docs" / "metrics.svg"
SECONDS = 60
CLIENTS = 12
EVENTS = {15: "Redis stopped", 25: "Redis back", 40: "a worker killed"}
WIDTH, HEIGHT, LEFT, TOP = 720, 130, 56, 34
COLOURS = ("#2a7ab0", "#e09f3e", "#d1495b")

Series = dict[tuple[str, frozenset[tuple[str, str]]], float]


@dataclass
class Graph:
    """Lines over the seconds of the run, by their names."""

    title: str
    unit: str
    lines: dict[str, list[float]]


def main() -> None:
    """Run, and write the picture."""
    graphs = graphs_of(run())
    PATH.write_text(picture(graphs), encoding="utf-8")
    print(f"{PATH} shows {SECONDS} s")


def run() -> list[Series]:
    """Return what was scraped each second."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with (
            EmbeddedServer(find_server(), folder) as redis,
            served(redis.url, folder / "log") as service,
            clients(service),
        ):
            begin, scrapes = time.monotonic(), []
            for second in range(SECONDS + 1):
                time.sleep(max(0, begin + second - time.monotonic()))
                scrapes.append(series(service.scrape()))
                happen(EVENTS.get(second), redis, service)
            return scrapes


def happen(event: str | None, redis: EmbeddedServer, service: Service) -> None:
    """Let it happen, beside the scrapes."""
    match event:
        case "Redis stopped":
            threading.Thread(target=redis.stop).start()
        case "Redis back":
            threading.Thread(target=redis.start).start()
        case "a worker killed":
            os.kill(service.workers()[0], signal.SIGKILL)


@contextmanager
def clients(service: Service) -> Iterator[None]:
    """Ask all the while, from threads."""
    over = threading.Event()
    threads = [
        threading.Thread(target=ask, args=(service.port, over)) for _ in range(CLIENTS)
    ]
    for thread in threads:
        thread.start()
    yield
    over.set()
    for thread in threads:
        thread.join()


def ask(port: int, over: threading.Event) -> None:
    """Read and write until it is over, with a kept connection."""
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    while not over.wait(random.uniform(0, 0.02)):
        key = f"key-{random.randrange(20)}"
        try:
            if random.random() < 0.3:
                connection.request("PUT", f"/v1/kv/{key}", b"x" * 32)
            else:
                connection.request("GET", f"/v1/kv/{key}")
            connection.getresponse().read()
        except (HTTPException, OSError):
            connection.close()
    connection.close()


def graphs_of(scrapes: list[Series]) -> list[Graph]:
    """Return what the scrapes tell, from second to second."""
    pairs = list(pairwise(scrapes))
    requests = "http_request_duration_seconds"
    commands = "redis_client_command_duration_seconds"
    return [
        Graph(
            "Requests a second, by class of status",
            "",
            {
                status: [
                    grown(pair, f"{requests}_count", status=status) for pair in pairs
                ]
                for status in ("2xx", "4xx", "5xx")
            },
        ),
        Graph(
            "Latency of requests",
            " ms",
            {
                f"{share:.0%}": [
                    1000 * quantile(share, pair, f"{requests}_bucket") for pair in pairs
                ]
                for share in (0.5, 0.99)
            },
        ),
        Graph(
            "Redis commands a second",
            "",
            {
                "all": [grown(pair, f"{commands}_count") for pair in pairs],
                "failed": [grown(pair, "redis_client_errors_total") for pair in pairs],
            },
        ),
    ]


def grown(pair: tuple[Series, Series], name: str, **labels: str) -> float:
    """Return by how much the counters of that name and those labels have grown."""
    before, after = (
        sum(
            value
            for (its_name, its_labels), value in scrape.items()
            if its_name == name and labels.items() <= dict(its_labels).items()
        )
        for scrape in pair
    )
    return after - before


def quantile(share: float, pair: tuple[Series, Series], name: str) -> float:
    """Return a quantile of a histogram's growth, as histogram_quantile does."""
    bounds = {dict(labels)["le"] for its_name, labels in pair[1] if its_name == name}
    counts = sorted((float(le), grown(pair, name, le=le)) for le in bounds)
    wanted = share * counts[-1][1]
    low, below = 0.0, 0.0
    for high, count in counts:
        if count >= wanted and count > below:
            if high == float("inf"):
                return low
            return low + (high - low) * (wanted - below) / (count - below)
        low, below = high, count
    return 0.0


def picture(graphs: list[Graph]) -> str:
    """Return the graphs as SVG, one below another."""
    step = HEIGHT + TOP + 26
    height = step * len(graphs)
    inside = "".join(
        f'<g transform="translate({LEFT},{index * step + TOP})">{drawn(graph)}</g>'
        for index, graph in enumerate(graphs)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH + LEFT + 96} '
        f'{height}" font-family="sans-serif" font-size="12" fill="#333">'
        f'<rect width="100%" height="100%" fill="#fff"/>{inside}</svg>\n'
    )


def drawn(graph: Graph) -> str:
    """Return one graph with its axis, its events and its lines."""
    top = max(max(line) for line in graph.lines.values()) * 1.05 or 1.0
    parts = [f'<text y="-12" font-weight="bold">{escape(graph.title)}</text>']
    for share in (0, 0.5, 1):
        y = HEIGHT * (1 - share)
        parts.append(f'<path d="M0 {y}H{WIDTH}" stroke="#ddd"/>')
        label = f"{top * share:.3g}{graph.unit}"
        parts.append(f'<text x="-6" y="{y + 4}" text-anchor="end">{label}</text>')
    for second, event in EVENTS.items():
        x = WIDTH * second / SECONDS
        parts.append(f'<path d="M{x} 0V{HEIGHT}" stroke="#999" stroke-dasharray="3"/>')
        parts.append(f'<text x="{x + 4}" y="{HEIGHT + 14}" fill="#777">{event}</text>')
    for index, (name, line) in enumerate(graph.lines.items()):
        colour = COLOURS[index]
        points = " ".join(
            f"{WIDTH * (second + 1) / SECONDS:.1f},{HEIGHT * (1 - value / top):.1f}"
            for second, value in enumerate(line)
        )
        parts.append(
            f'<polyline points="{points}" fill="none" stroke="{colour}" '
            'stroke-width="1.5"/>'
        )
        y = 16 * index + 8
        parts.append(f'<text x="{WIDTH + 10}" y="{y}" fill="{colour}">{name}</text>')
    return "".join(parts)


if __name__ == "__main__":
    main()
