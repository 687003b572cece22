"""The OpenTelemetry Collector, built with Go from tests/backends/collector; it writes OTLP JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from receivers.base import Receiver, free_ports, wait_until
from receivers.cache import ROOT, cached, go_build
from receivers.received import from_hex, spans_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from receivers.received import Json, Span

SOURCE = ROOT / "tests" / "backends" / "collector"
CONFIG = """\
receivers:
  otlp:
    protocols:
      http: {{endpoint: "127.0.0.1:{http}", max_request_body_size: 33554432}}
      grpc: {{endpoint: "127.0.0.1:{grpc}"}}
  zipkin: {{endpoint: "127.0.0.1:{zipkin}"}}
  jaeger: {{protocols: {{thrift_http: {{endpoint: "127.0.0.1:{jaeger}"}}}}}}
  otlp_json_file:
    include: ["{folder}/lines/*.jsonl"]
    start_at: beginning
    include_file_name: false
exporters:
  file/traces: {{path: "{folder}/traces.jsonl", flush_interval: 50ms}}
  file/logs: {{path: "{folder}/logs.jsonl", flush_interval: 50ms}}
  file/metrics: {{path: "{folder}/metrics.jsonl", flush_interval: 50ms}}
service:
  telemetry: {{metrics: {{level: none}}, logs: {{level: warn}}}}
  pipelines:
    traces: {{receivers: [otlp, zipkin, jaeger, otlp_json_file], exporters: [file/traces]}}
    logs: {{receivers: [otlp, otlp_json_file], exporters: [file/logs]}}
    metrics: {{receivers: [otlp, otlp_json_file], exporters: [file/metrics]}}
"""


class Collector(Receiver):
    """Decodes what arrives as users' collectors do."""

    kind = "collector"

    @classmethod
    def install(cls) -> Path:
        """Builds the program (about two minutes, once)."""

        def make(folder: Path) -> None:
            go_build(SOURCE, ".", folder / "otelcol-test")

        return cached("collector", [SOURCE / "go.sum", SOURCE / "main.go"], make)

    def command(self) -> Sequence[str | Path]:
        """Writes the configuration for free ports."""
        self.port, self.grpc_port, self.zipkin_port, self.jaeger_port = free_ports(4)
        self.lines.mkdir(exist_ok=True)
        text = CONFIG.format(
            http=self.port,
            grpc=self.grpc_port,
            zipkin=self.zipkin_port,
            jaeger=self.jaeger_port,
            folder=self.folder,
        )
        config = self.folder / "config.yaml"
        config.write_text(text, encoding="utf-8")
        return [self.install() / "otelcol-test", "--config", config]

    @property
    def lines(self) -> Path:
        """The folder whose files of OTLP JSON lines (``*.jsonl``) it reads."""
        return self.folder / "lines"

    def requests(self, signal: str = "traces") -> list[Json]:
        """Reads the whole lines of a signal's file: one export request each, as OTLP JSON."""
        path = self.folder / f"{signal}.jsonl"
        if not path.is_file():
            return []
        whole, _, _ = path.read_text(encoding="utf-8").rpartition("\n")
        return [json.loads(line) for line in whole.splitlines()]

    def wait_for_requests(self, signal: str) -> list[Json]:
        """Returns what arrived once something did."""
        return wait_until(lambda: self.requests(signal), bool)

    def read(self) -> list[Span]:
        """Returns the spans of all requests."""
        return [span for line in self.requests() for span in spans_of(line, from_hex)]
