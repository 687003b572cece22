"""Which span is current where in asynchronous code: each scenario for each way to make spans.

A scenario states what is current. It holds for libtracer's ways and for the SDK alike, on asyncio's
loop and on uvloop's. In ours, native code is asked too, with and without the GIL.
"""

import asyncio
import concurrent.futures
import contextvars
import sys

import pytest
from drivers import NONE


async def turn(times=3):
    for _ in range(times):
        await asyncio.sleep(0)


def test_gathered_tasks_inherit_and_keep_their_own(way, run):
    async def child(name):
        assert way.current() == "root"
        with way.span(name):
            await turn()
            assert way.current() == name
            with way.span(f"{name} step"):
                await turn(1)
                assert way.current() == f"{name} step"
            await turn()
            assert way.current() == name
        assert way.current() == "root"

    async def main():
        with way.span("root"):
            await asyncio.gather(*(child(f"c{n}") for n in range(10)))
            assert way.current() == "root"

    run(main())
    for n in range(10):
        assert way.parents[f"c{n}"] == "root"
        assert way.parents[f"c{n} step"] == f"c{n}"


def test_a_task_that_outlives_its_span_keeps_it_as_parent(way, run):
    async def child(begin):
        await begin.wait()
        assert way.current() == "root"
        with way.span("late"):
            await turn()

    async def main():
        begin = asyncio.Event()
        with way.span("root"):
            task = asyncio.create_task(child(begin))
            await turn()
        assert way.current() == NONE
        begin.set()
        await task

    run(main())
    assert way.parents["late"] == "root"


def test_what_a_task_enters_is_seen_neither_by_its_parent_nor_by_a_sibling(way, run):
    async def enters(entered, leave):
        with way.span("inside"):
            entered.set()
            await leave.wait()

    async def sibling(entered):
        await entered.wait()
        assert way.current() == "root"

    async def main():
        entered, leave = asyncio.Event(), asyncio.Event()
        with way.span("root"):
            task = asyncio.create_task(enters(entered, leave))
            await sibling(entered)
            await asyncio.create_task(sibling(entered))
            assert way.current() == "root"
            leave.set()
            await task

    run(main())


@pytest.mark.skipif(sys.version_info < (3, 11), reason="asyncio.TaskGroup is of CPython 3.11")
def test_a_task_group_and_the_error_that_ends_it(way, run):
    async def fails():
        with way.span("fails"):
            await turn()
            raise ValueError

    async def waits():
        with way.span("waits"):
            await asyncio.sleep(60)

    async def grouped():
        async with asyncio.TaskGroup() as group:
            group.create_task(fails())
            group.create_task(waits())
            with way.span("body"):
                await turn(1)
            await asyncio.sleep(60)

    async def main():
        with way.span("root"):
            with pytest.raises(BaseExceptionGroup) as raised:  # noqa: F821, of CPython 3.11
                await grouped()
            assert len(raised.value.exceptions) == 1
            assert way.current() == "root"

    run(main())
    assert way.parents == {"root": NONE, "fails": "root", "waits": "root", "body": "root"}


def test_cancelled_timed_out_and_shielded(way, run):
    async def work(name, hold):
        with way.span(name) as span:
            try:
                await hold.wait()
                await turn()
            finally:
                assert way.current() == name
        return span

    async def main():
        hold = asyncio.Event()
        with way.span("root"):
            task = asyncio.create_task(work("cancelled", hold))
            await turn(1)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert way.current() == "root"
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(work("timed out", hold), 0.001)
            assert way.current() == "root"
            inner = asyncio.create_task(work("shielded", hold))
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(asyncio.shield(inner), 0.001)
            assert way.current() == "root"
            hold.set()
            span = await inner
            assert span.end_time is not None
        return span

    run(main())
    assert set(way.parents.values()) == {"root", NONE}


def test_a_task_cancelled_before_it_began_enters_nothing(way, run):
    async def never():
        with way.span("never"):
            raise AssertionError

    async def main():
        with way.span("root"):
            task = asyncio.create_task(never())
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert way.current() == "root"

    run(main())
    assert way.parents == {"root": NONE}


