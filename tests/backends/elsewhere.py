"""What becomes of the rich trace in formats that have less to say than OTLP."""

from __future__ import annotations

import base64
import json
from typing import Any

from sent import DEFAULTS, RESOURCE, SPANS

MICROSECOND = 1_000
VERSION = "telemetry.sdk.version"
# Spans as they were sent, with the fields that most have in common.
SENT = {name: {**DEFAULTS, **span} for name, span in SPANS.items()}
OF_RESOURCE = {key: text for key, text in RESOURCE.items() if key != "service.name"}


def micros(nanoseconds: int) -> int:
    """Cuts a time to whole microseconds."""
    return nanoseconds // MICROSECOND


def text(value: Any) -> str:
    """Spells an attribute as one text: JSON, but for what is a text already."""
    if isinstance(value, str):
        return value
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if value is None:
        return ""
    spelled = json.dumps(value, separators=(",", ":"), ensure_ascii=False, default=text)
    return spelled.replace("e+", "e") if isinstance(value, float) else spelled


def texts(attributes: dict[str, Any]) -> dict[str, str]:
    """Spells all attributes as texts."""
    return {key: text(value) for key, value in attributes.items()}


def tags(span: dict[str, Any]) -> dict[str, Any]:
    """Returns attributes, and as attributes what has no field there: scope, trace state, losses."""
    name, version, *_ = span["scope"]
    found = {"otel.scope.name": name, "otel.library.name": name}
    if version:
        found |= {"otel.scope.version": version, "otel.library.version": version}
    if span["trace_state"]:
        found["w3c.tracestate"] = span["trace_state"]
    counts = zip(("attributes", "events", "links"), span["dropped"], strict=True)
    found |= {f"otel.dropped_{name}_count": count for name, count in counts if count}
    return found | span["attributes"]


def named(spans: list[Any], name: Any) -> dict[str, Any]:
    """Returns the spans by the names with which they were sent, each exactly once."""
    lowered = {sent.lower(): sent for sent in SPANS}  # Zipkin keeps no capitals
    found = {lowered[name(span).lower()]: span for span in spans}
    assert len(found) == len(spans)
    return found
