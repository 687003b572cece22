"""Generators, blocking and asynchronous, suspended inside of a span and closed elsewhere."""

import asyncio
import contextvars
import gc
import threading

from drivers import NONE


async def turn(times=3):
    for _ in range(times):
        await asyncio.sleep(0)


def test_an_async_generator_suspended_inside_a_span_shows_it_to_its_consumer(way, run):
    """So do Python's context variables; what is entered around it stays."""

    async def items():
        with way.span("generator"):
            for item in range(3):
                assert way.current() == "generator"
                yield item
                await turn(1)

    async def main():
        with way.span("root"):
            async for _ in items():
                assert way.current() == "generator"
                with way.span("consumer"):
                    await turn(1)
                assert way.current() == "generator"
            assert way.current() == "root"

    run(main())
    assert way.parents["consumer"] == "generator"


def test_an_async_generator_closed_in_another_task(ours, run):
    async def items():
        with ours.bare("generator") as span:
            ours.know(span, "generator")
            spans.append(span)
            yield 1

    spans = []

    async def main():
        with ours.span("root"):
            opened = items()
            await asyncio.create_task(anext(opened))
            assert ours.current() == "root"
            await asyncio.create_task(opened.aclose())
            assert ours.current() == "root"
            await turn()
        assert spans[0].end_time is not None

    run(main())


def test_an_async_generator_that_the_collector_closes(ours, run):
    async def items():
        with ours.bare("generator") as span:
            spans.append(span)
            yield 1

    async def abandons():
        async for _ in items():
            break

    spans = []

    async def main():
        with ours.span("root"):
            await asyncio.create_task(abandons())
            gc.collect()
            await turn()
            assert ours.current() == "root"
        assert spans[0].end_time is not None

    run(main())


def test_async_generators_that_the_loop_shuts_down(ours, run):
    async def items():
        with ours.bare("generator") as span:
            spans.append(span)
            yield 1

    spans, held = [], []

    async def main():
        held.append(items())
        await asyncio.create_task(anext(held[0]))
        assert ours.current() == NONE

    run(main())
    assert spans[0].end_time is not None
    assert ours.current() == NONE


def test_a_generator_suspended_inside_a_span(way):
    def items():
        with way.span("generator"):
            yield 1
            yield 2

    with way.span("root"):
        opened = items()
        assert way.current() == "root"
        next(opened)
        assert way.current() == "generator"
        with way.span("consumer"):
            next(opened)
            assert way.current() == "consumer"
        assert way.current() == "generator"
        opened.close()
        assert way.current() == "root"
    assert way.parents["consumer"] == "generator"


def test_a_generator_closed_in_another_context(ours):
    def items():
        with ours.bare("generator") as span:
            spans.append(span)
            yield 1

    spans = []
    with ours.span("root"):
        opened = items()
        contextvars.copy_context().run(next, opened)
        assert ours.current() == "root"
        opened.close()
        assert ours.current() == "root"
    assert spans[0].end_time is not None


def test_a_generator_that_another_thread_drops(ours):
    def items():
        with ours.bare("generator") as span:
            spans.append(span)
            yield 1

    spans = []
    held = [items()]
    copied = contextvars.copy_context()
    copied.run(next, held[0])
    thread = threading.Thread(target=held.clear)
    thread.start()
    thread.join()
    assert spans[0].end_time is not None
    assert ours.current() == NONE
