"""opentelemetry-sdk's provider and ours, with the same ids, told the same and compared."""

import itertools
import warnings
from collections.abc import Callable
from typing import Any

import pytest
from libtracer.trace import TracerProvider
from opentelemetry.sdk import trace as sdk
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace.id_generator import IdGenerator

RESOURCE = Resource({"service.name": "pair", "list": ["a", "b"]}, "https://schema")
START = 1_700_000_000_000_000_001
END = START + 1_500_000_000


class CountedIds(IdGenerator):
    """1, 2, 3 ..."""

    def __init__(self) -> None:
        self.numbers = itertools.count(1)

    def generate_span_id(self) -> int:
        return next(self.numbers)

    def generate_trace_id(self) -> int:
        return next(self.numbers) << 64 | 7


class Ended(sdk.SpanProcessor):
    """Keeps what `on_end` was given."""

    def __init__(self) -> None:
        self.spans: list[sdk.ReadableSpan] = []

    def on_end(self, span: sdk.ReadableSpan) -> None:
        self.spans.append(span)


both = pytest.mark.parametrize("make", [sdk.TracerProvider, TracerProvider])


def watched(make: Any, **options: Any) -> tuple[Any, Ended]:
    """A tracer of a provider of that kind, and the processor that sees its spans end."""
    processor = Ended()
    provider = make(resource=RESOURCE, shutdown_on_exit=False, **options)
    provider.add_span_processor(processor)
    return provider.get_tracer("surface", "1"), processor


def seen(span: Any) -> dict[str, Any]:
    """Everything that can be read of a span, as plain values."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        info = span.instrumentation_info
    read: dict[str, Any] = {
        "json": [json_of(span, indent) for indent in (4, None, 0)],
        "attributes": list(span.attributes.items()),
        "_attributes": list(span._attributes.items()),
        "events": [
            (e.name, e.timestamp, list(e.attributes.items()), e.dropped_attributes)
            for e in span.events
        ],
        "links": [
            (link.context, list((link.attributes or {}).items()), link.dropped_attributes)
            for link in span.links
        ],
        "status": (span.status.status_code, span.status.description),
        "dropped": (span.dropped_attributes, span.dropped_events, span.dropped_links),
        "scope": span.instrumentation_scope,
        "info": info,
        "resource": span.resource,
    }
    for name in ("name", "kind", "parent", "context", "start_time", "end_time"):
        read[name] = getattr(span, name)
        assert getattr(span, f"_{name}") == read[name]
    read["types"] = [type(span.attributes), *map(plain_type, span.attributes.values())]
    return read


def plain_type(value: object) -> type | None:
    """The type of a value, for a subclass's the one that OpenTelemetry knows."""
    plain = (bool, int, float, str, bytes, tuple, dict)
    return next((kind for kind in plain if isinstance(value, kind)), None)


def json_of(span: Any, indent: int | None) -> str | None:
    """The span as JSON; None where the SDK cannot say it."""
    try:
        return span.to_json(indent)
    except TypeError:  # bytes
        return None


def told(
    scenario: Callable[[Any], Any], provider: Any, processor: Ended | None
) -> list[dict[str, Any]]:
    """What is read of the span of a scenario: live, ended, and in a processor's hands."""
    if processor is not None:
        provider.add_span_processor(processor)
    tracer = provider.get_tracer("pair", "1.2", "https://scope", {"scope": "yes"})
    span = scenario(tracer)
    live = seen(span)
    span.end(END)
    reads = [live, seen(span), seen(span._readable_span())]
    if processor is not None:
        reads.append(seen(processor.spans[-1]))
    provider.shutdown()
    return reads


def assert_alike(scenario: Callable[[Any], Any], **limits: Any) -> list[dict[str, Any]]:
    """Both providers show the same of a scenario; returns what they show.

    The scenario gets a tracer and returns a span that it leaves open.
    """
    for watched in (True, False):
        both = []
        for make in (sdk.TracerProvider, TracerProvider):
            provider = make(
                resource=RESOURCE,
                id_generator=CountedIds(),
                span_limits=sdk.SpanLimits(**limits),
                shutdown_on_exit=False,
            )
            both.append(told(scenario, provider, Ended() if watched else None))
        theirs, ours = both
        for their, our in zip(theirs, ours, strict=True):
            for name, value in their.items():
                if name != "json" or None not in value:
                    assert our[name] == value, name
    return ours
