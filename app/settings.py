"""What the environment says, read once and checked as a whole."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from redis.connection import parse_url

LOG_LEVELS = ("debug", "info", "warning", "error", "critical")
LOG_FORMATS = ("json", "text")


class SettingsError(ValueError):
    """The environment holds wrong settings; the message names every one."""


@dataclass(frozen=True)
class Settings:
    """Everything that can be configured; durations in seconds, sizes in bytes."""

    redis_url: str = field(default="redis://localhost:6379/0", repr=False)
    redis_username: str | None = None
    redis_password: str | None = field(default=None, repr=False)
    redis_timeout: float = 1.0
    host: str = "127.0.0.1"
    port: int = 5000
    workers: int = 2
    graceful_timeout: int = 25
    log_level: str = "info"
    log_format: str = "json"
    log_health_checks: bool = False
    metrics_port: int = 0
    metrics_on_main_port: bool = True
    max_key_bytes: int = 512
    max_value_bytes: int = 1024 * 1024

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "Settings":
        """Read the settings from environment variables; an empty one counts as unset.

        Raises SettingsError, which names every wrong variable with its value
        (secrets hidden).
        """
        reader = _Reader(environ)
        settings = cls(
            redis_url=_redis_url(reader),
            redis_username=reader.text("REDIS_USERNAME"),
            redis_password=_redis_password(reader),
            redis_timeout=reader.number("REDIS_TIMEOUT", cls.redis_timeout, 0.01, 60),
            host=reader.text("HOST") or cls.host,
            port=reader.integer("PORT", cls.port, 1, 65535),
            workers=reader.integer("WORKERS", cls.workers, 1, 1024),
            graceful_timeout=reader.integer(
                "GRACEFUL_TIMEOUT", cls.graceful_timeout, 1, 3600
            ),
            log_level=reader.choice("LOG_LEVEL", cls.log_level, LOG_LEVELS),
            log_format=reader.choice("LOG_FORMAT", cls.log_format, LOG_FORMATS),
            log_health_checks=reader.flag("LOG_HEALTH_CHECKS", cls.log_health_checks),
            metrics_port=reader.integer("METRICS_PORT", cls.metrics_port, 0, 65535),
            metrics_on_main_port=reader.flag(
                "METRICS_ON_MAIN_PORT", cls.metrics_on_main_port
            ),
            max_key_bytes=reader.integer(
                "MAX_KEY_BYTES", cls.max_key_bytes, 1, 64 * 1024
            ),
            max_value_bytes=reader.integer(
                "MAX_VALUE_BYTES", cls.max_value_bytes, 1, 512 * 1024 * 1024
            ),
        )
        if settings.metrics_port == settings.port:
            reader.wrong("METRICS_PORT", str(settings.port), "another port than PORT")
        if reader.errors:
            raise SettingsError("wrong settings: " + "; ".join(reader.errors))
        return settings

    @property
    def exposes_metrics(self) -> bool:
        """Whether anyone can read them; where nobody can, none are kept."""
        return bool(self.metrics_port) or self.metrics_on_main_port


class _Reader:
    """Parses variables and collects what is wrong with them."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ
        self.errors: list[str] = []

    def text(self, name: str) -> str | None:
        return self.environ.get(name) or None

    def integer(self, name: str, default: int, low: int, high: int) -> int:
        value = self.text(name) or str(default)
        try:
            number = int(value)
        except ValueError:
            number = low - 1
        if not low <= number <= high:
            self.wrong(name, value, f"a whole number from {low} to {high}")
        return number

    def number(self, name: str, default: float, low: float, high: float) -> float:
        value = self.text(name) or str(default)
        try:
            number = float(value)
        except ValueError:
            number = low - 1
        if not low <= number <= high:
            self.wrong(name, value, f"a number from {low} to {high}")
        return number

    def choice(self, name: str, default: str, choices: tuple[str, ...]) -> str:
        value = (self.text(name) or default).lower()
        if value not in choices:
            self.wrong(name, value, "one of " + ", ".join(choices))
        return value

    def flag(self, name: str, default: bool) -> bool:  # noqa: FBT001 - a default value
        return self.choice(name, str(default), ("true", "false")) == "true"

    def wrong(self, name: str, value: str, expected: str) -> None:
        self.errors.append(f"{name}={value!r} must be {expected}")


def _redis_url(reader: _Reader) -> str:
    if url := reader.text("REDIS_URL"):
        return _checked_url(reader, url)
    host = reader.text("REDIS_HOST") or "localhost"
    port = _redis_port(reader)
    db = reader.integer("REDIS_DB", 0, 0, 2**31 - 1)
    return f"redis://{f'[{host}]' if ':' in host else host}:{port}/{db}"


def _checked_url(reader: _Reader, url: str) -> str:
    # All that may be a password, however misspelt the rest is.
    masked = re.sub(r"(?s)^(\w+://)?.*@", r"\1***@", url)
    masked = re.sub(r"(?s)(password=)[^&]*", r"\1***", masked)
    try:
        options = parse_url(url)
    except ValueError:  # whose message may quote a part of the password
        expected = (
            "a redis://, rediss:// or unix:// address, "
            "what is special in its user name and password percent-encoded"
        )
        reader.wrong("REDIS_URL", masked, expected)
        return url
    if "password" in options and reader.text("REDIS_PASSWORD"):
        reader.wrong("REDIS_URL", masked, "without a password beside REDIS_PASSWORD")
    return url


def _redis_port(reader: _Reader) -> int:
    # Kubernetes injects REDIS_PORT=tcp://… beside a Service named "redis".
    if (reader.text("REDIS_PORT") or "").startswith("tcp://"):
        return 6379
    return reader.integer("REDIS_PORT", 6379, 1, 65535)


def _redis_password(reader: _Reader) -> str | None:
    password = reader.text("REDIS_PASSWORD")
    path = reader.text("REDIS_PASSWORD_FILE")
    if path is None:
        return password
    if password is not None:
        reader.wrong("REDIS_PASSWORD_FILE", path, "unset when REDIS_PASSWORD is set")
        return None
    try:
        return Path(path).read_text(encoding="utf-8").rstrip("\r\n") or None
    except (OSError, UnicodeDecodeError) as error:
        reader.wrong("REDIS_PASSWORD_FILE", path, f"a readable file ({error})")
        return None
