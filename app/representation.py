"""A value as clients get it: its bytes, or a JSON object about it."""

import base64
from functools import lru_cache
from typing import Any

from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header

from app.conditions import entity_tag
from app.document import text_fields
from app.exchange import JSON, Answer, Headers, json_answer
from app.problems import Problem
from app.values import digest_of

BYTES = "application/octet-stream"
NOSNIFF = ("X-Content-Type-Options", "nosniff")


def wants_json(accept: str | None) -> bool:
    """Tell whether a client prefers JSON to bytes (RFC 9110, section 12.5.1).

    Raises Problem 406 where it accepts neither.
    """
    if accept is None or accept == "*/*":
        return False
    chosen = _chosen(accept)
    if chosen is None:
        detail = f"A value comes as {BYTES} or as {JSON}."
        raise Problem(406, detail, header="Accept")
    return chosen == JSON


def bytes_answer(data: bytes, headers: Headers, status: int = 200) -> Answer:
    """Answer bytes, which no browser shall take for anything else."""
    return Answer(status, data, (("Content-Type", BYTES), NOSNIFF, *headers))


def object_answer(document: dict[str, Any], headers: Headers) -> Answer:
    """Answer a JSON object about a value."""
    return json_answer(document, headers=(NOSNIFF, *headers))


def value_document(key: bytes, value: bytes) -> dict[str, Any]:
    """Return the JSON object about a value, its entity tag among the fields."""
    return {
        **key_fields(key),
        **text_fields(value),
        "size": len(value),
        "etag": entity_tag(digest_of(value)),
    }


def key_fields(key: bytes) -> dict[str, str]:
    """Return the fields that carry a key in JSON: base64 where it is not UTF-8."""
    try:
        return {"key": key.decode()}
    except UnicodeDecodeError:
        return {"key": base64.b64encode(key).decode(), "key_encoding": "base64"}


@lru_cache(maxsize=256)
def _chosen(accept: str) -> str | None:
    return parse_accept_header(accept, MIMEAccept).best_match((BYTES, JSON))
