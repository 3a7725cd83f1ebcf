"""Lines on standard output: JSON for machines, or text for people.

No line holds a key, a value or a secret. Our own messages are made without them;
what libraries say may quote anything, so that of theirs only the safe part is kept,
unless LOG_LEVEL is debug.
"""

import json
import logging
import logging.config
import traceback
from collections.abc import Callable
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

Fields = dict[str, Any]
Encoder = Callable[[Fields], str]

# The request's ids, which each line made in its context carries.
request_ids: ContextVar[dict[str, str] | None] = ContextVar("request_ids", default=None)

STANDARD_FIELDS = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime"}
LONGEST_CHAIN = 8

json_line: Encoder = json.JSONEncoder(ensure_ascii=False, default=str).encode


def text_line(fields: Fields) -> str:
    """Write a line's fields as text: what happened, then the rest as name=value."""
    rest = dict(fields)
    start = f"{rest.pop('time')} {rest.pop('level'):8} {rest.pop('message')}"
    exception = rest.pop("exception", None)
    words = [start, *(f"{k}={v}" for k, v in rest.items() if v is not None)]
    return " ".join(words) + (f"\n{exception}" if exception else "")


ENCODERS: dict[str, Encoder] = {"json": json_line, "text": text_line}


class LineFormatter(logging.Formatter):
    """Writes a record as one line; extra fields beside the message.

    `reveal` lets messages of libraries and of exceptions through as they are.
    """

    def __init__(self, encode: Encoder, *, reveal: bool) -> None:
        super().__init__()
        self._encode = encode
        self._reveal = reveal

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line: Fields = {
            "time": timestamp(record.created),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage() if self._reveal else safe_message(record),
            **(request_ids.get() or {}),
        }
        line |= {k: v for k, v in vars(record).items() if k not in STANDARD_FIELDS}
        if record.exc_info and record.exc_info[1]:
            error = record.exc_info[1]
            line["exception"] = (
                self.formatException(record.exc_info) if self._reveal else whence(error)
            )
        return self._encode(line)


def timestamp(seconds: float) -> str:
    """Return a point in time as RFC 3339 has it, in UTC."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")


def safe_message(record: logging.LogRecord) -> str:
    """Return what a record says without what it may quote.

    gunicorn names the address of a bad request before it quotes it, and the path of
    a failed one only as an argument. Of other libraries just the place is told.
    """
    if record.name.startswith("app."):  # "app" itself is Flask's, with its paths
        return record.getMessage()
    if record.name.startswith("gunicorn.") and isinstance(record.msg, str):
        if record.exc_info:
            return record.msg
        start, quoted, _ = record.getMessage().partition("Invalid request from ip=")
        return f"{start}invalid request" if quoted else start
    return f"logged at {record.module}.{record.funcName}:{record.lineno}"


def whence(error: BaseException) -> str:
    """Return the types of an exception and its causes, and where they came from."""
    parts: list[str] = []
    cause: BaseException | None = error
    while cause is not None and len(parts) < LONGEST_CHAIN:
        kind = type(cause)
        frames = "".join(traceback.format_tb(cause.__traceback__))
        parts.append(f"{frames}{kind.__module__}.{kind.__qualname__}")
        hidden = cause.__suppress_context__
        cause = cause.__cause__ or (None if hidden else cause.__context__)
    return "\nwhich led to\n".join(reversed(parts))


def config(level: str, form: str) -> dict[str, Any]:
    """Return the logging configuration, for this process and for gunicorn's own.

    `level` and `form` are the settings LOG_LEVEL and LOG_FORMAT.
    """
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "line": {
                "()": LineFormatter,
                "encode": ENCODERS[form],
                "reveal": level == "debug",
            }
        },
        "handlers": {
            "stdout": {
                "class": "logging.StreamHandler",
                "stream": "ext://sys.stdout",
                "formatter": "line",
            }
        },
        "root": {"handlers": ["stdout"], "level": level.upper()},
        "loggers": {"gunicorn.error": {"propagate": True}},
    }


def configure(level: str, form: str) -> None:
    """Send this process's logs to standard output from `level` up."""
    logging.config.dictConfig(config(level, form))
