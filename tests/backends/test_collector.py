"""Every field of a rich trace, by each transport, as the OpenTelemetry Collector decodes it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from compare import check
from sender import send
from sent import COUNT, SPANS

if TYPE_CHECKING:
    from receivers import Collector


HTTP = {"OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"}
TRANSPORTS = {
    "http-protobuf": HTTP,
}


@pytest.mark.parametrize("transport", TRANSPORTS)
def test_otlp_arrives_with_every_field(transport: str, collector: Collector):
    variables = TRANSPORTS[transport]
    grpc = variables["OTEL_EXPORTER_OTLP_PROTOCOL"] == "grpc"
    port = collector.grpc_port if grpc else collector.port
    send(OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{port}", **variables)
    spans = collector.wait_for(COUNT)
    check(spans, SPANS)
    # In the order in which they were set, too.
    for span in spans:
        assert list(span.attributes) == list(SPANS[span.name].get("attributes", {}))
