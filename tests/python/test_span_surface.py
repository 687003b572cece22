"""What stands around a span: identity, private fields, copies, origin."""

import copy
import gc
import json
import pickle
import warnings
import weakref

import libtracer
import pytest
from libtracer.trace import TracerProvider
from opentelemetry import trace
from opentelemetry.attributes import BoundedAttributes
from opentelemetry.sdk import trace as sdk
from opentelemetry.trace import Link
from sdk_pair import RESOURCE, both, watched


@pytest.fixture
def tracer():
    return TracerProvider(resource=RESOURCE, shutdown_on_exit=False).get_tracer("surface", "1")


@both
def test_the_parent_is_the_very_context_of_the_parent_span(make):
    tracer, processor = watched(make)
    with tracer.start_as_current_span("root") as root:
        with tracer.start_as_current_span("inner") as inner:
            pass
        manual = tracer.start_span("manual", context=trace.set_span_in_context(root))
        manual.end()
    seen_inner, seen_manual, seen_root = processor.spans
    assert seen_inner.parent is seen_manual.parent is seen_root.get_span_context()
    assert inner.parent is root.get_span_context() is root.context is seen_root.context
    assert seen_root.parent is None
    assert seen_inner.resource is seen_root.resource is RESOURCE
    assert seen_inner.instrumentation_scope is seen_root.instrumentation_scope


@both
def test_a_parent_of_another_library_is_shown_as_it_was_given(make):
    tracer, processor = watched(make)
    given = trace.SpanContext(5, 6, is_remote=True, trace_flags=trace.TraceFlags(1))
    context = trace.set_span_in_context(trace.NonRecordingSpan(given))
    with tracer.start_as_current_span("op", context=context) as span:
        assert span.parent is given
    assert span.parent is processor.spans[0].parent is given


def test_a_decorator_that_was_entered_too_makes_spans_where_it_is_called(tracer):
    with tracer.start_as_current_span("outer"):
        block = tracer.start_as_current_span("block")
        with block:
            decorated = block(trace.get_current_span)
    with tracer.start_as_current_span("elsewhere") as elsewhere:
        assert decorated().parent == elsewhere.get_span_context()


def test_a_line_of_open_spans_is_released_without_recursion(tracer):
    span = tracer.start_span("first")
    first = weakref.ref(span)
    for _ in range(50_000):
        span = tracer.start_span("next", context=trace.set_span_in_context(span))
    del span
    gc.collect()
    assert first() is None


def test_an_ended_span_keeps_no_parent_alive(tracer):
    parent = tracer.start_span("parent")
    child = tracer.start_span("child", context=trace.set_span_in_context(parent))
    shown = parent.get_span_context()
    child.end()
    parent.end()
    gone = weakref.ref(parent)
    del parent
    gc.collect()
    assert gone() is None
    assert child.parent is shown


@both
def test_a_processor_gets_the_real_thing(make):
    tracer, processor = watched(make)
    with tracer.start_as_current_span("op", attributes={"a": 1}) as span:
        span.add_event("event", {"b": 2})
        span.add_link(span.get_span_context(), {"c": 3})
    (ended,) = processor.spans
    assert type(ended) is sdk.ReadableSpan
    assert type(ended.events[0]) is sdk.Event
    assert type(ended.links[0]) is Link
    for attributes in (ended._attributes, ended.events[0].attributes, ended.links[0].attributes):
        assert type(attributes) is BoundedAttributes
        with pytest.raises(TypeError):
            attributes["x"] = 1
        copied = copy.deepcopy(attributes)
        assert copied == attributes
    assert not isinstance(ended, trace.Span)
    assert not hasattr(ended, "set_attribute")


@both
def test_the_constructor_of_readable_spans_can_be_replaced(make, monkeypatch):
    tracer, processor = watched(make)
    usual = sdk.ReadableSpan.__init__

    def renamed(self, *args, **kwargs):
        kwargs["name"] = "renamed"
        usual(self, *args, **kwargs)

    span = tracer.start_span("op")
    monkeypatch.setattr(sdk.ReadableSpan, "__init__", renamed)
    span.end()
    assert processor.spans[0].name == "renamed"


def test_a_span_passes_for_one_of_the_sdk(tracer):
    span = tracer.start_span("op")
    assert isinstance(span, sdk.Span)
    assert isinstance(span, sdk.ReadableSpan)
    assert isinstance(span, trace.Span)
    assert isinstance(span._readable_span(), sdk.ReadableSpan)


