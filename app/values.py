"""What is said of values between HTTP and Redis: results, conditions and refusals."""

import hashlib
from dataclasses import dataclass
from typing import NamedTuple

ANY = "*"


class Value(NamedTuple):
    """A stored value; `ttl` is what is left of its life in milliseconds."""

    data: bytes
    ttl: int | None = None


class Written(NamedTuple):
    """What a write did: made the key anew or not; `previous` where it was asked."""

    created: bool
    previous: bytes | None = None


class Modified(NamedTuple):
    """What a value became; `number` is its text after an increment."""

    created: bool
    ttl: int | None
    size: int
    number: bytes | None = None


class Description(NamedTuple):
    """What a key holds; size and value only of a string, the value if not too large."""

    kind: str
    ttl: int | None
    size: int | None
    value: bytes | None


@dataclass(frozen=True, slots=True)
class Expiry:
    """When a value ends: `after` or `at` so many milliseconds (Unix), or as before."""

    after: int | None = None
    at: int | None = None
    keep: bool = False


@dataclass(frozen=True, slots=True)
class Conditions:
    """What must hold of the stored value, as both Python and Lua read it.

    Each is None where it was not sent, "*", or digests with spaces between them.
    """

    match: str | None = None
    none_match: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """One change of a value in place: a Redis command with its operand.

    A missing key is created, with `create_ttl` milliseconds to live, or left missing.
    """

    command: str
    operand: bytes | int | float = b""
    create: bool = False
    create_ttl: int | None = None


NEVER = Expiry()
UNCONDITIONAL = Conditions()


class RefusedError(Exception):
    """What is stored does not allow what was asked; nothing was changed."""


class WrongTypeError(RefusedError):
    """The key holds another type than a string; `type` is Redis' name of it."""

    def __init__(self, type: str) -> None:  # noqa: A002 - Redis' own word
        self.type = type
        super().__init__(f"The key holds a {type}, not a string.")


class ConditionFailedError(RefusedError):
    """A condition did not hold; `digest` is the stored value's where it was needed."""

    def __init__(self, digest: str | None) -> None:
        self.digest = digest
        super().__init__("The stored value does not meet If-Match or If-None-Match.")


class NotANumberError(RefusedError):
    """The value cannot be incremented; the message says why."""


class TooLargeError(RefusedError):
    """The value would have `size` bytes, more than are allowed."""

    def __init__(self, size: int) -> None:
        super().__init__(f"The value would have {size} bytes, more than are allowed.")


def digest_of(value: bytes) -> str:
    """Return what stands between the quotes of a value's strong entity tag."""
    return hashlib.sha1(value, usedforsecurity=False).hexdigest()


def covers(condition: str, digest: str) -> bool:
    """Tell whether a condition is "*" or lists the digest."""
    return condition == ANY or digest in condition
