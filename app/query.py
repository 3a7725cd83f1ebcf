"""Parameters of a query string: each known, each once."""

from collections.abc import Collection
from urllib.parse import unquote_to_bytes

from app.problems import Problem


def read_query(query: str, allowed: Collection[str]) -> dict[str, bytes]:
    """Decode a query string as an HTML form would be: + is a space, the rest is bytes.

    Raises Problem 422 for a parameter that is unknown here or comes twice.
    """
    found: dict[str, bytes] = {}
    for field in filter(None, query.split("&")):
        name = _name(field)
        if name not in allowed:
            raise Problem(422, _unknown(name, allowed), parameter=name)
        if name in found:
            detail = f"The parameter {name!r} must come only once."
            raise Problem(422, detail, parameter=name)
        found[name] = _decode(field.partition("=")[2])
    return found


def take(query: str, name: str) -> tuple[bytes | None, str]:
    """Return one parameter's value, None where it is missing, and the other fields.

    Raises Problem 422 where it comes twice.
    """
    fields = query.split("&")
    mine = [field for field in fields if _name(field) == name]
    if not mine:
        return None, query
    others = "&".join(field for field in fields if field not in mine)
    return read_query("&".join(mine), (name,))[name], others


def read_flag(parameters: dict[str, bytes], name: str) -> bool:
    """Return whether a parameter is `true`; absent is false.

    Raises Problem 422 for any other value than true or false.
    """
    value = parameters.get(name, b"false")
    if value not in (b"true", b"false"):
        detail = f"The parameter {name!r} must be true or false."
        raise Problem(422, detail, parameter=name)
    return value == b"true"


def _name(field: str) -> str:
    return _decode(field.partition("=")[0]).decode(errors="replace")


def _decode(text: str) -> bytes:
    return unquote_to_bytes(text.replace("+", " ").encode("latin-1"))


def _unknown(name: str, allowed: Collection[str]) -> str:
    known = ", ".join(sorted(allowed)) or "none"
    return f"There is no parameter {name!r} here; known: {known}."
