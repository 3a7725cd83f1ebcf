"""A TCP proxy of a test's own, which can lose what passes through it."""

import asyncio
import socket
from contextlib import asynccontextmanager


class Proxy:
    """Forwards to a Unix socket; counts connections and what they ask."""

    def __init__(self, target):
        self.target = target
        self.connections = 0
        self.asked = []
        self.loses_answers = False
        self.refuses = False
        self.bytes_per_second = float("inf")
        self._writers = set()

    def cut(self):
        """Break every connection."""
        for writer in self._writers:
            writer.transport.abort()

    async def serve(self, reader, writer):
        self.connections += 1
        if self.refuses:
            writer.transport.abort()
            return
        back_reader, back_writer = await asyncio.open_unix_connection(self.target)
        self._writers |= {writer, back_writer}
        try:
            await asyncio.gather(
                self._forward(reader, back_writer, self.asked),
                self._forward(back_reader, writer, None),
            )
        except OSError:
            pass
        finally:
            writer.transport.abort()
            back_writer.transport.abort()
            self._writers -= {writer, back_writer}

    async def _forward(self, reader, writer, seen):
        while data := await reader.read(2**16):
            if seen is not None:
                seen.append(data)
                await asyncio.sleep(len(data) / self.bytes_per_second)
            elif self.loses_answers:
                self.loses_answers = False
                self.cut()
            writer.write(data)
            await writer.drain()


@asynccontextmanager
async def proxied(target):
    """Run a proxy to a Unix socket; give it and its port."""
    proxy = Proxy(target)
    listener = socket.create_server(("127.0.0.1", 0))
    # Or the kernel would take in at once what the proxy forwards slowly.
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2**15)
    async with await asyncio.start_server(proxy.serve, sock=listener, limit=2**15):
        yield proxy, listener.getsockname()[1]
        proxy.cut()
        await asyncio.sleep(0)
