"""PATCH /v1/kv/<key>: changes of a value in place."""

import base64
import binascii
import math
from typing import Any

from app.conditions import entity_tag, read_conditions
from app.document import read_object, string_field
from app.exchange import Answer, Call, json_answer
from app.expiry import milliseconds_field, seconds_of
from app.key import check_key
from app.kv import no_value
from app.problems import Problem
from app.query import read_query
from app.representation import NOSNIFF, key_fields
from app.settings import Settings
from app.store import Store
from app.values import Change, Modified, digest_of

CHANGES = ("increment", "append", "ttl", "persist")
FIELDS = (*CHANGES, "encoding", "create", "create_ttl")
LEAST_INTEGER, MOST_INTEGER = -(2**63), 2**63 - 1


def patch_value(store: Store, settings: Settings, key: bytes, call: Call) -> Answer:
    """Change the value as a JSON object says: 200, or 201 where that created it.

    Raises Problem 404, 409, 412, 413, 415 and, on a malformed request, 400, 414 or
    422; nothing is changed then.
    """
    check_key(key, settings.max_key_bytes)
    if call.query:
        read_query(call.query, ())
    conditions = read_conditions(call.header)
    most = settings.max_value_bytes
    # JSON may write each byte as six, \\u0041; the rest of the object is short.
    change = read_change(read_object(call, FIELDS, 6 * most + 1024), most)
    modified = store.modify(key, change, most, conditions)
    if modified is None:
        raise no_value()
    status = 201 if modified.created else 200
    return json_answer(_document(key, modified), status, (NOSNIFF,))


def read_change(document: dict[str, Any], most: int) -> Change:
    """Read the one change that an object describes.

    Raises Problem 422, and 413 where more than `most` bytes are to be appended.
    """
    chosen = [name for name in CHANGES if name in document]
    if len(chosen) != 1:
        raise Problem(422, f"Give exactly one of {', '.join(CHANGES)}.")
    name = chosen[0]
    if "encoding" in document and name != "append":
        raise Problem(422, "Only 'append' has an encoding.", field="encoding")
    if name == "ttl":
        _check_creates_nothing(document)
        return Change("PEXPIRE", milliseconds_field("ttl", document["ttl"]))
    if name == "persist":
        _check_creates_nothing(document)
        _check_true("persist", document["persist"])
        return Change("PERSIST")
    create = _create(document)
    create_ttl = _create_ttl(document, create=create)
    if name == "append":
        return Change("APPEND", _appended(document, most), create, create_ttl)
    amount = document["increment"]
    command = "INCRBYFLOAT" if isinstance(amount, float) else "INCRBY"
    return Change(command, _checked_amount(amount), create, create_ttl)


def _document(key: bytes, modified: Modified) -> dict[str, Any]:
    document: dict[str, Any] = key_fields(key)
    if modified.number is not None:
        document["value"] = modified.number.decode()
        document["etag"] = entity_tag(digest_of(modified.number))
    return {**document, "size": modified.size, "ttl": seconds_of(modified.ttl)}


def _checked_amount(amount: Any) -> int | float:  # noqa: ANN401 - from JSON
    is_whole = isinstance(amount, int) and not isinstance(amount, bool)
    if is_whole and LEAST_INTEGER <= amount <= MOST_INTEGER:
        return int(amount)
    if isinstance(amount, float) and math.isfinite(amount):
        return amount
    detail = "The field 'increment' must be a number; a whole one has 64 bits."
    raise Problem(422, detail, field="increment")


def _appended(document: dict[str, Any], most: int) -> bytes:
    encoding = document.get("encoding")
    if "encoding" not in document:
        return string_field(document, "append", 0, most)
    if encoding != "base64":
        raise Problem(422, "The encoding must be base64.", field="encoding")
    text = string_field(document, "append", 0, 4 * (most // 3 + 1))
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        detail = "The field 'append' is not valid base64."
        raise Problem(422, detail, field="append") from None


def _create(document: dict[str, Any]) -> bool:
    create = document.get("create", True)
    if not isinstance(create, bool):
        detail = "The field 'create' must be true or false."
        raise Problem(422, detail, field="create")
    return create


def _create_ttl(document: dict[str, Any], *, create: bool) -> int | None:
    if "create_ttl" not in document:
        return None
    if not create:
        detail = "The field 'create_ttl' needs 'create' not to be false."
        raise Problem(422, detail, field="create_ttl")
    return milliseconds_field("create_ttl", document["create_ttl"])


def _check_creates_nothing(document: dict[str, Any]) -> None:
    if document.get("create", False) is not False:
        raise Problem(422, "This change creates nothing.", field="create")
    if "create_ttl" in document:
        raise Problem(422, "This change creates nothing.", field="create_ttl")


def _check_true(name: str, value: object) -> None:
    if value is not True:
        raise Problem(422, f"The field {name!r} must be true.", field=name)
