"""Keys in paths: any bytes, within bounds."""

from flask import request
from werkzeug.routing import BaseConverter

from app.problems import Problem


class KeyConverter(BaseConverter):
    """Routes the rest of a path as a key: slashes, newlines, even nothing at all.

    Views take the bytes from `path_after`: werkzeug replaces what is not UTF-8.
    """

    regex = r"(?s:.*)"
    part_isolating = False


def path_after(prefix: str) -> bytes:
    """Return the bytes of the current path behind a prefix, percent-decoded."""
    path: str = request.environ["PATH_INFO"]
    return path.encode("latin-1").removeprefix(prefix.encode())


def check_key(key: bytes, limit: int) -> None:
    """Raise Problem 422 for an empty key and 414 for one of more bytes than `limit`."""
    if not key:
        raise Problem(422, "The key must not be empty.", field="key")
    if len(key) > limit:
        raise Problem(414, f"The key has {len(key)} bytes; {limit} are allowed.")
