"""/v1/kv/<key>: a value as a resource, with the full semantics of HTTP."""

from collections.abc import Callable

from werkzeug.exceptions import RequestEntityTooLarge

from app import expiry
from app.conditions import entity_tag, read_conditions
from app.exchange import Answer, Call, Headers
from app.key import check_key
from app.problems import Problem
from app.query import read_query
from app.ranges import read_range
from app.representation import bytes_answer, object_answer, value_document, wants_json
from app.settings import Settings
from app.store import Store
from app.values import (
    ANY,
    NEVER,
    UNCONDITIONAL,
    ConditionFailedError,
    Conditions,
    Value,
    covers,
    digest_of,
)

Handler = Callable[[Store, Settings, bytes, Call], Answer]

# Caches may keep a value, but must ask before each use whether it is still the same.
VALUE_HEADERS = (("Cache-Control", "no-cache"), ("Vary", "Accept"))


def get_value(store: Store, settings: Settings, key: bytes, call: Call) -> Answer:
    """Answer the value as bytes, or as JSON where that is preferred.

    304 where the client has it, 206 with the range that it asks for. Raises Problem
    404, 406, 412, 416 and, on a malformed request, 400, 414 or 422.
    """
    check_key(key, settings.max_key_bytes)
    if call.query:
        read_query(call.query, ())
    as_json = wants_json(call.header("accept"))
    conditions = read_conditions(call.header)
    value = store.read(key)
    if value is None:
        raise no_value()
    headers = (*VALUE_HEADERS, *_ttl_header(value))
    digest = digest_of(value.data)
    if conditions is not UNCONDITIONAL and _has(conditions, digest, as_json=as_json):
        tag = () if as_json else (("ETag", entity_tag(digest)),)
        return Answer(304, b"", (*headers, *tag))
    if as_json:
        ttl = expiry.seconds_of(value.ttl)
        return object_answer({**value_document(key, value.data), "ttl": ttl}, headers)
    headers += (("ETag", entity_tag(digest)), ("Accept-Ranges", "bytes"))
    return _part(call, value.data, digest, headers) or bytes_answer(value.data, headers)


def put_value(store: Store, settings: Settings, key: bytes, call: Call) -> Answer:
    """Store the body under the key: 201 where that is new, 204 where it replaced.

    With ?return=previous a replaced value is answered with 200. Raises Problem 409,
    412, 413 and, on a malformed request, 400, 414 or 422; nothing is changed then.
    """
    check_key(key, settings.max_key_bytes)
    parameters = {}
    if call.query:
        parameters = read_query(call.query, (*expiry.PARAMETERS, "return"))
    lifetime = expiry.read_expiry(parameters) if parameters else NEVER
    previous = _returns_previous(parameters)
    conditions = read_conditions(call.header)
    if call.header("content-range") is not None:
        detail = "A part of a value cannot be put (RFC 9110, section 14.5)."
        raise Problem(400, detail, header="Content-Range")
    data = read_body(call, settings.max_value_bytes)
    written = store.put(key, data, lifetime, conditions, previous=previous)
    headers = (("ETag", entity_tag(digest_of(data))),)
    if written.created:
        return Answer(201, b"", headers)
    if previous:
        return _previous(call, key, written.previous or b"", headers)
    return Answer(204, b"", headers)


def delete_value(store: Store, settings: Settings, key: bytes, call: Call) -> Answer:
    """Delete what the key holds, of any type: 204, or 200 with ?return=previous.

    Raises Problem 404, 409, 412 and, on a malformed request, 400, 414 or 422.
    """
    check_key(key, settings.max_key_bytes)
    previous = _returns_previous(read_query(call.query, ("return",)))
    conditions = read_conditions(call.header)
    deleted = store.delete(key, conditions, previous=previous)
    if deleted is None:
        raise no_value()
    if previous:
        return _previous(call, key, deleted.previous or b"", ())
    return Answer(204)


def no_value() -> Problem:
    """Return the problem that Redis has nothing under the key."""
    return Problem(404, "There is no value under this key.")


def read_body(call: Call, limit: int) -> bytes:
    """Return the body; raises Problem 413 once it is longer than `limit` bytes."""
    try:
        return call.read(limit)
    except RequestEntityTooLarge:
        detail = f"The value has more than the {limit} bytes that are allowed."
        raise Problem(413, detail) from None


def _has(conditions: Conditions, digest: str, *, as_json: bool) -> bool:
    """Tell whether the client has the value; raises ConditionFailedError.

    The JSON object has no entity tag of its own, so that no list can name it.
    """
    match, none_match = conditions.match, conditions.none_match
    if match is not None and not covers(match, digest):
        raise ConditionFailedError(digest)
    if none_match is None or as_json:
        return none_match == ANY
    return covers(none_match, digest)


def _part(call: Call, data: bytes, digest: str, headers: Headers) -> Answer | None:
    """Answer the range that a GET asks for, if it does (RFC 9110, section 14.2)."""
    wanted = call.header("range")
    if wanted is None or call.method != "GET":
        return None
    if call.header("if-range") not in (None, entity_tag(digest)):
        return None
    part = read_range(wanted, len(data))
    if part is None:
        return None
    where = f"bytes {part.start}-{part.stop - 1}/{len(data)}"
    return bytes_answer(data[part], (*headers, ("Content-Range", where)), 206)


def _previous(call: Call, key: bytes, data: bytes, headers: Headers) -> Answer:
    try:
        as_json = wants_json(call.header("accept"))
    except Problem:  # the write is done: what it answers must not look like a refusal
        as_json = False
    if as_json:
        return object_answer(value_document(key, data), headers)
    return bytes_answer(data, headers)


def _returns_previous(parameters: dict[str, bytes]) -> bool:
    wanted = parameters.get("return")
    if wanted not in (None, b"previous"):
        detail = "The parameter 'return' must be previous."
        raise Problem(422, detail, parameter="return")
    return wanted is not None


def _ttl_header(value: Value) -> Headers:
    return () if value.ttl is None else (("Key-TTL", str(value.ttl / 1000)),)
