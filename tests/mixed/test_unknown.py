"""Native code without the GIL and without the hand-over: no parent rather than a wrong one."""

import asyncio
import contextvars
import ctypes
import random
from concurrent.futures import ThreadPoolExecutor

import libtracer
from libtracer.testing import capture


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
            wanted = span.name.replace("native", "request")
            assert span.parent_id is None or names[span.parent_id] == wanted


def test_a_native_span_of_one_unknown_context_is_no_parent_in_another():
    with libtracer.start_span("one"):
        one = contextvars.copy_context()
    with libtracer.start_span("other"):
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
    assert spans["outer"].parent_id is None
    assert spans["inner of one"].parent_id == spans["outer"].span_id
    assert spans["inner of other"].parent_id is None
    assert spans["again of one"].parent_id == spans["outer"].span_id
    assert libtracer.stats()["unknown_parent"] == before + 2
