"""A limit: an ASGI app that does nothing, on the same server as ours."""

from collections.abc import Awaitable, Callable
from typing import Any

BODY = b'{"key":"key-00","value":"' + b"x" * 32 + b'"}\n'
START = {
    "type": "http.response.start",
    "status": 200,
    "headers": [
        (b"content-type", b"application/json"),
        (b"content-length", str(len(BODY)).encode()),
    ],
}


async def app(
    scope: dict[str, Any],
    receive: Callable[[], Awaitable[dict[str, Any]]],
    send: Callable[[dict[str, Any]], Awaitable[None]],
) -> None:
    """Answer each request with the same bytes."""
    while scope["type"] == "lifespan":
        event = (await receive())["type"]
        await send({"type": f"{event}.complete"})
        if event == "lifespan.shutdown":
            return
    await send(START)
    await send({"type": "http.response.body", "body": BODY})
