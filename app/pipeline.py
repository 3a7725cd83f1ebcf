"""How commands travel to Redis on an event loop: many requests' commands together."""

import asyncio
import random
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from redis.exceptions import RedisError

from app.bridge import wait
from app.endpoint import Endpoint
from app.metrics import RedisMetrics
from app.outage import ConnectionLostError, Outage, Reason, outage_of
from app.settings import Settings
from app.transport import Argument
from app.transport import Command as Words
from app.wire import Command, Wire

# A batch ends with the command that fills it, and holds one large command at most:
# those that come later wait for no more than that.
BATCH_BYTES = 256 * 1024
LARGE_BYTES = 16 * 1024
# What may wait at once; beyond it, the client had better come back later.
MOST_COMMANDS = 4096
MOST_LARGE_BYTES = 64 * 1024 * 1024
# Seconds from one attempt to connect to the next: at first, and in the end.
FIRST_PAUSE = 0.05
LAST_PAUSE = 1.0

Replies = list[asyncio.Future[Any]]


class Pipeline:
    """Carries the commands of all concurrent requests over one connection.

    All that come in one turn of the loop leave together. To be used by functions
    that app.bridge runs. Nothing connects before the first command.
    """

    def __init__(self, settings: Settings, metrics: RedisMetrics | None = None) -> None:
        self._metrics = metrics
        self._endpoint = Endpoint(settings)
        self._small: deque[Command] = deque()
        self._large: deque[Command] = deque()
        self._large_bytes = 0
        self._flush_is_due = False
        self._wire: Wire | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._connected = False
        self._failures = 0
        self._paused_until = 0.0
        self._outage = Outage(Reason.UNREACHABLE)

    def execute(self, *command: Argument, idempotent: bool = False) -> Any:  # noqa: ANN401 - replies are as many-typed as Redis commands
        """Send a command and return Redis' reply, as Transport says.

        Raises Outage at once while Redis is known to be gone, or too much waits.
        """
        return self.execute_many([command], idempotent=idempotent)[0]

    def execute_many(
        self, commands: Sequence[Words], *, idempotent: bool = False
    ) -> list[Any]:
        """Send commands and return their replies, as Transport says."""
        return self._carry(commands, _wait, idempotent=idempotent)

    def execute_within(self, seconds: float, *command: Argument) -> Any:  # noqa: ANN401 - as execute
        """Do the same, but give up after so many seconds whatever hangs, DNS too."""
        return self._carry([command], lambda replies: _wait_within(seconds, replies))[0]

    def close(self) -> None:
        """Close the connection."""
        if self._connecting is not None:
            self._connecting.cancel()
        if self._wire is not None:
            self._wire.close()

    def _carry(
        self,
        commands: Sequence[Words],
        wait_for: Callable[[Replies], list[Any]],
        *,
        idempotent: bool = False,
    ) -> list[Any]:
        start = time.perf_counter()
        error: Exception | None = None
        futures: Replies = []
        try:
            for words in commands:
                futures.append(self._accept(words, idempotent=idempotent))
            return [_checked(reply) for reply in wait_for(futures)]
        except (Outage, RedisError) as raised:
            error = raised
            raise
        finally:
            for future in futures:
                future.cancel()  # does nothing to one that is done
            if self._metrics:
                seconds = time.perf_counter() - start
                self._metrics.ended(str(commands[0][0]), seconds, error)

    def _accept(self, words: Words, *, idempotent: bool) -> asyncio.Future[Any]:
        loop = asyncio.get_running_loop()
        if self._paused_until > loop.time():
            raise _as_told(self._outage)
        future = loop.create_future()
        command = Command(words, future, idempotent=idempotent)
        self._queue(command)
        self._flush_soon()
        return future

    def _queue(self, command: Command) -> None:
        if self._depth() >= MOST_COMMANDS or self._large_bytes > MOST_LARGE_BYTES:
            raise Outage(Reason.OVERLOADED)
        if len(command.packed) > LARGE_BYTES:
            self._large.append(command)
            self._large_bytes += len(command.packed)
        else:
            self._small.append(command)

    def _depth(self) -> int:
        """Count the commands that wait to be sent or answered."""
        sent = len(self._wire.unanswered) if self._wire else 0
        return len(self._small) + len(self._large) + sent

    def _tell_depth(self) -> None:
        if self._metrics:
            self._metrics.queued(self._depth())

    def _flush(self) -> None:
        """Send what waits, if there is a connection that takes it."""
        self._flush_is_due = False
        if not self._small and not self._large:
            return
        if self._wire is None:
            self._connect()
        elif self._wire.writable:
            if batch := self._next_batch():
                self._wire.send(batch)
                if self._metrics:
                    self._metrics.sent(len(batch))
                    self._tell_depth()
            self._flush_soon()

    def _flush_soon(self) -> None:
        if not self._flush_is_due and (self._small or self._large):
            self._flush_is_due = True
            asyncio.get_running_loop().call_soon(self._flush)

    def _next_batch(self) -> list[Command]:
        batch, size = [], 0
        while self._small and size < BATCH_BYTES:
            command = self._small.popleft()
            if not command.future.done():  # its client has not gone away meanwhile
                batch.append(command)
                size += len(command.packed)
        if self._large and size < BATCH_BYTES:
            command = self._large.popleft()
            self._large_bytes -= len(command.packed)
            if not command.future.done():
                batch.append(command)
        return batch

    def _connect(self) -> None:
        if self._connecting is None:
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
        self._wire = wire
        self._failures = 0
        if self._metrics:
            self._metrics.connected(again=self._connected)
        self._connected = True

    def _pause(self, outage: Outage) -> None:
        """Fail what waits, and let some time pass before the next attempt."""
        pause = min(FIRST_PAUSE * 2**self._failures, LAST_PAUSE)
        pause *= random.uniform(0.5, 1)  # noqa: S311 - parts the workers' attempts
        self._failures += 1
        self._outage = outage
        self._paused_until = asyncio.get_running_loop().time() + pause
        for command in (*self._small, *self._large):
            command.answer(_as_told(outage))
        self._small.clear()
        self._large.clear()
        self._large_bytes = 0
        self._tell_depth()

    def _lost(self, error: RedisError | OSError, unanswered: Iterable[Command]) -> None:
        """Fail what was under way, but send once more what may be repeated."""
        self._wire = None
        if self._metrics:
            self._metrics.disconnected()
        lost = outage_of(error, sent=True) or Outage(Reason.UNREACHABLE, uncertain=True)
        repeat = []
        for command in unanswered:
            if command.idempotent and isinstance(lost, ConnectionLostError):
                command.idempotent = False
                repeat.append(command)
            else:
                command.answer(_as_told(lost))
        self._small.extendleft(reversed(repeat))
        if isinstance(lost, ConnectionLostError):
            self._flush_soon()
        else:
            self._pause(Outage(lost.reason, lost.detail))


def _wait(replies: Replies) -> list[Any]:
    return [wait(reply) for reply in replies]


def _wait_within(seconds: float, replies: Replies) -> list[Any]:
    try:
        return [wait(asyncio.wait_for(reply, seconds)) for reply in replies]
    except TimeoutError:
        detail = "Redis did not answer in time."
        raise Outage(Reason.UNREACHABLE, detail, uncertain=True) from None


def _as_told(outage: Outage) -> Outage:
    """Return it anew, for one more request to raise."""
    return Outage(outage.reason, outage.detail, uncertain=outage.uncertain)


def _checked(reply: Any) -> Any:  # noqa: ANN401 - as execute
    """Return a reply; raise one that is an error as what it means."""
    if not isinstance(reply, Exception):
        return reply
    if isinstance(reply, RedisError) and (outage := outage_of(reply, sent=True)):
        raise outage from reply
    raise reply
