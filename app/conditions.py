"""Preconditions of a request (RFC 9110, section 13) on a value's entity tag."""

import re
from collections.abc import Callable

from app.problems import Problem
from app.values import ANY, UNCONDITIONAL, Conditions

_TAG = r'(?:W/)?"[!#-~\x80-\xff]*"'
_TAGS = re.compile(rf"[ \t,]*{_TAG}(?:[ \t]*,[ \t,]*{_TAG})*[ \t,]*")
_OURS = re.compile(r'(W/)?"([0-9a-f]{40})"')


def entity_tag(digest: str) -> str:
    """Return the strong entity tag as the ETag header carries it."""
    return f'"{digest}"'


def read_conditions(header: Callable[[str], str | None]) -> Conditions:
    """Read If-Match and If-None-Match; raises Problem 400 where one is malformed.

    If-Match compares strongly: a weak tag never matches. If-None-Match compares weakly
    (RFC 9110, sections 13.1.1 and 13.1.2). Tags that no value has are left out.
    """
    match = header("if-match")
    none_match = header("if-none-match")
    if match is None and none_match is None:
        return UNCONDITIONAL
    return Conditions(
        _digests("If-Match", match, weak=False),
        _digests("If-None-Match", none_match, weak=True),
    )


def _digests(name: str, value: str | None, *, weak: bool) -> str | None:
    if value is None or value == ANY:
        return value
    if not _TAGS.fullmatch(value):
        detail = f"{name} must be * or entity tags in double quotes, as ETag has them."
        raise Problem(400, detail, header=name)
    found = _OURS.findall(value)
    return " ".join(digest for mark, digest in found if weak or not mark)
