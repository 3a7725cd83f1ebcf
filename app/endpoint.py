"""Where Redis is, and how a connection to it begins."""

import asyncio
from ssl import SSLContext
from typing import Any

from redis.asyncio.connection import SSLConnection as SSLOptions
from redis.connection import SSLConnection, parse_url
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from app.outage import Reason, outage_of
from app.settings import Settings
from app.transport import Argument
from app.wire import Command, Wire


class Endpoint:
    """One Redis behind a redis://, rediss:// or unix:// URL, with redis-py's options.

    https://redis.readthedocs.io/en/stable/connections.html#redis.Redis.from_url
    """

    def __init__(self, settings: Settings) -> None:
        options: dict[str, Any] = dict(parse_url(settings.redis_url))
        self._path: str | None = options.get("path")
        self._host: str = options.get("host", "localhost")
        self._port: int = options.get("port", 6379)
        self._tls = _tls(options)
        self._greeting = _greeting(
            options.get("username", settings.redis_username),
            options.get("password", settings.redis_password),
            int(options.get("db", 0)),
        )
        self._timeout = settings.redis_timeout

    async def connect(self) -> Wire:
        """Connect and log in; return a connection that is ready for commands.

        Raises OSError, TimeoutError or RedisError where that fails.
        """
        async with asyncio.timeout(self._timeout):
            wire = await self._open()
            try:
                await self._greet(wire)
            except BaseException:
                wire.close()
                raise
            return wire

    async def _open(self) -> Wire:
        loop = asyncio.get_running_loop()
        if self._path is not None:
            _, wire = await loop.create_unix_connection(self._wire, self._path)
        else:
            _, wire = await loop.create_connection(
                self._wire, self._host, self._port, ssl=self._tls
            )
        return wire

    def _wire(self) -> Wire:
        return Wire(self._timeout)

    async def _greet(self, wire: Wire) -> None:
        """Log in, and hear the server once, so that a hung one gets no command."""
        loop = asyncio.get_running_loop()
        commands = [Command(words, loop.create_future()) for words in self._greeting]
        wire.send(commands)
        for command in commands:
            reply = await command.future
            if isinstance(reply, RedisError) and not _state_of_redis(command, reply):
                raise reply
        if wire.closed:
            message = "the server closed the connection"
            raise RedisConnectionError(message)


def _tls(options: dict[str, Any]) -> SSLContext | None:
    if options.get("connection_class") is not SSLConnection:
        return None
    chosen = {name: value for name, value in options.items() if name[:4] == "ssl_"}
    context: SSLContext = SSLOptions(**chosen).ssl_context.get()
    return context


def _greeting(
    username: str | None, password: str | None, db: int
) -> list[tuple[Argument, ...]]:
    commands: list[tuple[Argument, ...]] = []
    if password is not None or username is not None:
        login = (username or "", password or "") if username else (password or "",)
        commands.append(("AUTH", *login))
    if db:
        commands.append(("SELECT", db))
    return [*commands, ("PING",)]


def _state_of_redis(command: Command, error: RedisError) -> bool:
    """Tell whether PING was refused for what each command shall say by itself."""
    outage = outage_of(error, sent=True) if command.name == "PING" else None
    return outage is not None and outage.reason is not Reason.UNREACHABLE
