"""Where a listing stands, as the opaque text that clients hand back."""

import base64
import binascii
import hashlib
import struct
from dataclasses import dataclass

from app.problems import Problem

_BETWEEN = struct.Struct(">Q")
_WITHIN = struct.Struct(">QQ8s")
_CHECK_BYTES = 8


@dataclass(frozen=True, slots=True)
class Cursor:
    """SCAN's own cursor, and how much of the batch that begins there was listed.

    A batch is listed in the order of its keys' marks. `after` is the last mark listed,
    of the batch that ended at SCAN's cursor `end`.
    """

    scan: int = 0
    end: int | None = None
    after: bytes = b""

    def text(self, prefix: bytes) -> str:
        """Write the cursor so that it is only taken with this prefix."""
        if self.end is None:
            payload = _BETWEEN.pack(self.scan)
        else:
            payload = _WITHIN.pack(self.scan, self.end, self.after)
        check = _check(payload, prefix)
        return base64.urlsafe_b64encode(payload + check).decode().rstrip("=")

    @classmethod
    def read(cls, text: bytes, prefix: bytes) -> "Cursor":
        """Read a cursor; raises Problem 422 for any but ours, of this prefix."""
        try:
            packed = base64.b64decode(
                text + b"=" * (-len(text) % 4), b"-_", validate=True
            )
        except binascii.Error:
            packed = b""
        payload, check = packed[:-_CHECK_BYTES], packed[-_CHECK_BYTES:]
        if check == _check(payload, prefix):
            if len(payload) == _BETWEEN.size:
                return cls(*_BETWEEN.unpack(payload))
            if len(payload) == _WITHIN.size:
                return cls(*_WITHIN.unpack(payload))
        detail = "The cursor must be one from a page of the same prefix."
        raise Problem(422, detail, parameter="cursor")


def mark_of(key: bytes) -> bytes:
    """Return what orders a key within its batch: short, however long the key is."""
    return hashlib.blake2b(key, digest_size=8).digest()


def _check(payload: bytes, prefix: bytes) -> bytes:
    return hashlib.blake2b(payload + prefix, digest_size=_CHECK_BYTES).digest()
