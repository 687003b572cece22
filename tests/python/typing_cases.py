"""What type checkers must see: a traced function keeps its type. Checked, not run."""

import asyncio
import functools
from abc import abstractmethod
from collections.abc import AsyncGenerator, Generator
from typing import Any, Protocol, TypeVar, overload

import libtracer
from libtracer._native import Span as NativeSpan
from typing_extensions import assert_type

T = TypeVar("T")


@libtracer.traced
def bare(a: int, b: str = "") -> float:
    return float(f"{a}{b}")


@libtracer.traced("named", attributes={"k": 1})
async def called(a: int) -> str:
    await asyncio.sleep(a)
    return ""


@libtracer.traced
def generator() -> Generator[int, str, bytes]:
    yield 1
    return b""


@libtracer.traced()
async def async_generator() -> AsyncGenerator[int, None]:
    yield 1


@libtracer.traced
def generic(x: T) -> list[T]:
    return [x]


class Class:
    @libtracer.traced
    def __init__(self, x: int = 1) -> None:
        self.x = x

    @libtracer.traced
    def method(self, x: int) -> "Class":
        del x
        return self

    @libtracer.traced
    async def waits(self, x: int) -> int:
        return x

    @classmethod
    @libtracer.traced
    def make(cls) -> "Class":
        return cls()

    @libtracer.traced("inner")
    @classmethod
    def make_inside(cls, x: int) -> "Class":
        return cls(x)

    @libtracer.traced
    @staticmethod
    def static(x: int) -> str:
        return str(x)

    @property
    @libtracer.traced
    def value(self) -> int:
        return 1

    @overload
    def either(self, x: int) -> int: ...
    @overload
    def either(self, x: str) -> str: ...
    @libtracer.traced
    def either(self, x: int | str) -> int | str:
        return x


@libtracer.traced
class TracedClass:
    def __init__(self, n: int) -> None:
        self.n = n


@libtracer.traced("made")
class NamedClass:
    def __init__(self, n: int) -> None:
        self.n = n


class Runs(Protocol):
    @libtracer.traced
    @abstractmethod
    def run(self, x: int) -> int: ...


class Runner:
    @libtracer.traced
    def run(self, x: int) -> int:
        return x


@libtracer.start_span("decorator")
def decorated(x: int) -> int:
    return x


@libtracer.get_tracer("t").start_as_current_span("decorator")
async def decorated_async(x: int) -> int:
    return x


def check() -> None:
    assert_type(bare(1, b="x"), float)
    bare("1")  # type: ignore[arg-type]
    bare(c=1)  # type: ignore[call-arg]
    assert_type(generator(), Generator[int, str, bytes])
    assert_type(async_generator(), AsyncGenerator[int, None])
    assert_type(generic(1), list[int])
    assert_type(decorated(1), int)
    assert_type(libtracer.traced(functools.partial(bare, 1))(), float)
    with libtracer.start_span("op", attributes={"a": [1]}) as span:
        assert_type(span, NativeSpan)
        assert_type(span.trace_id, str)
        assert_type(span.set_attribute("k", 1), NativeSpan)
    with libtracer.with_span("op") as face:
        assert_type(face, libtracer.Span)
        assert_type(face.to_dict(), dict[str, Any])
    assert_type(libtracer.stats(), dict[str, int])
    assert_type(libtracer.force_flush(), bool)
    with libtracer.testing.capture() as captured:
        assert_type(captured.spans, list[libtracer.ReadableSpan])


def check_classes() -> None:
    thing = Class(1)
    Class("x")  # type: ignore[arg-type]
    assert_type(thing.method(1), Class)
    assert_type(Class.make(), Class)
    assert_type(thing.make_inside(1), Class)
    assert_type(Class.make_inside(1), Class)
    assert_type((thing.static(1), Class.static(1)), tuple[str, str])
    assert_type(thing.value, int)
    assert_type((thing.either(1), thing.either("")), tuple[int, str])
    assert_type(TracedClass(1), TracedClass)
    assert_type(NamedClass(1).n, int)
    runs: Runs = Runner()
    assert_type(runs.run(1), int)


async def check_async() -> None:
    assert_type(await called(1), str)
    assert_type(await Class().waits(1), int)
    assert_type(await decorated_async(1), int)
    await called("1")  # type: ignore[arg-type]
    assert_type([x async for x in async_generator()], list[int])
