"""Traced functions after `init`: spans and log records reach one collector, by each transport."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import receivers
from program import run
from receivers.received import value

if TYPE_CHECKING:
    from collections.abc import Iterator

Json = dict[str, Any]

PROGRAM = """
import asyncio
import libtracer

libtracer.init(project_name="shop", app="search", service="svc")

@libtracer.traced()
def find(query, limit=10, *more, **options):
    return {"hits": [query, None, 1.5], "all": True}

@libtracer.traced("fails")
async def fail(x):
    raise LookupError("no such thing")

find("ada", 3, (4, 5), fast=True)
try:
    asyncio.run(fail(1))
except LookupError:
    pass
"""


@pytest.fixture
def collector() -> Iterator[receivers.Collector]:
    try:
        with receivers.running(receivers.Collector) as started:
            yield started
    except receivers.Unavailable as reason:
        pytest.skip(str(reason))


@pytest.mark.parametrize("protocol", ["http/protobuf", "http/json", "grpc", None])
def test_records_arrive_beside_the_spans_they_belong_to(protocol, collector: receivers.Collector):
    port = collector.port if protocol and "http" in protocol else collector.grpc_port
    variables = {"PATRONUS_OTEL_ENDPOINT": f"http://127.0.0.1:{port}"}
    if protocol:
        variables["PATRONUS_OTEL_EXPORTER_OTLP_PROTOCOL"] = protocol
    run(PROGRAM, **variables)
    spans = {span.name: span for span in collector.wait_for(2)}
    [request] = collector.wait_for_requests("logs")
    [resource] = request["resourceLogs"]
    assert attributes(resource["resource"])["service.name"] == "svc"
    [scope] = resource["scopeLogs"]
    assert scope["scope"]["name"] == "patronus.sdk"
    assert attributes(scope["scope"]) == {"pat.project.name": "shop", "pat.app": "search"}
    found, failed = scope["logRecords"]
    for record, name in ((found, "find"), (failed, "fails")):
        assert (record["traceId"], record["spanId"]) == (spans[name].trace_id, spans[name].span_id)
        said = attributes(record)
        assert said["pat.log.type"] == "trace"
        assert (said["pat.project.name"], said["pat.app"]) == ("shop", "search")
        assert spans[name].attributes["pat.project.name"] == "shop"
    assert (found["severityNumber"], found["severityText"]) == (9, "INFO")
    assert value(found["body"]) == {
        "function.name": "find",
        "function.arguments": {
            "query": "ada",
            "limit": 3,
            "more": [[4, 5]],
            "options": {"fast": True},
        },
        "function.output": {"hits": ["ada", None, 1.5], "all": True},
    }
    assert (failed["severityNumber"], failed["severityText"]) == (17, "ERROR")
    assert value(failed["body"]) == {
        "function.name": "fails",
        "function.arguments": {"x": 1},
        "exception.type": "LookupError",
        "exception.message": "no such thing",
    }


def attributes(of: Json) -> Json:
    return {each["key"]: value(each["value"]) for each in of.get("attributes", [])}
