"""What type checkers must see: a traced function keeps its signature. Checked, not run."""

import asyncio
from collections.abc import AsyncGenerator, Coroutine, Generator
from typing import Any

import libtracer
from typing_extensions import assert_type


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


class Class:
    @libtracer.traced
    def method(self, x: int) -> "Class":
        del x
        return self

    @classmethod
    @libtracer.traced
    def make(cls) -> "Class":
        return cls()


@libtracer.start_span("decorator")
def decorated(x: int) -> int:
    return x


@libtracer.get_tracer("t").start_as_current_span("decorator")
async def decorated_async(x: int) -> int:
    return x


def check() -> None:
    assert_type(bare(1, b="x"), float)
    bare("1")  # type: ignore[arg-type]
    coroutine = called(1)
    _ = assert_type(coroutine, Coroutine[Any, Any, str])
    coroutine.close()
    assert_type(generator(), Generator[int, str, bytes])
    assert_type(async_generator(), AsyncGenerator[int, None])
    assert_type(Class().method(1), Class)
    assert_type(Class.make(), Class)
    assert_type(decorated(1), int)
    other = decorated_async(1)
    _ = assert_type(other, Coroutine[Any, Any, int])
    other.close()
    with libtracer.start_span("op", attributes={"a": [1]}) as span:
        assert_type(span, libtracer.Span)
        assert_type(span.trace_id, str)
        assert_type(span.set_attribute("k", 1), libtracer.Span)
    assert_type(libtracer.stats(), dict[str, int])
    assert_type(libtracer.force_flush(), bool)
    with libtracer.testing.capture() as captured:
        assert_type(captured.spans, list[libtracer.ReadableSpan])
