"""One connection to Redis on an event loop: commands go out, replies come in order."""

import asyncio
import socket
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any

from hiredis import Reader, pack_command
from redis.connection import DefaultParser
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import InvalidResponse, RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from app.transport import Argument

UNFINISHED = object()
# How often to look, within the timeout, whether the server is alive.
LOOKS = 4
# Bytes that a kernel holds unsent before it takes no more (TCP_NOTSENT_LOWAT).
KERNEL_BYTES = 128 * 1024


class Command:
    """One command on its way: its bytes, and the future that gets the reply.

    An error is the future's result, not its exception: it may come when nobody waits
    for it any more.
    """

    __slots__ = ("future", "idempotent", "name", "packed")

    def __init__(
        self,
        words: tuple[Argument, ...],
        future: asyncio.Future[Any],
        *,
        idempotent: bool = False,
    ) -> None:
        self.name = words[0]
        self.packed: bytes = pack_command(words)  # type: ignore[arg-type] # of any length
        self.future = future
        self.idempotent = idempotent

    def answer(self, reply: Any) -> None:  # noqa: ANN401 - replies are as many-typed as Redis commands
        """Give whoever still waits the reply, or the error instead of one."""
        if not self.future.done():
            self.future.set_result(reply)


class Wire(asyncio.Protocol):
    """Speaks RESP2 with one server: https://redis.io/docs/latest/develop/reference/protocol-spec/.

    `on_lost` is called once, with the error that ended the connection and the
    commands that were sent and not answered. A server ends it too that owes an answer
    and for `timeout` seconds neither says anything nor takes what waits to be sent.
    """

    def __init__(self, timeout: float) -> None:
        self.on_lost: Callable[[RedisError | OSError, Iterable[Command]], None] = (
            _tell_all
        )
        self.on_writable: Callable[[], None] = _do_nothing
        self.on_answers: Callable[[], None] = _do_nothing
        self.on_error_reply: Callable[[RedisError], None] = _ignore
        self.writable = False
        self.closed = False
        self.unanswered: deque[Command] = deque()
        self._loop = asyncio.get_running_loop()
        self._timeout = timeout
        self._reader = Reader(
            protocolError=InvalidResponse,
            replyError=DefaultParser.parse_error,
            notEnoughData=UNFINISHED,
        )
        self._heard = 0.0
        self._written = 0
        self._taken = 0
        self._backlog = 0
        self._watch: asyncio.TimerHandle | None = None
        self._transport: asyncio.Transport
        self._error: RedisError | OSError | None = None
        self._retired = False

    def send(self, commands: list[Command]) -> None:
        """Send the commands as one batch; their futures get the replies."""
        if not self.unanswered:
            self._heard = self._loop.time()
        if self._watch is None:
            self._watch = self._loop.call_later(self._timeout / LOOKS, self._check)
        self.unanswered.extend(commands)
        data = b"".join([command.packed for command in commands])
        self._written += len(data)
        self._transport.write(data)

    def retire(self) -> None:
        """Take no more commands, and end the connection when all are answered."""
        self._retired = True
        self.writable = False

    def close(self, error: RedisError | OSError | None = None) -> None:
        """End the connection at once; the error is why."""
        self.closed = True
        self._error = self._error or error
        self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the connection over."""
        self._transport = transport  # type: ignore[assignment] # a stream's
        _hold_little(transport.get_extra_info("socket"))
        self.writable = True

    def data_received(self, data: bytes) -> None:
        """Hand each whole reply to the command that it answers."""
        self._heard = self._loop.time()
        try:
            self._reader.feed(data)
            while (reply := self._reader.gets()) is not UNFINISHED:
                self.unanswered.popleft().answer(reply)
                if isinstance(reply, RedisError):
                    self.on_error_reply(reply)
            self.on_answers()
        except (InvalidResponse, IndexError) as error:  # or a reply to nothing
            self.close(InvalidResponse(str(error)))
        if self._retired and not self.unanswered:
            self.close()

    def pause_writing(self) -> None:
        """Take no more commands: the server reads slower than we write."""
        self.writable = False

    def resume_writing(self) -> None:
        """Take commands again."""
        self.writable = not self._retired
        self.on_writable()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the owner what was never answered."""
        self.writable = False
        self.closed = True
        if self._watch is not None:
            self._watch.cancel()
        unanswered, self.unanswered = self.unanswered, deque()
        error = self._error or RedisConnectionError(str(exc or "the server hung up"))
        self.on_lost(error, unanswered)

    def _check(self) -> None:
        """End the connection if the server is dead; look again later if not."""
        self._watch = None
        if not self.unanswered:
            return
        now = self._loop.time()
        if self._has_taken():
            self._heard = now
        left = self._heard + self._timeout - now
        if left <= 0:
            self.close(RedisTimeoutError("the server is silent"))
        else:
            pause = min(left, self._timeout / LOOKS)
            self._watch = self._loop.call_later(pause, self._check)

    def _has_taken(self) -> bool:
        """Tell whether something of what had to wait has left since the last look.

        What needs not wait tells nothing: a hung server's kernel takes it.
        """
        had_backlog, before = self._backlog > 0, self._taken
        self._backlog = self._transport.get_write_buffer_size()
        self._taken = self._written - self._backlog
        return had_backlog and self._taken > before


def _hold_little(connection: socket.socket) -> None:
    """Let the kernel take no more than it can soon send, so that we see what waits."""
    if connection.family != socket.AF_UNIX:
        option = socket.TCP_NOTSENT_LOWAT
        connection.setsockopt(socket.IPPROTO_TCP, option, KERNEL_BYTES)


def _tell_all(error: RedisError | OSError, commands: Iterable[Command]) -> None:
    for command in commands:
        command.answer(error)


def _do_nothing() -> None:
    pass


def _ignore(_: RedisError) -> None:
    pass
