"""A page of keys: how they are found, and what else is said of them."""

import time
from collections.abc import Iterator
from typing import Any, NamedTuple

from app.cursor import Cursor, mark_of
from app.document import text_fields
from app.expiry import seconds_of
from app.representation import key_fields
from app.store import BATCH, Store
from app.values import Description

# A page costs Redis at most so many SCANs over about so many keys each.
SCANS = 20
SCANNED = 500


class Found(NamedTuple):
    """A key, and the cursor that continues behind it."""

    key: bytes
    behind: Cursor


def find_keys(
    store: Store, prefix: bytes, cursor: Cursor, limit: int, deadline: float
) -> tuple[list[Found], Cursor | None]:
    """Return up to `limit` keys, and the cursor behind them: None at the end.

    Fewer where the deadline passes (time.monotonic), or SCANS found no more.
    """
    found: list[Found] = []
    for _ in range(SCANS):
        end, keys = store.scan(cursor.scan, prefix, SCANNED)
        batch = list(_batch(cursor, end, keys))
        room = limit - len(found)
        found += batch[:room]
        if len(batch) > room:
            return found, found[-1].behind
        if end == 0:
            return found, None
        cursor = Cursor(end)
        if len(found) == limit or time.monotonic() > deadline:
            break
    return found, cursor


def _batch(cursor: Cursor, end: int, keys: list[bytes]) -> Iterator[Found]:
    """Yield what of a batch was not listed yet, in the order of the marks.

    Where the batch does not end as it did before, its keys are others: all are listed,
    some of them again, rather than one never.
    """
    listed = cursor.after if cursor.end == end else b""
    for mark, key in sorted((mark_of(key), key) for key in set(keys)):
        if mark > listed:
            yield Found(key, Cursor(cursor.scan, end, mark))


class Describing:
    """Tells more of the keys of one page, whose values have `most` bytes together."""

    def __init__(self, store: Store, include: set[str], most: int) -> None:
        self._store = store
        self._include = include
        self._most = most
        self._left = most

    def items(
        self, found: list[Found], deadline: float
    ) -> tuple[list[dict[str, Any]], int]:
        """Return the items, and of how many of the keys these are: at least of one.

        The page ends before the value that does not fit into it, and behind a batch
        when the deadline has passed.
        """
        items: list[dict[str, Any]] = []
        for start in range(0, len(found), BATCH):
            keys = [key for key, _ in found[start : start + BATCH]]
            for place, described in enumerate(self._described(keys)):
                whole = self._with_value(keys[place], described)
                if whole is None:
                    return items, start + place
                if whole.kind != "none":
                    items.append(_item(keys[place], whole, self._include))
            if time.monotonic() > deadline:
                return items, start + len(keys)
        return items, len(found)

    def _described(self, keys: list[bytes]) -> list[Description]:
        """Describe a batch: small values come with it, of larger ones only the size."""
        small = self._most // BATCH if "value" in self._include else -1
        return self._store.describe(keys, small)

    def _with_value(self, key: bytes, described: Description) -> Description | None:
        """Return the description with the value, None where that does not fit.

        A value that does not fit into any page is left out.
        """
        size = described.size or 0
        if "value" not in self._include or size > self._most:
            return described
        if size > self._left:
            return None
        self._left -= size
        if described.size is None or described.value is not None:
            return described
        return self._store.describe([key], self._most)[0]


def _item(key: bytes, described: Description, include: set[str]) -> dict[str, Any]:
    item: dict[str, Any] = key_fields(key)
    if described.kind != "string":
        item["type"] = described.kind
    if "ttl" in include:
        item["ttl"] = seconds_of(described.ttl)
    if "size" in include:
        item["size"] = described.size
    if "value" in include:
        value = described.value
        item |= {"value": None} if value is None else text_fields(value)
    return item
