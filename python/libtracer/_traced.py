"""The decorators: what needs Python's own grammar to wrap a function.

A synchronous function becomes a native callable. Coroutine functions, generators and asynchronous
generators become real functions of their kind; generators are traced over their whole life, and
their span is current only while their own body runs.
"""

import functools
import inspect
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Mapping
from typing import Any, ParamSpec, TypeVar, overload

from libtracer import _native

_P = ParamSpec("_P")
_R = TypeVar("_R")
_F = TypeVar("_F", bound=Callable[..., Any])


@overload
def traced(span_name: Callable[_P, _R], /) -> Callable[_P, _R]: ...


@overload
def traced(
    span_name: str | None = None,
    *,
    log_exceptions: bool = True,
    disable_log: bool = False,
    attributes: Mapping[str, Any] | None = None,
) -> Callable[[Callable[_P, _R]], Callable[_P, _R]]: ...


def traced(
    span_name: str | Callable[..., Any] | None = None,
    *,
    log_exceptions: bool = True,
    disable_log: bool = False,
    attributes: Mapping[str, Any] | None = None,
) -> Any:
    """Trace every call of a function as a span; usable with and without parentheses.

    The span is a child of the current one and current while the function runs. An exception sets
    the span's status and passes through unchanged. Until tracing is configured the function is
    simply called.

    Args:
        span_name: Name of the span; the function's qualified name by default.
        log_exceptions: Whether an exception is recorded as an event of the span.
        disable_log: Whether to leave out that event, too.
        attributes: Attributes of every span.

    Returns:
        The traced function, or a decorator that makes one.
    """
    if span_name is not None and not isinstance(span_name, str):
        template = _native.start_span(name_of(span_name))
        wrapper: Callable[..., Any] = decorate(span_name, template)
        return wrapper
    record = log_exceptions and not disable_log

    def decorator(function: Callable[..., Any]) -> Callable[..., Any]:
        name = span_name or name_of(function)
        template = _native.start_span(name, attributes=attributes, record_exception=record)
        wrapper: Callable[..., Any] = decorate(function, template)
        return wrapper

    return decorator


def name_of(function: Any) -> str:
    """Return the name of a function as a reader of its module would write it."""
    if isinstance(function, functools.partial):
        return name_of(function.func)
    name = getattr(function, "__qualname__", None) or type(function).__qualname__
    return str(name).rpartition("<locals>.")[2]


def decorate(function: Any, template: _native.Span) -> Any:
    """Wrap a function so that each call runs in a fresh span made after ``template``."""
    if isinstance(function, (classmethod, staticmethod)):
        return type(function)(decorate(function.__func__, template))
    if not callable(function):
        raise TypeError(f"only a callable can be traced, not {type(function).__name__}")
    kind = _kind_of(function)
    wrapper = kind(function, template)
    return functools.update_wrapper(wrapper, function)


def _kind_of(function: Callable[..., Any]) -> Callable[[Any, _native.Span], Any]:
    """Return what wraps this kind of function; what a decorator hides is not looked at."""
    seen: Any = function
    while isinstance(seen, functools.partial):
        seen = seen.func
    if not inspect.isroutine(seen) and not isinstance(seen, type):
        seen = type(seen).__call__
    if inspect.iscoroutinefunction(seen):
        return _coroutine
    if inspect.isasyncgenfunction(seen):
        return _async_generator
    if inspect.isgeneratorfunction(seen):
        return _generator
    return _native.wrap


def _coroutine(
    function: Callable[..., Awaitable[_R]], template: _native.Span
) -> Callable[..., Awaitable[_R]]:
    async def wrapper(*args: Any, **kwargs: Any) -> _R:
        span = _native.begin(template)
        try:
            result = await function(*args, **kwargs)
        except BaseException as error:
            _native.finish(span, error)
            raise
        _native.finish(span)
        return result

    return wrapper


class _Steps:
    """The span of one generator: current during its steps, ended with it."""

    def __init__(self, template: _native.Span) -> None:
        self.span = _native.fresh(template)

    def __enter__(self) -> None:
        _native.activate(self.span)

    def __exit__(self, *_: object) -> None:
        _native.deactivate(self.span)

    def end(self, exception: BaseException | None) -> None:
        """End the span with the outcome of the generator."""
        _native.finish(self.span, exception)


def _generator(
    function: Callable[..., Generator[Any, Any, _R]], template: _native.Span
) -> Callable[..., Generator[Any, Any, _R]]:
    def wrapper(*args: Any, **kwargs: Any) -> Generator[Any, Any, _R]:
        steps = _Steps(template)
        error: BaseException | None = None
        try:
            with steps:
                generator = function(*args, **kwargs)
                item = next(generator)
            while True:
                try:
                    sent = yield item
                except GeneratorExit:
                    with steps:
                        generator.close()
                    raise
                except BaseException as thrown:
                    with steps:
                        item = generator.throw(thrown)
                else:
                    with steps:
                        item = generator.send(sent)
        except StopIteration as stop:
            result: _R = stop.value
            return result
        except BaseException as raised:
            error = raised
            raise
        finally:
            steps.end(error)
            error = None  # its traceback holds this frame

    return wrapper


def _async_generator(
    function: Callable[..., AsyncGenerator[Any, Any]], template: _native.Span
) -> Callable[..., AsyncGenerator[Any, Any]]:
    async def wrapper(*args: Any, **kwargs: Any) -> AsyncGenerator[Any, Any]:
        steps = _Steps(template)
        error: BaseException | None = None
        try:
            with steps:
                generator = function(*args, **kwargs)
                item = await anext(generator)
            while True:
                try:
                    sent = yield item
                except GeneratorExit:
                    with steps:
                        await generator.aclose()
                    raise
                except BaseException as thrown:
                    with steps:
                        item = await generator.athrow(thrown)
                else:
                    with steps:
                        item = await generator.asend(sent)
        except StopAsyncIteration:
            return
        except BaseException as raised:
            error = raised
            raise
        finally:
            steps.end(error)
            error = None  # its traceback holds this frame

    return wrapper


async def enter_later(span: _native.Span) -> _native.Span:
    """Enter a span when awaited: ``__aenter__``."""
    return span.__enter__()


async def exit_later(span: _native.Span, exception: BaseException | None) -> bool:
    """Leave a span when awaited: ``__aexit__``."""
    return span.__exit__(type(exception) if exception else None, exception, None)
