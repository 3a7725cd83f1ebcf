"""GET /v1/kv: the keys with a prefix, a page at a time."""

import time
from urllib.parse import quote

from app.cursor import Cursor
from app.exchange import Answer, Call, Headers, json_answer
from app.key import check_key
from app.page import Describing, find_keys
from app.problems import Problem
from app.query import read_query
from app.representation import NOSNIFF, key_fields
from app.settings import Settings
from app.store import Store

PARAMETERS = ("prefix", "limit", "cursor", "include")
INCLUDED = ("ttl", "size", "value")
DEFAULT_LIMIT = 100
MOST_LIMIT = 1000
# After so many seconds a page ends where it is: a busy Redis makes pages short.
PAGE_SECONDS = 0.05
# The values of a page have no more bytes than this, or than one value may have.
PAGE_BYTES = 1024 * 1024


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
    deadline = time.monotonic() + PAGE_SECONDS
    found, following = find_keys(store, prefix, cursor, limit, deadline)
    items = [key_fields(key) for key, _ in found]
    if include:
        describe = Describing(store, include, max(PAGE_BYTES, settings.max_value_bytes))
        items, told = describe.items(found, deadline)
        if told < len(found):
            following = found[told - 1].behind
    text = following.text(prefix) if following else None
    headers = (("Cache-Control", "no-store"), NOSNIFF, *_link(parameters, text))
    return json_answer({"keys": items, "cursor": text}, headers=headers)


def read_prefix(parameters: dict[str, bytes], settings: Settings) -> bytes:
    """Return the prefix, empty where there is none; raises Problem 414."""
    prefix = parameters.get("prefix", b"")
    if prefix:
        check_key(prefix, settings.max_key_bytes)
    return prefix


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
