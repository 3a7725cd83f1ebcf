"""Every error as one shape: application/problem+json (RFC 9457)."""

import logging
from http import HTTPStatus
from typing import Any

from flask import Flask, Response
from werkzeug.exceptions import HTTPException

from app.exchange import Answer, Headers, json_answer, respond
from app.outage import Outage
from app.values import (
    ConditionFailedError,
    RefusedError,
    TooLargeError,
    WrongTypeError,
)

PROBLEM_JSON = "application/problem+json"
# Headers that say what to do about an error; the rest belongs to werkzeug's own page.
KEPT_HEADERS = ("Allow", "Content-Range", "Retry-After", "WWW-Authenticate")

logger = logging.getLogger(__name__)


class Problem(Exception):  # noqa: N818 - RFC 9457's word
    """An error to answer a client with; `members` are extension members of it."""

    def __init__(
        self,
        status: int,
        detail: str,
        *,
        headers: Headers = (),
        **members: Any,  # noqa: ANN401 - whatever json can encode
    ) -> None:
        self.status = status
        self.detail = detail
        self.headers = headers
        self.members = members
        super().__init__(detail)

    def document(self) -> dict[str, Any]:
        """Return the problem's members."""
        return {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "detail": self.detail,
            **self.members,
        }

    def answer(self) -> Answer:
        """Return the problem document with its headers."""
        headers = (("Cache-Control", "no-store"), *self.headers)
        return json_answer(self.document(), self.status, headers, PROBLEM_JSON)


def answer_to(error: Exception) -> Answer:
    """Return what a client is told of an error, without anything of our insides."""
    return problem_of(error).answer()


def init_app(app: Flask) -> None:
    """Answer every error of the app as a problem."""
    app.register_error_handler(Exception, _respond_to)


def _respond_to(error: Exception) -> Response:
    return respond(answer_to(error))


def problem_of(error: Exception) -> Problem:
    """Return the problem that an error is, without anything of our insides."""
    match error:
        case Problem():
            return error
        case Outage():
            return _outage_problem(error)
        case RefusedError():
            return _refusal(error)
        case HTTPException(code=int(code)) if code >= HTTPStatus.BAD_REQUEST:
            return Problem(code, error.description or "", headers=_kept_headers(error))
    logger.error("unhandled error", exc_info=error)
    return Problem(500, "The service failed to answer; its log says why.")


def _refusal(error: RefusedError) -> Problem:
    match error:
        case WrongTypeError():
            return Problem(409, str(error), redis_type=error.type)
        case ConditionFailedError(digest=str(digest)):
            return Problem(412, str(error), etag=f'"{digest}"')
        case ConditionFailedError():
            return Problem(412, str(error))
        case TooLargeError():
            return Problem(413, str(error))
    return Problem(409, str(error))


def _outage_problem(outage: Outage) -> Problem:
    members = {"applied": "unknown"} if outage.uncertain else {}
    return Problem(
        503,
        outage.detail,
        headers=(("Retry-After", "1"),),
        reason=outage.reason,
        **members,
    )


def _kept_headers(error: HTTPException) -> Headers:
    headers = error.get_response().headers
    return tuple((name, headers[name]) for name in KEPT_HEADERS if name in headers)
