"""gunicorn's asgi worker, which lets its clients go in order when it is to end."""

import asyncio
import gc
from http import HTTPStatus
from typing import Any

from gunicorn.asgi import protocol as gunicorn_protocol
from gunicorn.glogging import Logger
from gunicorn.workers import gasgi

from app.exchange import Headers
from app.problems import Problem

# From SIGTERM on every answer says "Connection: close". Whoever has asked nothing for
# so many seconds then is closed, or idle clients would hold the worker up.
IDLE_SECONDS = 2.0


class Log(Logger):  # type: ignore[misc] # gunicorn has no types
    """gunicorn's own log, without its access log: the service writes a better one."""

    @property
    def access_log_enabled(self) -> bool:
        """Say no, or each request would be described to a log that nobody reads."""
        return False


class Protocol(gunicorn_protocol.ASGIProtocol):  # type: ignore[misc] # gunicorn has no types
    """One client's connection, which its worker knows of."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self.worker.connections.add(self)
        super().connection_made(transport)

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self.worker.connections.discard(self)
        super().connection_lost(exc)

    async def _serve_http_request(self, *request: Any) -> bool:  # noqa: ANN401 - gunicorn's
        """Serve one request, and the next one when it is done with.

        gunicorn would give each a task of its own, for apps that go on working after
        their answer. This one does not, and a task costs a tenth of a request.
        """
        keep: bool = await self._handle_http_request(*request)
        return keep

    def _send_error_response(
        self, status: int, message: str, extra_headers: Headers = ()
    ) -> None:
        """Refuse what gunicorn itself cannot serve, by a problem as any other."""
        answer = Problem(status, message).answer()
        assert isinstance(answer.body, bytes)  # noqa: S101 - no problem streams
        headers = (
            *answer.headers,
            *extra_headers,
            ("Content-Length", str(len(answer.body))),
            ("Connection", "close"),
        )
        lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}"]
        lines += [f"{name}: {value}" for name, value in headers]
        self._safe_write("\r\n".join([*lines, "", ""]).encode("latin-1") + answer.body)

    def close_if_idle(self) -> None:
        """Close the connection as after the longest pause, if no request is served."""
        if self._awaiting_request:
            self._keepalive_timeout()


class Loop(asyncio.SelectorEventLoop):
    """An event loop that takes one new connection a turn.

    asyncio's takes a hundred; so one worker would have all clients that come at once,
    and the others none.
    """

    def __init__(self, worker: "Worker") -> None:
        super().__init__()
        self._worker = worker

    async def create_server(self, *_: Any, **options: Any) -> asyncio.Server:  # noqa: ANN401 - gunicorn's
        """Serve on a socket, on which as many may wait as gunicorn is told to let."""

        def protocol() -> Protocol:
            return Protocol(self._worker)

        server = await super().create_server(protocol, backlog=1, **options)
        options["sock"].listen(self._worker.cfg.backlog)
        return server


class Worker(gasgi.ASGIWorker):  # type: ignore[misc] # gunicorn has no types
    """The asgi worker, with an orderly end: https://gunicorn.org/signals/."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - gunicorn's
        super().__init__(*args, **kwargs)
        self.connections: set[Protocol] = set()

    def _setup_event_loop(self) -> None:
        self.loop = Loop(self)
        asyncio.set_event_loop(self.loop)

    def run(self) -> None:
        """Serve until the end.

        What there is now stays for good: set apart, it makes the search for garbage
        neither longer nor rarer, and lost connections are found by it alone.
        """
        gc.collect()
        gc.freeze()
        super().run()

    def handle_exit_signal(self) -> None:
        """Answer what is under way and what still comes, but be ready no more."""
        super().handle_exit_signal()
        self.asgi.readiness.draining = True
        self.loop.call_later(IDLE_SECONDS, self._close_idle)

    def _close_idle(self) -> None:
        for connection in tuple(self.connections):
            connection.close_if_idle()


# 2 MiB of chunk sizes, made in advance for answers of unknown length, which are rare
# here; what is missing there gunicorn makes when it needs it.
gunicorn_protocol._CHUNK_PREFIXES.clear()  # noqa: SLF001 - it has no switch
