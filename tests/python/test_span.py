"""A span: its life, its identity, what can be written to it and read from it."""

import re
import time

import libtracer
import pytest
from libtracer import SpanKind, StatusCode
from opentelemetry import trace
from opentelemetry.trace import Link, SpanContext, Status, TraceFlags


def test_a_span_is_current_inside_its_block_and_ended_after(captured):
    assert libtracer.get_current_span() is None
    with libtracer.start_span("outer") as outer:
        assert libtracer.get_current_span() is outer
        assert outer.is_recording()
        assert outer.end_time is None
        with libtracer.start_span("inner") as inner:
            assert libtracer.get_current_span() is inner
        assert libtracer.get_current_span() is outer
    assert not outer.is_recording()
    assert [span.name for span in captured.spans] == ["inner", "outer"]


def test_identity_is_hex_text_on_the_span_and_ints_in_its_context(captured):
    with libtracer.start_span("outer") as outer, libtracer.start_span("inner") as inner:
        pass
    assert re.fullmatch("[0-9a-f]{32}", outer.trace_id)
    assert re.fullmatch("[0-9a-f]{16}", outer.span_id)
    assert outer.parent_id is None
    assert outer.parent is None
    assert inner.trace_id == outer.trace_id
    assert inner.parent_id == outer.span_id
    context = inner.get_span_context()
    assert context is inner.context
    assert context.is_valid
    assert not context.is_remote
    assert context.trace_flags.sampled
    assert f"{context.trace_id:032x}" == inner.trace_id
    assert f"{context.span_id:016x}" == inner.span_id
    assert inner.parent == outer.get_span_context()
    finished = captured.spans[0]
    assert finished.context == context
    assert finished.parent == outer.get_span_context()
    assert (finished.trace_id, finished.span_id) == (inner.trace_id, inner.span_id)
    assert finished.parent_id == outer.span_id


def test_everything_written_can_be_read_live_and_after_the_end():
    linked = SpanContext(1, 2, is_remote=True, trace_flags=TraceFlags(1))
    tracer = libtracer.get_tracer("reads")
    with tracer.start_as_current_span(
        "first", kind=SpanKind.SERVER, attributes={"a": 1}, links=[Link(linked, {"why": "x"})]
    ) as span:
        span.set_attribute("b", "two").set_attributes({"c": 3.5})
        span.add_event("happened", {"n": 1}, timestamp=1_700_000_000_000_000_000)
        span.add_link(SpanContext(3, 4, is_remote=False))
        span.set_status(StatusCode.ERROR, "bad")
        span.update_name("second")

        def check():
            assert span.name == "second"
            assert span.kind is SpanKind.SERVER
            assert span.attributes == {"a": 1, "b": "two", "c": 3.5}
            (event,) = span.events
            assert event.name == "happened"
            assert event.attributes == {"n": 1}
            assert event.timestamp == 1_700_000_000_000_000_000
            first, second = span.links
            assert first.context == linked
            assert first.context.is_remote
            assert first.attributes == {"why": "x"}
            assert second.context.trace_id == 3
            assert span.status.status_code is StatusCode.ERROR
            assert span.status.description == "bad"
            dropped = (span.dropped_attributes, span.dropped_events, span.dropped_links)
            assert dropped == (0, 0, 0)
            assert abs(span.start_time - time.time_ns()) < 10_000_000_000

        check()
        assert span.end_time is None
    check()
    assert span.end_time >= span.start_time


def test_attributes_cannot_be_changed_through_what_is_read():
    with libtracer.start_span("op", attributes={"a": 1}) as span, pytest.raises(TypeError):
        span.attributes["a"] = 2


def test_writes_after_the_end_change_nothing():
    with libtracer.start_span("op") as span:
        span.set_attribute("kept", 1)
    end = span.end_time
    span.set_attribute("late", 1)
    span.set_attributes({"late": 1})
    span.add_event("late")
    span.set_status(StatusCode.ERROR)
    span.update_name("late")
    span.record_exception(ValueError("late"))
    span.end()
    assert span.attributes == {"kept": 1}
    assert span.events == ()
    assert span.name == "op"
    assert span.status.is_unset
    assert span.end_time == end


