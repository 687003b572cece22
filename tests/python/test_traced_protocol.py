"""Traced coroutines and generators keep their protocols, and inspect's answers stay."""

import asyncio
import functools
import inspect
import subprocess
import sys
import types

import libtracer
import pytest
from as_is import outcome, same


def test_the_wrong_use_of_a_coroutine(captured):
    def scenario(decorate):
        @decorate
        async def work():
            await asyncio.sleep(0)

        log = []
        coroutine = work()
        log.append(outcome(lambda: coroutine.send(1)))
        coroutine.send(None)

        async def again():
            await coroutine

        log.append(outcome(lambda: again().send(None)))
        log.append(outcome(lambda: coroutine.send(None)))
        log.append(outcome(lambda: coroutine.send(None)))
        log.append(outcome(lambda: again().send(None)))
        log.append(outcome(lambda: coroutine.throw(ValueError("x"))))
        log.append(coroutine.close())
        log.append(outcome(lambda: iter(coroutine))[0])
        return log

    seen = same(scenario)
    assert seen[1][1] == "coroutine is being awaited already"
    assert seen[4][1] == "cannot reuse already awaited coroutine"


def test_the_wrong_use_of_a_generator(captured):
    def scenario(decorate):
        @decorate
        def work():
            log.append(outcome(lambda: next(generator)))
            log.append(outcome(generator.close))
            yield 1
            try:
                yield 2
            except GeneratorExit:
                yield 3

        log = []
        generator = work()
        log.append(outcome(lambda: generator.send(1)))
        generator = work()
        log += [next(generator), next(generator)]
        log.append(outcome(generator.close))
        log.append(outcome(lambda: generator.__await__))
        return log

    seen = same(scenario)
    assert "generator already executing" in str(seen)
    assert "ignored GeneratorExit" in str(seen)


def test_the_wrong_use_of_an_async_generator(captured):
    def scenario(decorate):
        @decorate
        async def work():
            yield 1
            await asyncio.sleep(0)
            yield 2

        async def main():
            log = []
            items = work()
            log.append(await anext(items))
            first, second = items.__anext__(), items.__anext__()
            first.send(None)
            log.append(outcome(lambda: second.send(None)))
            log.append(outcome(lambda: first.send(None)))
            await items.aclose()
            log.append(outcome(lambda: items.__anext__().send(None)))
            log.append(outcome(lambda: items.aclose().send(None)))
            fresh = work()
            log.append(outcome(lambda: fresh.athrow(KeyError("k")).send(None)))
            fresh = work()
            log.append(outcome(lambda: fresh.aclose().send(None)))
            return log

        return asyncio.run(main())

    assert "already running" in str(same(scenario))
    assert [span.name for span in captured.spans] == ["work"]


def test_wrong_arguments_are_told_at_the_call(captured):
    def scenario(decorate):
        log = []

        @decorate
        def plain(a):
            pass

        @decorate
        async def coroutine(a):
            pass

        @decorate
        def generator(a):
            yield

        @decorate
        async def async_generator(a):
            yield

        for function in (plain, coroutine, generator, async_generator):
            log.append(outcome(lambda: function(1, 2)))  # noqa: B023
            log.append(outcome(lambda: function(b=2)))  # noqa: B023
        return log

    assert "unexpected keyword argument" in str(same(scenario))


@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited:RuntimeWarning")
def test_what_inspect_says(captured):
    def scenario(decorate):
        @decorate
        def function(a: int, *, b: str = "x") -> float:
            "Doc."

        @decorate
        async def coroutine():
            pass

        @decorate
        def generator():
            yield

        @decorate
        async def async_generator():
            yield

        @decorate
        @types.coroutine
        def awaitable():
            yield

        class Class:
            method = coroutine

        log = []
        questions = [
            getattr(inspect, name)
            for name in dir(inspect)
            if name.startswith("is") and name not in {"isframe", "iscode", "istraceback"}
        ]
        functions = (function, coroutine, generator, async_generator, awaitable)
        partials = [functools.partial(each) for each in functions]
        for thing in (*functions, Class().method, *partials):
            log.append([question(thing) for question in questions])
            log.append(asyncio.iscoroutinefunction(thing) if sys.version_info < (3, 14) else None)
        for each in functions[1:]:
            made = each()
            log.append([question(made) for question in questions])
            # What `types.coroutine` makes can be awaited, and so it passes for a coroutine.
            log.append(asyncio.iscoroutine(made) or each is awaitable)
            log.append(made.__name__ + made.__qualname__)
        log += [str(inspect.signature(each)) for each in functions]
        log += [inspect.getsource(each).replace("@decorate\n", "") for each in functions]
        log += [inspect.getfullargspec(function), inspect.getdoc(function)]
        log += [inspect.get_annotations(function), function.__defaults__, function.__kwdefaults__]
        log += [function.__code__.co_name, inspect.getmodule(function)]
        return log

    same(scenario)


def test_states_of_coroutines_and_generators():
    def scenario(decorate):
        @decorate
        async def coroutine():
            await asyncio.sleep(0)

        @decorate
        def generator():
            yield 1

        log = []
        one, two = coroutine(), generator()
        for _ in range(3):
            log.append(inspect.getcoroutinestate(one))
            log.append(inspect.getgeneratorstate(two))
            log.append((one.cr_frame is None, two.gi_frame is None, two.gi_running))
            outcome(lambda: one.send(None))
            outcome(lambda: next(two))
        return log

    same(scenario)


def test_a_coroutine_that_nobody_awaits_is_told(captured):
    @libtracer.traced
    async def forgotten():
        pass

    with pytest.warns(RuntimeWarning, match=r"forgotten' was never awaited"):
        forgotten()
    assert captured.spans == []


def test_types_coroutine(captured):
    @types.coroutine
    def steps():
        yield
        return libtracer.get_current_span().name

    traced = libtracer.traced(steps)

    async def main():
        return await traced()

    assert asyncio.run(main()).endswith("steps")

    def by_hand():
        return (yield from traced())

    assert [*by_hand()] == [None]
    assert len(captured.spans) == 2


def test_until_tracing_is_configured_the_function_itself_answers():
    code = (
        "import types, libtracer\n"
        "@libtracer.traced\n"
        "async def work(): pass\n"
        "@libtracer.traced\n"
        "def items(): yield\n"
        "coroutine = work()\n"
        "assert type(coroutine) is types.CoroutineType, type(coroutine)\n"
        "coroutine.close()\n"
        "assert type(items()) is types.GeneratorType\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
