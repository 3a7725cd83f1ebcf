"""How long a value shall live: seconds as people write them, milliseconds for Redis."""

import re
import time
from decimal import Decimal
from typing import Any

from app.problems import Problem
from app.query import read_flag
from app.values import NEVER, Expiry

# About 317 years; ten digits keep every sum with the clock far inside 64 bits.
MOST_SECONDS = 9_999_999_999
PARAMETERS = ("ttl", "expires_at", "keep_ttl")
_SECONDS = re.compile(rb"\d{1,10}(\.\d{1,30})?")
_EXPECTED = f"must be seconds from 0.001 to {MOST_SECONDS}, such as 60 or 1.5."


def read_expiry(parameters: dict[str, bytes]) -> Expiry:
    """Read ttl, expires_at or keep_ttl, of which at most one may be given.

    Raises Problem 422 with the parameter's name.
    """
    given = [name for name in PARAMETERS if name in parameters]
    if len(given) > 1:
        detail = f"The parameters {' and '.join(given)} exclude each other."
        raise Problem(422, detail, parameter=given[1])
    if "ttl" in parameters:
        return Expiry(after=_milliseconds("ttl", parameters["ttl"]))
    if "expires_at" in parameters:
        return Expiry(at=_future("expires_at", parameters["expires_at"]))
    return Expiry(keep=True) if read_flag(parameters, "keep_ttl") else NEVER


def milliseconds_field(name: str, seconds: Any) -> int:  # noqa: ANN401 - from JSON
    """Return a JSON number of seconds in milliseconds; raises Problem 422."""
    is_number = isinstance(seconds, int | float) and not isinstance(seconds, bool)
    if is_number and 0.001 <= seconds <= MOST_SECONDS:
        milliseconds: int = round(seconds * 1000)
        return milliseconds
    raise Problem(422, f"The field {name!r} {_EXPECTED}", field=name)


def seconds_of(milliseconds: int | None) -> float | None:
    """Return a time to live as clients see it: seconds, or None for ever."""
    return None if milliseconds is None else milliseconds / 1000


def _future(name: str, text: bytes) -> int:
    milliseconds = _milliseconds(name, text)
    if milliseconds <= time.time() * 1000:
        detail = f"The parameter {name!r} lies in the past."
        raise Problem(422, detail, parameter=name)
    return milliseconds


def _milliseconds(name: str, text: bytes) -> int:
    if _SECONDS.fullmatch(text):
        milliseconds = round(Decimal(text.decode()) * 1000)
        if milliseconds > 0:
            return milliseconds
    raise Problem(422, f"The parameter {name!r} {_EXPECTED}", parameter=name)
