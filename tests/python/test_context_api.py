"""OpenTelemetry's own functions around our spans: values, baggage, carriers, spans of others."""

import contextvars

import libtracer
import pytest
from drivers import ALL, NONE, WITH_GIL, WITHOUT_GIL, driver
from opentelemetry import baggage, context, propagate, trace
from opentelemetry.trace.propagation import tracecontext
from program import run

REMOTE = trace.SpanContext(
    0xABC,
    0xDEF,
    is_remote=True,
    trace_flags=trace.TraceFlags(1),
    trace_state=trace.TraceState([("vendor", "x")]),
)


@pytest.fixture(params=ALL)
def way(request):
    with driver(request.param) as made:
        yield made
        assert made.current() == NONE, "the test left a span current"
        assert context.get_current() == {}


def test_baggage_is_set_read_and_removed_below_spans(way):
    with way.span("outer"):
        token = context.attach(baggage.set_baggage("a", "1"))
        with way.span("inner"):
            assert baggage.get_all() == {"a": "1"}
            more = context.attach(baggage.set_baggage("b", "2"))
            with way.span("innermost"):
                assert baggage.get_all() == {"a": "1", "b": "2"}
                less = context.attach(baggage.remove_baggage("a"))
                assert baggage.get_all() == {"b": "2"}
                assert way.current() == "innermost"
                none = context.attach(baggage.clear())
                assert not baggage.get_all()
                context.detach(none)
                context.detach(less)
            assert baggage.get_all() == {"a": "1", "b": "2"}
            context.detach(more)
            assert baggage.get_all() == {"a": "1"}
        context.detach(token)
        assert not baggage.get_all()
        assert way.current() == "outer"
    assert way.parents == {"outer": NONE, "inner": "outer", "innermost": "inner"}


def test_a_context_is_what_it_was_when_it_was_asked_for(way):
    before = context.get_current()
    with way.span("outer") as outer:
        at_outer = context.get_current()
        assert context.get_current() == at_outer
        with way.span("inner") as inner:
            assert trace.get_current_span(at_outer) is outer
            assert trace.get_current_span(context.get_current()) is inner
            assert trace.get_current_span(before) is trace.INVALID_SPAN
            token = context.attach(at_outer)
            assert way.current() == "outer"
            assert context.get_current() is at_outer
            with way.span("below outer"):
                pass
            context.detach(token)
            assert way.current() == "inner"
    assert trace.get_current_span(at_outer) is outer
    assert way.parents["below outer"] == "outer"


def test_what_is_injected_is_extracted(way):
    token = context.attach(baggage.set_baggage("user", "7"))
    carrier: dict[str, str] = {}
    with way.span("client") as client:
        propagate.inject(carrier)
    context.detach(token)
    ids = client.get_span_context()
    flags = ids.trace_flags
    assert carrier["traceparent"] == f"00-{ids.trace_id:032x}-{ids.span_id:016x}-{flags:02x}"
    assert carrier["baggage"] == "user=7"

    received = propagate.extract(carrier)
    assert way.current() == NONE
    token = context.attach(received)
    way.know(client, "client")
    with way.span("server") as server:
        assert server.parent.is_remote
        assert server.get_span_context().trace_id == ids.trace_id
        assert baggage.get_baggage("user") == "7"
    context.detach(token)
    assert way.parents["server"] == "client"


def test_trace_state_travels_through_spans(way):
    carrier: dict[str, str] = {}
    received = tracecontext.TraceContextTextMapPropagator().extract(
        {"traceparent": f"00-{0xABC:032x}-{0xDEF:016x}-01", "tracestate": "vendor=x"}
    )
    token = context.attach(received)
    with way.bare("server"), way.bare("inner"):
        propagate.inject(carrier)
    context.detach(token)
    assert carrier["tracestate"] == "vendor=x"


def test_spans_of_another_library_between_ours(way):
    foreign = trace.NonRecordingSpan(REMOTE)
    way.names[0xDEF] = "foreign"
    with way.span("outer"):
        with trace.use_span(foreign):
            assert trace.get_current_span() is foreign
            with way.span("below foreign") as below:
                assert below.parent == REMOTE
                assert below.get_span_context().trace_state.get("vendor") == "x"
                assert way.current() == "below foreign"
            assert trace.get_current_span() is foreign
        assert way.current() == "outer"
        with trace.use_span(trace.INVALID_SPAN), way.span("below nothing") as root:
            assert root.parent is None
        assert way.current() == "outer"
    assert way.parents["below foreign"] == "foreign"


