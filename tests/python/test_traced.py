"""``@traced`` and spans as decorators, on every kind of function."""

import asyncio
import copy
import functools
import gc
import inspect
import pickle
import weakref

import libtracer
import pytest
from libtracer import StatusCode


def names(captured):
    return [span.name for span in captured.spans]


@libtracer.traced
def add(a, b=2, *, c=0):
    """Adds."""
    return a + b + c


def test_bare_and_called(captured):
    @libtracer.traced("named", attributes={"k": 1})
    def other():
        return libtracer.get_current_span()

    assert add(1) == 3
    assert add(1, 1, c=5) == 7
    assert other().attributes == {"k": 1}
    assert names(captured) == ["add", "add", "named"]


def test_it_looks_like_the_function():
    assert add.__name__ == "add"
    assert add.__qualname__ == "add"
    assert add.__doc__ == "Adds."
    assert add.__module__ == __name__
    assert str(inspect.signature(add)) == "(a, b=2, *, c=0)"
    assert inspect.unwrap(add) is add.__wrapped__
    add.extra = 1
    assert add.__dict__["extra"] == 1
    assert weakref.ref(add)() is add
    assert pickle.loads(pickle.dumps(add)) is add
    assert copy.copy(add) is add
    assert callable(add)


def test_wrong_arguments_raise_the_functions_own_error():
    with pytest.raises(TypeError, match=r"add\(\) missing 1 required positional argument: 'a'"):
        add()


def test_names_leave_out_local_scopes(captured):
    @libtracer.traced
    def local():
        pass

    class Class:
        @libtracer.traced
        def method(self):
            pass

    local()
    Class().method()
    libtracer.traced(lambda: None)()
    assert names(captured) == ["local", "Class.method", "<lambda>"]


def test_methods_of_every_kind(captured):
    class Class:
        @libtracer.traced
        def method(self, x):
            return (self, x)

        @libtracer.traced()
        @classmethod
        def inner_class(cls):
            return cls

        @classmethod
        @libtracer.traced
        def outer_class(cls):
            return cls

        @libtracer.traced
        @staticmethod
        def inner_static(x):
            return x

        @staticmethod
        @libtracer.traced
        def outer_static(x):
            return x

        @property
        @libtracer.traced
        def value(self):
            return 5

    thing = Class()
    assert thing.method(1) == (thing, 1)
    assert Class.method(thing, 2) == (thing, 2)
    assert thing.inner_class() is thing.outer_class() is Class
    assert (thing.inner_static(1), thing.outer_static(2)) == (1, 2)
    assert thing.value == 5
    assert len(captured.spans) == 7


def test_partials_callable_objects_and_builtins(captured):
    class Adder:
        def __call__(self, x):
            return x + 1

    assert libtracer.traced(functools.partial(add.__wrapped__, 1))(b=5) == 6
    assert libtracer.traced(Adder())(1) == 2
    assert libtracer.traced(len)([1]) == 1
    assert names(captured)[1:] == [f"{Adder.__qualname__.rpartition('<locals>.')[2]}", "len"]


def test_only_callables_can_be_traced():
    with pytest.raises(TypeError, match="only a callable can be traced, not int"):
        libtracer.traced()(5)


def test_recursion_nests(captured):
    @libtracer.traced
    def down(n):
        return n and down(n - 1)

    down(3)
    spans = captured.spans
    assert [span.parent_id for span in spans] == [span.span_id for span in spans[1:]] + [None]


def test_coroutine_functions(captured):
    @libtracer.traced
    async def work(x):
        await asyncio.sleep(0)
        assert libtracer.get_current_span().name == "work"
        return x

    assert inspect.iscoroutinefunction(work)

    async def main():
        return await asyncio.gather(work(1), work(2))

    assert asyncio.run(main()) == [1, 2]
    assert names(captured) == ["work", "work"]
    assert {span.parent for span in captured.spans} == {None}


def test_a_failing_coroutine(captured):
    @libtracer.traced
    async def work():
        raise ValueError("x")

    with pytest.raises(ValueError, match="x"):
        asyncio.run(work())
    assert captured.spans[0].status.description == "ValueError: x"


