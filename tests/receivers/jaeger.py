"""A real Jaeger: its own program, built with Go from a module that does nothing but pin it.

All in one process, in memory: receivers for OTLP, Zipkin and Jaeger's Thrift, and the query API.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from receivers.base import Server, free_ports, get_json, wait_until
from receivers.cache import ROOT, cached, go_build
from receivers.received import from_hex, spans_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from receivers.received import Json, Span

SOURCE = ROOT / "tests" / "backends" / "jaeger"
PACKAGE = "github.com/jaegertracing/jaeger/cmd/jaeger"
CONFIG = """\
extensions:
  jaeger_storage: {{backends: {{memory: {{memory: {{max_traces: 1000}}}}}}}}
  jaeger_query:
    storage: {{traces: memory}}
    http: {{endpoint: "127.0.0.1:{query}"}}
    grpc: {{endpoint: "127.0.0.1:{query_grpc}"}}
receivers:
  otlp:
    protocols:
      http: {{endpoint: "127.0.0.1:{http}"}}
      grpc: {{endpoint: "127.0.0.1:{grpc}"}}
  zipkin: {{endpoint: "127.0.0.1:{zipkin}"}}
  jaeger: {{protocols: {{thrift_http: {{endpoint: "127.0.0.1:{thrift}"}}}}}}
exporters:
  jaeger_storage_exporter: {{trace_storage: memory}}
service:
  extensions: [jaeger_storage, jaeger_query]
  telemetry: {{metrics: {{level: none}}, logs: {{level: warn}}}}
  pipelines:
    traces: {{receivers: [otlp, zipkin, jaeger], exporters: [jaeger_storage_exporter]}}
"""


class Jaeger(Server):
    """Keeps what it took for its query API, which Jaeger's UI asks too."""

    kind = "jaeger"

    @classmethod
    def install(cls) -> Path:
        """Builds the program (many minutes, once)."""

        def make(folder: Path) -> None:
            go_build(SOURCE, PACKAGE, folder / "jaeger")

        return cached("jaeger", [SOURCE / "go.mod", SOURCE / "go.sum"], make)

    def command(self) -> Sequence[str | Path]:
        """Writes the configuration for free ports."""
        self.port, self.query_port, query_grpc, self.grpc_port, zipkin, self.jaeger_port = (
            free_ports(6)
        )
        self.zipkin_port = zipkin
        text = CONFIG.format(
            query=self.query_port,
            query_grpc=query_grpc,
            http=self.port,
            grpc=self.grpc_port,
            zipkin=zipkin,
            thrift=self.jaeger_port,
        )
        config = self.folder / "config.yaml"
        config.write_text(text, encoding="utf-8")
        return [self.install() / "jaeger", "--config", config]

    def trace(self, trace_id: str, count: int) -> Json:
        """Returns the trace in the UI's JSON once `count` spans of it are there."""
        url = f"http://127.0.0.1:{self.query_port}/api/traces/{trace_id}"

        def enough(answer: Json | None) -> bool:
            return answer is not None and len(answer["data"][0]["spans"]) >= count

        return wait_until(lambda: get_json(url), enough)["data"][0]

    def otlp(self, trace_id: str) -> list[Span]:
        """Returns the trace's spans as version 3 of the query API has them: in OTLP JSON."""
        url = f"http://127.0.0.1:{self.query_port}/api/v3/traces/{trace_id}"
        return list(spans_of(get_json(url)["result"], from_hex))
