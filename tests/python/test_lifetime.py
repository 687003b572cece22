"""References and memory: nothing is lost, nothing is kept."""

import contextvars
import gc
import sys
import tracemalloc
import weakref

import libtracer
import pytest
from opentelemetry import context, trace
from program import run


def everything():
    """Every operation a span has, once."""
    with libtracer.start_span("op", attributes={"a": 1, "b": [1, {"c": None}]}) as span:
        span.set_attribute("k", object())
        span.add_event("e", {"x": 1})
        span.set_status("error", "text")
        span.update_name("other")
        trace.get_current_span()
        context.detach(context.attach(context.get_current()))
        _ = (span.attributes, span.events, span.status, span.parent, span.get_span_context())
        with libtracer.get_tracer().start_as_current_span("child", attributes={"a": 1}):
            pass
        try:
            with libtracer.start_span("fails"):
                raise ValueError("x")
        except ValueError:
            pass
    traced_function()
    _ = (span.attributes, span.links, span.end_time)


@libtracer.traced
def traced_function():
    return libtracer.get_current_span()


def test_no_memory_is_lost():
    for _ in range(300):
        everything()
    gc.collect()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        for _ in range(2_000):
            everything()
        gc.collect()
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert grown < 20_000


def test_no_reference_is_lost_or_taken():
    singletons = [None, True, False, type(libtracer.start_span("x")), type(traced_function)]
    everything()
    gc.collect()
    before = [sys.getrefcount(thing) for thing in singletons]
    for _ in range(500):
        everything()
    gc.collect()
    after = [sys.getrefcount(thing) for thing in singletons]
    assert max(abs(a - b) for a, b in zip(after, before, strict=True)) < 100


def test_a_span_is_freed_without_the_collector():
    gc.disable()
    try:
        with libtracer.start_span("op") as span:
            trace.get_current_span()
            reference = weakref.ref(span)
        del span
        assert reference() is None
    finally:
        gc.enable()


def test_an_abandoned_entered_span_is_collected():
    def abandon():
        span = libtracer.get_tracer().start_span("abandoned")
        span.__enter__()
        context.get_current()
        return weakref.ref(span)

    reference = contextvars.copy_context().run(abandon)
    gc.collect()
    assert reference() is None


def test_a_cycle_through_a_context_is_collected():
    class Request:
        pass

    request = Request()
    token = context.attach(context.set_value("request", request))
    with libtracer.start_span("op") as span:
        request.span = span
        context.get_current()
    context.detach(token)
    reference = weakref.ref(request)
    del request, span, token
    gc.collect()
    assert reference() is None


def test_a_traced_function_in_a_cycle_is_collected():
    class Holder:
        pass

    def make():
        holder = Holder()

        @libtracer.traced
        def function():
            return holder

        holder.function = function
        return weakref.ref(function)

    reference = make()
    gc.collect()
    assert reference() is None


def test_an_exception_does_not_keep_its_frames_through_the_span():
    class Local:
        pass

    def fails():
        local = Local()
        references.append(weakref.ref(local))
        raise ValueError("x")

    references = []
    with pytest.raises(ValueError, match="x"), libtracer.start_span("op") as span:
        fails()
    gc.collect()
    assert span.events
    assert references[0]() is None


def test_spans_started_by_finalizers_during_a_collection_are_safe():
    run("""
    import gc, libtracer
    libtracer.configure_tracing(exporter="none")

    class Cycle:
        def __init__(self):
            self.me = self
        def __del__(self):
            with libtracer.start_span("finalizer"):
                with libtracer.start_span("nested", attributes={"x": [1]}):
                    pass

    gc.set_threshold(1)
    for _ in range(20_000):
        Cycle()
        with libtracer.start_span("op"):
            with libtracer.start_span("inner"):
                pass
    """)


