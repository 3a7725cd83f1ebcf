"""The one byte range of a request (RFC 9110, section 14)."""

import re

from app.problems import Problem

_RANGE = re.compile(r"bytes=[ \t]*([0-9]*)-([0-9]*)[ \t]*", re.IGNORECASE)
# A position of more digits lies behind every value's end.
_BEYOND = 10**18


def read_range(header: str, size: int) -> slice | None:
    """Return which bytes of `size` a Range header asks for.

    None where it is to be ignored: malformed, of another unit, or of several ranges,
    which a server may answer with the whole. Raises Problem 416 where the value has no
    such bytes.
    """
    found = _RANGE.fullmatch(header)
    if found is None:
        return None
    first, last = (_position(digits) for digits in found.groups())
    if first is not None and last is not None and last < first:
        return None
    if first is not None:
        start, stop = first, size if last is None else min(last + 1, size)
    elif last is not None:
        start, stop = max(size - last, 0), size
    else:
        return None
    if start >= size:
        detail = f"The value has {size} bytes; none of them is in the range."
        headers = (("Content-Range", f"bytes */{size}"),)
        raise Problem(416, detail, headers=headers, header="Range")
    return slice(start, stop)


def _position(digits: str) -> int | None:
    if not digits:
        return None
    return int(digits) if len(digits) <= 18 else _BEYOND
