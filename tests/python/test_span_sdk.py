"""A span of our provider shows what opentelemetry-sdk's shows, whatever is done to it."""

import array
import collections
import decimal
import enum
import re
import types

import pytest
from opentelemetry import trace
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags
from opentelemetry.trace.span import TraceState
from sdk_pair import END, START, assert_alike

LINKED = SpanContext(
    5, 6, is_remote=True, trace_flags=TraceFlags(1), trace_state=TraceState([("a", "b")])
)


def said(value) -> str:
    """Return what a parameter is called: the same in each process, for pytest-xdist compares."""
    return re.sub(r" at 0x[0-9a-f]+", "", repr(value))


def test_a_bare_span():
    assert_alike(lambda tracer: tracer.start_span("bare", start_time=START))


def test_a_full_span():
    def full(tracer):
        parent = tracer.start_span("parent", start_time=START)
        span = tracer.start_span(
            "full",
            context=trace.set_span_in_context(parent),
            kind=SpanKind.CLIENT,
            attributes={"a": 1, "b": [1.5, 2.5], "c": True},
            links=[Link(LINKED, {"why": "x"})],
            start_time=START + 5,
        )
        span.set_attribute("d", "text")
        span.set_attributes({"a": 2, "nested": {"x": [1, {"y": None}]}})
        span.add_event("one", {"n": 1, "l": ["a"]}, timestamp=START + 7)
        span.add_event("two", timestamp=START + 8)
        span.add_link(LINKED, {"n": 1})
        span.add_link(SpanContext(9, 9, is_remote=False))
        span.set_status(Status(StatusCode.ERROR, "bad"))
        span.update_name("renamed")
        parent.end(END)
        return span

    assert_alike(full)


class Colour(enum.Enum):
    RED = 1


class Level(enum.IntEnum):
    HIGH = 3


class Word(str, enum.Enum):
    YES = "yes"


class Plain:
    pass


class Texted:
    def __str__(self):
        return "texted"


class Represented:
    def __repr__(self):
        return "represented"


Point = collections.namedtuple("Point", "x y")


@pytest.mark.parametrize(
    "value",
    [
        "text",
        "",
        True,
        0,
        -(2**63),
        2**63 - 1,
        1.5,
        float("inf"),
        b"\x00\xff",
        None,
        [],
        [1, "a", 2.5, None, True, [b"x", [1]]],
        (1, 2),
        range(3),
        collections.deque([1, 2]),
        collections.UserList([1]),
        array.array("i", [1, 2]),
        bytearray(b"ab"),
        memoryview(b"ab"),
        Point(1, 2),
        {},
        {"a": {"b": {"c": [1]}}},
        {1: "one", "": "dropped", 2.5: "x", None: "dropped", (1,): "tuple"},
        {Plain: 1, Colour.RED: 2},
        types.MappingProxyType({"a": 1}),
        collections.UserDict(a=1),
        {1},
        frozenset({1}),
        Colour.RED,
        Level.HIGH,
        Word.YES,
        Texted(),
        Represented(),
        [Texted(), Plain()],
        Plain(),
        Plain,
        ValueError("x"),
        decimal.Decimal("1.10"),
        1 + 2j,
        object(),
        test_a_bare_span,
    ],
    ids=said,
)
def test_a_value_is_taken_or_converted_alike(value):
    def write(tracer):
        span = tracer.start_span("value", attributes={"first": value}, start_time=START)
        span.set_attribute("key", value)
        span.set_attributes({"many": value, "last": 1})
        span.add_event("event", {"key": value}, timestamp=START)
        span.add_link(LINKED, {"key": value})
        return span

    assert_alike(write)


def test_numpy_values_are_taken_alike():
    numpy = pytest.importorskip("numpy")
    for value in [
        numpy.float64(1.5),
        numpy.float32(1.5),
        numpy.int64(3),
        numpy.bool_(1),
        numpy.str_("x"),
        numpy.array([1, 2]),
    ]:
        assert_alike(
            lambda tracer, value=value: tracer.start_span(
                "numpy", attributes={"key": value}, start_time=START
            )
        )


