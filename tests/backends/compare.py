"""Compares what a server gives back, as OTLP, with what was sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sent import DEFAULTS, RESOURCE

if TYPE_CHECKING:
    from receivers import Span


def typed(value: Any) -> Any:
    """Spells types out: 1, 1.0 and True are equal in Python; NaN not even to itself."""
    if isinstance(value, dict):
        return {key: typed(each) for key, each in value.items()}
    if isinstance(value, list):
        return [typed(each) for each in value]
    return f"{type(value).__name__} {value!r}"


def check(spans: list[Span], sent: dict[str, dict[str, Any]]) -> None:
    """Compares all fields of all spans with what was sent."""
    assert sorted(span.name for span in spans) == sorted(sent)
    ids = {span.name: span.span_id for span in spans}
    assert len(set(ids.values())) == len(sent)
    for span in spans:
        wanted = {**DEFAULTS, **sent[span.name]}
        parent = wanted.pop("parent")
        assert span.parent_span_id == ids.get(parent, parent or "")
        assert len(bytes.fromhex(span.span_id)) == 8
        if wanted.pop("trace_id") is None:
            assert len(bytes.fromhex(span.trace_id)) == 16
        else:
            assert span.trace_id == DEFAULTS["trace_id"]
        attributes = wanted.pop("attributes")
        assert typed(span.attributes) == typed(attributes)
        assert {name: getattr(span, name) for name in wanted} == wanted
        assert typed([event.attributes for event in span.events]) == typed(
            [event.attributes for event in wanted["events"]]
        )
        assert RESOURCE.items() <= span.resource.items()
        assert span.resource["telemetry.sdk.version"]
