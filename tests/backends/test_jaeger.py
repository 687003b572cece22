"""The rich trace in a real Jaeger, by OTLP and by Jaeger's own Thrift, and in the Collector's."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest
from compare import check, typed
from elsewhere import OF_RESOURCE, SENT, VERSION, micros, named, tags, text
from receivers.received import Event, Link
from sender import send
from sent import COUNT, DEFAULTS, IN_TRACE, REMOTE_PARENT, SPANS, TRACE_ID

if TYPE_CHECKING:
    from receivers import Collector, Jaeger

# Its storage does not keep the schema URLs of scopes.
SCOPE = DEFAULTS["scope"]._replace(schema_url="")
STORED = {
    name: {"scope": SCOPE, **span}
    for name, span in SPANS.items()
    if span.get("trace_id", TRACE_ID) == TRACE_ID
}
KINDS = {2: "server", 3: "client", 4: "producer", 5: "consumer"}


@pytest.mark.parametrize("protocol", ["http/protobuf", "http/json", "grpc"])
def test_otlp_arrives_with_every_field(protocol: str, jaeger: Jaeger):
    port = jaeger.grpc_port if protocol == "grpc" else jaeger.port
    endpoint = f"http://127.0.0.1:{port}"
    send({"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "OTEL_EXPORTER_OTLP_PROTOCOL": protocol})
    jaeger.trace(TRACE_ID, IN_TRACE)
    spans = jaeger.otlp(TRACE_ID)
    for span in spans:
        # Its own remark about a parent that it has not seen.
        assert ("@jaeger@warnings" in span.attributes) == (span.parent_span_id == REMOTE_PARENT)
        span.attributes.pop("@jaeger@warnings", None)
        span.events.sort(key=lambda event: event.time)  # it sorts them by name
    check(spans, STORED)


def of(port: int) -> dict[str, str]:
    """Returns the variables that choose a receiver of Jaeger's Thrift."""
    endpoint = f"http://127.0.0.1:{port}/api/traces"
    return {"OTEL_TRACES_EXPORTER": "jaeger", "OTEL_EXPORTER_JAEGER_ENDPOINT": endpoint}


def spelled(value: Any) -> Any:
    """Returns a value as Thrift has it: there are neither arrays nor maps nor null."""
    return value if isinstance(value, str | bytes | bool | int | float) else text(value)


def logs(sent: dict[str, Any]) -> list[Event]:
    """Returns the events, and the links that say more than a reference can."""
    links = [
        Event(
            "link",
            sent["start"],
            {
                "trace_id": link.trace_id,
                "span_id": link.span_id,
                **({"w3c.tracestate": link.trace_state} if link.trace_state else {}),
                **link.attributes,
            },
        )
        for link in sent["links"]
        if link.attributes or link.trace_state
    ]
    return [event._replace(time=micros(event.time) * 1000) for event in [*sent["events"], *links]]


def read(tag: dict[str, Any]) -> Any:
    """Returns a tag of the UI's JSON as the value it stands for."""
    value = tag["value"]
    match tag["type"]:
        case "binary":
            return base64.b64decode(value or "")
        case "int64":
            return int(value)
        case "float64":
            return float(value)
    return value


def test_thrift_arrives_in_jaeger_with_every_field(jaeger: Jaeger):
    send(of(jaeger.jaeger_port))
    found = jaeger.trace(TRACE_ID, IN_TRACE)
    (process,) = found["processes"].values()
    assert process["serviceName"] == "sender"
    resource = {tag["key"]: read(tag) for tag in process["tags"]}
    assert resource.pop(VERSION)
    assert resource == OF_RESOURCE
    spans = named(found["spans"], lambda span: span["operationName"])
    assert len(spans) == IN_TRACE
    ids = {name: span["spanID"] for name, span in spans.items()}
    for name, span in spans.items():
        check_shown(span, SENT[name], ids)


def check_shown(span: dict[str, Any], sent: dict[str, Any], ids: dict[str, str]) -> None:
    """Compares a span in the UI's JSON with what was sent."""
    assert span["traceID"] == TRACE_ID
    assert span["startTime"] == micros(sent["start"])
    assert span["duration"] == micros(sent["end"] - sent["start"])
    parent = ("CHILD_OF", TRACE_ID, ids.get(sent["parent"], sent["parent"]))
    links = [("FOLLOWS_FROM", link.trace_id, link.span_id) for link in sent["links"]]
    references = [(each["refType"], each["traceID"], each["spanID"]) for each in span["references"]]
    assert sorted(references) == sorted([parent, *links])
    wanted = {key: spelled(value) for key, value in tags(sent).items()}
    if sent["kind"] != 1:
        wanted["span.kind"] = KINDS[sent["kind"]]
    code, message = sent["status"]
    if code:
        wanted["otel.status_code"] = ("", "OK", "ERROR")[code]
    if code == 2:
        wanted |= {"error": True, "otel.status_description": message}
    assert typed({tag["key"]: read(tag) for tag in span["tags"]}) == typed(wanted)
    shown = [
        (log["timestamp"], {field["key"]: read(field) for field in log["fields"]})
        for log in span["logs"]
    ]
    events = [
        (micros(event.time), {"event": event.name, **event.attributes}) for event in logs(sent)
    ]
    assert sorted(map(whole, shown)) == sorted(map(whole, events))


def whole(log: tuple[int, dict[str, Any]]) -> str:
    """Returns a log as text, whatever the order of its fields."""
    return repr((log[0], sorted(log[1].items())))


def test_the_collector_reads_jaegers_thrift(collector: Collector):
    send(of(collector.jaeger_port))
    spans = named(collector.wait_for(COUNT), lambda span: span.name)
    assert len(spans) == COUNT
    ids = {name: span.span_id for name, span in spans.items()}
    for name, span in spans.items():
        sent = SENT[name]
        assert sent["trace_id"] in (None, span.trace_id)
        assert span.parent_span_id == ids.get(sent["parent"], sent["parent"] or "")
        assert span.kind == (0 if sent["kind"] == 1 else sent["kind"])
        assert span.start == micros(sent["start"]) * 1000
        assert span.end == span.start + micros(sent["end"] - sent["start"]) * 1000
        assert span.status == sent["status"]
        assert span.flags == 1
        follows = {"opentracing.ref_type": "follows_from"}
        assert span.links == [Link(*link[:2], follows) for link in sent["links"]]
        assert [event[:3] for event in span.events] == [event[:3] for event in logs(sent)]
        wanted = {key: spelled(value) for key, value in tags(sent).items()}
        if "http.response.status_code" in wanted:  # the receiver's own choice of a name
            wanted["http.status_code"] = wanted.pop("http.response.status_code")
        assert typed(span.attributes) == typed(wanted)
        resource = {key: value for key, value in span.resource.items() if key != VERSION}
        assert resource == {"service.name": "sender", **OF_RESOURCE}
        assert span.resource[VERSION]