def test_a_span_put_into_a_context_by_hand(way):
    with way.bare("span") as span:
        way.know(span, "span")
    made = trace.set_span_in_context(span)
    assert way.current() == NONE
    assert trace.get_current_span(made) is span
    token = context.attach(context.set_value("k", "v", made))
    assert way.current() == "span"
    with way.span("child"):
        assert context.get_value("k") == "v"
    context.detach(token)
    assert way.parents["child"] == "span"


def test_contexts_attached_and_detached_in_the_wrong_order(way, caplog):
    """A detach brings back what was there at its attach, whatever came in between."""
    with way.span("root"):
        first = context.attach(context.set_value("k", 1))
        second = context.attach(context.set_value("k", 2))
        context.detach(first)
        assert context.get_value("k") is None
        assert way.current() == "root"
        context.detach(second)
        assert context.get_value("k") == 1
        assert way.current() == "root"
        with way.span("child"):
            assert context.get_value("k") == 1
    assert way.parents["child"] == "root"
    assert caplog.records == []


def test_a_context_left_attached_is_undone_by_the_span_around_it(way):
    with way.span("root"):
        context.attach(context.set_value("k", 1))
        with way.span("inner"):
            context.attach(context.set_value("k", 2))
        assert context.get_value("k") == 1
        assert way.current() == "root"
    assert context.get_value("k") is None


def test_any_object_can_be_attached():
    """As in OpenTelemetry: nobody checks, and everyone finds what was put there."""
    for thing in (None, "text", object(), {"k": 1}):
        token = context.attach(thing)
        assert context.get_current() is thing
        with libtracer.start_span("op") as span:
            assert span.parent is None
            assert WITH_GIL.current() == WITHOUT_GIL.current() == int(span.span_id, 16)
        assert context.get_current() is thing
        assert WITH_GIL.current() == WITHOUT_GIL.current() == 0
        context.detach(token)


def test_a_span_attached_before_it_starts_is_the_parent():
    pending = libtracer.start_span("pending")
    token = context.attach(trace.set_span_in_context(pending))
    assert WITHOUT_GIL.current() == 0
    with libtracer.start_span("child") as child:
        assert child.parent_id == pending.span_id
    assert WITH_GIL.current() == int(pending.span_id, 16)
    context.detach(token)
    pending.end()


def test_a_context_is_freed_when_nobody_has_it():
    class Value:
        pass

    import gc
    import weakref

    gc.disable()
    try:
        value = Value()
        reference = weakref.ref(value)
        token = context.attach(context.set_value("k", value))
        with libtracer.start_span("op"):
            context.get_current()
        context.detach(token)
        del token, value
        assert reference() is None
    finally:
        gc.enable()


def test_a_failed_detach_is_told_once_of_each_cause():
    out = run("""
    import contextvars, logging
    import libtracer
    from opentelemetry import context, trace
    records = []
    handler = logging.Handler()
    handler.emit = records.append
    logging.getLogger().addHandler(handler)
    libtracer.configure_tracing(exporter="none")
    for _ in range(5):
        with libtracer.start_span("op") as span:
            token = contextvars.copy_context().run(context.attach, context.set_value("k", 1))
            context.detach(token)
            assert trace.get_current_span() is span
        used = context.attach(context.set_value("k", 1))
        context.detach(used)
        context.detach(used)
        assert context.get_value("k") is None
    for record in records:
        print(record.name, record.getMessage(), record.exc_info[0].__name__)
    records.clear()
    context.detach("no token")
    context.detach("no token")
    print(len(records))
    """)
    assert out.splitlines() == [
        "opentelemetry.context Failed to detach context ValueError",
        "opentelemetry.context Failed to detach context RuntimeError",
        "2",
    ]


def test_tokens_of_the_standard_library_and_ours_are_the_same():
    with libtracer.start_span("op"):
        token = context.attach(context.get_current())
        assert type(token) is contextvars.Token
        context.detach(token)
