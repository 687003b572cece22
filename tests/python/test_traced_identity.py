"""A traced function passes for the function: attributes, copies, pickles, what others take."""

import asyncio
import collections.abc
import copy
import functools
import gc
import inspect
import multiprocessing
import pickle
import sys
import typing
import weakref

import libtracer
import pytest


@libtracer.traced("work", attributes={"k": 1})
def work(x):
    return x + 1


def untraced(x):
    return x * 2


class Adder:
    """Adds."""

    def __init__(self, n):
        self.n = n
        self.calls = 0

    def __call__(self, x):
        self.calls += 1
        return x + self.n


class Thing:
    def __init__(self, n=1):
        self.n = n

    @libtracer.traced
    def method(self, x):
        return self.n + x


def names(captured):
    return [span.name for span in captured.spans]


def test_attributes_of_the_function_are_there():
    @libtracer.traced
    def function(a, b=2, *, c: int = 3) -> str:
        "Doc."

    assert function.__defaults__ == (2,)
    assert function.__kwdefaults__ == {"c": 3}
    assert function.__annotations__ == {"c": int, "return": str}
    assert typing.get_type_hints(function) == {"c": int, "return": str}
    assert function.__globals__ is globals()
    assert function.__code__ is function.__wrapped__.__code__
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = function.nothing
    function.mine = 1
    assert function.mine == 1
    del function.mine
    assert not hasattr(function, "mine")


def test_instance_checks():
    @libtracer.traced
    async def coroutine():
        pass

    @libtracer.traced
    def generator():
        yield

    @libtracer.traced
    async def async_generator():
        yield

    made = coroutine()
    assert isinstance(made, collections.abc.Coroutine)
    assert not isinstance(made, collections.abc.Iterable)
    made.close()
    assert isinstance(generator(), collections.abc.Generator)
    assert not isinstance(generator(), collections.abc.Awaitable)
    assert isinstance(async_generator(), collections.abc.AsyncGenerator)
    assert isinstance(libtracer.traced(int), collections.abc.Callable)
    assert not inspect.isclass(libtracer.traced(int))
    assert callable(Thing().method)
    assert [name for name, _ in inspect.getmembers(Thing, inspect.isfunction)] == [
        "__init__",
        "method",
    ]


def there_and_back(thing):
    return pickle.loads(pickle.dumps(thing))


def test_pickles(captured):
    assert there_and_back(work) is work
    assert there_and_back(Thing(4).method)(1) == 5
    assert there_and_back(functools.partial(work, 1))() == 2
    other = there_and_back(libtracer.traced("sent", attributes={"a": 1})(untraced))
    assert other(2) == 4
    assert there_and_back(libtracer.traced(Adder(3)))(1) == 4
    assert there_and_back(libtracer.traced(functools.partial(untraced, 5)))() == 10
    assert names(captured) == ["Thing.method", "work", "sent", "Adder", "untraced"]
    assert captured.spans[2].attributes == {"a": 1}
    with pytest.raises((pickle.PicklingError, AttributeError), match="local"):
        pickle.dumps(libtracer.traced(lambda: None))


@pytest.mark.parametrize("method", ["fork", "spawn"])
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_in_a_pool_of_processes(method):
    with multiprocessing.get_context(method).Pool(1) as pool:
        assert pool.map(work, [1, 2]) == [2, 3]
        assert pool.map(libtracer.traced(untraced), [1, 2]) == [2, 4]
        assert pool.map(Thing(3).method, [1, 2]) == [4, 5]


def test_copies():
    assert copy.copy(work) is work
    assert copy.deepcopy(work) is work
    assert copy.deepcopy({"f": [work]})["f"][0] is work
    adder = libtracer.traced(Adder([1]))
    copied = copy.deepcopy(adder)
    assert copied.n == [1]
    assert copied.n is not adder.n
    assert copy.copy(adder) is adder


def test_equality_hashing_and_representation():
    assert work == work  # noqa: PLR0124
    assert work != libtracer.traced(work.__wrapped__)
    assert {work: 1}[work] == 1
    assert repr(work) == repr(work.__wrapped__)
    thing = Thing()
    assert thing.method == thing.method
    assert hash(thing.method) == hash(thing.method)
    assert thing.method.__self__ is thing
    assert thing.method.__func__ is Thing.method


def test_nothing_is_kept_alive(captured):
    class Owner:
        pass

    def make():
        owner = Owner()

        @libtracer.traced
        def function():
            return owner

        @libtracer.traced
        async def coroutine():
            return owner

        @libtracer.traced
        def generator():
            yield owner
            yield generator_itself

        @libtracer.traced
        async def async_generator():
            yield owner

        function.itself = function
        suspended = generator_itself = generator()
        next(suspended)
        owner.all = [function, coroutine(), suspended, async_generator()]
        owner.all[1].close()
        return weakref.ref(owner)

    owners = [make() for _ in range(3)]
    gc.collect()
    assert [owner() for owner in owners] == [None] * 3
    assert names(captured).count("generator") == 3


def test_references_are_counted_right(captured):
    marker = object()

    @libtracer.traced
    def function(x):
        return x

    @libtracer.traced
    async def coroutine(x):
        await asyncio.sleep(0)
        return x

    @libtracer.traced
    def generator(x):
        yield x
        return x

    @libtracer.traced
    async def async_generator(x):
        yield x
        await asyncio.sleep(0)
        yield x

    async def run():
        assert await coroutine(marker) is marker
        async for x in async_generator(marker):
            assert x is marker
        stopped = async_generator(marker)
        await stopped.asend(None)
        await stopped.aclose()

    def everything():
        function(marker)
        [*generator(marker)]
        early = generator(marker)
        next(early)
        early.close()
        asyncio.run(run())
        gc.collect()

    everything()
    before = sys.getrefcount(marker)
    for _ in range(5):
        everything()
    assert sys.getrefcount(marker) == before
