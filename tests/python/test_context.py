"""The current span, wherever Python code goes: threads, tasks, copied contexts, generators."""

import asyncio
import concurrent.futures
import contextvars
import gc
import threading

import libtracer
import pytest
from opentelemetry import baggage, context, trace


def test_opentelemetry_sees_our_span_and_its_context():
    with libtracer.start_span("op") as span:
        assert trace.get_current_span() is span
        current = context.get_current()
        assert type(current) is context.Context
        assert trace.get_current_span(current) is span
    assert trace.get_current_span() is trace.INVALID_SPAN
    assert context.get_current() == {}


def test_values_of_the_context_stay_below_a_span():
    token = context.attach(context.set_value("k", 1))
    try:
        with libtracer.start_span("a") as outer:
            assert context.get_value("k") == 1
            inner_token = context.attach(baggage.set_baggage("b", "2"))
            assert trace.get_current_span() is outer
            with libtracer.start_span("b") as inner, libtracer.start_span("c") as innermost:
                assert innermost.parent_id == inner.span_id
                assert inner.parent_id == outer.span_id
                assert baggage.get_baggage("b") == "2"
                assert context.get_value("k") == 1
            context.detach(inner_token)
            assert baggage.get_baggage("b") is None
    finally:
        context.detach(token)
    assert context.get_value("k") is None


def test_use_span_and_foreign_parents():
    foreign_context = trace.SpanContext(
        0xABC,
        0xDEF,
        is_remote=True,
        trace_flags=trace.TraceFlags(1),
        trace_state=trace.TraceState([("vendor", "x")]),
    )
    with trace.use_span(trace.NonRecordingSpan(foreign_context)) as foreign:
        assert libtracer.get_current_span() is foreign
        with libtracer.start_span("child") as child:
            assert trace.get_current_span() is child
            assert child.get_span_context().trace_id == 0xABC
            assert child.parent == foreign_context
            assert child.parent.is_remote
            assert child.get_span_context().trace_state.get("vendor") == "x"
            with libtracer.start_span("grandchild") as grandchild:
                assert grandchild.get_span_context().trace_state.get("vendor") == "x"
        assert trace.get_current_span() is foreign
    span = libtracer.get_tracer().start_span("manual")
    with trace.use_span(span, end_on_exit=True):
        assert trace.get_current_span() is span
        with libtracer.start_span("inside") as inside:
            assert inside.parent_id == span.span_id
    assert span.end_time is not None


def test_use_span_records_exceptions_on_our_span():
    span = libtracer.get_tracer().start_span("op")
    with pytest.raises(ValueError, match="x"), trace.use_span(span, end_on_exit=True):
        raise ValueError("x")
    assert span.status.description == "ValueError: x"
    assert len(span.events) == 1


def test_threads_start_without_a_span_and_carry_copied_contexts():
    def child():
        with libtracer.start_span("child") as span:
            return span.parent_id

    with libtracer.start_span("parent") as parent, concurrent.futures.ThreadPoolExecutor(1) as pool:
        assert pool.submit(child).result() is None
        assert pool.submit(contextvars.copy_context().run, child).result() == parent.span_id
    assert child() is None


def test_a_copied_context_keeps_span_and_baggage_after_the_span_has_ended():
    token = context.attach(baggage.set_baggage("b", "2"))
    with libtracer.start_span("parent") as parent:
        copied = contextvars.copy_context()
    context.detach(token)

    def later():
        assert trace.get_current_span() is parent
        assert baggage.get_baggage("b") == "2"
        with libtracer.start_span("late") as late:
            assert late.parent_id == parent.span_id
            assert baggage.get_baggage("b") == "2"

    copied.run(later)


def test_tasks_inherit_and_keep_their_own():
    async def child(name, parent):
        assert trace.get_current_span() is parent
        with libtracer.start_span(name) as span:
            for _ in range(3):
                await asyncio.sleep(0)
                assert libtracer.get_current_span() is span
                with libtracer.start_span("step") as step:
                    await asyncio.sleep(0)
                    assert step.parent_id == span.span_id
        return span.parent_id

    async def main():
        with libtracer.start_span("root") as root:
            outlives = asyncio.create_task(child("outlives", root))
            parents = await asyncio.gather(*(child(f"c{i}", root) for i in range(20)))
        assert libtracer.get_current_span() is None
        assert {*parents, await outlives} == {root.span_id}

    asyncio.run(main())


