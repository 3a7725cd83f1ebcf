"""The worker processes of one server, by slots that their successors inherit.

prometheus_client keeps a process' figures in files named by its id: each worker that
is replaced would leave a file behind. Named by slot, the successor counts on in it.
"""

import atexit
import os
import shutil
import tempfile
from functools import cache
from pathlib import Path

from prometheus_client import multiprocess, values

MEMORY = Path("/dev/shm")  # noqa: S108 - shared memory, written only in a folder of ours
FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"

_slot = "master"


@cache
def share_metrics() -> Path:
    """Let the processes forked from now on share their metrics; return the folder.

    A configuration that is read again gets the same folder. It goes with this process.
    """
    memory = MEMORY if os.access(MEMORY, os.W_OK) else None
    folder = Path(tempfile.mkdtemp(prefix="flask-redis-api-metrics-", dir=memory))
    os.environ[FOLDER_VARIABLE] = str(folder)
    atexit.register(_remove, folder, os.getpid())
    values.ValueClass = values.MultiProcessValue(process_identifier=current_slot)
    return folder


def current_slot() -> str:
    """Return this process' slot."""
    return _slot


def lowest_free(taken: set[str]) -> str:
    """Return the first slot, counted from 1, that no living worker has."""
    number = 1
    while str(number) in taken:
        number += 1
    return str(number)


def enter(slot: str) -> None:
    """Make this process, newly forked, the worker of a slot."""
    global _slot  # noqa: PLW0603 - a process is in one slot
    _slot = slot
    _pid_file(slot).write_text(str(os.getpid()), encoding="ascii")


def leave(slot: str) -> None:
    """Let the gauges of a slot's dead worker count no more; its counters stay."""
    _pid_file(slot).unlink(missing_ok=True)
    multiprocess.mark_process_dead(slot)


def pids() -> dict[str, int]:
    """Return the process id of each living worker by slot; of this process if alone."""
    found = {}
    for file in Path(os.environ.get(FOLDER_VARIABLE, "/nonexistent")).glob("*.pid"):
        try:
            found[file.stem] = int(file.read_text(encoding="ascii"))
        except (FileNotFoundError, ValueError):
            continue  # it has died, or is just being born
    return found or {_slot: os.getpid()}


def _pid_file(slot: str) -> Path:
    return share_metrics() / f"{slot}.pid"


def _remove(folder: Path, owner: int) -> None:
    if os.getpid() == owner:  # not a worker, which inherits what is to be done at exit
        shutil.rmtree(folder, ignore_errors=True)