def test_private_fields_are_there_for_processors_in_the_wild(tracer):
    with tracer.start_as_current_span("op", attributes={"a": [1]}) as span:
        span.add_event("event", {"b": 2}, timestamp=7)
        span.add_link(span.get_span_context(), {"c": 3})
    assert "a" in span._attributes
    assert span._attributes.get("a") == (1,)
    assert span._format_attributes(span._attributes) == {"a": (1,)}
    (event,) = span._format_events(span._events)
    assert event == {
        "name": "event",
        "timestamp": "1970-01-01T00:00:00.000000Z",
        "attributes": {"b": 2},
    }
    (link,) = span._format_links(span._links)
    assert link["context"] == span._format_context(span._context)
    assert json.loads(span._resource.to_json())["attributes"]["service.name"] == "pair"
    assert json.loads(span._instrumentation_scope.to_json())["name"] == "surface"


def test_instrumentation_info_is_deprecated(tracer):
    span = tracer.start_span("op")
    with pytest.warns(DeprecationWarning, match="instrumentation_scope"):
        assert span.instrumentation_info.name == "surface"


def test_a_copy_is_the_span_itself_and_a_pickle_is_refused(tracer):
    span = tracer.start_span("op")
    assert copy.copy(span) is span
    assert copy.deepcopy({"span": [span]})["span"][0] is span
    with pytest.raises(TypeError, match="get_span_context"):
        pickle.dumps(span)
    context = pickle.loads(pickle.dumps(span.get_span_context()))
    assert context == span.get_span_context()


def test_spans_are_equal_by_identity_hashable_and_weakly_referable(tracer):
    one, two = tracer.start_span("op"), tracer.start_span("op")
    assert one == one  # noqa: PLR0124
    assert one != two
    assert len({one, two, one}) == 2
    reference = weakref.ref(one)
    assert reference() is one
    del one
    assert reference() is None


@both
def test_repr_names_the_span_and_its_context(make):
    span = make(shutdown_on_exit=False).get_tracer("m").start_span("op")
    shown = repr(span).removeprefix("_")
    assert shown == f'Span(name="op", context={span.get_span_context()})'


def test_without_a_provider_a_span_has_an_origin_too(captured):
    with libtracer.get_tracer("mine", "2").start_span("op", attributes={"a": b"x"}) as span:
        pass
    finished = captured.spans[0]
    scope = (span.instrumentation_scope.name, span.instrumentation_scope.version)
    there = finished.instrumentation_scope
    assert scope == (there.name, there.version) == ("mine", "2")
    assert span.resource is span.resource
    assert span.resource.attributes["service.name"] == "tests"
    with libtracer.start_span("op") as bare:
        assert bare.instrumentation_scope.name == ""
    assert json.loads(span.to_json())["attributes"] == {"a": "78"}
    assert json.loads(finished.to_json(indent=None))["name"] == "op"
    assert json.loads(finished.resource.to_json())["attributes"]["service.name"] == "tests"
    assert json.loads(finished.instrumentation_scope.to_json())["name"] == "mine"


def test_resource_and_scope_of_finished_spans_group_spans(captured):
    for name in ("a", "b"):
        with libtracer.get_tracer(name).start_span("op"):
            pass
        libtracer.get_tracer(name).start_span("op").end()
    assert len({span.resource for span in captured.spans}) == 1
    assert len({span.instrumentation_scope for span in captured.spans}) == 2
    first, _, third, _ = captured.spans
    assert first.resource == third.resource
    assert first.instrumentation_scope != third.instrumentation_scope
    assert first.resource != "resource"
    assert copy.deepcopy(first) is first


def test_a_proxy_of_a_span_works_as_the_span(tracer):
    wrapt = pytest.importorskip("wrapt")
    span = tracer.start_span("op")
    proxy = wrapt.ObjectProxy(span)
    assert isinstance(proxy, trace.Span)
    proxy.set_attribute("a", 1)
    with trace.use_span(proxy, end_on_exit=True):
        child = tracer.start_span("child")
    assert child.parent == span.get_span_context()
    assert not span.is_recording()
    assert span.attributes == {"a": 1}


def test_reading_warns_of_nothing(tracer):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        span = tracer.start_span("op")
        for name in dir(type(span)):
            if not name.startswith("__") and name != "instrumentation_info":
                getattr(span, name)
