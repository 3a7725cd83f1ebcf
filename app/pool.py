"""How commands travel to Redis from threads: one connection a call at a time."""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import Any

from redis.backoff import NoBackoff
from redis.connection import AbstractConnection, Connection, ConnectionPool
from redis.exceptions import RedisError, ResponseError
from redis.retry import Retry

from app.metrics import RedisMetrics
from app.outage import (
    FAILED_OVER,
    FAILOVER_PAUSE,
    ConnectionLostError,
    Outage,
    Reason,
    outage_of,
)
from app.settings import Settings
from app.transport import Argument, Command


class Pool:
    """Carries one command at a time over a pool of redis-py connections.

    Safe to share between threads. Nothing connects before the first command.
    """

    def __init__(self, settings: Settings, metrics: RedisMetrics | None = None) -> None:
        self._metrics = metrics
        self._connected: set[Connection] = set()
        self._kept_until = 0.0
        self._pool = ConnectionPool.from_url(
            settings.redis_url,
            username=settings.redis_username,
            password=settings.redis_password,
            socket_timeout=settings.redis_timeout,
            socket_connect_timeout=settings.redis_timeout,
            # What may be sent again is decided here, not command-blind below.
            retry=Retry(NoBackoff(), 0),
            protocol=2,
            driver_info=None,
            redis_connect_func=self._connect,
            # Threads bound the connections; the pool must not fail before them.
            max_connections=2**16,
        )
        self._bounded = ThreadPoolExecutor(2, thread_name_prefix="bounded-command")

    def execute(self, *command: Argument, idempotent: bool = False) -> Any:  # noqa: ANN401 - replies are as many-typed as Redis commands
        """Send a command and return Redis' reply, as Transport says."""
        return self.execute_many([command], idempotent=idempotent)[0]

    def execute_many(
        self, commands: Sequence[Command], *, idempotent: bool = False
    ) -> list[Any]:
        """Send commands and return their replies, as Transport says."""
        start = time.perf_counter()
        error: Exception | None = None
        try:
            return self._carry(commands, idempotent=idempotent)
        except (Outage, RedisError) as raised:
            error = raised
            self._leave_after_failover(raised)
            if idempotent and isinstance(raised, Outage):
                raised.uncertain = False  # nothing hangs on whether it was carried out
            raise
        finally:
            if self._metrics:
                seconds = time.perf_counter() - start
                self._metrics.ended(str(commands[0][0]), seconds, error)

    def execute_within(self, seconds: float, *command: Argument) -> Any:  # noqa: ANN401 - as execute
        """Send an idempotent command and return its reply, as Transport says."""
        future = self._bounded.submit(self.execute, *command, idempotent=True)
        try:
            return future.result(timeout=seconds)
        except FutureTimeoutError:
            detail = "Redis did not answer in time."
            raise Outage(Reason.UNREACHABLE, detail) from None

    def close(self) -> None:
        """Close every connection."""
        self._pool.disconnect()
        self._bounded.shutdown(wait=False, cancel_futures=True)

    def _carry(self, commands: Sequence[Command], *, idempotent: bool) -> list[Any]:
        try:
            return self._attempt(commands)
        except ConnectionLostError:
            if not idempotent:
                raise
            return self._attempt(commands)

    def _attempt(self, commands: Sequence[Command]) -> list[Any]:
        connection = None
        try:
            connection = self._pool.get_connection()
            connection.send_packed_command(connection.pack_commands(commands))
            return _read(connection, len(commands))
        except (RedisError, OSError, UnicodeError) as error:  # the last by odd names
            sent = connection is not None
            outage = outage_of(error, sent=sent)
            if outage is None and sent:
                raise
            # A log-in may be refused in many ways, such as by a wrong REDIS_DB.
            raise outage or Outage(
                Reason.UNREACHABLE, f"Redis says: {error}"
            ) from error
        finally:
            if connection is not None:
                self._pool.release(connection)

    def _leave_after_failover(self, error: Exception) -> None:
        """Let the next commands connect anew where another server may be master now."""
        now = time.monotonic()
        failed_over = isinstance(error, Outage) and error.reason in FAILED_OVER
        if failed_over and now >= self._kept_until:
            self._kept_until = now + FAILOVER_PAUSE
            self._pool.disconnect(inuse_connections=False)

    def _connect(self, connection: Connection) -> None:
        """Log in on a new connection, and count it; redis-py reuses their objects."""
        connection.on_connect()
        if self._metrics:
            again = connection in self._connected
            if again:
                self._metrics.disconnected()
            self._connected.add(connection)
            self._metrics.connected(again=again)


def _read(connection: AbstractConnection, count: int) -> list[Any]:
    """Read so many replies, then raise the first error among them."""
    replies = [_reply(connection) for _ in range(count)]
    for reply in replies:
        if isinstance(reply, ResponseError):
            raise reply
    return replies


def _reply(connection: AbstractConnection) -> Any:  # noqa: ANN401 - as execute
    """Read a reply, be it an error: the next one is behind it."""
    try:
        return connection.read_response()
    except ResponseError as error:
        return error
