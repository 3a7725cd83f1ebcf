"""What Prometheus scrapes: requests by method, route and class of status."""

from flask import Flask
from prometheus_client import CollectorRegistry, Histogram
from prometheus_flask_exporter import PrometheusMetrics

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)


class Metrics:
    """The app's instruments, in a registry of their own.

    What a client sends never becomes a label: unknown methods are "other", unknown
    paths "unmatched".
    """

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Histogram(
            "http_request_duration_seconds",
            "How long requests took, by method, route and class of status.",
            ("method", "route", "status"),
            buckets=BUCKETS,
            registry=self.registry,
        )

    def observe(
        self, method: str, route: str | None, status: int, seconds: float
    ) -> None:
        """Count one request."""
        self._requests.labels(
            method if method in METHODS else "other",
            route or "unmatched",
            f"{status // 100}xx",
        ).observe(seconds)


def init_app(app: Flask) -> None:
    """Give the app its instruments and serve their figures at /metrics.

    With PROMETHEUS_MULTIPROC_DIR set they are those of all worker processes.
    """
    metrics = Metrics()
    app.extensions["metrics"] = metrics
    PrometheusMetrics(app, registry=metrics.registry, export_defaults=False)
