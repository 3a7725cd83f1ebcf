"""POST /set and GET /get/<key>: where people begin."""

from flask import Blueprint, Response

from app import current
from app.document import read_object, string_field, text_fields
from app.exchange import Answer, Call, current_call, json_answer, respond
from app.key import check_key, path_after
from app.problems import Problem
from app.settings import Settings
from app.store import Store

bp = Blueprint("simple", __name__)


@bp.get("/get/<key:key>")
def get(key: str) -> Response:  # noqa: ARG001 - its bytes come from the path
    """Answer the value under a key as JSON."""
    answer = get_value(current.store(), current.settings(), path_after("/get/"))
    return respond(answer)


@bp.post("/set")
def set_() -> Response:
    """Store the value of a JSON object under its key."""
    return respond(set_value(current.store(), current.settings(), current_call()))


def get_value(store: Store, settings: Settings, key: bytes) -> Answer:
    """Answer {"key": …, "value": …}; the value in base64 where it is not UTF-8.

    Raises Problem 404 where Redis has no value, 422 and 414 on a key out of bounds.
    """
    check_key(key, settings.max_key_bytes)
    try:
        name = key.decode()
    except UnicodeDecodeError:
        raise Problem(422, "The key must be UTF-8 here.", field="key") from None
    value = store.get(key)
    if value is None:
        raise Problem(404, "There is no value under this key.")
    return json_answer({"key": name, **text_fields(value)})


def set_value(store: Store, settings: Settings, call: Call) -> Answer:
    """Store {"key": …, "value": …}, both strings, and answer the same object.

    Raises Problem 400, 413, 415 and 422 on any other body.
    """
    most = settings.max_key_bytes + settings.max_value_bytes
    # JSON may write each byte as six, \\u0041; the rest of the object is short.
    document = read_object(call, ("key", "value"), 6 * most + 1024)
    key = string_field(document, "key", 1, settings.max_key_bytes)
    value = string_field(document, "value", 0, settings.max_value_bytes)
    store.set(key, value)
    return json_answer(document)
