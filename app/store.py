"""What the API asks of Redis: keys and values in, plain results out."""

from collections.abc import Sequence
from typing import Any

from redis.exceptions import ResponseError

from app import scripts
from app.outage import Outage
from app.scripts import read_each, run
from app.transport import Argument, Transport
from app.values import (
    NEVER,
    UNCONDITIONAL,
    Change,
    ConditionFailedError,
    Conditions,
    Description,
    Expiry,
    Modified,
    NotANumberError,
    TooLargeError,
    Value,
    Written,
    WrongTypeError,
)

# Bounds the answer to "can Redis serve now?", whatever REDIS_TIMEOUT says.
PROBE_SECONDS = 1.5

# So many commands leave together at most: others' come between such batches.
BATCH = 100

# What Redis says of increments that it refuses, by a part of its message.
_REFUSED_INCREMENTS = {
    "not an integer": "The value is not a whole number of 64 bits.",
    "would overflow": "The sum is no whole number of 64 bits.",
    "not a valid float": "The value is not a number.",
    "NaN or Infinity": "The sum is too large for a number.",
}


class Store:
    """Values by key, both bytes, as plain Redis strings.

    Every method raises app.outage.Outage when Redis cannot serve it, and every one
    that needs a string raises WrongTypeError where the key holds another type.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def get(self, key: bytes) -> bytes | None:
        """Return the value, or None where Redis says that there is none (GET)."""
        try:
            value: bytes | None = self._transport.execute("GET", key, idempotent=True)
        except ResponseError as error:
            raise self._wrong_type(key, error) from error
        return value

    def set(self, key: bytes, value: bytes) -> None:
        """Store the value, whatever the key held before (SET)."""
        self._transport.execute("SET", key, value)

    def read(self, key: bytes) -> Value | None:
        """Return the value with its time to live, both of one instant."""
        try:
            reply = run(self._transport, scripts.READ, key, idempotent=True)
        except ResponseError as error:
            raise self._wrong_type(key, error) from error
        return reply and Value(reply[0], _ttl(reply[1]))

    def put(
        self,
        key: bytes,
        value: bytes,
        expiry: Expiry = NEVER,
        conditions: Conditions = UNCONDITIONAL,
        *,
        previous: bool = False,
    ) -> Written:
        """Store the value where the conditions hold; else raise ConditionFailedError.

        Only a string is replaced. Without conditions SET … GET does it: with large
        values that costs Redis a quarter of what a script does.
        """
        options = _set_options(expiry)
        if conditions is UNCONDITIONAL:
            try:
                old = self._transport.execute("SET", key, value, *options, "GET")
            except ResponseError as error:
                raise self._wrong_type(key, error) from error
            return Written(old is None, old)
        arguments = (*_encoded(conditions), int(previous), value, *options)
        outcome, *rest = run(self._transport, scripts.PUT, key, *arguments)
        _raise_refusal(outcome, rest)
        return Written(outcome == b"created", rest[0])

    def delete(
        self,
        key: bytes,
        conditions: Conditions = UNCONDITIONAL,
        *,
        previous: bool = False,
    ) -> Written | None:
        """Delete what the key holds; return None where that is nothing.

        Any type is deleted, but only a string is returned as the previous value.
        Raises ConditionFailedError.
        """
        arguments = (*_encoded(conditions), int(previous))
        outcome, *rest = run(self._transport, scripts.DELETE, key, *arguments)
        _raise_refusal(outcome, rest)
        return (
            None if outcome == b"missing" else Written(created=False, previous=rest[0])
        )

    def modify(
        self,
        key: bytes,
        change: Change,
        most: int,
        conditions: Conditions = UNCONDITIONAL,
    ) -> Modified | None:
        """Change the value in place; return None where there is none to change.

        Raises ConditionFailedError, NotANumberError, and TooLargeError where an
        appended value would have more than `most` bytes; nothing is changed then.
        """
        ttl = "" if change.create_ttl is None else change.create_ttl
        operands = (change.command, change.operand, int(change.create), ttl, most)
        try:
            reply = run(
                self._transport, scripts.MODIFY, key, *_encoded(conditions), *operands
            )
        except ResponseError as error:
            raise _refused_increment(error) from error
        outcome, *rest = reply
        _raise_refusal(outcome, rest)
        if outcome == b"missing":
            return None
        return Modified(outcome == b"created", _ttl(rest[0]), rest[1], rest[2])

    def scan(self, cursor: int, prefix: bytes, count: int) -> tuple[int, list[bytes]]:
        """Return the next cursor, 0 at the end, and some keys with the prefix (SCAN).

        Redis looks at about `count` keys, whether they have the prefix or not.
        """
        command: list[Argument] = ["SCAN", cursor, "COUNT", count]
        if prefix:
            command += ["MATCH", _literal(prefix) + b"*"]
        following, keys = self._transport.execute(*command, idempotent=True)
        return int(following), keys

    def describe(self, keys: Sequence[bytes], most: int) -> list[Description]:
        """Return what each of up to BATCH keys holds, with values of `most` bytes.

        Each key is looked at by itself; the kind of a missing one is "none".
        """
        replies = read_each(self._transport, scripts.DESCRIBE, keys, most)
        return [
            Description(kind.decode(), _ttl(ttl), size, value)
            for kind, ttl, size, value in replies
        ]

    def unlink(self, keys: Sequence[bytes]) -> int:
        """Delete the keys and return how many there were (UNLINK, one key each).

        The Outage that it raises is uncertain: some of them may be deleted.
        """
        deleted = 0
        for start in range(0, len(keys), BATCH):
            commands = [("UNLINK", key) for key in keys[start : start + BATCH]]
            try:
                deleted += sum(self._transport.execute_many(commands))
            except Outage as outage:  # of some commands; others may be carried out
                reason, detail = outage.reason, outage.detail
                raise Outage(reason, detail, uncertain=True) from outage
        return deleted

    def probe(self) -> None:
        """Ask for a write that changes nothing, but is refused as any write would be.

        SETRANGE with an empty value neither creates a key nor changes one, and is
        flagged as a write that needs memory. Raises Outage within PROBE_SECONDS.
        """
        try:
            self._transport.execute_within(
                PROBE_SECONDS, "SETRANGE", "flask-redis-api:probe", 0, b""
            )
        except ResponseError as error:
            if not str(error).startswith("WRONGTYPE"):
                raise

    def _wrong_type(self, key: bytes, error: ResponseError) -> Exception:
        if not str(error).startswith("WRONGTYPE"):
            return error
        kind: bytes = self._transport.execute("TYPE", key, idempotent=True)
        return WrongTypeError(kind.decode())


def _encoded(conditions: Conditions) -> tuple[str, str]:
    match, none_match = conditions.match, conditions.none_match
    return "-" if match is None else match, "-" if none_match is None else none_match


def _set_options(expiry: Expiry) -> tuple[Argument, ...]:
    if expiry.after is not None:
        return "PX", expiry.after
    if expiry.at is not None:
        return "PXAT", expiry.at
    return ("KEEPTTL",) if expiry.keep else ()


def _ttl(milliseconds: int) -> int | None:
    """Read PTTL's reply: negative is for ever."""
    return None if milliseconds < 0 else milliseconds


def _raise_refusal(outcome: bytes, rest: list[Any]) -> None:
    if outcome == b"type":
        raise WrongTypeError(rest[0].decode())
    if outcome == b"refused":
        raise ConditionFailedError(rest[0] and rest[0].decode())
    if outcome == b"too-large":
        raise TooLargeError(rest[0])


def _refused_increment(error: ResponseError) -> Exception:
    for part, sentence in _REFUSED_INCREMENTS.items():
        if part in str(error):
            return NotANumberError(sentence)
    return error


def _literal(prefix: bytes) -> bytes:
    """Escape what is special in a Redis pattern."""
    for special in (b"\\", b"*", b"?", b"["):
        prefix = prefix.replace(special, b"\\" + special)
    return prefix