def test_threads_of_the_loop(way, run):
    def in_thread(name):
        before = way.current()
        with way.span(name):
            assert way.current() == name
        assert way.current() == before
        return before

    async def main():
        loop = asyncio.get_running_loop()
        with way.span("root"):
            assert await asyncio.to_thread(in_thread, "to thread") == "root"
            assert await loop.run_in_executor(None, in_thread, "executor") == NONE
            copied = contextvars.copy_context()
            assert await loop.run_in_executor(None, copied.run, in_thread, "copied") == "root"
            with concurrent.futures.ThreadPoolExecutor(1) as pool:
                assert await loop.run_in_executor(pool, in_thread, "pool") == NONE
            assert way.current() == "root"

    run(main())
    assert way.parents["to thread"] == way.parents["copied"] == "root"
    assert way.parents["executor"] == way.parents["pool"] == NONE


def test_callbacks_run_where_they_were_asked_for_or_in_the_context_given(way, run):
    seen = {}

    def callback(name, done=None):
        seen[name] = way.current()
        with way.span(f"span of {name}"):
            pass
        if done is not None:
            done.set()

    async def main():
        loop, done = asyncio.get_running_loop(), asyncio.Event()
        empty = contextvars.copy_context()
        with way.span("root"):
            held = contextvars.copy_context()
            loop.call_soon(callback, "soon")
            loop.call_later(0, callback, "later")
            loop.call_soon_threadsafe(callback, "threadsafe")
        with way.span("other"):
            loop.call_soon(callback, "in held", context=held)
            loop.call_soon(callback, "in empty", context=empty)
            loop.call_later(0.001, callback, "in held, later", done, context=held)
            await done.wait()
            assert way.current() == "other"

    run(main())
    in_root = {"soon", "later", "threadsafe", "in held", "in held, later"}
    assert seen == {**dict.fromkeys(in_root, "root"), "in empty": NONE}


def test_callbacks_of_futures_run_where_they_were_added(way, run):
    seen = []

    async def main():
        future = asyncio.get_running_loop().create_future()
        with way.span("adds"):
            future.add_done_callback(lambda _: seen.append(way.current()))
        with way.span("sets"):
            future.set_result(None)
            await turn()
        assert seen == ["adds"]

    run(main())


def test_a_span_entered_in_one_callback_and_left_in_another(way, run):
    """Frameworks with request hooks do so: both run in the request's context."""

    async def main():
        copied = contextvars.copy_context()
        held = way.bare("request")
        way.know(copied.run(held.__enter__), "request")
        assert copied.run(way.current) == "request"
        assert way.current() == NONE
        await turn()
        copied.run(held.__exit__, None, None, None)
        assert copied.run(way.current) == NONE

    run(main())


def test_a_loop_inside_of_a_span_and_inside_of_a_thread_of_a_loop(way, run):
    async def inner(name):
        assert way.current() == "root"
        with way.span(name):
            await turn()

    def nested(name):
        run(inner(name))

    async def main():
        await asyncio.to_thread(nested, "in thread")
        await turn()

    with way.span("root"):
        run(main())
        run(inner("direct"))
        assert way.current() == "root"
    assert way.parents == {"root": NONE, "in thread": "root", "direct": "root"}


def test_several_loops_in_several_threads(way, run):
    async def request(name):
        with way.span(name):
            for _ in range(5):
                await turn(1)
                assert way.current() == name

    async def main(thread):
        await asyncio.gather(*(request(f"{thread}.{n}") for n in range(20)))
        assert way.current() == NONE

    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: run(main(n)), range(4)))
    assert set(way.parents.values()) == {NONE}


def test_spans_left_in_the_wrong_order_leave_what_context_variables_leave(way):
    """Leaving a span makes current what was when it was entered, whatever came in between."""
    outer, inner = way.bare("outer"), way.bare("inner")
    with way.span("root"):
        way.know(outer.__enter__(), "outer")
        way.know(inner.__enter__(), "inner")
        outer.__exit__(None, None, None)
        assert way.current() == "root"
        inner.__exit__(None, None, None)
        assert way.current() == "outer"
