"""Commands that wait to be sent to Redis."""

from collections import deque
from collections.abc import Iterator, Sequence

from app.outage import Outage, Reason
from app.wire import Command

# A batch ends with the command that fills it, and holds one large command at most:
# those that come later wait for no more than that.
BATCH_BYTES = 256 * 1024
LARGE_BYTES = 16 * 1024
# What may wait at once; beyond it, the client had better come back later.
MOST_LARGE_BYTES = 64 * 1024 * 1024


class Outbox:
    """Commands in the order in which they came, but that small ones pass large ones."""

    def __init__(self) -> None:
        self._small: deque[Command] = deque()
        self._large: deque[Command] = deque()
        self._large_bytes = 0

    def __len__(self) -> int:
        return len(self._small) + len(self._large)

    def put(self, command: Command) -> None:
        """Add a command; raises Outage where too many bytes wait already."""
        if len(command.packed) <= LARGE_BYTES:
            self._small.append(command)
        elif self._large_bytes > MOST_LARGE_BYTES:
            raise Outage(Reason.OVERLOADED)
        else:
            self._large.append(command)
            self._large_bytes += len(command.packed)

    def put_back(self, commands: Sequence[Command]) -> None:
        """Put what was taken at the head again."""
        self._small.extendleft(reversed(commands))

    def take_batch(self) -> list[Command]:
        """Take what shall be sent next, less what nobody waits for any more."""
        batch, size = [], 0
        for command in self._next():
            if not command.future.done():
                batch.append(command)
                size += len(command.packed)
                if size >= BATCH_BYTES or len(command.packed) > LARGE_BYTES:
                    break
        return batch

    def take_all(self) -> list[Command]:
        """Take everything."""
        return list(self._next())

    def _next(self) -> Iterator[Command]:
        while self._small:
            yield self._small.popleft()
        while self._large:
            command = self._large.popleft()
            self._large_bytes -= len(command.packed)
            yield command
