"""Which span is current where under anyio, on asyncio and on trio, and under trio itself."""

import gc

import pytest
from drivers import NONE

anyio = pytest.importorskip("anyio")
trio = pytest.importorskip("trio")

BACKENDS = ["asyncio", "trio"]


@pytest.fixture(params=BACKENDS)
def run(request):
    return lambda main: anyio.run(main, backend=request.param)


def test_a_task_group(way, run):
    async def child(name):
        assert way.current() == "root"
        with way.span(name):
            await anyio.sleep(0)
            with way.span(f"{name} step"):
                await anyio.sleep(0)
                assert way.current() == f"{name} step"
            assert way.current() == name

    async def main():
        with way.span("root"):
            async with anyio.create_task_group() as group:
                for n in range(10):
                    group.start_soon(child, f"c{n}")
                with way.span("body"):
                    await anyio.sleep(0)
            assert way.current() == "root"

    run(main)
    for n in range(10):
        assert way.parents[f"c{n}"] == "root"
        assert way.parents[f"c{n} step"] == f"c{n}"


def test_cancel_scopes(way, run):
    async def waits(name):
        with way.span(name):
            await anyio.sleep_forever()

    async def main():
        with way.span("root"):
            with anyio.move_on_after(0.001):
                await waits("timed out")
            assert way.current() == "root"
            async with anyio.create_task_group() as group:
                group.start_soon(waits, "cancelled")
                await anyio.sleep(0)
                group.cancel_scope.cancel()
            assert way.current() == "root"

    run(main)
    assert way.parents == {"root": NONE, "timed out": "root", "cancelled": "root"}


def test_a_task_that_says_when_it_has_started(way, run):
    async def service(*, task_status):
        with way.span("service"):
            task_status.started()
            await anyio.sleep_forever()

    async def main():
        async with anyio.create_task_group() as group:
            with way.span("root"):
                await group.start(service)
                assert way.current() == "root"
            assert way.current() == NONE
            group.cancel_scope.cancel()

    run(main)
    assert way.parents["service"] == "root"


def test_into_threads_and_back(way, run):
    async def back():
        assert way.current() == "in thread"
        with way.span("back"):
            await anyio.sleep(0)

    def in_thread():
        assert way.current() == "root"
        with way.span("in thread"):
            anyio.from_thread.run(back)
            assert anyio.from_thread.run_sync(way.current) == "in thread"
            assert way.current() == "in thread"

    async def main():
        with way.span("root"):
            await anyio.to_thread.run_sync(in_thread)
            assert way.current() == "root"
        await anyio.to_thread.run_sync(lambda: seen.append(way.current()))

    seen = []
    run(main)
    assert seen == [NONE]  # the same worker thread, which kept nothing
    assert way.parents == {"root": NONE, "in thread": "root", "back": "in thread"}


def test_a_context_manager_entered_and_left_in_copied_contexts(ours, run):
    """So do frameworks with blocking dependencies: each half runs in a thread of the pool."""

    async def main():
        with ours.span("root"):
            held = ours.bare("dependency")
            span = await anyio.to_thread.run_sync(held.__enter__)
            assert ours.current() == "root"
            await anyio.to_thread.run_sync(held.__exit__, None, None, None)
            assert ours.current() == "root"
            assert span.end_time is not None
            assert await anyio.to_thread.run_sync(ours.current) == "root"

    run(main)


@pytest.mark.filterwarnings("ignore:Async generator:ResourceWarning")  # trio says so
def test_async_generators_left_open(ours, run):
    async def items():
        with ours.bare("generator") as span:
            ours.know(span, "generator")
            spans.append(span)
            yield 1

    async def abandons():
        async for _ in items():
            break

    spans = []

    async def main():
        with ours.span("root"):
            async with anyio.create_task_group() as group:
                group.start_soon(abandons)
            assert ours.current() == "root"

    run(main)
    gc.collect()
    assert ours.current() == NONE


def test_trios_own_nurseries_and_threads(way):
    async def child(name):
        with way.span(name):
            await trio.sleep(0)
            assert await trio.to_thread.run_sync(way.current) == name

    async def main():
        with way.span("root"):
            async with trio.open_nursery() as nursery:
                for n in range(10):
                    nursery.start_soon(child, f"c{n}")
            assert way.current() == "root"

    trio.run(main)
    assert {way.parents[f"c{n}"] for n in range(10)} == {"root"}
