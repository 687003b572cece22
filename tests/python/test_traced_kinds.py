"""Everything that can be called can be traced, and goes with what else decorates it."""

import abc
import asyncio
import dataclasses
import enum
import functools
import inspect
import typing

import libtracer
import pytest


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
