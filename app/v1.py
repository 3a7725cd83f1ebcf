"""/v1/kv as Flask serves it: which handler answers which request."""

from dataclasses import replace

from flask import Blueprint, Response

from app import current
from app.conditions import read_conditions
from app.exchange import Answer, Call, current_call, respond
from app.key import path_after
from app.kv import Handler, delete_value, get_value, put_value
from app.listing import list_keys
from app.patch import patch_value
from app.prefix_delete import delete_prefix
from app.problems import Problem
from app.query import take
from app.settings import Settings
from app.store import Store
from app.values import UNCONDITIONAL

METHODS = ("GET", "PUT", "PATCH", "DELETE")
HANDLERS: dict[str, Handler] = {
    "GET": get_value,
    "HEAD": get_value,
    "PUT": put_value,
    "PATCH": patch_value,
    "DELETE": delete_value,
}

bp = Blueprint("kv", __name__, url_prefix="/v1/kv")


@bp.route("/<key:key>", methods=METHODS)
def value(key: str) -> Response:  # noqa: ARG001 - its bytes come from the path
    """Answer for the value under the key that the path names."""
    call = current_call()
    handler = HANDLERS[call.method]
    key_bytes = path_after("/v1/kv/")
    return respond(handler(current.store(), current.settings(), key_bytes, call))


@bp.route("", methods=METHODS)
def keyspace() -> Response:
    """Answer for the key that ?key= names, or for all keys with a prefix."""
    return respond(_answer(current.store(), current.settings(), current_call()))


def _answer(store: Store, settings: Settings, call: Call) -> Answer:
    key, others = take(call.query, "key")
    if key is not None:
        call = replace(call, query=others)
        return HANDLERS[call.method](store, settings, key, call)
    if call.method in ("PUT", "PATCH"):
        raise Problem(422, _NO_KEY, parameter="key")
    conditions = read_conditions(call.header)
    if call.method != "DELETE":
        return list_keys(store, settings, call)
    if conditions is not UNCONDITIONAL:
        raise Problem(422, _ONE_VALUE, parameter="prefix")
    return delete_prefix(store, settings, call)


_NO_KEY = "Name the key in the path, /v1/kv/<key>, or as the parameter 'key'."
_ONE_VALUE = "If-Match and If-None-Match are about one value, not about a prefix."