def test_a_span_of_a_tracer_starts_at_once_and_becomes_current_when_entered(captured):
    tracer = libtracer.get_tracer("manual")
    with libtracer.start_span("root") as root:
        span = tracer.start_span("manual")
        assert libtracer.get_current_span() is root
        assert span.parent_id == root.span_id
        with span:
            assert libtracer.get_current_span() is span
        other = tracer.start_span("other")
        other.end()
    assert [span.name for span in captured.spans] == ["manual", "other", "root"]
    assert captured.spans[0].instrumentation_scope.name == "manual"


def test_explicit_times_are_kept():
    span = libtracer.get_tracer().start_span("op", start_time=1_000)
    span.end(end_time=3_000)
    assert (span.start_time, span.end_time) == (1_000, 3_000)


def test_the_parent_can_be_given_as_context_span_or_span_context():
    tracer = libtracer.get_tracer()
    parent = tracer.start_span("parent")
    in_context = trace.set_span_in_context(parent)
    with libtracer.start_span("current"):
        children = [
            tracer.start_span("child", context=in_context),
            tracer.start_span("child", in_context),
            tracer.start_span("child", parent=parent),
            tracer.start_span("child", parent=parent.get_span_context()),
        ]
        root = tracer.start_span("root", context=trace.set_span_in_context(trace.INVALID_SPAN))
    assert {child.parent_id for child in children} == {parent.span_id}
    assert root.parent is None
    for span in [parent, root, *children]:
        span.end()


def test_a_plain_dict_in_second_place_is_the_attributes():
    with libtracer.get_tracer().start_span("op", {"a": 1}) as span:
        assert span.attributes == {"a": 1}


def test_a_status_may_be_a_status_a_code_or_a_word():
    cases = [
        ((Status(StatusCode.ERROR, "x"),), (StatusCode.ERROR, "x")),
        ((StatusCode.ERROR,), (StatusCode.ERROR, None)),
        (("error", "y"), (StatusCode.ERROR, "y")),
        (("ok",), (StatusCode.OK, None)),
        ((StatusCode.UNSET,), (StatusCode.UNSET, None)),
    ]
    for given, (code, description) in cases:
        with libtracer.start_span("op") as span:
            span.set_status(*given)
        assert span.status.status_code is code
        assert span.status.description == description


def test_ok_is_final():
    with libtracer.start_span("op") as span:
        span.set_status(StatusCode.OK)
        span.set_status(StatusCode.ERROR, "no")
    assert span.status.status_code is StatusCode.OK


def test_a_span_that_was_never_ended_ends_with_its_object(captured):
    span = libtracer.get_tracer().start_span("forgotten")
    del span
    assert [span.name for span in captured.spans] == ["forgotten"]


def test_wrong_arguments_raise_what_python_raises():
    with pytest.raises(TypeError, match=r"start_span\(\) missing required argument: 'name'"):
        libtracer.start_span()
    with pytest.raises(TypeError, match="unexpected keyword argument 'nope'"):
        libtracer.start_span("x", nope=1)
    with pytest.raises(TypeError, match="at most 1 positional"):
        libtracer.start_span("x", {})
    with libtracer.start_span("x") as span:
        with pytest.raises(TypeError, match="missing required argument: 'value'"):
            span.set_attribute("k")
        with pytest.raises(TypeError, match="multiple values for argument 'key'"):
            span.set_attribute("k", key="k")


def test_a_span_passes_for_one_of_opentelemetry():
    with libtracer.start_span("op") as span:
        assert isinstance(span, trace.Span)
        assert issubclass(type(span), trace.Span)
        assert not isinstance(span, trace.NonRecordingSpan)
        assert isinstance(libtracer.get_tracer(), trace.Tracer)
        assert repr(span).startswith('<Span "op" live trace_id=')


def test_the_same_tracer_comes_back_for_the_same_name():
    assert libtracer.get_tracer("a") is libtracer.get_tracer("a")
    assert libtracer.get_tracer("a") is not libtracer.get_tracer("b")


def test_below_a_remote_span_only_the_parent_is_remote():
    remote = trace.SpanContext(0xC1, 0xD1, is_remote=True, trace_flags=trace.TraceFlags(1))
    elsewhere = trace.set_span_in_context(trace.NonRecordingSpan(remote))
    with libtracer.get_tracer("served").start_span("served", elsewhere) as span:
        assert span.parent.is_remote
        assert not span.get_span_context().is_remote
        with libtracer.start_span("below") as below:
            assert not below.parent.is_remote
