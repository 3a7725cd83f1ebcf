"""Serves a WSGI app (PEP 3333) to an ASGI server."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_to_bytes, urlsplit

from app.body import Body
from app.bridge import run, wait

if TYPE_CHECKING:
    from types import TracebackType

    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment

    ErrorInfo = tuple[type[BaseException], BaseException, TracebackType]
    NoErrorInfo = tuple[None, None, None]

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


async def serve(
    application: "WSGIApplication", scope: Scope, receive: Receive, send: Send
) -> None:
    """Answer one request, in a greenlet of its own, by the WSGI app.

    https://asgi.readthedocs.io/en/stable/specs/www.html
    """
    body = Body(receive, dict(scope["headers"]))
    await run(_call, application, environ_of(scope, body), Reply(send, body))
    if not body.ended:
        await body.linger()


def environ_of(scope: Scope, body: Body) -> "WSGIEnvironment":
    """Return the request as a WSGI environ."""
    host, port = scope.get("server") or ("", None)
    root = scope.get("root_path", "").encode().decode("latin-1")
    environ = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": root,
        "PATH_INFO": _path(scope).decode("latin-1").removeprefix(root),
        "QUERY_STRING": scope["query_string"].decode("latin-1"),
        "SERVER_NAME": host,
        "SERVER_PORT": str(port or ""),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": (scope.get("client") or ("",))[0],
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input": body,
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    for raw_name, raw_value in scope["headers"]:
        name = raw_name.decode("latin-1").upper().replace("-", "_")
        if name not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            name = f"HTTP_{name}"
        value = raw_value.decode("latin-1")
        if name in environ:  # several fields of one name are one list
            separator = "; " if name == "HTTP_COOKIE" else ","
            value = f"{environ[name]}{separator}{value}"
        environ[name] = value
    return environ


class Reply:
    """Sends what a WSGI app answers, each piece as soon as the app has it."""

    def __init__(self, send: Send, body: Body) -> None:
        self._send = send
        self._body = body
        self._status = 0
        self._headers: list[tuple[bytes, bytes]] = []
        self._length: int | None = None
        self._begun = False
        self._ended = False

    def start(
        self,
        status: str,
        headers: list[tuple[str, str]],
        error: "ErrorInfo | NoErrorInfo | None" = None,
        /,
    ) -> Callable[[bytes], None]:
        """Take the status and the headers (PEP 3333's start_response)."""
        if error and error[1] and self._begun:
            raise error[1]
        self._status = int(status[:3])
        self._headers = [
            (name.lower().encode("latin-1"), value.encode("latin-1"))
            for name, value in headers
        ]
        lengths = [value for name, value in self._headers if name == b"content-length"]
        self._length = int(lengths[0]) if lengths else None
        return self.write

    def write(self, piece: bytes) -> None:
        """Send a piece of the body; let others be served where more may come."""
        wait(self._write(piece))

    def end(self) -> None:
        """Send what is left to be sent."""
        if not self._ended:
            wait(self._write(b"", last=True))

    async def _write(self, piece: bytes, *, last: bool = False) -> None:
        if not self._begun:
            await self._begin()
        if self._length is not None:
            self._length -= len(piece)
            last = last or self._length <= 0
        self._ended = last
        message = {"type": "http.response.body", "body": piece, "more_body": not last}
        await self._send(message)
        if not last:
            await asyncio.sleep(0)

    async def _begin(self) -> None:
        self._begun = True
        if not self._body.ended:
            await self._body.skip_short_rest()
        if not self._body.ended:
            self._headers.append((b"connection", b"close"))
        await self._send(
            {
                "type": "http.response.start",
                "status": self._status,
                "headers": self._headers,
            }
        )


def _call(
    application: "WSGIApplication", environ: "WSGIEnvironment", reply: Reply
) -> None:
    pieces: Iterable[bytes] = application(environ, reply.start)
    try:
        for piece in pieces:
            if piece:
                reply.write(piece)
        reply.end()
    finally:
        if close := getattr(pieces, "close", None):
            close()


def _path(scope: Scope) -> bytes:
    """Return the path's bytes, percent-decoded once, which `path` has lost."""
    path: bytes = scope["raw_path"]
    if not path.startswith(b"/"):  # an absolute URI, as a proxy is asked for
        path = urlsplit(path).path
    return unquote_to_bytes(path)
