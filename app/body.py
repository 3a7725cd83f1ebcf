"""A request's body as it streams in from an ASGI server."""

import asyncio
import io
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge

from app.bridge import wait

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

Message = MutableMapping[str, Any]
Fields = dict[bytes, bytes]
# An unread rest of at most so many bytes is read before the answer, if it comes within
# so many seconds, so that the connection can be kept; of any other, some after it, so
# that the client reads the answer before it finds the connection closed.
SHORT_REST = 64 * 1024
SHORT_SECONDS = 0.2
LINGER_BYTES = 1024 * 1024
LINGER_SECONDS = 1.0
ENDLESS = float("inf")
_GONE: Message = {"type": "http.disconnect"}


class Body(io.RawIOBase):
    """A file to read from, in functions that app.bridge runs (`wsgi.input`).

    Each piece is asked for when it is needed, so that the server holds the client
    back. Raises ConnectionResetError where the client goes away in the middle.
    """

    def __init__(
        self, receive: Callable[[], Awaitable[Message]], headers: Fields
    ) -> None:
        self._receive = receive
        self._left: float = int(headers.get(b"content-length", 0))
        if b"transfer-encoding" in headers:
            self._left = ENDLESS
        self._expected = b"expect" in headers
        self._gone = False
        self._piece = b""

    @property
    def ended(self) -> bool:
        """Tell whether nothing more comes from the client."""
        return self._left <= 0

    async def next_piece(self) -> bytes:
        """Return what comes next; nothing at the end."""
        while not self.ended:
            message = _GONE if self._gone else await self._receive()
            if message["type"] == "http.disconnect":
                self._gone = True
                raise ConnectionResetError
            piece: bytes = message.get("body", b"")
            self._left -= len(piece)
            if not message.get("more_body", False):
                self._left = 0
            if piece:
                return piece
        return b""

    async def whole(self, limit: int) -> bytes:
        """Return all of it; raises what werkzeug raises for Flask's requests.

        RequestEntityTooLarge once it is longer than `limit` bytes, before more of it
        is read; ClientDisconnected where the client goes away in the middle.
        """
        pieces: list[bytes] = []
        room = limit
        try:
            while self._left <= room or self._left == ENDLESS:
                if not (piece := await self.next_piece()):
                    return b"".join(pieces)
                pieces.append(piece)
                room -= len(piece)
                if room < 0:
                    break
        except ConnectionResetError as error:
            raise ClientDisconnected from error
        raise RequestEntityTooLarge

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
        """Read the rest, unless it is long, or the client is slow to send it."""
        with suppress(TimeoutError, ConnectionResetError):
            async with asyncio.timeout(SHORT_SECONDS):
                while not self._expected and 0 < self._left <= SHORT_REST:
                    await self.next_piece()

    async def linger(self) -> None:
        """Read on a little after the answer, so that the client gets to see it."""
        seen = 0
        with suppress(TimeoutError, ConnectionResetError):
            async with asyncio.timeout(LINGER_SECONDS):
                while not self._expected and not self.ended and seen < LINGER_BYTES:
                    seen += len(await self.next_piece())
