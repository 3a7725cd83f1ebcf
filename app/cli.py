"""The flask-redis-api command."""

import argparse
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import NoReturn

from app import __version__
from app.embedded import EmbeddedServer, EmbeddedServerError, find_server
from app.settings import Settings, SettingsError

GUNICORN_CONFIG = Path(__file__).parent.parent / "docker" / "gunicorn.conf.py"
HEALTH_SECONDS = 3


def main() -> None:
    """Run the command line's command; exit with 0, or 1 and a message."""
    parser = _parser()
    arguments = parser.parse_args()
    try:
        settings = Settings.from_env(os.environ)
        sys.exit(arguments.command(settings, arguments))
    except (SettingsError, EmbeddedServerError) as error:
        sys.exit(f"flask-redis-api: {error}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="flask-redis-api",
        description="A small key-value service over HTTP: a Flask API on Redis.",
        epilog="The rest is set by environment variables; the README lists them.",
    )
    version = f"%(prog)s {__version__}"
    parser.add_argument("--version", action="version", version=version)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    run_command = commands.add_parser(
        "run",
        help="serve on HOST:PORT; with a Redis of its own unless REDIS_URL is set",
    )
    run_command.add_argument(
        "--data",
        type=Path,
        default=Path("data"),
        metavar="FOLDER",
        help="where that Redis keeps its data (default: ./data)",
    )
    run_command.set_defaults(command=run)
    health_command = commands.add_parser(
        "health", help="ask the service on PORT of this machine how it is"
    )
    health_command.set_defaults(command=health)
    return parser


def run(settings: Settings, arguments: argparse.Namespace) -> int:
    """Serve with gunicorn until a signal ends it; return its exit code."""
    if not GUNICORN_CONFIG.exists():
        message = f"{GUNICORN_CONFIG} is missing: run it from a checkout or the image"
        raise SettingsError(message)
    _check_port_is_free(settings)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _leave)
    url = f"http://{_loopback(settings.host)}:{settings.port}"
    print(f"flask-redis-api {__version__} on {url}; Ctrl-C stops it", flush=True)
    if os.environ.get("REDIS_URL") or os.environ.get("REDIS_HOST"):
        return _serve(os.environ)
    with EmbeddedServer(find_server(), arguments.data) as server:
        print(f"Redis of its own: data in {server.folder}, {server.url}", flush=True)
        return _serve(_own_redis(server.url))


def health(settings: Settings, arguments: argparse.Namespace) -> int:  # noqa: ARG001 - as run
    """Print what GET /health answers; return 0 when it is 200, else 1."""
    url = f"http://{_loopback(settings.host)}:{settings.port}/health"
    # Whatever proxy the environment names, this machine is asked itself.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=HEALTH_SECONDS) as answer:
            print(answer.read().decode(), end="")
            return 0
    except urllib.error.HTTPError as error:
        print(error.read().decode(), end="")
    except OSError as error:
        print(f"flask-redis-api: {url}: {error}", file=sys.stderr)
    return 1


def _check_port_is_free(settings: Settings) -> None:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.host, settings.port))
        except OSError as error:
            message = (
                f"cannot listen on {settings.host}:{settings.port} ({error.strerror}): "
                "is another copy running? Stop it, or set PORT to a free one"
            )
            raise SettingsError(message) from None


def _serve(environ: Mapping[str, str]) -> int:
    command = [sys.executable, "-m", "gunicorn", "--config", str(GUNICORN_CONFIG)]
    # A terminal's Ctrl-C reaches gunicorn itself; we wait for it, then stop Redis.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with subprocess.Popen(command, env=dict(environ)) as server:
        try:
            return server.wait()
        except SystemExit:
            server.terminate()
            return server.wait()


def _leave(*_: object) -> NoReturn:
    """Unwind, once, so that what was started is stopped: the terminal was closed."""
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)
    sys.exit(0)


def _own_redis(url: str) -> dict[str, str]:
    """Return the environment, less what is meant for another Redis."""
    others = {"REDIS_USERNAME", "REDIS_PASSWORD", "REDIS_PASSWORD_FILE"}
    kept = {name: value for name, value in os.environ.items() if name not in others}
    return {**kept, "REDIS_URL": url}


def _loopback(host: str) -> str:
    if host in ("0.0.0.0", "::"):  # noqa: S104 - compared, not bound
        return "127.0.0.1" if host == "0.0.0.0" else "[::1]"  # noqa: S104
    return f"[{host}]" if ":" in host else host
