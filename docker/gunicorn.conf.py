"""How gunicorn serves the app; https://docs.gunicorn.org/en/stable/settings.html."""

import os
import shutil
import tempfile
from pathlib import Path

# prometheus_client reads this when it is imported, as the app does.
metrics_folder = tempfile.mkdtemp(prefix="flask-redis-api-metrics-")
os.environ["PROMETHEUS_MULTIPROC_DIR"] = metrics_folder

from prometheus_client import multiprocess  # noqa: E402

from app import logs  # noqa: E402
from app.settings import Settings, SettingsError  # noqa: E402

try:
    settings = Settings.from_env(os.environ)
except SettingsError as error:
    shutil.rmtree(metrics_folder)
    raise SystemExit(f"flask-redis-api: {error}") from None

bind = f"[{settings.host}]" if ":" in settings.host else settings.host
bind += f":{settings.port}"
proc_name = "flask-redis-api"
worker_class = "gthread"
workers = settings.workers
threads = 8
keepalive = 75
timeout = 30
graceful_timeout = settings.graceful_timeout
logconfig_dict = logs.config(settings.log_level)
# The root file system may be read-only: heartbeats go to memory, no control socket.
memory = Path("/dev/shm")
worker_tmp_dir = str(memory) if memory.is_dir() else None
control_socket_disable = True


def child_exit(server, worker):  # noqa: ANN001, ANN201, ARG001 - gunicorn's signature
    """Let the gauges of a dead worker count no more."""
    multiprocess.mark_process_dead(worker.pid)


def on_exit(server):  # noqa: ANN001, ANN201, ARG001 - gunicorn's signature
    """Leave nothing behind."""
    shutil.rmtree(metrics_folder, ignore_errors=True)
