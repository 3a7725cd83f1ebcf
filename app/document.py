"""JSON in bodies: what a client may send, and bytes as text in what it gets."""

import base64
import json
from collections.abc import Iterable
from typing import Any, NoReturn

from app.exchange import JSON, Call
from app.problems import Problem


def read_object(call: Call, fields: Iterable[str], limit: int) -> dict[str, Any]:
    """Read a body of at most `limit` bytes that is a JSON object of those fields.

    Raises Problem 415 where it is not declared as JSON, 400 where it is broken, 422
    where it is no object or has another field, and 413 where it is too long.
    """
    _check_content_type(call)
    document = _parse(call.read(limit))
    if not isinstance(document, dict):
        raise Problem(422, "The body must be a JSON object.")
    for name in document:
        if name not in fields:
            raise Problem(422, f"There is no field {name!r} here.", field=name)
    return document


def string_field(document: dict[str, Any], name: str, least: int, most: int) -> bytes:
    """Return a field's string as UTF-8, of `least` to `most` bytes.

    Raises Problem 422 where it is missing, no string, or too short, and 413 where it
    is too long.
    """
    if name not in document:
        raise Problem(422, f"The field {name!r} is missing.", field=name)
    value = document[name]
    if not isinstance(value, str):
        raise Problem(422, f"The field {name!r} must be a string.", field=name)
    try:
        encoded = value.encode()
    except UnicodeEncodeError:
        detail = f"The field {name!r} has half of a surrogate pair."
        raise Problem(422, detail, field=name) from None
    if len(encoded) < least:
        raise Problem(422, f"The field {name!r} must not be empty.", field=name)
    if len(encoded) > most:
        detail = f"The field {name!r} has {len(encoded)} bytes; {most} are allowed."
        raise Problem(413, detail, field=name)
    return encoded


def text_fields(value: bytes) -> dict[str, str]:
    """Return the fields that carry bytes in JSON: base64 where they are not UTF-8."""
    try:
        return {"value": value.decode()}
    except UnicodeDecodeError:
        return {"value": base64.b64encode(value).decode(), "encoding": "base64"}


def _check_content_type(call: Call) -> None:
    content_type = call.header("content-type") or ""
    media_type = content_type.partition(";")[0].strip().lower()
    if media_type != JSON and not media_type.endswith("+json"):
        detail = f"The body must be sent with Content-Type: {JSON}."
        # RFC 5789, section 2.2, and RFC 9110, section 15.5.16
        accept = "Accept-Patch" if call.method == "PATCH" else "Accept"
        raise Problem(415, detail, headers=((accept, JSON),))


def _parse(body: bytes) -> Any:  # noqa: ANN401 - whatever JSON holds
    try:
        return json.loads(body.decode(), parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        detail = f"The body is not valid JSON: {error}."
        raise Problem(400, detail) from None


def _refuse_constant(name: str) -> NoReturn:
    message = f"{name} is no JSON value"
    raise ValueError(message)
