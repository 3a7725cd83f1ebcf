"""GET /v1/kv: the keys with a prefix, a page at a time."""

from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import quote

from app.cursor import Cursor, mark_of
from app.document import text_fields
from app.exchange import Answer, Call, Headers, json_answer
from app.expiry import seconds_of
from app.key import check_key
from app.problems import Problem
from app.query import read_query
from app.representation import NOSNIFF, key_fields
from app.settings import Settings
from app.store import Store
from app.values import Description

PARAMETERS = ("prefix", "limit", "cursor", "include")
INCLUDED = ("ttl", "size", "value")
DEFAULT_LIMIT = 100
MOST_LIMIT = 1000
# A page costs Redis at most so many SCANs over about so many keys each.
SCANS = 20
SCANNED = 500
# The values of a page have no more bytes than this, or than one value may have.
PAGE_BYTES = 1024 * 1024


class Found(NamedTuple):
    """A key, and the cursor that continues behind it."""

    key: bytes
    behind: Cursor


def list_keys(store: Store, settings: Settings, call: Call) -> Answer:
    """Answer a page of {"keys": [{"key": …}], "cursor": …}, the last with null.

    Every key that was there all the time comes at least once, as SCAN guarantees:
    https://redis.io/docs/latest/commands/scan/. Raises Problem 414 and 422.
    """
    parameters = read_query(call.query, PARAMETERS)
    prefix = read_prefix(parameters, settings)
    limit = _limit(parameters)
    include = _include(parameters)
    cursor = Cursor()
    if "cursor" in parameters:
        cursor = Cursor.read(parameters["cursor"], prefix)
    found, following = _page(store, prefix, cursor, limit)
    if include:
        most = max(PAGE_BYTES, settings.max_value_bytes)
        items, following = _described(store, found, following, include, most)
    else:
        items = [key_fields(key) for key, _ in found]
    text = following.text(prefix) if following else None
    headers = (("Cache-Control", "no-store"), NOSNIFF, *_link(parameters, text))
    return json_answer({"keys": items, "cursor": text}, headers=headers)


def read_prefix(parameters: dict[str, bytes], settings: Settings) -> bytes:
    """Return the prefix, empty where there is none; raises Problem 414."""
    prefix = parameters.get("prefix", b"")
    if prefix:
        check_key(prefix, settings.max_key_bytes)
    return prefix


def _page(
    store: Store, prefix: bytes, cursor: Cursor, limit: int
) -> tuple[list[Found], Cursor | None]:
    """Return up to `limit` keys, and the cursor behind them: None at the end."""
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
        if len(found) == limit:
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


def _described(
    store: Store,
    found: list[Found],
    following: Cursor | None,
    include: set[str],
    most: int,
) -> tuple[list[dict[str, Any]], Cursor | None]:
    """Return what is to be said of the keys, and the cursor behind the last of them.

    Values of `most` bytes together end the page; one that is longer is left out.
    """
    keys = [key for key, _ in found]
    descriptions = store.describe(keys, -1)
    if "value" in include:
        fitting = _fitting(descriptions, most)
        if fitting < len(found):
            following = found[fitting - 1].behind
        keys = keys[:fitting]
        descriptions = store.describe(keys, _longest(descriptions[:fitting], most))
    return [
        _item(key, description, include)
        for key, description in zip(keys, descriptions, strict=True)
        if description.kind != "none"
    ], following


def _fitting(descriptions: list[Description], most: int) -> int:
    """Return how many of the values fit into a page, at least the first."""
    total = 0
    for index, description in enumerate(descriptions):
        size = description.size or 0
        total += size if size <= most else 0
        if total > most:
            return index
    return len(descriptions)


def _longest(descriptions: list[Description], most: int) -> int:
    sizes = [description.size or 0 for description in descriptions]
    return max((size for size in sizes if size <= most), default=0)


def _item(key: bytes, description: Description, include: set[str]) -> dict[str, Any]:
    item: dict[str, Any] = key_fields(key)
    if description.kind != "string":
        item["type"] = description.kind
    if "ttl" in include:
        item["ttl"] = seconds_of(description.ttl)
    if "size" in include:
        item["size"] = description.size
    if "value" in include:
        value = description.value
        item |= {"value": None} if value is None else text_fields(value)
    return item


def _limit(parameters: dict[str, bytes]) -> int:
    text = parameters.get("limit", b"%d" % DEFAULT_LIMIT)
    if text.isdigit() and len(text) <= 4 and 1 <= int(text) <= MOST_LIMIT:
        return int(text)
    detail = f"The parameter 'limit' must be a whole number from 1 to {MOST_LIMIT}."
    raise Problem(422, detail, parameter="limit")


def _include(parameters: dict[str, bytes]) -> set[str]:
    if "include" not in parameters:
        return set()
    names = parameters["include"].decode(errors="replace").split(",")
    if not set(names) <= set(INCLUDED):
        detail = f"The parameter 'include' lists some of {', '.join(INCLUDED)}."
        raise Problem(422, detail, parameter="include")
    return set(names)


def _link(parameters: dict[str, bytes], cursor: str | None) -> Headers:
    """Return the next page's address (RFC 8288), if there is one."""
    if cursor is None:
        return ()
    following = {**parameters, "cursor": cursor.encode()}
    fields = [f"{name}={quote(value, safe=',')}" for name, value in following.items()]
    return (("Link", f'</v1/kv?{"&".join(fields)}>; rel="next"'),)
