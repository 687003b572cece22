"""A traced function passes for the function: attributes, copies, pickles, what others take."""

import abc
import asyncio
import collections.abc
import copy
import dataclasses
import enum
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


def test_a_cached_function_keeps_its_methods(captured):
    @libtracer.traced
    @functools.lru_cache
    def cached(x):
        return x

    assert (cached(1), cached(1)) == (1, 1)
    assert cached.cache_info().hits == 1
    cached.cache_clear()
    assert cached.cache_info().hits == 0

    @functools.lru_cache
    @libtracer.traced
    def inside(x):
        return x

    assert (inside(1), inside(1)) == (1, 1)
    assert names(captured) == ["cached"] * 2 + ["inside"]


def test_single_dispatch_either_way(captured):
    @functools.singledispatch
    def show(x):
        return "any"

    @show.register
    @libtracer.traced
    def _(x: int):
        return "int"

    outer = libtracer.traced(show)
    outer.register(str, libtracer.traced(lambda x: "text"))
    assert [outer(1), outer("a"), outer(None)] == ["int", "text", "any"]
    assert len(captured.spans) == 5

    class Class:
        @functools.singledispatchmethod
        @libtracer.traced
        def show(self, x):
            return "any"

        @show.register
        @libtracer.traced
        def _(self, x: int):
            return self, x

    thing = Class()
    assert (thing.show(""), thing.show(1)) == ("any", (thing, 1))


def test_abstract_methods_protocols_and_overloads(captured):
    class Base(abc.ABC):
        @libtracer.traced
        @abc.abstractmethod
        def one(self): ...

        @abc.abstractmethod
        @libtracer.traced
        def two(self): ...

        @property
        @libtracer.traced
        @abc.abstractmethod
        def three(self): ...

    assert Base.__abstractmethods__ == {"one", "two", "three"}

    @typing.runtime_checkable
    class Runs(typing.Protocol):
        @libtracer.traced
        def run(self, x: int) -> int: ...

    class Runner:
        @typing.overload
        def run(self, x: int) -> int: ...
        @typing.overload
        def run(self, x: str) -> str: ...
        @libtracer.traced
        def run(self, x):
            return x

    assert isinstance(Runner(), Runs)
    assert Runner().run(1) == 1
    assert names(captured) == ["Runner.run"]


def test_dataclasses_and_enums(captured):
    @dataclasses.dataclass
    class Point:
        x: int = 1

        @libtracer.traced
        def double(self):
            return self.x * 2

    class Color(enum.Enum):
        RED = 1

        @libtracer.traced
        def show(self):
            return self.name.lower()

    assert Point(2).double() == 4
    assert [field.name for field in dataclasses.fields(Point)] == ["x"]
    assert [*Color] == [Color.RED]
    assert Color.RED.show() == "red"
    assert names(captured) == ["Point.double", "Color.show"]


def test_properties_of_every_kind(captured):
    class Class:
        @libtracer.traced
        @property
        def value(self):
            "Doc."
            return self._value

        @value.setter
        def value(self, value):
            self._value = value

        @libtracer.traced
        @functools.cached_property
        def cached(self):
            return object()

        @functools.cached_property
        @libtracer.traced
        def inner(self):
            return object()

        @libtracer.traced("whole")
        @property
        def last(self):
            raise AttributeError("no")

    thing = Class()
    thing.value = 5
    assert thing.value == 5
    assert Class.value.__doc__ == "Doc."
    assert thing.cached is thing.cached
    assert thing.inner is thing.inner
    with pytest.raises(AttributeError, match="no"):
        _ = thing.last
    assert names(captured) == ["Class.value", "Class.cached", "Class.inner", "whole"]


def test_partial_methods(captured):
    class Class:
        @libtracer.traced
        def add(self, a, b):
            return self, a + b

        add_one = functools.partialmethod(add, 1)
        add_two = libtracer.traced(functools.partialmethod(add.__wrapped__, 2))

    thing = Class()
    assert thing.add_one(2) == (thing, 3)
    assert thing.add_two(2) == (thing, 4)
    assert names(captured) == ["Class.add", "Class.add"]


def test_what_does_not_bind_does_not_bind(captured):
    def function(*args):
        return args

    class Class:
        partial = libtracer.traced(functools.partial(function, 1))
        builtin = libtracer.traced(len)
        instance = libtracer.traced(Adder(1))
        bound = libtracer.traced(Thing(5).method)
        kind = libtracer.traced(int)
        plain = libtracer.traced(function)

    thing = Class()
    assert thing.partial(2) == (1, 2)
    assert thing.builtin([1]) == 1
    assert thing.instance(2) == 3
    assert thing.bound(1) == 6
    assert thing.kind("7") == 7
    assert thing.plain(1) == (thing, 1)
    assert len(captured.spans) == 7


def test_a_callable_object_stays_what_it_is(captured):
    adder = libtracer.traced(Adder(2))
    assert isinstance(adder, Adder)
    assert (adder(1), adder.n, adder.calls) == (3, 2, 1)
    assert adder.__doc__ == "Adds."
    assert not inspect.isfunction(adder)

    class Waits:
        async def __call__(self, x):
            await asyncio.sleep(0)
            return libtracer.get_current_span().name

    waits = libtracer.traced(Waits())
    assert asyncio.run(waits(1)).endswith("Waits")
    assert not inspect.iscoroutinefunction(waits)
    assert inspect.iscoroutinefunction(libtracer.traced(Waits().__call__))


def test_a_class_stays_a_class_and_its_constructor_is_traced(captured):
    @libtracer.traced
    class Base:
        def __init__(self, n):
            self.span = libtracer.get_current_span()
            self.n = n

    @libtracer.traced("made", attributes={"k": 1})
    class Text(str):
        __slots__ = ()

        def __new__(cls, text):
            return super().__new__(cls, text.upper())

    class Derived(Base):
        pass

    @libtracer.traced
    class Empty:
        pass

    @dataclasses.dataclass
    @libtracer.traced
    class Point:
        x: int

    @libtracer.traced
    @dataclasses.dataclass
    class TracedPoint:
        x: int

    assert inspect.isclass(Base)
    assert isinstance(Derived(1), Base)
    assert Base(2).n == 2
    assert Base(3).span.name == "Base"
    assert Text("a") == "A"
    assert (Point(1).x, TracedPoint(2).x, type(Empty())) == (1, 2, Empty)
    assert names(captured) == ["Base"] * 3 + ["made", "TracedPoint"]
    assert captured.spans[3].attributes == {"k": 1}


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


@pytest.fixture
@libtracer.traced
def plain_fixture():
    return libtracer.get_current_span().name


@pytest.fixture
@libtracer.traced
def generator_fixture(plain_fixture):
    yield plain_fixture + libtracer.get_current_span().name
    assert libtracer.get_current_span().name == "generator_fixture"


@libtracer.traced
def test_as_fixtures_and_as_a_test(generator_fixture, captured):
    assert generator_fixture == "plain_fixture" + "generator_fixture"


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
