"""The Lua scripts that Redis runs, each atomically on one key."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

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
