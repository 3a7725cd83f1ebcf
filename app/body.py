"""A request's body as it streams in from an ASGI server."""

import asyncio
import io
from collections.abc import Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING, Any

from app.bridge import wait

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

Message = MutableMapping[str, Any]
# An unread rest of at most so many bytes is read before the answer, so that the
# connection can be kept; of a longer one, some after it, for so many seconds, so that
# the client reads the answer before it finds the connection closed.
SHORT_REST = 64 * 1024
LINGER_BYTES = 1024 * 1024
LINGER_SECONDS = 1.0


class Body(io.RawIOBase):
    """A file to read from, in functions that app.bridge runs (`wsgi.input`).

    Each piece is asked for when it is needed, so that the server holds the client
    back. Raises ConnectionResetError where the client goes away in the middle.
    """

    def __init__(
        self,
        receive: Callable[[], Awaitable[Message]],
        headers: list[tuple[bytes, bytes]],
    ) -> None:
        self._receive = receive
        self._left: float = 0
        self._expected = False
        self._piece = b""
        for name, value in headers:
            if name == b"content-length":
                self._left = int(value)
            elif name == b"transfer-encoding":
                self._left = float("inf")
            elif name == b"expect":
                self._expected = True

    @property
    def ended(self) -> bool:
        """Tell whether nothing more comes from the client."""
        return self._left <= 0

    async def next_piece(self) -> bytes:
        """Return what comes next; nothing at the end."""
        while not self.ended:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ConnectionResetError
            piece: bytes = message.get("body", b"")
            self._left -= len(piece)
            if not message.get("more_body", False):
                self._left = 0
            if piece:
                return piece
        return b""

    def readable(self) -> bool:
        """Say yes."""
        return True

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        """Fill the buffer with what is there; return how many bytes that were."""
        view = memoryview(buffer).cast("B")
        piece = self._piece or wait(self.next_piece())
        size = min(len(view), len(piece))
        view[:size] = piece[:size]
        self._piece = piece[size:]
        return size

    async def skip_short_rest(self) -> None:
        """Read the rest, unless it is long, or the client has not begun to send it."""
        if not self._expected and self._left <= SHORT_REST:
            while await self.next_piece():
                pass

    async def linger(self) -> None:
        """Read on a little after the answer, so that the client gets to see it."""
        seen = 0
        try:
            async with asyncio.timeout(LINGER_SECONDS):
                while not self._expected and not self.ended and seen < LINGER_BYTES:
                    seen += len(await self.next_piece())
        except (TimeoutError, ConnectionResetError):
            pass
