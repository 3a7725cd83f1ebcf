"""What is counted of each request and each Redis command."""

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
)

from app.gathering import GatheringGauge, GatheringHistogram, Later
from app.outage import Outage, Reason

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)
COMMANDS = (1, 2, 5, 10, 20, 50, 100, 200, 500)


def bounded_method(method: str) -> str:
    """Return the method, or "other" where a client made one up."""
    return method if method in METHODS else "other"


class RequestMetrics:
    """The instruments of the HTTP side.

    What a client sends never becomes a label: the method is bounded, and a path that
    no route matches is "unmatched".
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._duration = GatheringHistogram(
            "http_request_duration_seconds",
            "How long requests took, by method, route and class of status.",
            ("method", "route", "status"),
            buckets=SECONDS,
            registry=registry,
        )
        self._in_flight = GatheringGauge(
            "http_requests_in_flight",
            "Requests that are being answered.",
            registry=registry,
            multiprocess_mode="livesum",
        )
        self._children: dict[tuple[str, str | None, int], GatheringHistogram] = {}
        self.later: Later | None = None

    def begin(self) -> None:
        """Count a request as being in flight."""
        self._count(1)

    def end(self, method: str, route: str | None, status: int, seconds: float) -> None:
        """Count it as answered; `method` is bounded, `route` one of the app's own."""
        self._count(-1)
        key = (method, route, status // 100)
        child = self._children.get(key)
        if child is None:
            labels = (method, route or "unmatched", f"{status // 100}xx")
            child = self._children[key] = self._duration.labels(*labels)
        _observe(child, seconds, self.later)

    def _count(self, step: int) -> None:
        if self.later is None:
            self._in_flight.inc(step)
        else:
            self._in_flight.change_later(step, self.later)


class RedisMetrics:
    """The instruments of the Redis side, for the transport to play.

    Commands are named by the store alone, so that their number is bounded.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._duration = GatheringHistogram(
            "redis_client_command_duration_seconds",
            "How long Redis commands took, until they were answered or failed.",
            ("command",),
            buckets=SECONDS,
            registry=registry,
        )
        self._errors = Counter(
            "redis_client_errors_total",
            "Commands that failed, by kind: the reason of an outage, or error-reply.",
            ("kind",),
            registry=registry,
        )
        self._batch = Histogram(
            "redis_client_batch_commands",
            "How many commands left for Redis together.",
            buckets=COMMANDS,
            registry=registry,
        )
        self._queue = Gauge(
            "redis_client_queue_depth",
            "Commands that wait to be sent, or for their reply.",
            registry=registry,
            multiprocess_mode="livesum",
        )
        self._connections = Gauge(
            "redis_client_connections",
            "Open connections to Redis.",
            registry=registry,
            multiprocess_mode="livesum",
        )
        self._reconnections = Counter(
            "redis_client_reconnections_total",
            "Connections that were made anew after one was lost.",
            registry=registry,
        )
        self._commands: dict[str, GatheringHistogram] = {}
        self.later: Later | None = None
        # A rate sees the first error only of a series that began at 0.
        for kind in (*Reason, "error-reply"):
            self._errors.labels(kind)

    def ended(
        self, command: str, seconds: float, error: Exception | None = None
    ) -> None:
        """Count a command as answered or failed; `error` is what its caller gets."""
        child = self._commands.get(command)
        if child is None:
            child = self._commands[command] = self._duration.labels(command)
        _observe(child, seconds, self.later)
        if error is not None:
            kind = error.reason if isinstance(error, Outage) else "error-reply"
            self._errors.labels(kind).inc()

    def sent(self, commands: int) -> None:
        """Count a batch of so many commands as sent."""
        self._batch.observe(commands)

    def queued(self, commands: int) -> None:
        """Say how many commands of this process wait to be sent or answered."""
        self._queue.set(commands)

    def connected(self, *, again: bool) -> None:
        """Count a connection as opened; `again` where one was lost before it."""
        self._connections.inc()
        if again:
            self._reconnections.inc()

    def disconnected(self) -> None:
        """Count a connection as closed, whoever closed it."""
        self._connections.dec()


def _observe(
    histogram: GatheringHistogram, seconds: float, later: Later | None
) -> None:
    if later is None:
        histogram.observe(seconds)
    else:
        histogram.observe_later(seconds, later)


class Metrics:
    """All instruments of one app, in a registry of their own."""

    def __init__(self) -> None:
        disable_created_metrics()
        self.registry = CollectorRegistry()
        self.requests = RequestMetrics(self.registry)
        self.redis = RedisMetrics(self.registry)

    def publish_later(self, later: Later) -> None:
        """Let what one thread counts wait until `later` calls back."""
        self.requests.later = self.redis.later = later
