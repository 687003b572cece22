"""A program does what it did: each scenario runs traced and untraced, and gives the same."""

import asyncio

import libtracer
import pytest
from as_is import outcome, same, shape


class Cause(Exception):  # noqa: N818
    pass


def fail(kind=ValueError):
    try:
        raise KeyError("context")
    except KeyError as error:
        raise kind("text") from error


@pytest.mark.parametrize("kind", [ValueError, KeyboardInterrupt, SystemExit, Cause])
def test_an_exception_of_a_function(captured, kind):
    def scenario(decorate):
        @decorate
        def function():
            fail(kind)

        function()

    seen = same(scenario)
    assert seen[0] is kind
    assert [name for name, _ in seen[2]] == ["outcome", "scenario", "function", "fail"]
    [span] = captured.spans
    assert span.status.is_unset == (not issubclass(kind, Exception))


@pytest.mark.parametrize("kind", [ValueError, KeyboardInterrupt, asyncio.CancelledError, Cause])
def test_an_exception_of_a_coroutine(captured, kind):
    def scenario(decorate):
        @decorate
        async def inner():
            await asyncio.sleep(0)
            fail(kind)

        @decorate
        async def outer():
            await inner()

        coroutine = outer()
        coroutine.send(None)
        coroutine.send(None)

    seen = same(scenario)
    assert [name for name, _ in seen[2]][2:] == ["outer", "inner", "fail"]
    assert [span.name for span in captured.spans] == ["inner", "outer"]
    assert {span.status.is_unset for span in captured.spans} == {not issubclass(kind, Exception)}


def test_an_exception_in_a_task(captured):
    def scenario(decorate):
        @decorate
        async def inner():
            await asyncio.sleep(0)
            fail()

        async def outer():
            task = asyncio.ensure_future(inner())
            try:
                await task
            except ValueError as error:
                return shape(error)

        return asyncio.run(outer())

    assert [name for name, _ in same(scenario)[2]] == ["outer", "inner", "fail"]


def test_an_exception_of_a_generator(captured):
    def scenario(decorate):
        @decorate
        def inner(n):
            yield n
            fail()

        @decorate
        def outer():
            yield from inner(1)

        return list(outer())

    assert [name for name, _ in same(scenario)[2]][2:] == ["outer", "inner", "fail"]


def test_an_exception_of_an_async_generator(captured):
    def scenario(decorate):
        @decorate
        async def items():
            yield 1
            await asyncio.sleep(0)
            fail()

        async def main():
            try:
                async for _ in items():
                    pass
            except ValueError as error:
                return shape(error)

        return asyncio.run(main())

    assert [name for name, _ in same(scenario)[2]] == ["main", "items", "fail"]


def test_thrown_and_caught(captured):
    def scenario(decorate):
        @decorate
        def echo():
            got = None
            while True:
                try:
                    got = yield got
                except KeyError as error:
                    got = shape(error)
                except Cause:
                    return "end"

        log = []
        generator = echo()
        log += [next(generator), generator.send(1), generator.throw(KeyError("k"))]
        log.append(outcome(lambda: generator.throw(Cause())))
        log.append(outcome(lambda: next(generator)))
        log.append(outcome(lambda: generator.throw(ValueError("after"))))
        log.append(generator.close())
        return log

    same(scenario)
    [span] = captured.spans
    assert span.status.is_unset


@pytest.mark.parametrize("value", [None, (1, 2), ValueError("x"), StopIteration(3), []])
def test_what_a_generator_returns(captured, value):
    def scenario(decorate):
        @decorate
        def inner():
            yield 1
            return value

        def outer():
            return (yield from inner())

        log = [[*inner()]]
        for make in (inner, outer):
            generator = make()
            next(generator)
            try:
                next(generator)
            except StopIteration as stop:
                log.append(stop.value is value)
        return log

    assert same(scenario) == [[1], True, True]


@pytest.mark.parametrize("value", [None, (1, 2), ValueError("x"), []])
def test_what_a_coroutine_returns(captured, value):
    @libtracer.traced
    async def inner():
        return value

    async def outer():
        return await inner()

    assert asyncio.run(outer()) is value
    assert asyncio.run(inner()) is value
    with pytest.raises(StopIteration) as stop:
        inner().send(None)
    assert stop.value.value is value
