"""Each request observed once: its id, its line in the log, its share of the metrics."""

import logging
import time
from dataclasses import dataclass, field

from flask import Flask, Response, current_app, g, request

from app import logs
from app.metrics import Metrics

logger = logging.getLogger("app.access")


@dataclass(slots=True)
class Observation:
    """One request under way."""

    method: str
    client: str | None
    start: float = field(default_factory=time.perf_counter)

    def end(
        self, metrics: Metrics, route: str | None, status: int, size: int | None
    ) -> None:
        """Log and count the request, of which `size` bytes are the answer's body."""
        seconds = time.perf_counter() - self.start
        metrics.observe(self.method, route, status, seconds)
        logger.info(
            "request",
            extra={
                "method": self.method,
                "route": route,
                "status": status,
                "duration_ms": round(seconds * 1000, 3),
                "bytes": size,
                "client": self.client,
            },
        )


def init_app(app: Flask) -> None:
    """Observe every request of the app."""
    app.before_request(_begin)
    app.after_request(_end)


def _begin() -> None:
    g.observation = Observation(request.method, request.remote_addr)
    logs.request_id.set(logs.accepted_id(request.headers.get("X-Request-ID")))


def _end(response: Response) -> Response:
    response.headers["X-Request-ID"] = logs.request_id.get() or ""
    g.observation.end(
        current_app.extensions["metrics"],
        request.url_rule.rule if request.url_rule else None,
        response.status_code,
        response.content_length,
    )
    return response