@pytest.mark.parametrize("key", ["", None, 7, 0, b"bytes", (), Plain(), Texted()], ids=said)
def test_a_bad_key_is_dropped_alike(key):
    def write(tracer):
        span = tracer.start_span("keys", attributes={"good": 1, key: 2}, start_time=START)
        span.set_attribute(key, 1)
        span.set_attributes({key: 1, "good": 3})
        span.add_event("event", {key: 1, "good": 1}, timestamp=START)
        return span

    assert_alike(write)


@pytest.mark.parametrize("limit", [0, 1, 2, 3, None])
def test_the_limits_of_counts_are_alike(limit):
    def write(tracer):
        span = tracer.start_span(
            "limits",
            attributes={"a": 1, "b": 2},
            links=[Link(LINKED, {"a": 1, "b": 2, "c": 3})],
            start_time=START,
        )
        span.set_attribute("c", 3)
        span.set_attribute("a", 4)
        span.set_attributes({"d": 4, "e": 5})
        for number in range(5):
            span.add_event(f"e{number}", {"a": 1, "b": 2, "c": 3}, timestamp=START + number)
            span.add_link(SpanContext(1, number + 1, is_remote=False))
        return span

    unset = -1 if limit is None else limit
    for name in ("max_attributes", "max_span_attributes", "max_events", "max_links"):
        assert_alike(write, **{name: unset})
    assert_alike(write, max_event_attributes=unset, max_link_attributes=unset)


@pytest.mark.parametrize("limit", [0, 1, 3, 100, -1])
def test_the_limit_of_texts_is_alike(limit):
    def write(tracer):
        span = tracer.start_span("texts", start_time=START)
        span.set_attribute("text", "äöüß🌍x")
        span.set_attributes({"list": ["abcdef", {"long key": "abcdef"}], "n": 123456})
        span.add_event("a long name", {"text": "abcdef"}, timestamp=START)
        span.add_link(LINKED, {"text": "abcdef"})
        span.set_status(StatusCode.ERROR, "a long description")
        return span

    assert_alike(write, max_attribute_length=limit)
    assert_alike(write, max_span_attribute_length=limit)


@pytest.mark.parametrize(
    "calls",
    [
        [(StatusCode.OK,)],
        [(StatusCode.ERROR,)],
        [(StatusCode.ERROR, "x")],
        [(Status(StatusCode.ERROR, "x"),)],
        [(Status(StatusCode.ERROR, "x"), "ignored")],
        [(StatusCode.OK, "not for OK")],
        [(StatusCode.ERROR, 7)],
        [(StatusCode.UNSET, "x")],
        [(StatusCode.ERROR, "x"), (StatusCode.ERROR,)],
        [(StatusCode.ERROR, "x"), (StatusCode.ERROR, "y")],
        [(StatusCode.ERROR, "x"), (StatusCode.UNSET,)],
        [(StatusCode.ERROR, "x"), (StatusCode.OK,)],
        [(StatusCode.OK,), (StatusCode.ERROR, "x")],
        [(StatusCode.OK,), (StatusCode.UNSET,)],
    ],
    ids=said,
)
def test_status_rules_are_alike(calls):
    def write(tracer):
        span = tracer.start_span("status", start_time=START)
        for call in calls:
            span.set_status(*call)
        return span

    assert_alike(write)


@pytest.mark.parametrize(
    "context",
    [
        LINKED,
        SpanContext(0, 0, is_remote=False),
        SpanContext(0, 6, is_remote=False, trace_state=TraceState([("a", "b")])),
        SpanContext(5, 0, is_remote=True),
        None,
    ],
    ids=said,
)
def test_what_makes_a_link_valid_is_alike(context):
    def write(tracer):
        links = [] if context is None else [Link(context), Link(context, {"a": 1})]
        span = tracer.start_span("links", links=links, start_time=START)
        span.add_link(context)
        span.add_link(context, {})
        span.add_link(context, {"a": 1}) if context is not None else None
        return span

    assert_alike(write)


@pytest.mark.parametrize(
    "parent",
    [None, LINKED, SpanContext(5, 6, is_remote=False, trace_flags=TraceFlags(3))],
    ids=said,
)
def test_the_parent_is_alike(parent):
    def write(tracer):
        context = (
            {} if parent is None else trace.set_span_in_context(trace.NonRecordingSpan(parent))
        )
        span = tracer.start_span("child", context=context, start_time=START)
        assert span.parent is parent
        assert span.get_span_context() is span.context
        return span

    assert_alike(write)