def test_a_finalizer_at_the_interpreters_end_is_safe():
    run("""
    import libtracer, sys
    libtracer.configure_tracing(exporter="none")
    class AtEnd:
        def __del__(self):
            with libtracer.start_span("late"):
                pass
    keep = AtEnd()
    sys.modules["keep"] = keep
    span = libtracer.start_span("open").__enter__()
    """)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads /proc")
def test_a_million_spans_leave_the_process_as_large_as_it_was():
    out = run("""
    import contextvars, gc, libtracer
    from opentelemetry import baggage, context, trace
    libtracer.configure_tracing(exporter="none")
    tracer = libtracer.get_tracer()

    def resident():
        gc.collect()
        with open("/proc/self/statm") as sizes:
            return int(sizes.read().split()[1]) * 4096

    def spans(count):
        for n in range(count):
            with libtracer.start_span("outer", attributes={"n": n}):
                with tracer.start_as_current_span("inner") as span:
                    pass
            if n % 16 == 0:
                token = context.attach(baggage.set_baggage("n", str(n)))
                with trace.use_span(tracer.start_span("used"), end_on_exit=True):
                    contextvars.copy_context().run(tracer.start_span("copied").__enter__)
                context.detach(token)

    spans(50_000)
    before = resident()
    spans(450_000)
    print(resident() - before, libtracer.stats()["started"])
    """)
    grown, started = map(int, out.split())
    assert started >= 1_000_000
    assert grown < 4_000_000


def test_spans_held_by_a_traceback_go_with_it():
    def fails():
        with libtracer.start_span("op") as span:
            references.append(weakref.ref(span))
            token = context.attach(context.set_value("span", span))
            try:
                raise ValueError("x")
            finally:
                context.detach(token)

    references = []
    gc.disable()
    try:
        with pytest.raises(ValueError, match="x") as raised:
            fails()
        assert references[0]() is not None
        del raised
        gc.collect()
        assert references[0]() is None
    finally:
        gc.enable()


def test_a_span_entered_again_is_collected():
    def abandon():
        span = libtracer.get_tracer().start_span("abandoned")
        span.__enter__()
        with libtracer.start_span("between"):
            span.__enter__()
            span.__enter__()
        return weakref.ref(span)

    reference = contextvars.copy_context().run(abandon)
    gc.collect()
    assert reference() is None


def test_a_context_in_a_cycle_with_what_it_holds_is_collected():
    class Request:
        pass

    def abandon():
        request = Request()
        request.token = context.attach(context.set_value("request", request))
        request.context = context.get_current()
        return weakref.ref(request)

    reference = contextvars.copy_context().run(abandon)
    gc.collect()
    assert reference() is None


def test_attached_contexts_change_no_reference_count():
    made = context.set_value("k", 1)

    def attach():
        for _ in range(100):
            token = context.attach(made)
            with libtracer.start_span("op"):
                assert context.get_value("k") == 1
            context.detach(token)

    attach()
    before = sys.getrefcount(made)
    attach()
    assert sys.getrefcount(made) == before


def test_finalizers_that_attach_during_a_collection_are_safe():
    """CPython 3.10 and 3.11 crash when a collection inside a change of a variable changes it."""
    run("""
    import contextvars, gc, libtracer
    from opentelemetry import baggage, context, trace
    libtracer.configure_tracing(exporter="none")
    foreign = trace.NonRecordingSpan(trace.SpanContext(1, 2, is_remote=True))

    class Cycle:
        def __init__(self):
            self.me = self
        def __del__(self):
            token = context.attach(baggage.set_baggage("b", "1"))
            with trace.use_span(foreign), libtracer.start_span("finalizer") as span:
                assert span.parent_id == f"{2:016x}"
            context.detach(token)

    variables = [contextvars.ContextVar(str(n)) for n in range(30)]
    for variable in variables:
        variable.set(variable)
    gc.set_threshold(1)
    for _ in range(5_000):
        Cycle()
        token = context.attach(context.set_value("k", Cycle()))
        with libtracer.start_span("op"), trace.use_span(foreign):
            context.get_current()
        context.detach(token)
    """)
