"""How gunicorn serves the app; https://docs.gunicorn.org/en/stable/settings.html."""

import os
from pathlib import Path

from app import exposition, logs, slots
from app.health import Readiness
from app.settings import Settings, SettingsError

try:
    settings = Settings.from_env(os.environ)
except SettingsError as error:
    raise SystemExit(f"flask-redis-api: {error}") from None
slots.share_metrics()

bind = f"[{settings.host}]" if ":" in settings.host else settings.host
bind += f":{settings.port}"
proc_name = "flask-redis-api"
wsgi_app = "app.asgi:service()"
worker_class = "app.worker.Worker"
workers = settings.workers
# A client that hangs up ends its own request at once.
asgi_disconnect_grace_period = 0
# The longest it can have: a key or prefix takes three bytes for each of its own.
limit_request_line = 8190
keepalive = 75
timeout = 30
graceful_timeout = settings.graceful_timeout
logger_class = "app.worker.Log"
logconfig_dict = logs.config(settings.log_level, settings.log_format)
# The root file system may be read-only: heartbeats go to memory, no control socket.
memory = Path("/dev/shm")
worker_tmp_dir = str(memory) if memory.is_dir() else None
control_socket_disable = True
# Made before the workers fork, so that they share it.
readiness = Readiness()


def when_ready(server):  # noqa: ANN001, ANN201 - gunicorn's signature
    """Serve the metrics from here, the one process that has no requests to answer."""
    try:
        server.metrics = exposition.OwnPort(settings) if settings.metrics_port else None
    except OSError as error:
        port = f"METRICS_PORT={settings.metrics_port}"
        reason = f"cannot be listened on ({error.strerror}); set it to a free one or 0"
        raise SystemExit(f"flask-redis-api: {port} {reason}") from None


def pre_fork(server, worker):  # noqa: ANN001, ANN201 - gunicorn's signature
    """Give a new worker a slot that no living one has."""
    worker.slot = slots.lowest_free({w.slot for w in server.WORKERS.values()})


def post_fork(server, worker):  # noqa: ANN001, ANN201 - gunicorn's signature
    """Let the new worker go on where the last one of its slot stopped counting."""
    slots.enter(worker.slot)
    if server.metrics:
        server.metrics.forget()


def post_worker_init(worker):  # noqa: ANN001, ANN201 - gunicorn's signature
    """Let the workers know of each other that Redis was reached."""
    worker.asgi.readiness = readiness


def child_exit(server, worker):  # noqa: ANN001, ANN201, ARG001 - gunicorn's signature
    """Let the gauges of a dead worker count no more."""
    slots.leave(worker.slot)
