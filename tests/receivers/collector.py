"""The OpenTelemetry Collector, built with Go from tests/backends/collector; it writes OTLP JSON."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING

from receivers.base import CACHE, ROOT, Receiver, Unavailable, free_ports, run
from receivers.received import from_hex, spans_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from receivers.received import Span

SOURCE = ROOT / "tests" / "backends" / "collector"
CONFIG = """\
receivers:
  otlp:
    protocols:
      http: {{endpoint: "127.0.0.1:{http}", max_request_body_size: 33554432}}
      grpc: {{endpoint: "127.0.0.1:{grpc}"}}
exporters:
  file: {{path: "{spans}", flush_interval: 50ms}}
service:
  telemetry: {{metrics: {{level: none}}, logs: {{level: warn}}}}
  pipelines:
    traces: {{receivers: [otlp], exporters: [file]}}
"""


class Collector(Receiver):
    """Decodes what arrives as users' collectors do."""

    kind = "collector"

    @classmethod
    def install(cls) -> None:
        """Builds the program (about two minutes, once; the modules are pinned by go.sum)."""
        binary, stamp = CACHE / "otelcol-test", CACHE / "otelcol-test.sum"
        pinned = (SOURCE / "go.sum").read_text(encoding="utf-8")
        if binary.is_file() and stamp.is_file() and stamp.read_text(encoding="utf-8") == pinned:
            return
        go = shutil.which("go")
        if go is None:
            raise Unavailable("the Collector needs Go to be built: apt-get install golang")
        CACHE.mkdir(parents=True, exist_ok=True)
        flags = ["-mod=readonly", "-trimpath", "-ldflags=-s -w"]
        environment = {"CGO_ENABLED": "0", "GOTOOLCHAIN": "local"}
        run([go, "build", *flags, "-o", binary, "."], SOURCE, environment)
        stamp.write_text(pinned, encoding="utf-8")

    def command(self) -> Sequence[str | Path]:
        """Writes the configuration for free ports."""
        self.port, self.grpc_port = free_ports(2)
        config = self.folder / "config.yaml"
        spans = self.folder / "spans.jsonl"
        text = CONFIG.format(http=self.port, grpc=self.grpc_port, spans=spans)
        config.write_text(text, encoding="utf-8")
        return [CACHE / "otelcol-test", "--config", config]

    def read(self) -> list[Span]:
        """Reads the file's whole lines: one export request each."""
        path = self.folder / "spans.jsonl"
        if not path.is_file():
            return []
        whole, _, _ = path.read_text(encoding="utf-8").rpartition("\n")
        lines = [json.loads(line) for line in whole.splitlines()]
        return [span for line in lines for span in spans_of(line, from_hex)]
