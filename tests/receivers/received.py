"""What arrived, in one shape whichever receiver it came through."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Json = dict[str, Any]


class Event(NamedTuple):
    """Something that happened in a span."""

    name: str
    time: int
    attributes: Json
    dropped: int = 0


class Link(NamedTuple):
    """Another span that one has to do with."""

    trace_id: str
    span_id: str
    attributes: Json
    trace_state: str = ""
    flags: int = 0
    dropped: int = 0


class Scope(NamedTuple):
    """What recorded a span."""

    name: str = ""
    version: str = ""
    attributes: Json = {}  # noqa: RUF012 - nobody writes to it
    schema_url: str = ""


@dataclass(frozen=True)
class Span:
    """One span as the receiver decoded it; ids are lower-case hex, times Unix nanoseconds."""

    name: str
    trace_id: str
    span_id: str
    parent_span_id: str
    kind: int
    start: int
    end: int
    attributes: Json
    events: list[Event]
    links: list[Link]
    status: tuple[int, str]
    trace_state: str
    flags: int
    dropped: tuple[int, int, int]
    scope: Scope
    resource: Json = field(repr=False)


def from_hex(text: str) -> str:
    """Returns an id that was written in hex, as OTLP's own JSON has it."""
    return text.lower()


def from_base64(text: str) -> str:
    """Returns an id that was written in base64, as protobuf's generic JSON has it."""
    return base64.b64decode(text).hex()


def spans_of(request: Json, identify: Callable[[str], str]) -> Iterator[Span]:
    """Yields the spans of an export request in JSON, its keys in camelCase or snake_case."""
    for resource_spans in _list(request, "resourceSpans"):
        resource = _attributes(_get(resource_spans, "resource", {}))
        for scope_spans in _list(resource_spans, "scopeSpans"):
            scope = _scope(scope_spans)
            for span in _list(scope_spans, "spans"):
                yield _span(span, resource, scope, identify)


def _scope(scope_spans: Json) -> Scope:
    scope = _get(scope_spans, "scope", {})
    schema_url = _get(scope_spans, "schemaUrl", "")
    return Scope(scope.get("name", ""), scope.get("version", ""), _attributes(scope), schema_url)


def _span(span: Json, resource: Json, scope: Scope, identify: Callable[[str], str]) -> Span:
    status = _get(span, "status", {})
    return Span(
        name=span.get("name", ""),
        trace_id=identify(_get(span, "traceId", "")),
        span_id=identify(_get(span, "spanId", "")),
        parent_span_id=identify(_get(span, "parentSpanId", "")),
        kind=_enum(span.get("kind", 0), SPAN_KINDS),
        start=int(_get(span, "startTimeUnixNano", 0)),
        end=int(_get(span, "endTimeUnixNano", 0)),
        attributes=_attributes(span),
        events=[
            Event(
                event.get("name", ""),
                int(_get(event, "timeUnixNano", 0)),
                _attributes(event),
                int(_get(event, "droppedAttributesCount", 0)),
            )
            for event in _list(span, "events")
        ],
        links=[_link(link, identify) for link in _list(span, "links")],
        status=(_enum(status.get("code", 0), STATUS_CODES), status.get("message", "")),
        trace_state=_get(span, "traceState", ""),
        flags=int(span.get("flags", 0)),
        dropped=(
            int(_get(span, "droppedAttributesCount", 0)),
            int(_get(span, "droppedEventsCount", 0)),
            int(_get(span, "droppedLinksCount", 0)),
        ),
        scope=scope,
        resource=resource,
    )


def _link(link: Json, identify: Callable[[str], str]) -> Link:
    return Link(
        identify(_get(link, "traceId", "")),
        identify(_get(link, "spanId", "")),
        _attributes(link),
        _get(link, "traceState", ""),
        int(link.get("flags", 0)),
        int(_get(link, "droppedAttributesCount", 0)),
    )


SPAN_KINDS = ("UNSPECIFIED", "INTERNAL", "SERVER", "CLIENT", "PRODUCER", "CONSUMER")
STATUS_CODES = ("UNSET", "OK", "ERROR")


def _enum(value: int | str, names: tuple[str, ...]) -> int:
    return value if isinstance(value, int) else names.index(value.rsplit("_", 1)[-1])


def _get(message: Json, name: str, default: Any) -> Any:
    if name in message:
        return message[name]
    snake = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)
    return message.get(snake, default)


def _list(message: Json, name: str) -> list[Json]:
    return _get(message, name, [])


def _attributes(message: Json) -> Json:
    pairs = _list(message, "attributes")
    found = {pair["key"]: value(pair.get("value", {})) for pair in pairs}
    if len(found) != len(pairs):
        raise AssertionError(f"a key came twice: {pairs}")
    return found


def value(any_value: Json) -> Any:
    """Returns an OTLP AnyValue as the Python value it stands for."""
    for name, convert in CONVERSIONS.items():
        found = _get(any_value, name, None)
        if found is not None:
            return convert(found)
    return None


CONVERSIONS: dict[str, Callable[[Any], Any]] = {
    "stringValue": str,
    "boolValue": bool,
    "intValue": int,
    "doubleValue": float,
    "bytesValue": base64.b64decode,
    "arrayValue": lambda array: [value(item) for item in _list(array, "values")],
    "kvlistValue": lambda pairs: {
        pair["key"]: value(pair.get("value", {})) for pair in _list(pairs, "values")
    },
}