def test_a_generator_is_traced_over_its_whole_life(captured):
    @libtracer.traced
    def count(n):
        for i in range(n):
            with libtracer.start_span(f"step {i}"):
                pass
            got = yield i
            assert got is None
            assert libtracer.get_current_span().name == "count"
        return "result"

    assert inspect.isgeneratorfunction(count)
    with libtracer.start_span("consumer") as consumer:
        generator = count(2)
        assert captured.spans == []
        for _ in generator:
            assert libtracer.get_current_span() is consumer
            assert "count" not in names(captured)
    assert names(captured) == ["step 0", "step 1", "count", "consumer"]
    whole = captured.spans[2]
    assert whole.parent_id == consumer.span_id
    assert {span.parent_id for span in captured.spans[:2]} == {whole.span_id}


def test_a_generator_speaks_the_whole_protocol(captured):
    @libtracer.traced
    def echo():
        got = yield "first"
        try:
            while True:
                try:
                    got = yield got
                except KeyError as error:
                    got = repr(error)
        finally:
            libtracer.get_current_span().set_attribute("closed", True)

    generator = echo()
    assert next(generator) == "first"
    assert generator.send(1) == 1
    assert generator.throw(KeyError("k")) == "KeyError('k')"
    generator.close()
    assert captured.spans[0].attributes == {"closed": True}
    assert captured.spans[0].status.is_unset

    def outer():
        return (yield from returns())

    @libtracer.traced
    def returns():
        yield 1
        return "value"

    generator = outer()
    assert next(generator) == 1
    with pytest.raises(StopIteration) as stop:
        next(generator)
    assert stop.value.value == "value"


def test_a_generator_that_fails_or_is_dropped(captured):
    @libtracer.traced
    def fails():
        yield 1
        raise ValueError("x")

    with pytest.raises(ValueError, match="x"):
        list(fails())
    assert captured.spans[0].status.status_code is StatusCode.ERROR
    generator = fails()
    next(generator)
    del generator
    gc.collect()
    assert len(captured.spans) == 2
    assert captured.spans[1].status.is_unset


def test_an_async_generator(captured):
    @libtracer.traced
    async def count(n):
        for i in range(n):
            await asyncio.sleep(0)
            assert libtracer.get_current_span().name == "count"
            yield i

    async def main():
        with libtracer.start_span("consumer") as consumer:
            got = []
            async for i in count(3):
                assert libtracer.get_current_span() is consumer
                got.append(i)
        early = count(3)
        await anext(early)
        await asyncio.create_task(early.aclose())
        return got

    assert inspect.isasyncgenfunction(count)
    assert asyncio.run(main()) == [0, 1, 2]
    assert names(captured) == ["count", "consumer", "count"]


def test_a_span_as_a_decorator_makes_one_per_call(captured):
    tracer = libtracer.get_tracer("deco")

    @libtracer.start_span("module", attributes={"a": 1})
    def one():
        return libtracer.get_current_span().attributes

    @tracer.start_as_current_span("tracer")
    def two():
        pass

    @tracer.start_as_current_span("async")
    async def three():
        await asyncio.sleep(0)

    assert captured.spans == []
    assert one() == one() == {"a": 1}
    two()
    asyncio.run(three())
    assert names(captured) == ["module", "module", "tracer", "async"]
    assert captured.spans[-1].instrumentation_scope.name == "deco"


def test_async_with(captured):
    async def main():
        async with libtracer.start_span("outer") as outer:
            assert libtracer.get_current_span() is outer
            async with libtracer.get_tracer().start_as_current_span("inner") as inner:
                assert inner.parent_id == outer.span_id
            with pytest.raises(ValueError, match="x"):
                async with libtracer.start_span("fails"):
                    raise ValueError("x")

    asyncio.run(main())
    assert names(captured) == ["inner", "fails", "outer"]
    assert captured.spans[1].status.status_code is StatusCode.ERROR
