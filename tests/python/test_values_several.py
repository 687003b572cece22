"""Attributes given together are what giving them one by one makes of them."""

import contextlib

import libtracer
import pytest
from libtracer.trace import TracerProvider
from opentelemetry.sdk.trace import SpanLimits

VALUES = {
    "text": "grüß 🌍\0nul",
    "int": -(2**63),
    "double": 2.5,
    "bool": True,
    "bytes": b"\x00\xff",
    "null": None,
    "list": [1, "a"],
    "map": {"a": {"b": 1}},
    "huge": 2**70,
    "surrogate": "\ud800",
    "long": "ä" * 500,
    "empty": "",
    "\udfff": 1,
    "": 1,
    "int again": 7,
    "k" * 300: 8,
    "more": False,
    "memory": bytearray(b"ab"),
}


def singly(span, attributes):
    for key, value in attributes.items():
        span.set_attribute(key, value)


def together(span, attributes):
    span.set_attributes(attributes)


def own(attributes, ways):
    """Give the span the attributes in each way in turn: again replaces."""
    with libtracer.start_span("op") as span:
        for way in ways:
            way(span, attributes)
    return list(span.attributes.items()), span.dropped_attributes


@pytest.mark.parametrize("count", range(len(VALUES) + 1))
@pytest.mark.parametrize("backwards", [False, True])
def test_attributes_together_are_as_one_by_one(count, backwards):
    items = list(VALUES.items())
    items = items[::-1] if backwards else items
    attributes = dict(items[:count])
    assert own(attributes, [together]) == own(attributes, [singly])
    assert own(attributes, [together, together]) == own(attributes, [singly, singly])
    with libtracer.start_span("op", attributes=attributes) as span:
        pass
    read = list(span.attributes.items()), span.dropped_attributes
    assert read == own(attributes, [singly])


@pytest.mark.parametrize("count", [1, 3, 8, 9, 17])
def test_limits_hold_for_attributes_together(count):
    limits = SpanLimits(max_span_attributes=count, max_attribute_length=3)
    tracer = TracerProvider(span_limits=limits).get_tracer("t")
    attributes = {key: value for key, value in VALUES.items() if value is not None}

    def given(way):
        with tracer.start_as_current_span("op") as span:
            way(span, attributes)
        return list(span.attributes.items()), span.dropped_attributes

    assert given(together) == given(singly)


def test_a_conversion_finds_what_was_set_before_it_and_may_start_spans():
    class Curious:
        def __repr__(self):
            with libtracer.start_span("inner", attributes={"a": 1, "b": 2}) as inner:
                inner.set_attribute("c", 3)
            seen.append((dict(span.attributes), dict(inner.attributes)))
            span.set_attribute("last", "of the conversion")
            return "curious"

    seen = []
    with libtracer.start_span("op") as span:
        span.set_attributes({"first": 1, "second": "2", "what": Curious(), "last": 4})
    assert seen == [({"first": 1, "second": "2"}, {"a": 1, "b": 2, "c": 3})]
    assert dict(span.attributes) == {"first": 1, "second": "2", "what": "curious", "last": 4}


def test_a_conversion_may_empty_the_mapping():
    class Emptying:
        def __repr__(self):
            attributes.clear()
            return "emptying"

    attributes = {"first": "a" * 50, "what": Emptying(), "more": "b" * 50}
    with libtracer.start_span("op") as span, contextlib.suppress(RuntimeError):
        span.set_attributes(attributes)
    assert attributes == {}
    assert span.attributes["first"] == "a" * 50
    assert span.attributes["what"] == "emptying"
