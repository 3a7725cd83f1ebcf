"""One line a request, past the logging module, whose records cost more than it."""

import logging
import os
import sys
import time

from app import logs

# Asked every few seconds by probes and scrapers: told of only when they fail.
QUIET_ROUTES = frozenset({"/health", "/health/ready", "/health/live", "/metrics"})

logger = logging.getLogger("app.access")


class AccessLog:
    """Writes access lines in one form; the logger `app.access` sets the level.

    `quiet` leaves out the routes of probes and scrapers while they answer below 500.
    """

    def __init__(self, form: str, *, quiet: bool) -> None:
        self._encode = logs.ENCODERS[form]
        self._left_out = QUIET_ROUTES if quiet else frozenset()

    def wants(self, route: str | None, status: int) -> bool:
        """Tell whether a request answered like that gets a line."""
        if status >= 500:
            return logger.isEnabledFor(logging.WARNING)
        return route not in self._left_out and logger.isEnabledFor(logging.INFO)

    def write(self, status: int, fields: logs.Fields) -> None:
        """Write a request's line: info, or warning from status 500 on."""
        line = {
            "time": logs.timestamp(time.time()),
            "level": "warning" if status >= 500 else "info",
            "logger": logger.name,
            "message": "request",
        }
        line |= fields
        _write_line(self._encode(line))


def _write_line(line: str) -> None:
    # In one system call, so that the lines of several processes do not mix.
    try:
        os.write(sys.stdout.fileno(), line.encode() + b"\n")
    except (OSError, ValueError):
        return  # a log that cannot be written must not fail the request
