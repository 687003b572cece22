"""The rich trace in Zipkin's words: in a real Zipkin server, and as the Collector reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from elsewhere import OF_RESOURCE, SENT, VERSION, micros, named, tags, text, texts
from sender import send
from sent import COUNT, START

if TYPE_CHECKING:
    from receivers import Collector, Zipkin
    from receivers.received import Event, Span

KINDS = {1: None, 2: "SERVER", 3: "CLIENT", 4: "PRODUCER", 5: "CONSUMER"}
STATUS = {0: {}, 1: {"otel.status_code": "OK"}, 2: {"otel.status_code": "ERROR"}}


def annotation(event: Event) -> str:
    """Returns an event's text: its name, with attributes if it has any."""
    return (
        f"{text([event.name])[1:-1]}: {text(event.attributes)}" if event.attributes else event.name
    )


def link_tags(span: dict[str, Any]) -> dict[str, str]:
    """Returns the tags that hold the links; Zipkin has none."""
    return {
        f"otlp.link.{place}": "|".join(
            [
                link.trace_id,
                link.span_id,
                link.trace_state,
                text(link.attributes),
                str(link.dropped),
            ]
        )
        for place, link in enumerate(span["links"])
    }


def of(port: int) -> dict[str, str]:
    """Returns the variables that choose a Zipkin receiver."""
    endpoint = f"http://127.0.0.1:{port}/api/v2/spans"
    return {"OTEL_TRACES_EXPORTER": "zipkin", "OTEL_EXPORTER_ZIPKIN_ENDPOINT": endpoint}


def test_a_zipkin_server_has_every_field(zipkin: Zipkin):
    send(of(zipkin.port))
    traces = zipkin.traces("sender", START, 2)
    spans = named([span for trace in traces for span in trace], lambda span: span["name"])
    assert len(spans) == COUNT
    ids = {name: span["id"] for name, span in spans.items()}
    for name, span in spans.items():
        sent = SENT[name]
        assert sent["trace_id"] in (None, span["traceId"])
        assert span.get("parentId") == ids.get(sent["parent"], sent["parent"])
        assert span["name"] == name.lower()  # its own doing
        assert span.get("kind") == KINDS[sent["kind"]]
        assert span["timestamp"] == micros(sent["start"])
        # It takes 0 for no duration at all.
        assert span["duration"] == max(1, micros(sent["end"] - sent["start"]))
        assert span["localEndpoint"] == {"serviceName": "sender"}
        assert span.get("remoteEndpoint") == (
            {"serviceName": "datenbank"} if name == "query" else None
        )
        # It keeps one of two that are equal, and sorts them.
        annotations = {(micros(event.time), annotation(event)) for event in sent["events"]}
        found = [(each["timestamp"], each["value"]) for each in span.get("annotations", [])]
        assert found == sorted(annotations)
        wanted = texts(tags(sent) | OF_RESOURCE) | link_tags(sent) | STATUS[sent["status"][0]]
        if sent["status"][0] == 2:
            wanted["error"] = sent["status"][1]
        assert span["tags"].pop(VERSION)
        assert span["tags"] == wanted


def test_the_collector_reads_zipkin_spans(collector: Collector):
    send(of(collector.zipkin_port))
    spans = named(collector.wait_for(COUNT), lambda span: span.name)
    assert len(spans) == COUNT
    ids = {name: span.span_id for name, span in spans.items()}
    for name, span in spans.items():
        check_collected(span, SENT[name], ids)


def check_collected(span: Span, sent: dict[str, Any], ids: dict[str, str]) -> None:
    """Compares with what was sent, as far as the receiver turns it back into OTLP."""
    assert sent["trace_id"] in (None, span.trace_id)
    assert span.parent_span_id == ids.get(sent["parent"], sent["parent"] or "")
    assert span.kind == (0 if sent["kind"] == 1 else sent["kind"])
    assert span.start == micros(sent["start"]) * 1000
    assert span.end == span.start + max(1, micros(sent["end"] - sent["start"])) * 1000
    assert span.trace_state == sent["trace_state"]
    assert span.scope[:2] == sent["scope"][:2]
    assert [(event.time, event.name) for event in span.events] == [
        (micros(event.time) * 1000, annotation(event)) for event in sent["events"]
    ]
    wanted = [(*link[:2], link.attributes, link.trace_state) for link in sent["links"]]
    assert [tuple(link[:4]) for link in span.links] == wanted
    assert span.status == ((2, "") if sent["status"][0] == 2 else (0, ""))  # it knows no Ok
    attributes = dict(span.attributes)
    if sent["status"][0] == 2:
        assert attributes.pop("error") == sent["status"][1]
    if "peer.service" in attributes:
        assert attributes.pop("service.peer.name") == "datenbank"
    ours = tags(sent) | {"deployment.environment.name": "prüfung", "empty": ""}
    kept = ("otel.scope", "otel.library", "w3c.")
    assert attributes == texts({key: ours[key] for key in ours if not key.startswith(kept)})
    assert span.resource["service.name"] == "sender"
