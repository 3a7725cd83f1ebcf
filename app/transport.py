"""What carries commands to Redis."""

from collections.abc import Sequence
from typing import Any, Protocol

Argument = bytes | str | int | float
Command = tuple[Argument, ...]


class Transport(Protocol):
    """Carries commands and brings the replies.

    app.pool does so for threads, app.pipeline for all requests of an event loop.
    """

    def execute(self, *command: Argument, idempotent: bool = False) -> Any:  # noqa: ANN401 - replies are as many-typed as Redis commands
        """Send a command and return Redis' reply.

        An idempotent command is sent once more when its connection is lost; any
        other never is, and the Outage says that its fate is uncertain. Raises Outage
        when Redis could not serve the command and redis.exceptions.ResponseError for
        any other error reply.
        """

    def execute_many(
        self, commands: Sequence[Command], *, idempotent: bool = False
    ) -> list[Any]:
        """Send some commands at once; return their replies in the order given.

        It is no transaction: Redis may carry them out in another order, others' among
        them, or only some. Raises as execute does, for the first that failed.
        """

    def execute_within(self, seconds: float, *command: Argument) -> Any:  # noqa: ANN401 - as execute
        """Send an idempotent command, but give up after so many seconds.

        Whatever hangs, DNS too.
        """

    def close(self) -> None:
        """Close every connection."""
