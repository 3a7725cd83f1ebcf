"""DELETE /v1/kv?prefix=: every key with a prefix, with the progress as NDJSON lines."""

import json
from collections.abc import Iterator
from typing import Any

from app.exchange import Answer, Call
from app.listing import read_prefix
from app.outage import Outage
from app.page import SCANNED
from app.problems import Problem, problem_of
from app.query import read_flag, read_query
from app.representation import NOSNIFF
from app.settings import Settings
from app.store import Store

NDJSON = "application/x-ndjson"
HEADERS = (("Content-Type", NDJSON), ("Cache-Control", "no-store"), NOSNIFF)

Progress = dict[str, Any]


def delete_prefix(store: Store, settings: Settings, call: Call) -> Answer:
    """Delete what begins with the prefix, or with dry_run=true only count it.

    Each line tells how many keys so far; the last one has "done": true, or a problem
    where Redis failed in the middle. It stops when nobody takes its lines any more.
    Raises Problem 414 and 422.
    """
    parameters = read_query(call.query, ("prefix", "confirm", "dry_run"))
    prefix = read_prefix(parameters, settings)
    if not prefix:
        detail = "The parameter 'prefix' must be given and not be empty."
        raise Problem(422, detail, parameter="prefix")
    dry_run = read_flag(parameters, "dry_run")
    if not dry_run and parameters.get("confirm") != prefix:
        detail = "Repeat the prefix as 'confirm' to delete, or count with dry_run=true."
        raise Problem(422, detail, parameter="confirm")
    steps = _counting(store, prefix) if dry_run else _deleting(store, prefix)
    # The first step is done before the status is sent: a failure is its own answer.
    return Answer(200, _lines(next(steps), steps), HEADERS)


def _deleting(store: Store, prefix: bytes) -> Iterator[Progress]:
    deleted = 0
    for keys, done in _batches(store, prefix):
        deleted += store.unlink(keys) if keys else 0
        yield {"deleted": deleted, "done": done}


def _counting(store: Store, prefix: bytes) -> Iterator[Progress]:
    matched = 0
    for keys, done in _batches(store, prefix):
        matched += len(keys)
        yield {"matched": matched, "done": done}


def _batches(store: Store, prefix: bytes) -> Iterator[tuple[list[bytes], bool]]:
    cursor = 0
    while True:
        cursor, keys = store.scan(cursor, prefix, SCANNED)
        yield keys, cursor == 0
        if cursor == 0:
            return


def _lines(first: Progress, steps: Iterator[Progress]) -> Iterator[bytes]:
    last = first
    yield _line(last)
    try:
        for last in steps:
            yield _line(last)
    except Outage as outage:
        yield _line({**last, "problem": problem_of(outage).document()})


def _line(progress: Progress) -> bytes:
    return json.dumps(progress).encode() + b"\n"
