"""What Prometheus scrapes: on a port of its own, and at /metrics of the main one."""

import os
import socket
import threading
from collections.abc import Callable
from contextlib import closing
from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from flask import Flask
from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder, make_wsgi_app
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_flask_exporter import PrometheusMetrics

from app import slots
from app.collectors import BuildInfo, Processes, RedisState
from app.metrics import Metrics
from app.pool import Pool
from app.settings import Settings
from app.store import Store


class MainPort(PrometheusMetrics):  # type: ignore[misc]  # it has no types
    """Serves /metrics beside the API, with the figures of all worker processes."""

    def __init__(self, app: Flask, figures: CollectorRegistry) -> None:
        super().__init__(app, registry=figures, export_defaults=False)

    def generate_metrics(
        self, accept_header: str = "", names: list[str] | None = None
    ) -> tuple[str, str]:
        """Return the figures, of all or only those names, and their content type."""
        registry = self.registry.restricted_registry(names) if names else self.registry
        encode, content_type = choose_encoder(accept_header or "")
        return encode(registry).decode(), content_type


class OwnPort:
    """A thread that answers scrapes in a process that serves nothing else."""

    def __init__(self, settings: Settings) -> None:
        def probe() -> None:
            # Over a connection that is closed again: forked workers would inherit it.
            with closing(Pool(settings)) as pool:
                Store(pool).probe()

        self._server = make_server(
            settings.host,
            settings.metrics_port,
            make_wsgi_app(figures(probe)),
            _server_class(settings.host),
            _Handler,
        )
        threading.Thread(
            target=self._server.serve_forever, name="metrics", daemon=True
        ).start()

    def forget(self) -> None:
        """Close the socket that this process has inherited, and nothing else."""
        self._server.socket.close()


def init_app(app: Flask) -> None:
    """Serve the app's figures at /metrics."""

    def probe() -> None:
        app.extensions["store"].probe()  # the store of the moment

    MainPort(app, figures(probe, app.extensions["metrics"]))


def figures(probe: Callable[[], None], own: Metrics | None = None) -> CollectorRegistry:
    """Return all there is to scrape; where processes share none, `own` are part of it.

    `probe` raises Outage while Redis cannot serve.
    """
    registry = CollectorRegistry(support_collectors_without_names=True)
    if slots.FOLDER_VARIABLE in os.environ:
        MultiProcessCollector(registry)
    elif own:
        registry.register(own.registry)
    for collector in (BuildInfo(), Processes(), RedisState(probe)):
        registry.register(collector)
    return registry


class _Handler(WSGIRequestHandler):
    timeout = 10  # seconds that a scraper may take to send its request

    def log_message(self, *_: object) -> None:
        """Say nothing of scrapes."""


def _server_class(host: str) -> type[WSGIServer]:
    class Server(ThreadingMixIn, WSGIServer):
        daemon_threads = True
        request_queue_size = 128
        address_family = socket.AF_INET6 if ":" in host else socket.AF_INET

    return Server