def test_to_thread_inherits():
    async def main():
        with libtracer.start_span("root") as root:
            found = await asyncio.to_thread(libtracer.get_current_span)
            assert found is root

    asyncio.run(main())


def test_leaving_in_another_context_is_no_error(caplog):
    async def generator():
        with libtracer.start_span("inside"):
            yield 1

    async def main():
        items = generator()
        await anext(items)
        await asyncio.create_task(items.aclose())

    asyncio.run(main())
    assert caplog.records == []


def test_entering_twice_is_entering_once():
    with libtracer.start_span("outer") as outer:
        with libtracer.start_span("op") as span:
            with span:
                assert libtracer.get_current_span() is span
            assert libtracer.get_current_span() is span
        assert libtracer.get_current_span() is outer


def test_entering_again_makes_current_again():
    span = libtracer.get_tracer().start_span("again")
    with span:
        token = context.attach(baggage.set_baggage("b", "1"))
        with libtracer.start_span("between") as between:
            with span:
                assert trace.get_current_span() is span
                assert baggage.get_baggage("b") == "1"
                with libtracer.start_span("child") as child:
                    assert child.parent_id == span.span_id
            assert trace.get_current_span() is between
        context.detach(token)
        assert trace.get_current_span() is span
        assert baggage.get_baggage("b") is None
    assert trace.get_current_span() is trace.INVALID_SPAN


def test_a_span_is_entered_by_several_tasks_at_once():
    async def enters(span, order):
        with libtracer.start_span("own") as own, span:
            await asyncio.sleep(order / 1000)
            assert trace.get_current_span() is span
            inner = libtracer.start_span("inner")
            with inner:
                assert inner.parent_id == span.span_id
        assert trace.get_current_span() is not span
        return own

    async def main():
        span = libtracer.get_tracer().start_span("shared")
        for orders in ((1, 2, 3), (3, 2, 1), (2, 3, 1)):
            await asyncio.gather(*(enters(span, order) for order in orders))
        assert trace.get_current_span() is trace.INVALID_SPAN

    asyncio.run(main())


def test_baggage_of_an_earlier_entering_is_gone():
    manager = libtracer.get_tracer().start_as_current_span("op", end_on_exit=False)
    token = context.attach(baggage.set_baggage("b", "1"))
    with manager as span:
        assert baggage.get_baggage("b") == "1"
    context.detach(token)
    with span:
        assert baggage.get_baggage("b") is None
        assert context.get_current() == trace.set_span_in_context(span)


def test_deep_nesting_is_neither_slow_nor_recursive():
    spans = []
    for _ in range(20_000):
        span = libtracer.get_tracer().start_span("level")
        span.__enter__()
        spans.append(span)
    assert trace.get_current_span() is spans[-1]
    last = spans[-1]
    for span in reversed(spans):
        span.__exit__(None, None, None)
    del spans, span
    gc.collect()
    del last
    assert libtracer.get_current_span() is None


def test_many_threads_at_once(captured):
    def work():
        for _ in range(200):
            with libtracer.start_span("outer") as outer, libtracer.start_span("inner") as inner:
                assert inner.parent_id == outer.span_id
                assert trace.get_current_span() is inner

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    spans = captured.spans
    assert len(spans) == 8 * 200 * 2
    assert len({span.span_id for span in spans}) == len(spans)


def test_one_span_written_by_many_threads():
    def write(span, key):
        for i in range(500):
            span.set_attribute(key, i)
            span.add_event(key)

    with libtracer.start_span("shared") as span:
        threads = [threading.Thread(target=write, args=(span, f"k{n}")) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert span.attributes == {f"k{n}": 499 for n in range(4)}
    assert len(span.events) + span.dropped_events == 2_000
