"""Shows where the time of a request goes, by samples of the shipped server under load.

`make profile` runs this; the figures go into docs/profile.md.
"""

import argparse
import json
import tempfile
from collections import Counter
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import report
from load import Work, measure, require_wrk
from servers import ROOT, end_with_all, running, servers
from throughput import start_redis

WORKS = (Work("get", 32), Work("put", 32))
CONNECTIONS = 32

# What a part of a file's name, or of a function's in it, stands for; first come,
# first served. The innermost frame that is found here says what a sample was spent on.
PARTS = (
    ("selector_events.py:write", "system calls: sending to clients and Redis"),
    ("selector_events.py:_read_ready", "system calls: receiving"),
    ("selectors.py:", "system calls: waiting for sockets"),
    ("access_log.py:_write", "system calls: the log"),
    ("gunicorn/asgi/parser.py", "gunicorn: parsing HTTP (in Python)"),
    ("gunicorn/", "gunicorn: connections, scope, headers"),
    ("app/worker.py", "gunicorn: connections, scope, headers"),
    ("prometheus_client/", "metrics"),
    ("app/metrics.py", "metrics"),
    ("app/gathering.py", "metrics"),
    ("app/access_log.py", "the access line"),
    ("app/observation.py", "ids of the request and its trace"),
    ("app/trace.py", "ids of the request and its trace"),
    ("app/pipeline.py", "commands and replies"),
    ("app/outbox.py", "commands and replies"),
    ("app/wire.py", "commands and replies"),
    ("app/bridge.py", "greenlets"),
    ("app/hot.py", "routing, headers of the answer"),
    ("app/asgi.py", "routing, headers of the answer"),
    ("app/body.py", "the request's body"),
    ("app/", "what the route does, JSON included"),
    ("asyncio/", "asyncio: tasks, callbacks, timers"),
)
OTHER = "the rest of Python's library"


def main() -> None:
    """Take the samples, and write down what they show."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--ours", type=lambda path: Path(path).absolute(), required=True
    )
    parser.add_argument("--seconds", type=int, default=10)
    arguments = parser.parse_args()
    require_wrk()
    end_with_all()
    tables = [_profile(work, arguments.ours, arguments.seconds) for work in WORKS]
    date = datetime.now(UTC).date().isoformat()
    said = f"\nSampled on {date} by `make profile`, on {CONNECTIONS} connections.\n"
    text = "\n".join([said, *tables])
    report.fill_in(ROOT / "docs" / "profile.md", "make profile", text)


def _profile(work: Work, bin_folder: Path, seconds: int) -> str:
    ours = servers(bin_folder, bin_folder)[0]
    sampled = replace(
        ours, command=(ours.command[0], "--config", "bench/sampled.conf.py")
    )
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        url = start_redis(stack, folder)
        with running(
            sampled, url, folder / "log", SAMPLES_FOLDER=str(folder)
        ) as target:
            measure(target, work, CONNECTIONS, seconds, lambda: 0.0)
        seen = [json.loads(path.read_text()) for path in folder.glob("*.json")]
    return _table(work, seen)


def _table(work: Work, seen: list[dict]) -> str:
    """Return what each part costs a request, as Markdown."""
    cost = sum(each["cpu_seconds"] for each in seen) / sum(
        each["requests"] for each in seen
    )
    parts: Counter[str] = Counter()
    for each in seen:
        for stack, count in each["samples"].items():
            parts[part_of(stack.split("|"))] += count
    total = sum(parts.values())
    rows = [
        f"| {part} | {count / total:.0%} | {count / total * cost * 1e6:.1f} |"
        for part, count in parts.most_common()
    ]
    head = [f"| {work} | share | µs |", "|---|--:|--:|"]
    whole = f"| a request, of a worker's processor time | 100% | {cost * 1e6:.1f} |"
    return "\n".join([*head, *rows, whole, ""])


def part_of(stack: list[str]) -> str:
    """Return what the innermost known frame of a stack stands for."""
    for frame in stack:
        for mark, part in PARTS:
            if mark in frame:
                return part
    return OTHER


if __name__ == "__main__":
    main()
