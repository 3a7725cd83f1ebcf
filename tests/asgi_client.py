"""A test client for ASGI apps, of the same make as Flask's for WSGI apps."""

import asyncio
import threading
from contextlib import contextmanager
from urllib.parse import quote

from werkzeug.test import Client, TestResponse

SECONDS = 30
PIECE_BYTES = 64 * 1024


@contextmanager
def running_loop():
    """Run an event loop in a thread of its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield loop
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(SECONDS)
        loop.close()


@contextmanager
def asgi_client(service, loop):
    """Make a client of the service, whose life begins and ends with it."""

    def call(coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, loop).result(SECONDS)

    def application(environ, start_response):
        status, headers, body = call(exchange(service, environ))
        start_response(status, headers)
        return [body]

    life = call(_begin(service))
    try:
        yield Client(application, TestResponse)
    finally:
        call(life())


async def exchange(service, environ):
    """Send one request, given as a WSGI environ; return status, headers and body."""
    answers = []
    left = int(environ.get("CONTENT_LENGTH") or 0)
    if environ.get("wsgi.input_terminated"):
        left = float("inf")

    async def receive():
        nonlocal left
        if answers and "body" in answers[-1] and not answers[-1].get("more_body"):
            return {"type": "http.disconnect"}  # a client with its answer hangs up
        piece = environ["wsgi.input"].read(min(left, PIECE_BYTES)) if left else b""
        left = left - len(piece) if piece else 0
        return {"type": "http.request", "body": piece, "more_body": left > 0}

    async def send(message):
        answers.append(message)

    await service(scope_of(environ), receive, send)
    start, *rest = answers
    assert start["type"] == "http.response.start"
    assert [message.get("more_body", False) for message in rest] == [
        *([True] * (len(rest) - 1)),
        False,
    ]
    headers = [
        (name.decode(), value.decode("latin-1")) for name, value in start["headers"]
    ]
    return f"{start['status']} -", headers, b"".join(m.get("body", b"") for m in rest)


def scope_of(environ):
    """Return the ASGI scope that means the same as a WSGI environ."""
    names = {
        name: name.removeprefix("HTTP_") for name in environ if name.startswith("HTTP_")
    }
    names |= {
        name: name for name in ("CONTENT_TYPE", "CONTENT_LENGTH") if environ.get(name)
    }
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": environ["REQUEST_METHOD"],
        "scheme": environ["wsgi.url_scheme"],
        "path": environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace"),
        "raw_path": quote(environ["PATH_INFO"].encode("latin-1")).encode(),
        "query_string": environ["QUERY_STRING"].encode("latin-1"),
        "root_path": environ["SCRIPT_NAME"],
        "headers": [
            (header.lower().replace("_", "-").encode(), environ[name].encode("latin-1"))
            for name, header in names.items()
        ],
        "server": (environ["SERVER_NAME"], int(environ["SERVER_PORT"])),
        "client": (environ.get("REMOTE_ADDR", "127.0.0.1"), 1),
    }


async def _begin(service):
    """Start the service's life; return what ends it."""
    events = asyncio.Queue()
    answers = asyncio.Queue()
    life = asyncio.create_task(service({"type": "lifespan"}, events.get, answers.put))
    await events.put({"type": "lifespan.startup"})
    assert (await answers.get())["type"] == "lifespan.startup.complete"

    async def end():
        await events.put({"type": "lifespan.shutdown"})
        assert (await answers.get())["type"] == "lifespan.shutdown.complete"
        await life

    return end
