"""Native code without the GIL and without the hand-over finds the span of its own context."""

import asyncio
import contextvars
import ctypes
import random
from concurrent.futures import ThreadPoolExecutor

import libtracer
from libtracer.testing import capture
from opentelemetry import context, trace


class NativeSpan(ctypes.Structure):
    _fields_ = (("slot", ctypes.c_uint64), ("generation", ctypes.c_uint64))


LIBRARY = ctypes.CDLL(libtracer.get_library())  # releases the GIL around each call
LIBRARY.tracer_span_begin.argtypes = (ctypes.c_char_p,)
LIBRARY.tracer_span_begin.restype = NativeSpan
LIBRARY.tracer_span_finish.argtypes = (NativeSpan,)
LIBRARY.tracer_span_finish.restype = None


def native(name):
    LIBRARY.tracer_span_finish(LIBRARY.tracer_span_begin(name.encode()))


def test_a_context_at_the_address_of_another_is_not_taken_for_it():
    """One pool thread runs work of many requests, whose copied contexts come and go."""

    def work(request):
        native(f"native {request}")
        with libtracer.start_span("inner"):
            pass

    async def answer(request):
        with libtracer.start_span(f"request {request}"):
            await asyncio.to_thread(work, request)
            await asyncio.sleep(random.random() * 0.005)

    async def main():
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))
        tasks = []
        for request in range(200):
            tasks.append(asyncio.create_task(answer(request)))
            await asyncio.sleep(random.random() * 0.001)
        await asyncio.gather(*tasks)

    with capture() as captured:
        asyncio.run(main())
    names = {span.span_id: span.name for span in captured.spans}
    for span in captured.spans:
        if span.name.startswith("native"):
            assert names[span.parent_id] == span.name.replace("native", "request")


def test_a_native_span_of_one_context_is_no_parent_in_another():
    with libtracer.start_span("one") as span_of_one:
        one = contextvars.copy_context()
    with libtracer.start_span("other") as span_of_other:
        other = contextvars.copy_context()

    def nested():
        span = LIBRARY.tracer_span_begin(b"outer")
        native("inner of one")
        other.run(native, "inner of other")
        native("again of one")
        LIBRARY.tracer_span_finish(span)

    before = libtracer.stats()["unknown_parent"]
    with capture() as captured:
        one.run(nested)
    spans = {span.name: span for span in captured.spans}
    assert spans["outer"].parent_id == span_of_one.span_id
    assert spans["inner of one"].parent_id == spans["outer"].span_id
    assert spans["inner of other"].parent_id == span_of_other.span_id
    assert spans["again of one"].parent_id == spans["outer"].span_id
    assert libtracer.stats()["unknown_parent"] == before


def test_what_is_current_is_what_the_variable_holds_however_that_was_set():
    """Frameworks copy variables from one context into another, past OpenTelemetry's functions."""
    tracer = libtracer.get_tracer()
    with capture() as captured, tracer.start_as_current_span("outer"):
        inner = tracer.start_span("inner")
        copied = contextvars.copy_context()
        copied.run(context.attach, trace.set_span_in_context(inner))
        for variable, value in copied.items():
            if variable.get(None) is not value:
                variable.set(value)
        native("below inner")
        inner.end()
    below = [span.parent_id for span in captured.spans if span.name == "below inner"]
    assert below == [inner.span_id]


def test_a_context_that_is_gone_leaves_no_parent_behind():
    """A new context is often made at the address of the one before it."""
    tracer = libtracer.get_tracer()
    span = tracer.start_span("lives on")
    spans = [span]

    def attach():
        context.attach(trace.set_span_in_context(span))

    def enter_and_leave_elsewhere():
        held = tracer.start_as_current_span("lives on", end_on_exit=False)
        spans.append(contextvars.copy_context().run(held.__enter__))
        contextvars.copy_context().run(held.__exit__, None, None, None)

    with capture() as captured:
        for _ in range(20):
            contextvars.copy_context().run(attach)
            contextvars.copy_context().run(native, "native")
            enter_and_leave_elsewhere()
            contextvars.copy_context().run(native, "native")
        assert [span.parent_id for span in captured.spans] == [None] * 40
        for span in spans:
            span.end()


def test_many_variables_do_not_hide_the_span():
    def work():
        variables = [contextvars.ContextVar(f"v{n}") for n in range(500)]
        for at, variable in enumerate(variables):
            variable.set(libtracer.Span if at % 2 else None)
            native("native")

    with capture() as captured, libtracer.start_span("outer") as outer:
        contextvars.copy_context().run(work)
    parents = {span.parent_id for span in captured.spans if span.name == "native"}
    assert parents == {outer.span_id}
