"""A server as a process of its own: free ports, ready or not, stopped by its own id."""

from __future__ import annotations

import json
import socket
import subprocess
import time
import urllib.error
import urllib.request
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from typing import TypeVar

    from receivers.received import Span

    T = TypeVar("T")

READY_SECONDS = 60.0
STARTS = 3  # a port found free may be taken before the server binds it


class Server(ABC):
    """Starts on entering, stops on leaving."""

    kind: str
    port: int

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    @classmethod
    @abstractmethod
    def install(cls) -> Path:
        """Returns the folder with the program, built or fetched if it is not there yet."""

    @abstractmethod
    def command(self) -> Sequence[str | Path]:
        """Returns the program and its arguments, with free ports."""

    def environment(self) -> dict[str, str] | None:
        """Returns the program's environment; None for this process's own."""
        return None

    def __enter__(self) -> Server:
        self.install()
        for _ in range(STARTS):
            if self._start():
                return self
        raise RuntimeError(f"{self.kind} does not start:\n{self.log()}")

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Ends the process, first with the request to end itself."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def log(self) -> str:
        """Returns what the process has printed."""
        return (self.folder / "log").read_text(encoding="utf-8", errors="replace")

    def _start(self) -> bool:
        with (self.folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                self.command(),
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
            )
        deadline = time.monotonic() + READY_SECONDS
        while self._process.poll() is None and time.monotonic() < deadline:
            if self.is_ready():
                return True
            time.sleep(0.05)
        self.stop()
        return False

    def is_ready(self) -> bool:
        """Whether the port answers."""
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            return False
        return True


class Receiver(Server):
    """A server that takes OTLP and gives back all that it took."""

    @property
    def endpoint(self) -> str:
        """What OTEL_EXPORTER_OTLP_ENDPOINT is set to."""
        return f"http://127.0.0.1:{self.port}"

    @abstractmethod
    def read(self) -> list[Span]:
        """Returns what has arrived so far."""

    def wait_for(self, count: int, timeout: float = 30.0) -> list[Span]:
        """Returns the spans once `count` of them are there, or what is there at the time-out."""
        return wait_until(self.read, lambda spans: len(spans) >= count, timeout)

    def __enter__(self) -> Receiver:
        super().__enter__()
        return self


def wait_until(look: Callable[[], T], enough: Callable[[T], bool], timeout: float = 30.0) -> T:
    """Returns what `look` sees once it is enough, or at the time-out."""
    deadline = time.monotonic() + timeout
    while True:
        seen = look()
        if enough(seen) or time.monotonic() > deadline:
            return seen
        time.sleep(0.05)


def get_json(url: str) -> Any:
    """Returns the document at `url`, or None while the server has none there."""
    try:
        with urllib.request.urlopen(url, timeout=30) as response:
            return json.load(response)
    except urllib.error.HTTPError as error:
        if error.code == 404:
            return None
        raise


def free_ports(count: int) -> list[int]:
    """Returns ports that were free a moment ago."""
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports
