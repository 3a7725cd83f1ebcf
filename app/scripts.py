"""The Lua scripts that Redis runs, each atomically on one key."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from redis.exceptions import NoScriptError

from app.transport import Argument, Transport

FOLDER = Path(__file__).parent / "lua"


@dataclass(frozen=True, slots=True)
class Script:
    """A script's text, and the digest by which Redis knows it (EVALSHA)."""

    text: bytes
    sha: str

    @classmethod
    def of(cls, *names: str) -> "Script":
        """Join the files of those names into one script."""
        text = b"".join((FOLDER / f"{name}.lua").read_bytes() for name in names)
        return cls(text, hashlib.sha1(text, usedforsecurity=False).hexdigest())


READ = Script.of("read")
DESCRIBE = Script.of("describe")
PUT = Script.of("conditions", "put")
DELETE = Script.of("conditions", "delete")
MODIFY = Script.of("conditions", "modify")


def run(
    transport: Transport,
    script: Script,
    key: bytes,
    *arguments: Argument,
    idempotent: bool = False,
) -> Any:  # noqa: ANN401 - scripts answer lists of mixed types
    """Run a script on one key, sending its text where Redis does not have it.

    NOSCRIPT says that nothing was done, so that it may be sent again. Redis keeps the
    text until it restarts or is told SCRIPT FLUSH. Raises as Transport.execute does.
    """
    call = (1, key, *arguments)
    try:
        return transport.execute("EVALSHA", script.sha, *call, idempotent=idempotent)
    except NoScriptError:
        return transport.execute("EVAL", script.text, *call, idempotent=idempotent)


def read_each(
    transport: Transport, script: Script, keys: Sequence[bytes], *arguments: Argument
) -> list[Any]:
    """Run a script that only reads on each of the keys, all at once."""
    calls = [(1, key, *arguments) for key in keys]
    try:
        commands = [("EVALSHA", script.sha, *call) for call in calls]
        return transport.execute_many(commands, idempotent=True)
    except NoScriptError:
        texts = [("EVAL", script.text, *call) for call in calls]
        return transport.execute_many(texts, idempotent=True)
