"""W3C Trace Context: the trace that a client's request belongs to."""

import random
import re
from dataclasses import dataclass

# https://www.w3.org/TR/trace-context-2/#traceparent-header: lower-case hexadecimal,
# no id of zeros alone, never version ff; later versions may append fields.
TRACEPARENT = re.compile(
    r"(?P<version>(?!ff)[0-9a-f]{2})"
    r"-(?P<trace>(?!0{32})[0-9a-f]{32})"
    r"-(?P<parent>(?!0{16})[0-9a-f]{16})"
    r"-(?P<flags>[0-9a-f]{2})"
    r"(?P<more>-[\x20-\x7e]*)?"
)
# Sampled (level 1) and random trace id (level 2); other bits are not passed on.
KNOWN_FLAGS = 0b11


@dataclass(slots=True)
class Trace:
    """The trace of one request: `span_id` is ours, `parent_id` the client's."""

    trace_id: str
    span_id: str
    parent_id: str | None
    flags: int

    def response(self) -> str:
        """Return what the header traceresponse tells the client.

        https://w3c.github.io/trace-context/#traceresponse-header
        """
        return f"00-{self.trace_id}-{self.span_id}-{self.flags:02x}"


def take_up(traceparent: str | None) -> Trace:
    """Go on with the trace that a header names, or start a new one.

    A malformed header counts as none, as section 4.3 of the specification asks.
    """
    found = TRACEPARENT.fullmatch(traceparent) if traceparent else None
    if found is None or (found["version"] == "00" and found["more"]):
        return Trace(_hexadecimal(32), _hexadecimal(16), None, 0)
    flags = int(found["flags"], 16) & KNOWN_FLAGS
    return Trace(found["trace"], _hexadecimal(16), found["parent"], flags)


def _hexadecimal(digits: int) -> str:
    """Return a random id; unique is enough, so that no secret is spent on it."""
    number = random.getrandbits(4 * digits) or 1
    return f"{number:0{digits}x}"
