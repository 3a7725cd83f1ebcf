"""Each request observed once: its ids, its line in the log, its part in the metrics."""

import random
import re
import time
from collections.abc import Iterable, Iterator

from flask import Flask, Response, current_app, g, request

from app import logs, trace
from app.access_log import AccessLog
from app.metrics import Metrics, RequestMetrics, bounded_method

WELL_FORMED_ID = re.compile(r"[A-Za-z0-9._:+/=@-]{1,128}")
NO_BODY = frozenset({204, 304})
# Told in logs alone, as nginx does: the client hung up before there was an answer.
CLIENT_GONE = 499


class Observer:
    """Where the requests of one app are counted, if at all, and logged."""

    def __init__(self, metrics: RequestMetrics | None, access_log: AccessLog) -> None:
        self.metrics = metrics
        self.access_log = access_log


class Observation:
    """One request under way, whichever way it came in.

    From now on every log line of this context carries the request's ids.
    `request_id` and `traceparent` are the headers of the client, if any.
    """

    __slots__ = ("_client", "_ids", "_method", "_observer", "_start", "_trace")

    def __init__(
        self,
        observer: Observer,
        method: str,
        client: str | None,
        request_id: str | None,
        traceparent: str | None,
    ) -> None:
        self._start = time.perf_counter()
        self._observer = observer
        self._method = bounded_method(method)
        self._client = client
        self._trace = trace.take_up(traceparent)
        self._ids = {
            "request_id": accepted_id(request_id),
            "trace_id": self._trace.trace_id,
            "span_id": self._trace.span_id,
        }
        logs.request_ids.set(self._ids)
        if observer.metrics:
            observer.metrics.begin()

    def headers(self) -> list[tuple[str, str]]:
        """Return what the answer tells of the request's ids.

        The trace only to a client that sent one.
        """
        headers = [("X-Request-ID", self._ids["request_id"])]
        if self._trace.parent_id:
            headers.append(("traceresponse", self._trace.response()))
        return headers

    def end(self, route: str | None, status: int, size: int | None) -> None:
        """Log and count the request, once; `size` is the bytes of the answer's body.

        `route` is the rule that matched, None where none did.
        """
        seconds = time.perf_counter() - self._start
        if self._method == "HEAD" or status in NO_BODY:
            size = 0
        if self._observer.metrics:
            self._observer.metrics.end(self._method, route, status, seconds)
        if self._observer.access_log.wants(route, status):
            fields = self._fields(route, status, seconds, size)
            self._observer.access_log.write(status, fields)

    def _fields(
        self, route: str | None, status: int, seconds: float, size: int | None
    ) -> logs.Fields:
        return {
            "method": self._method,
            "route": route,
            "status": status,
            "duration_ms": round(seconds * 1000, 3),
            "bytes": size,
            "client": self._client,
            **self._ids,
        }


def accepted_id(given: str | None) -> str:
    """Return the id that a client gave if it is well-formed, else a new one."""
    if given and WELL_FORMED_ID.fullmatch(given):
        return given
    return f"{random.getrandbits(128):032x}"


def init_app(app: Flask) -> None:
    """Observe every request that Flask dispatches."""
    metrics: Metrics | None = app.extensions["metrics"]
    settings = app.extensions["settings"]
    app.extensions["observer"] = Observer(
        metrics.requests if metrics else None,
        AccessLog(settings.log_format, quiet=not settings.log_health_checks),
    )
    app.before_request(_begin)
    app.after_request(_end)
    app.teardown_request(_abandon)


def _begin() -> None:
    g.observation = Observation(
        current_app.extensions["observer"],
        request.method,
        request.remote_addr,
        request.headers.get("X-Request-ID"),
        request.headers.get("traceparent"),
    )


def _end(response: Response) -> Response:
    observation: Observation = g.observation
    response.headers.extend(observation.headers())
    route = request.url_rule.rule if request.url_rule else None
    if response.is_streamed and request.method != "HEAD":
        _end_with_stream(response, route, observation)
    else:
        observation.end(route, response.status_code, response.content_length)
    return response


def _abandon(error: BaseException | None) -> None:
    """End the observation of a request that was cancelled."""
    if error is not None and not isinstance(error, Exception):
        route = request.url_rule.rule if request.url_rule else None
        g.observation.end(route, CLIENT_GONE, 0)


def _end_with_stream(
    response: Response, route: str | None, observation: Observation
) -> None:
    """End the observation when the stream ends, or is dropped by the client."""
    size = 0
    body = response.response

    def counted(parts: Iterable[bytes]) -> Iterator[bytes]:
        nonlocal size
        for part in parts:
            size += len(part)
            yield part

    response.response = counted(response.iter_encoded())
    if hasattr(body, "close"):
        response.call_on_close(body.close)
    response.call_on_close(lambda: observation.end(route, response.status_code, size))
