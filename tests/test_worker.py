import asyncio
import socket
from contextlib import ExitStack
from types import SimpleNamespace

import pytest

from app import worker

CLIENTS = 20


@pytest.fixture
def made(monkeypatch):
    """The transports of the connections that a worker takes."""
    transports = []

    class Connection(asyncio.Protocol):
        def __init__(self, _):
            pass

        def connection_made(self, transport):
            transports.append(transport)

    monkeypatch.setattr(worker, "Protocol", Connection)
    return transports


def test_a_worker_takes_one_new_connection_a_turn(made):
    loop = worker.Loop(SimpleNamespace(cfg=SimpleNamespace(backlog=CLIENTS)))

    def turn():
        loop.call_soon(loop.stop)
        loop.run_forever()

    with ExitStack() as stack:
        stack.callback(loop.close)
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        listener.settimeout(0)
        server = loop.run_until_complete(loop.create_server(None, sock=listener))
        for _ in range(CLIENTS):
            client = socket.create_connection(listener.getsockname(), timeout=1)
            stack.enter_context(client)
        turns = 0
        while len(made) < CLIENTS:
            turn()
            turns += 1
            assert len(made) <= turns
            assert turns < 100 * CLIENTS
        server.close()
        for transport in made:
            transport.abort()
        turn()
