"""JSON lines on standard output, each with the id of its request."""

import json
import logging
import logging.config
import re
import uuid
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
WELL_FORMED_ID = re.compile(r"[A-Za-z0-9._:+/=@-]{1,128}")
STANDARD_FIELDS = frozenset(vars(logging.makeLogRecord({}))) | {"request_id"}


class RequestIdFilter(logging.Filter):
    """Gives each record the id of the request that it was made in."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Keep every record."""
        record.request_id = request_id.get()
        return True


class JsonFormatter(logging.Formatter):
    """Writes a record as one JSON object a line; extra fields beside the message."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if identity := getattr(record, "request_id", None):
            line["request_id"] = identity
        line |= {k: v for k, v in vars(record).items() if k not in STANDARD_FIELDS}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def config(level: str) -> dict[str, Any]:
    """Return the logging configuration, for this process and for gunicorn's own."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"request_id": {"()": RequestIdFilter}},
        "formatters": {"json": {"()": JsonFormatter}},
        "handlers": {
            "stdout": {
                "class": "logging.StreamHandler",
                "stream": "ext://sys.stdout",
                "formatter": "json",
                "filters": ["request_id"],
            }
        },
        "root": {"handlers": ["stdout"], "level": level.upper()},
        "loggers": {"gunicorn.error": {"propagate": True}},
    }


def configure(level: str) -> None:
    """Send this process's logs to standard output from `level` up."""
    logging.config.dictConfig(config(level))


def accepted_id(given: str | None) -> str:
    """Return the id that a client gave if it is well-formed, else a new one."""
    if given and WELL_FORMED_ID.fullmatch(given):
        return given
    return uuid.uuid4().hex
