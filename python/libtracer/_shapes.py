"""What a span looks like to who reads it: OpenTelemetry's attribute mapping, and its JSON."""

import datetime
import json
import warnings
from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from opentelemetry.attributes import BoundedAttributes
from opentelemetry.trace import (
    Link,
    SpanContext,
    SpanKind,
    Status,
    format_span_id,
    format_trace_id,
)


class _Event(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def timestamp(self) -> int: ...
    @property
    def attributes(self) -> Mapping[str, Any] | None: ...


class _Json(Protocol):
    def to_json(self, indent: int | None = 4) -> str: ...


class _Readable(Protocol):
    @property
    def name(self) -> str: ...
    @property
    def context(self) -> SpanContext: ...
    @property
    def kind(self) -> SpanKind: ...
    @property
    def parent(self) -> SpanContext | None: ...
    @property
    def attributes(self) -> Mapping[str, Any]: ...
    @property
    def events(self) -> Iterable[_Event]: ...
    @property
    def links(self) -> Iterable[Link]: ...
    @property
    def status(self) -> Status: ...
    @property
    def start_time(self) -> int | None: ...
    @property
    def end_time(self) -> int | None: ...
    @property
    def resource(self) -> _Json: ...


# Whether a BoundedAttributes has the fields that the native side fills: a release with other fields
# gets its constructor, which checks the values a second time.
IS_KNOWN = set(vars(BoundedAttributes())) == {
    "_dict",
    "maxlen",
    "dropped",
    "max_value_len",
    "_lock",
    "_immutable",
}


def bounded(values: dict[str, Any], dropped: int) -> BoundedAttributes:
    """Return OpenTelemetry's mapping of attributes."""
    made = BoundedAttributes(attributes=values)
    made.dropped = dropped
    return made


def to_json(span: _Readable, indent: int | None = 4) -> str:
    """Return a span as JSON, with opentelemetry-sdk's fields."""
    parent, status = span.parent, span.status
    told = {"status_code": status.status_code.name}
    if status.description:
        told["description"] = status.description
    fields = {
        "name": span.name,
        "context": format_context(span.context),
        "kind": str(span.kind),
        "parent_id": parent and f"0x{format_span_id(parent.span_id)}",
        "start_time": _iso(span.start_time),
        "end_time": _iso(span.end_time),
        "status": told,
        "attributes": format_attributes(span.attributes),
        "events": format_events(span.events),
        "links": format_links(span.links),
        "resource": json.loads(span.resource.to_json()),
    }
    return json.dumps(fields, indent=indent, default=_plain)


def resource_json(attributes: Mapping[str, Any], schema_url: str, indent: int | None = 4) -> str:
    """Return a resource as JSON, with opentelemetry-sdk's fields."""
    fields = {"attributes": dict(attributes), "schema_url": schema_url}
    return json.dumps(fields, indent=indent, default=_plain)


def scope_json(
    name: str,
    version: str | None,
    schema_url: str,
    attributes: Mapping[str, Any],
    indent: int | None = 4,
) -> str:
    """Return an instrumentation scope as JSON, with opentelemetry-sdk's fields."""
    fields = {
        "name": name,
        "version": version,
        "schema_url": schema_url,
        "attributes": dict(attributes) or None,
    }
    return json.dumps(fields, indent=indent, default=_plain)


def format_context(context: SpanContext) -> dict[str, str]:
    """Return the part of a span's JSON that says which span it is."""
    return {
        "trace_id": f"0x{format_trace_id(context.trace_id)}",
        "span_id": f"0x{format_span_id(context.span_id)}",
        "trace_state": repr(context.trace_state),
    }


def format_attributes(attributes: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """Return attributes as ``json`` takes them."""
    return None if attributes is None else dict(attributes)


def format_events(events: Iterable[_Event]) -> list[dict[str, Any]]:
    """Return events as ``json`` takes them."""
    return [
        {
            "name": event.name,
            "timestamp": _iso(event.timestamp),
            "attributes": format_attributes(event.attributes),
        }
        for event in events
    ]


def format_links(links: Iterable[Link]) -> list[dict[str, Any]]:
    """Return links as ``json`` takes them."""
    return [
        {
            "context": format_context(link.context),
            "attributes": format_attributes(link.attributes),
        }
        for link in links
    ]


def _iso(unix_ns: int | None) -> str | None:
    if not unix_ns:
        return None
    # Through a float, as opentelemetry-sdk has it: the same digits for the same time.
    time = datetime.datetime.fromtimestamp(unix_ns / 1e9, tz=datetime.timezone.utc)
    return time.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _plain(value: object) -> str:
    return value.hex() if isinstance(value, bytes) else str(value)


def warn_of_info() -> None:
    """Warn, as opentelemetry-sdk does, that ``instrumentation_info`` has a newer name."""
    warnings.warn(
        "instrumentation_info is the older name of instrumentation_scope: use that",
        DeprecationWarning,
        stacklevel=2,
    )
