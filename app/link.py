"""The one connection to Redis that an event loop keeps, and what waits for it."""

import asyncio
import random
from collections.abc import Iterable
from typing import Any

from redis.exceptions import RedisError

from app.endpoint import Endpoint
from app.metrics import RedisMetrics
from app.outage import (
    FAILED_OVER,
    FAILOVER_PAUSE,
    ConnectionLostError,
    Outage,
    Reason,
    outage_of,
)
from app.outbox import Outbox
from app.transport import Command as Words
from app.wire import Command, Wire

# How many commands may wait at once, for the connection or for an answer.
MOST_COMMANDS = 4096
# Seconds from one attempt to connect to the next: at first, and in the end.
FIRST_PAUSE = 0.05
LAST_PAUSE = 1.0
DOUBLINGS = 5

Reply = asyncio.Future[Any]


class Link:
    """Sends commands in batches: all that come in one turn of the loop leave together.

    It connects for the first command, and again after the connection was lost; in
    between attempts it refuses commands.
    """

    def __init__(self, endpoint: Endpoint, metrics: RedisMetrics | None) -> None:
        self._endpoint = endpoint
        self._metrics = metrics
        self._outbox = Outbox()
        self._flush_is_due = False
        self._wire: Wire | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._was_connected = False
        self._failures = 0
        self._outage = Outage(Reason.UNREACHABLE)
        self._paused_until = 0.0
        self._kept_until = 0.0

    def close(self) -> None:
        """Close the connection."""
        if self._connecting is not None:
            self._connecting.cancel()
        if self._wire is not None:
            self._wire.close()

    def send(self, words: Words, *, idempotent: bool = False) -> Reply:
        """Let a command leave soon; return the future of its reply, be it an error.

        Raises Outage at once while Redis is known to be gone, or too much waits.
        """
        loop = asyncio.get_running_loop()
        if self._paused_until > loop.time():
            raise _as_told(self._outage)
        if self._depth() >= MOST_COMMANDS:
            raise Outage(Reason.OVERLOADED)
        reply = loop.create_future()
        self._outbox.put(Command(words, reply, idempotent=idempotent))
        self._flush_soon()
        return reply

    def _flush_soon(self) -> None:
        if not self._flush_is_due and self._outbox:
            self._flush_is_due = True
            asyncio.get_running_loop().call_soon(self._flush)

    def _flush(self) -> None:
        """Send what waits, if there is a connection that takes it."""
        self._flush_is_due = False
        if self._wire is None:
            self._connect()
        elif self._wire.writable and (batch := self._outbox.take_batch()):
            self._wire.send(batch)
            if self._metrics:
                self._metrics.sent(len(batch))
                self._tell_depth()
            self._flush_soon()

    def _connect(self) -> None:
        if self._connecting is None and self._outbox:
            self._connecting = asyncio.create_task(self._attempt())

    async def _attempt(self) -> None:
        try:
            wire = await self._endpoint.connect()
        except (RedisError, OSError, UnicodeError) as error:  # the last by odd names
            outage = outage_of(error, sent=False)
            self._pause(outage or Outage(Reason.UNREACHABLE, f"Redis says: {error}"))
        else:
            self._take(wire)
            self._flush()
        finally:
            self._connecting = None

    def _take(self, wire: Wire) -> None:
        wire.on_lost = self._lost
        wire.on_writable = self._flush
        wire.on_answers = self._tell_depth
        wire.on_error_reply = self._leave_after_failover
        self._wire = wire
        self._failures = 0
        if self._metrics:
            self._metrics.connected(again=self._was_connected)
        self._was_connected = True

    def _leave_after_failover(self, error: RedisError) -> None:
        """Let the next command connect anew where another server may be master now."""
        outage = outage_of(error, sent=True)
        now = asyncio.get_running_loop().time()
        if outage and outage.reason in FAILED_OVER and now >= self._kept_until:
            self._kept_until = now + FAILOVER_PAUSE
            if self._wire:
                self._wire.retire()

    def _pause(self, outage: Outage) -> None:
        """Fail what waits, and let some time pass before the next attempt."""
        pause = min(FIRST_PAUSE * 2**self._failures, LAST_PAUSE)
        pause *= random.uniform(0.5, 1)  # noqa: S311 - parts the workers' attempts
        self._failures = min(self._failures + 1, DOUBLINGS)
        self._outage = outage
        self._paused_until = asyncio.get_running_loop().time() + pause
        for command in self._outbox.take_all():
            command.answer(_as_told(outage))
        self._tell_depth()

    def _lost(self, error: RedisError | OSError, unanswered: Iterable[Command]) -> None:
        """Fail what was under way, but send once more what may be repeated."""
        self._wire = None
        if self._metrics:
            self._metrics.disconnected()
        lost = outage_of(error, sent=True) or Outage(Reason.UNREACHABLE, uncertain=True)
        repeatable = []
        for command in unanswered:
            if command.idempotent and isinstance(lost, ConnectionLostError):
                command.idempotent = False
                repeatable.append(command)
            else:
                command.answer(_as_told(lost))
        self._outbox.put_back(repeatable)
        if isinstance(lost, ConnectionLostError):
            self._flush_soon()
        else:
            self._pause(Outage(lost.reason, lost.detail))

    def _depth(self) -> int:
        """Count the commands that wait to be sent or answered."""
        return len(self._outbox) + (len(self._wire.unanswered) if self._wire else 0)

    def _tell_depth(self) -> None:
        if self._metrics:
            self._metrics.queued(self._depth())


def _as_told(outage: Outage) -> Outage:
    """Return it anew, for one more request to raise."""
    return Outage(outage.reason, outage.detail, uncertain=outage.uncertain)
