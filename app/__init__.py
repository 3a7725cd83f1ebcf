"""A small key-value service over HTTP: a Flask API on Redis."""

import os
from collections.abc import Callable

from flask import Flask

from app import (
    exposition,
    health,
    index,
    logs,
    observation,
    openapi,
    options,
    problems,
    simple,
    v1,
)
from app.key import KeyConverter
from app.metrics import Metrics, RedisMetrics
from app.pool import Pool
from app.settings import Settings
from app.store import Store
from app.transport import Transport

__version__ = "0.1.0"


def create_app(
    settings: Settings | None = None,
    transport_of: Callable[[Settings, RedisMetrics | None], Transport] = Pool,
) -> Flask:
    """Build the service as a WSGI app that any server can serve.

    Without settings they are read from the environment; raises SettingsError where
    that is wrong. Redis is first asked by the first request.
    """
    settings = settings or Settings.from_env(os.environ)
    logs.configure(settings.log_level, settings.log_format)

    app = Flask(__name__, static_folder=None)
    app.url_map.merge_slashes = False
    app.url_map.converters["key"] = KeyConverter
    app.extensions["settings"] = settings
    metrics = Metrics() if settings.exposes_metrics else None
    app.extensions["metrics"] = metrics
    transport = transport_of(settings, metrics.redis if metrics else None)
    app.extensions["transport"] = transport
    app.extensions["store"] = Store(transport)

    observation.init_app(app)
    options.init_app(app)
    problems.init_app(app)
    if settings.metrics_on_main_port:
        exposition.init_app(app)
    health.init_app(app)
    openapi.init_app(app)
    app.register_blueprint(index.bp)
    app.register_blueprint(simple.bp)
    app.register_blueprint(v1.bp)
    return app
