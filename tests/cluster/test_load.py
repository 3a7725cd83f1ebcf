"""The load client counts what the other tests rely on."""

import asyncio
import json

from .load import Load

PROBLEM = b'{"status": 503}'


def answer(status, content_type, body, extra=""):
    head = f"HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\n{extra}"
    return f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body


def figures(handle, **options):
    """Return what a load found at a server that handles each request so."""

    async def serve(reader, writer):
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = (
                    head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0]
                )
                body = await reader.readexactly(int(length or 0))
                await handle(head, body, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def main():
        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            load = Load("127.0.0.1", port, rate=200, seconds=1, run="r", **options)
            return await load.run_all()

    return asyncio.run(main())


async def keep(_head, body, writer):
    """Keep nothing, and answer as if."""
    writer.write(answer(200, "application/json", body or b"{}"))


def test_it_asks_at_the_rate_it_was_told():
    found = figures(keep, writes=False)
    assert found["served"] == found["requests"] == 200


def test_it_counts_every_reset_as_a_failure():
    async def reset_reads(head, body, writer):
        if head.startswith(b"GET"):
            writer.transport.abort()
        else:
            await keep(head, body, writer)

    found = figures(reset_reads, writes=False)
    assert (found["served"], found["failed"]) == (100, 100)


def test_it_counts_a_503_as_refused_only_when_that_explains_itself():
    async def explained(head, body, writer):
        if b"first" in body:
            return await keep(head, body, writer)
        extra = "Retry-After: 1\r\n" if b"Connection: close" in head else ""
        writer.write(answer(503, "application/problem+json", PROBLEM, extra))
        return None

    found = figures(explained, writes=False)
    assert (found["refused"], found["failed"]) == (100, 100)


def test_it_finds_every_acknowledged_write_that_is_lost():
    async def forget(_head, body, writer):
        value = json.dumps({"value": "another"}).encode()
        writer.write(answer(200, "application/json", body or value))

    found = figures(forget, writes=True)
    assert len(found["lost"]) == found["written"] == 200
