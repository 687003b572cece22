"""A request with its spans, log records and metrics (examples/signals.rs), by each transport."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from receivers.received import value
from sender import program
from sent import ENVIRONMENT, RESOURCE

if TYPE_CHECKING:
    from receivers import Collector

Json = dict[str, Any]
INFO, ERROR = 9, 17
CUMULATIVE = 2


@pytest.mark.parametrize("protocol", ["http/protobuf", "http/json", "grpc"])
def test_three_signals_arrive(protocol: str, collector: Collector):
    port = collector.grpc_port if protocol == "grpc" else collector.port
    inherited = {name: text for name, text in os.environ.items() if not name.startswith("OTEL_")}
    variables = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{port}",
        "OTEL_EXPORTER_OTLP_PROTOCOL": protocol,
    }
    subprocess.run(
        [program("signals")],
        env={**inherited, **ENVIRONMENT, **variables},
        check=True,
        capture_output=True,
        timeout=60,
    )
    spans = {span.name: span for span in collector.wait_for(2)}
    check_logs(collector.wait_for_requests("logs"), spans)
    check_metrics(collector.wait_for_requests("metrics"))


def attributes(of: Json) -> Json:
    return {each["key"]: value(each["value"]) for each in of.get("attributes", [])}


def check_resource(resource: Json) -> None:
    assert RESOURCE.items() - {("service.name", "sender")} <= attributes(resource).items()
    assert attributes(resource)["service.name"] == "shop"


def check_logs(requests: list[Json], spans: Json) -> None:
    found = []
    for each in (each for request in requests for each in request["resourceLogs"]):
        check_resource(each["resource"])
        for scope in each["scopeLogs"]:
            assert scope["scope"] == {"name": "checkout"}
            found += scope["logRecords"]
    received, declined = found
    for record, span in ((received, spans["order"]), (declined, spans["payment"])):
        assert (record["traceId"], record["spanId"], record["flags"] & 1) == (
            span.trace_id,
            span.span_id,
            1,
        )
        assert span.start <= int(record["timeUnixNano"]) <= span.end
        assert span.start <= int(record["observedTimeUnixNano"]) <= span.end
    assert received["severityNumber"] == INFO
    assert received["eventName"] == "shop.order"
    assert value(received["body"]) == "order received"
    assert attributes(received) == {"customer": "ada", "items": ["book", 2]}
    assert declined["severityNumber"] == ERROR
    assert value(declined["body"]) == "card declined"
    assert attributes(declined) == {}


def check_metrics(requests: list[Json]) -> None:
    found: dict[tuple[str, str], Json] = {}
    for each in (each for request in requests for each in request["resourceMetrics"]):
        check_resource(each["resource"])
        for scope in each["scopeMetrics"]:
            for metric in scope["metrics"]:
                found[scope["scope"]["name"], metric["name"]] = metric
    orders = found["checkout", "shop.orders"]
    assert orders["unit"] == "{order}"
    assert orders["sum"]["isMonotonic"]
    assert orders["sum"]["aggregationTemporality"] == CUMULATIVE
    (point,) = orders["sum"]["dataPoints"]
    assert (int(point["asInt"]), attributes(point)) == (1, {"paid": False})
    duration = found["checkout", "shop.duration"]
    assert duration["unit"] == "s"
    (point,) = duration["histogram"]["dataPoints"]
    assert (int(point["count"]), point["sum"], point["min"], point["max"]) == (
        1,
        0.125,
        0.125,
        0.125,
    )
    bounds = point["explicitBounds"]
    inside = next(place for place, bound in enumerate(bounds) if bound >= point["sum"])
    assert [int(count) for count in point["bucketCounts"]] == [
        int(place == inside) for place in range(len(bounds) + 1)
    ]
    # What the library says of itself.
    assert {name for _, name in found} >= {"otel.sdk.span.started", "otel.sdk.span.live"}
