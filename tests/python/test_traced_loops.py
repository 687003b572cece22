"""Traced coroutines and generators under event loops: tasks, cancellation, what is abandoned."""

import asyncio
import contextvars
import gc

import libtracer
import pytest
from libtracer import get_current_span


def names(captured):
    return [span.name for span in captured.spans]


def current():
    span = get_current_span()
    return span and span.name


def test_a_dropped_generator_is_closed_inside_its_span(captured):
    seen = []

    @libtracer.traced
    def items():
        try:
            yield 1
        finally:
            seen.append(current())

    generator = items()
    next(generator)
    del generator
    assert seen == ["items"]
    assert current() is None
    assert names(captured) == ["items"]


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_dropped_generator_that_fails_disturbs_nobody(captured):
    @libtracer.traced
    def items():
        try:
            yield 1
        finally:
            raise ValueError("x")

    generator = items()
    next(generator)
    with pytest.raises(KeyError, match="first"):  # noqa: PT012
        try:
            raise KeyError("first")
        finally:
            del generator
    assert captured.spans[0].status.description == "ValueError: x"


def test_an_abandoned_async_generator_is_closed_by_the_loop_inside_its_span(captured):
    seen = []

    @libtracer.traced
    async def items():
        try:
            yield 1
            yield 2
        finally:
            await asyncio.sleep(0)
            seen.append(current())

    async def main():
        async for _ in items():
            break
        gc.collect()
        while not seen:
            await asyncio.sleep(0)
        assert current() is None

    asyncio.run(main())
    assert seen == ["items"]
    assert names(captured) == ["items"]


def test_an_async_generator_that_outlives_its_loop(captured):
    @libtracer.traced
    async def items():
        yield 1
        yield 2

    async def main():
        kept.append(items())
        return await anext(kept[0])

    kept = []
    assert asyncio.run(main()) == 1
    kept.clear()
    gc.collect()
    assert names(captured) == ["items"]


def test_an_async_generator_without_a_loop(captured):
    @libtracer.traced
    async def items():
        yield 1
        yield 2

    made = items()
    with pytest.raises(StopIteration) as item:
        made.__anext__().send(None)
    assert item.value.value == 1
    assert current() is None
    del made
    gc.collect()
    assert names(captured) == ["items"]


def test_async_generators_are_sent_to_and_thrown_into(captured):
    @libtracer.traced
    async def echo():
        got = None
        while True:
            try:
                got = yield got
                await asyncio.sleep(0)
            except KeyError as error:
                got = repr(error)
            assert current() == "echo"

    async def main():
        items = echo()
        log = [await items.asend(None), await items.asend(1), current()]
        log.append(await items.athrow(KeyError("k")))
        log.append(await items.asend(2))
        with pytest.raises(ValueError, match="x"):
            await items.athrow(ValueError("x"))
        log.append(current())
        return log

    assert asyncio.run(main()) == [None, 1, None, "KeyError('k')", 2, None]
    assert captured.spans[0].status.description == "ValueError: x"


def test_cancelling_is_no_error(captured):
    @libtracer.traced
    async def sleeps():
        await asyncio.Event().wait()

    @libtracer.traced
    async def items():
        await asyncio.Event().wait()
        yield

    async def consumes():
        async for _ in items():
            pass

    async def main():
        for make in (sleeps, consumes):
            task = asyncio.ensure_future(make())
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(sleeps(), 0)
        assert current() is None

    asyncio.run(main())
    assert names(captured)[:2] == ["sleeps", "items"]
    assert {span.status.is_unset for span in captured.spans} == {True}
    assert {len(span.events) for span in captured.spans} == {0}


def test_a_step_that_is_given_up(captured):
    @libtracer.traced
    async def items():
        yield 1
        await asyncio.Event().wait()

    async def main():
        made = items()
        await anext(made)
        step = made.__anext__()
        step.send(None)
        assert current() == "items"
        step.close()
        assert current() is None
        return made

    made = asyncio.run(main())
    # CPython 3.13 ends the generator then, earlier ones leave it where it is.
    assert len(captured.spans) == (made.ag_frame is None)
    del made
    gc.collect()
    assert names(captured) == ["items"]


def test_tasks_do_not_see_one_another(captured):
    @libtracer.traced("outer")
    async def outer(n):
        assert current() == "outer"
        own = get_current_span()
        tasks = [asyncio.ensure_future(inner(own.span_id)) for _ in range(2)]
        await asyncio.gather(*tasks)
        assert get_current_span() is own

    @libtracer.traced("inner")
    async def inner(parent):
        await asyncio.sleep(0)
        assert get_current_span().parent_id == parent
        async for got in items():
            assert current() == "inner"
            assert got.parent_id == get_current_span().span_id

    @libtracer.traced("items")
    async def items():
        for _ in range(3):
            await asyncio.sleep(0)
            yield get_current_span()

    async def main():
        await asyncio.gather(*(outer(n) for n in range(3)))

    asyncio.run(main())
    assert sorted(names(captured)) == ["inner"] * 6 + ["items"] * 6 + ["outer"] * 3


def test_a_coroutine_that_is_closed_in_another_context(captured):
    @libtracer.traced
    async def waits():
        await asyncio.sleep(0)

    coroutine = waits()
    contextvars.copy_context().run(coroutine.send, None)
    assert current() is None
    coroutine.close()
    assert current() is None
    assert names(captured) == ["waits"]
    assert captured.spans[0].status.is_unset


def test_generators_that_take_turns(captured):
    @libtracer.traced
    def numbered(n):
        get_current_span().set_attribute("n", n)
        yield from range(2)
        assert get_current_span().attributes["n"] == n

    with libtracer.start_span("root") as root:
        pairs = zip(numbered(1), numbered(2), strict=True)
        for _ in pairs:
            assert get_current_span() is root
    assert names(captured) == ["numbered", "numbered", "root"]
    assert {span.parent_id for span in captured.spans[:2]} == {root.span_id}


@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")
def test_what_never_ran_has_no_span(captured):
    @libtracer.traced
    def items():
        yield

    @libtracer.traced
    async def waits():
        await asyncio.sleep(0)

    for make in (items, waits):
        with pytest.raises(KeyError):
            make().throw(KeyError("k"))
        make().close()
        del make
    assert captured.spans == []


def test_a_providers_span_as_a_decorator():
    from libtracer.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter = InMemorySpanExporter()
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    tracer = provider.get_tracer("scope")

    @tracer.start_as_current_span("call", attributes={"k": 1})
    def call():
        return current()

    @tracer.start_as_current_span("wait")
    async def wait():
        await asyncio.sleep(0)
        return current()

    @tracer.start_as_current_span("items")
    def items():
        yield current()
        raise ValueError("x")

    @tracer.start_as_current_span("later")
    async def later():
        yield current()

    async def consume():
        return [name async for name in later()]

    assert [call(), call()] == ["call", "call"]
    assert asyncio.run(wait()) == "wait"
    assert asyncio.run(consume()) == ["later"]
    made = items()
    assert next(made) == "items"
    assert current() is None
    with pytest.raises(ValueError, match="x"):
        next(made)
    spans = exporter.get_finished_spans()
    assert names_of(spans) == ["call", "call", "wait", "later", "items"]
    assert {span.instrumentation_scope.name for span in spans} == {"scope"}
    assert spans[0].attributes == {"k": 1}
    assert spans[0].context.span_id != spans[1].context.span_id
    assert [event.name for event in spans[-1].events] == ["exception"]
    provider.shutdown()


def names_of(spans):
    return [span.name for span in spans]
