"""How commands travel to Redis on an event loop: many requests' commands together."""

import asyncio
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Any

from redis.exceptions import RedisError

from app.bridge import wait
from app.endpoint import Endpoint
from app.link import Link, Reply
from app.metrics import RedisMetrics
from app.outage import Outage, Reason, outage_of
from app.settings import Settings
from app.transport import Argument
from app.transport import Command as Words


class Pipeline:
    """Carries the commands of all concurrent requests over one connection.

    To be used by functions that app.bridge runs. Nothing connects before the first
    command; while Redis is known to be gone, or too much waits, commands fail at once.
    """

    def __init__(self, settings: Settings, metrics: RedisMetrics | None = None) -> None:
        self._metrics = metrics
        self._link = Link(Endpoint(settings), metrics)

    def execute(self, *command: Argument, idempotent: bool = False) -> Any:  # noqa: ANN401 - replies are as many-typed as Redis commands
        """Send a command and return Redis' reply, as Transport says."""
        with _Timing(self._metrics, command):
            reply = self._link.send(command, idempotent=idempotent)
            return _checked(wait(reply), idempotent=idempotent)

    def execute_many(
        self, commands: Sequence[Words], *, idempotent: bool = False
    ) -> list[Any]:
        """Send commands and return their replies, as Transport says."""
        replies: list[Reply] = []
        with _Timing(self._metrics, commands[0]):
            try:
                for command in commands:
                    replies.append(self._link.send(command, idempotent=idempotent))  # noqa: PERF401 - those before one that fails are kept
                return [_checked(wait(it), idempotent=idempotent) for it in replies]
            finally:
                for reply in replies:
                    reply.cancel()  # means nothing to one that is there

    def execute_within(self, seconds: float, *command: Argument) -> Any:  # noqa: ANN401 - as execute
        """Send an idempotent command and return its reply, as Transport says."""
        with _Timing(self._metrics, command):
            reply = self._link.send(command, idempotent=True)
            return _checked(_wait_within(seconds, reply), idempotent=True)

    def close(self) -> None:
        """Close the connection."""
        self._link.close()


class _Timing:
    """Tells the metrics how long a command took, and how it failed."""

    __slots__ = ("_command", "_metrics", "_start")

    def __init__(self, metrics: RedisMetrics | None, command: Words) -> None:
        self._metrics = metrics
        self._command = command
        self._start = 0.0

    def __enter__(self) -> None:
        self._start = time.perf_counter()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._metrics and (error is None or isinstance(error, Exception)):
            seconds = time.perf_counter() - self._start
            self._metrics.ended(str(self._command[0]), seconds, error)


def _wait_within(seconds: float, reply: Reply) -> Any:  # noqa: ANN401 - as execute
    try:
        return wait(asyncio.wait_for(reply, seconds))
    except TimeoutError:
        detail = "Redis did not answer in time."
        raise Outage(Reason.UNREACHABLE, detail) from None


def _checked(reply: Any, *, idempotent: bool) -> Any:  # noqa: ANN401 - as execute
    """Return a reply; raise one that is an error as what it means."""
    if not isinstance(reply, Exception):
        return reply
    if idempotent and isinstance(reply, Outage):
        reply.uncertain = False  # nothing hangs on whether it was carried out
    if isinstance(reply, RedisError) and (outage := outage_of(reply, sent=True)):
        raise outage from reply
    raise reply
