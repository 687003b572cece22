"""ddapm-test-agent: a receiver that pip installs, for machines without Go."""

from __future__ import annotations

import json
import sys
import urllib.request
from typing import TYPE_CHECKING

from receivers.base import Receiver, free_ports
from receivers.cache import ROOT, cached, run
from receivers.received import from_base64, spans_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from receivers.received import Span

REQUIREMENTS = ROOT / "tests" / "requirements-ddapm.txt"


class Ddapm(Receiver):
    """Takes at most 1 MiB a request and answers 413 above: batches must be split."""

    kind = "ddapm"

    @classmethod
    def install(cls) -> Path:
        """Makes a venv of its own: its dependencies are no business of the tests."""

        def make(folder: Path) -> None:
            run([sys.executable, "-m", "venv", "--clear", folder / "venv"], ROOT)
            pip = [folder / "venv/bin/python", "-m", "pip", "--disable-pip-version-check", "-q"]
            run([*pip, "install", "-r", REQUIREMENTS], ROOT)

        return cached("ddapm", [REQUIREMENTS], make)

    def command(self) -> Sequence[str | Path]:
        """Names free ports for its three servers."""
        self.port, self.grpc_port, agent = free_ports(3)
        return [
            self.install() / "venv" / "bin" / "ddapm-test-agent",
            *("--host", "127.0.0.1", "--port", str(agent), "--log-level", "WARNING"),
            *("--otlp-http-port", str(self.port), "--otlp-grpc-port", str(self.grpc_port)),
        ]

    def read(self) -> list[Span]:
        """Asks for the decoded requests."""
        url = f"{self.endpoint}/test/session/traces"
        with urllib.request.urlopen(url, timeout=30) as response:
            requests = json.load(response)
        return [span for request in requests for span in spans_of(request, from_base64)]
