"""Every field of a rich trace, by each transport, as the OpenTelemetry Collector decodes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from compare import check
from sender import send
from sent import COUNT, SPANS

if TYPE_CHECKING:
    from receivers import Collector, Span


@pytest.mark.parametrize("compression", ["none", "gzip", "zstd"])
@pytest.mark.parametrize("protocol", ["http/protobuf", "http/json", "grpc"])
def test_otlp_arrives_with_every_field(protocol: str, compression: str, collector: Collector):
    port = collector.grpc_port if protocol == "grpc" else collector.port
    variables = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}",
        "OTEL_EXPORTER_OTLP_PROTOCOL": protocol,
        "OTEL_EXPORTER_OTLP_COMPRESSION": compression,
    }
    send(variables)
    check_all(collector.wait_for(COUNT))


def test_files_of_otlp_are_read_with_every_field(collector: Collector):
    path = collector.lines / "traces.jsonl"
    send({"OTEL_TRACES_EXPORTER": "otlp/file", "OTEL_EXPORTER_OTLP_FILE_PATH": str(path)})
    check_all(collector.wait_for(COUNT))


def check_all(spans: list[Span]) -> None:
    """Compares with what was sent, the order of attributes too."""
    check(spans, SPANS)
    for span in spans:
        assert list(span.attributes) == list(SPANS[span.name].get("attributes", {}))
