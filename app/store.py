"""What the API asks of Redis: keys and values in, plain results out."""

from redis.exceptions import ResponseError

from app.transport import Transport

# Bounds the answer to "can Redis serve now?", whatever REDIS_TIMEOUT says.
PROBE_SECONDS = 1.5


class WrongTypeError(Exception):
    """The key holds another type than a string; `type` is Redis' name of it."""

    def __init__(self, type: str) -> None:  # noqa: A002 - Redis' own word
        self.type = type
        super().__init__(f"the key holds a {type}")


class Store:
    """Values by key, both bytes, as plain Redis strings.

    Every method raises app.outage.Outage when Redis cannot serve it.
    """

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def get(self, key: bytes) -> bytes | None:
        """Return the value, or None where Redis says that there is none (GET).

        Raises WrongTypeError where the key holds another type.
        """
        try:
            value: bytes | None = self._transport.execute("GET", key, idempotent=True)
        except ResponseError as error:
            raise self._wrong_type(key, error) from error
        return value

    def set(self, key: bytes, value: bytes) -> None:
        """Store the value, whatever the key held before (SET)."""
        self._transport.execute("SET", key, value)

    def probe(self) -> None:
        """Ask for a write that changes nothing, but is refused as any write would be.

        SETRANGE with an empty value neither creates a key nor changes one, and is
        flagged as a write that needs memory. Raises Outage within PROBE_SECONDS.
        """
        try:
            self._transport.execute_within(
                PROBE_SECONDS, "SETRANGE", "flask-redis-api:probe", 0, b""
            )
        except ResponseError as error:
            if not str(error).startswith("WRONGTYPE"):
                raise

    def _wrong_type(self, key: bytes, error: ResponseError) -> Exception:
        if not str(error).startswith("WRONGTYPE"):
            return error
        kind: bytes = self._transport.execute("TYPE", key, idempotent=True)
        return WrongTypeError(kind.decode())
