"""One trace with native code: the C functions called through ctypes, with and without the GIL."""

import asyncio
import contextvars
import ctypes
import threading

import libtracer
import pytest
from opentelemetry import trace


class NativeSpan(ctypes.Structure):
    _fields_ = (("slot", ctypes.c_uint64), ("generation", ctypes.c_uint64))


class Native:
    """The C functions; ``PyDLL`` keeps the GIL during a call, ``CDLL`` releases it."""

    def __init__(self, loader):
        library = loader(libtracer.get_library())
        self.begin = library.tracer_span_begin
        self.begin.argtypes, self.begin.restype = (ctypes.c_char_p,), NativeSpan
        self.finish = library.tracer_span_finish
        self.finish.argtypes, self.finish.restype = (NativeSpan,), None
        self.traceparent = library.tracer_traceparent
        self.traceparent.argtypes, self.traceparent.restype = (ctypes.c_char_p,), ctypes.c_bool

    def span(self, name="native"):
        self.finish(self.begin(name.encode()))

    def current(self):
        buffer = ctypes.create_string_buffer(56)
        return buffer.value.decode() if self.traceparent(buffer) else None


WITH_GIL, WITHOUT_GIL = Native(ctypes.PyDLL), Native(ctypes.CDLL)
both = pytest.mark.parametrize("native", [WITH_GIL, WITHOUT_GIL], ids=["gil", "no gil"])


def parents(captured, name="native"):
    return [span.parent_id for span in captured.spans if span.name == name]


@both
def test_a_native_span_is_a_child_of_the_python_span(native, captured):
    with libtracer.start_span("outer") as outer:
        native.span()
        with libtracer.start_span("inner") as inner:
            native.span()
        native.span()
    assert parents(captured) == [outer.span_id, inner.span_id, outer.span_id]
    assert {span.trace_id for span in captured.spans} == {outer.trace_id}


@both
def test_a_python_span_is_a_child_of_the_native_one_around_it(native, captured):
    with libtracer.start_span("outer") as outer:
        span = native.begin(b"native")
        with libtracer.start_span("inner") as inner:
            native.span("innermost")
        native.finish(span)
        with libtracer.start_span("after") as after:
            pass
    (around,) = (span for span in captured.spans if span.name == "native")
    assert around.parent_id == outer.span_id
    assert inner.parent_id == around.span_id
    assert parents(captured, "innermost") == [inner.span_id]
    assert after.parent_id == outer.span_id


def test_python_to_c_to_a_python_callback_to_c(captured):
    callback_type = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)

    @callback_type
    def compare(_left, _right):
        with libtracer.start_span("callback"):
            WITHOUT_GIL.span("leaf")
        return 0

    sort = ctypes.CDLL(None).qsort
    with libtracer.start_span("outer") as outer:
        native = WITHOUT_GIL.begin(b"native")
        sort((ctypes.c_int * 2)(2, 1), 2, ctypes.sizeof(ctypes.c_int), compare)
        WITHOUT_GIL.finish(native)
    by_name = {span.name: span for span in captured.spans}
    assert by_name["native"].parent_id == outer.span_id
    assert by_name["callback"].parent_id == by_name["native"].span_id
    assert by_name["leaf"].parent_id == by_name["callback"].span_id


@both
def test_tasks_keep_their_own_trees(native, captured):
    async def request(name):
        with libtracer.start_span(name) as span:
            for _ in range(5):
                await asyncio.sleep(0)
                native.span(f"native of {name}")
        return span.span_id

    async def main():
        return await asyncio.gather(*(request(f"r{n}") for n in range(50)))

    ids = asyncio.run(main())
    for n, span_id in enumerate(ids):
        assert parents(captured, f"native of r{n}") == [span_id] * 5


@both
def test_an_inherited_span_is_the_parent(native, captured):
    before = libtracer.stats()["unknown_parent"]
    with libtracer.start_span("outer") as outer:
        contextvars.copy_context().run(native.span)
    assert parents(captured) == [outer.span_id]
    assert libtracer.stats()["unknown_parent"] == before


@both
def test_nothing_is_current_outside_of_spans(native, captured):
    before = libtracer.stats()["unknown_parent"]
    assert native.current() is None
    native.span()
    thread = threading.Thread(target=native.span)
    thread.start()
    thread.join()
    assert parents(captured) == [None, None]
    assert libtracer.stats()["unknown_parent"] == before


@both
def test_native_code_reads_the_current_traceparent(native):
    with libtracer.start_span("op") as span:
        _, trace_id, span_id, _ = native.current().split("-")
        assert (trace_id, span_id) == (span.trace_id, span.span_id)


def test_a_span_of_another_library_is_the_parent_too_or_unknown(captured):
    context = trace.SpanContext(0xABC, 0xDEF, is_remote=True, trace_flags=trace.TraceFlags(1))
    before = libtracer.stats()["unknown_parent"]
    with libtracer.start_span("outer"), trace.use_span(trace.NonRecordingSpan(context)):
        WITH_GIL.span()
        assert libtracer.stats()["unknown_parent"] == before
        WITHOUT_GIL.span("unknown")  # only Python code knows the ids
        assert libtracer.stats()["unknown_parent"] == before + 1
    assert parents(captured) == [f"{0xDEF:016x}"]
    assert parents(captured, "unknown") == [None]


@both
def test_what_was_detached_is_not_current(native, captured):
    with libtracer.start_span("outer") as outer:
        with trace.use_span(trace.INVALID_SPAN):
            WITH_GIL.span("detached")
        native.span()
    assert parents(captured, "detached") == [None]
    assert parents(captured) == [outer.span_id]
