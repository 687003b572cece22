"""A receiver as a process of its own: free ports, ready or not, stopped by its own id."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from receivers.received import Span

ROOT = Path(__file__).resolve().parent.parent.parent
CACHE = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "backends"
READY_SECONDS = 60.0
STARTS = 3  # a port found free may be taken before the receiver binds it


class Unavailable(RuntimeError):  # noqa: N818 - a state of the machine, not a mistake
    """The receiver cannot be built or installed on this machine."""


class Receiver(ABC):
    """Starts on entering, stops on leaving."""

    kind: str
    port: int

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def endpoint(self) -> str:
        """What OTEL_EXPORTER_OTLP_ENDPOINT is set to."""
        return f"http://127.0.0.1:{self.port}"

    @classmethod
    @abstractmethod
    def install(cls) -> None:
        """Builds or installs the program into the cache; quick when it is there."""

    @abstractmethod
    def command(self) -> Sequence[str | Path]:
        """Returns the program and its arguments, with free ports."""

    @abstractmethod
    def read(self) -> list[Span]:
        """Returns what has arrived so far."""

    def wait_for(self, count: int, timeout: float = 30.0) -> list[Span]:
        """Returns the spans once `count` of them are there, or what is there at the time-out."""
        deadline = time.monotonic() + timeout
        while True:
            spans = self.read()
            if len(spans) >= count or time.monotonic() > deadline:
                return spans
            time.sleep(0.05)

    def __enter__(self) -> Receiver:
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
                self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.folder
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


def free_ports(count: int) -> list[int]:
    """Returns ports that were free a moment ago."""
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def run(
    command: Sequence[str | Path], cwd: Path, environment: dict[str, str] | None = None
) -> None:
    """Runs a step of an installation; its output is the reason when it fails."""
    result = subprocess.run(
        command,
        cwd=cwd,
        env={**os.environ, **(environment or {})},
        check=False,
        capture_output=True,
        text=True,
    )
    if result.returncode:
        tail = "\n".join(result.stderr.splitlines()[-5:])
        raise Unavailable(f"{' '.join(map(str, command))} failed:\n{tail}")
