"""One HTTP exchange as plain values: what a call asks, and what is answered.

Handlers that take a Call and return an Answer run the same under Flask's dispatch
and without it.
"""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from flask import Response, request
from werkzeug.exceptions import RequestEntityTooLarge

JSON = "application/json"
Headers = tuple[tuple[str, str], ...]

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@dataclass(frozen=True, slots=True)
class Call:
    """What a client asks of one resource.

    `header` looks a request header up by its lower-case name. `read` returns the
    body, or raises werkzeug's RequestEntityTooLarge once it is longer than so many
    bytes, before it is read whole.
    """

    method: str
    query: str
    header: Callable[[str], str | None]
    read: Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the service answers: a status, headers and a body, whole or streamed."""

    status: int
    body: bytes | Iterable[bytes] = b""
    headers: Headers = ()


def json_answer(
    payload: Any,  # noqa: ANN401 - whatever json can encode
    status: int = 200,
    headers: Headers = (),
    content_type: str = JSON,
) -> Answer:
    """Answer a value as JSON, one line, with a newline for terminals."""
    # Half a surrogate pair has no UTF-8; escaped, it is what JSON has for it.
    body = (_encode(payload) + "\n").encode(errors="backslashreplace")
    return Answer(status, body, (("Content-Type", content_type), *headers))


def current_call() -> Call:
    """Return the request that Flask dispatches now as a Call."""
    return Call(
        method=request.method,
        query=request.query_string.decode("latin-1"),
        header=request.headers.get,
        read=_read,
    )


def respond(answer: Answer) -> Response:
    """Give Flask an Answer to send."""
    response = Response(answer.body, answer.status)
    response.headers.clear()
    for name, value in answer.headers:
        response.headers.add(name, value)
    if isinstance(answer.body, bytes):
        response.headers["Content-Length"] = str(len(answer.body))
    return response


def _read(limit: int) -> bytes:
    # Of a chunked body werkzeug reads the maximum and leaves the rest without a word.
    request.max_content_length = limit + 1
    body = request.get_data(cache=False)
    if len(body) > limit:
        raise RequestEntityTooLarge
    return body
