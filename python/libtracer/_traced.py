"""The decorators: which kind of function there is, and what stands in its place.

What stands in its place is native: it calls the function, and puts the coroutine or generator that
comes back into one with a span. None of it adds a line to a traceback. Generators are traced over
their whole life, and their span is current only while their own body runs.
"""

import functools
import inspect
import sys
import types
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, overload

from libtracer import _native
from libtracer._parameters import parameters_of

_F = TypeVar(
    "_F",
    bound="Callable[..., Any] | classmethod[Any, ..., Any] | staticmethod[..., Any] | property"
    " | functools.partialmethod[Any] | functools.cached_property[Any]",
)

_Recipe = tuple[str, Mapping[str, Any] | None, bool, tuple[bool, bool] | None]
_ALL = (True, True)

_OF_CLASSES = {"__init_subclass__", "__class_getitem__"}

# What calling the function gives, in the native side's numbers.
_FUNCTION, _COROUTINE, _GENERATOR, _ASYNC_GENERATOR, _AWAITABLE = range(5)


@overload
def traced(
    span_name: str | None = None,
    *,
    log_args: bool = True,
    log_results: bool = True,
    log_exceptions: bool = True,
    disable_log: bool = False,
    attributes: Mapping[str, Any] | None = None,
    **kwargs: Any,
) -> Callable[[_F], _F]: ...


@overload
def traced(span_name: _F, /) -> _F: ...


def traced(  # noqa: PLR0913, one argument for each option
    span_name: Any = None,
    *,
    log_args: bool = True,
    log_results: bool = True,
    log_exceptions: bool = True,
    disable_log: bool = False,
    attributes: Mapping[str, Any] | None = None,
    **kwargs: Any,
) -> Any:
    """Trace every call of a function as a span; usable with and without parentheses.

    The span is a child of the current one and current while the function runs. An exception sets
    the span's status and passes through unchanged. Until tracing is configured the function is
    simply called. A class stays the class it is, its constructor is traced.

    Where log records are exported or captured, each call makes one inside its span, whose body has
    ``function.name``, ``function.arguments`` by the names of the parameters as they are after the
    call, and ``function.output`` or, at ERROR, ``exception.type`` and ``exception.message``. Values
    OpenTelemetry has no type for are their ``str``, or what their ``dump_as_log()`` returns; long
    and deep ones are cut and say so. A generator's output is its ``repr``, at its end. What the
    sampler leaves out has no record.

    Args:
        span_name: Name of the span; the function's qualified name by default.
        log_args: Whether the record has the arguments.
        log_results: Whether it has the result.
        log_exceptions: Whether it tells of an exception, and the span has an event of it.
        disable_log: Whether to make no record, nor that event.
        attributes: Attributes of every span.
        **kwargs: Ignored.

    Returns:
        The traced function, or a decorator that makes one.
    """
    if span_name is not None and not isinstance(span_name, str):
        return decorate(span_name, _template((name_of(span_name), None, True, _ALL)))
    record = bool(log_exceptions and not disable_log)
    log = None if disable_log else (bool(log_args), bool(log_results))

    def decorator(function: Any) -> Any:
        return decorate(
            function, _template((span_name or name_of(function), attributes, record, log))
        )

    return decorator


def _template(recipe: _Recipe) -> _native.Span:
    """Return a span that never starts, after which those of the calls are made."""
    name, attributes, record, log = recipe
    template = _native.start_span(name, attributes=attributes, record_exception=record)
    if log is not None:
        _native.log_calls(template, *log)
    return template


def name_of(function: Any) -> str:
    """Return the name of a function as a reader of its module would write it."""
    inner = _inner_of(function)
    if inner is not None:
        return name_of(inner)
    name = getattr(function, "__qualname__", None) or type(function).__qualname__
    return str(name).rpartition("<locals>.")[2]


def _inner_of(function: Any) -> Any:
    """Return the function that a nameless wrapper of the standard library holds."""
    if isinstance(function, (functools.partial, functools.partialmethod)):
        return function.func
    if isinstance(function, functools.cached_property):
        return function.func
    return function.fget if isinstance(function, property) else None


def decorate(function: Any, template: _native.Span) -> Any:
    """Wrap a function so that each call runs in a fresh span made after ``template``."""
    if isinstance(function, (classmethod, staticmethod)):
        return type(function)(decorate(function.__func__, template))
    if isinstance(function, property):
        parts = (function.fget, function.fset, function.fdel)
        get, put, delete = (part and decorate(part, template) for part in parts)
        return type(function)(get, put, delete, function.__doc__)
    if isinstance(function, functools.partialmethod):
        inner = decorate(function.func, template)
        return type(function)(inner, *function.args, **function.keywords)
    if isinstance(function, functools.cached_property):
        return type(function)(decorate(function.func, template))
    if not callable(function):
        raise TypeError(f"only a callable can be traced, not {type(function).__name__}")
    if isinstance(function, type):
        return _decorate_class(function, template)
    return _wrap(function, template)


def _wrap(function: Any, template: _native.Span) -> Any:
    binds = hasattr(type(function), "__get__") and not isinstance(
        function, (types.MethodType, functools.partial)
    )
    kind = _kind_of(function)
    wrapper = _native.wrap(function, template, kind, binds=binds, parameters_of=parameters_of)
    if isinstance(function, types.FunctionType):
        wrapper = functools.update_wrapper(wrapper, function)
        return _as_function(wrapper) if function.__name__ in _OF_CLASSES else wrapper
    # The attributes of an object may change: they are looked up there.
    return functools.update_wrapper(wrapper, function, updated=())


def _as_function(wrapper: Any) -> Any:
    """Return a function in front, which the making of a class turns into a class method."""

    @functools.wraps(wrapper)
    def of_class(*args: Any, **kwargs: Any) -> Any:
        return wrapper(*args, **kwargs)

    return of_class


def _decorate_class(cls: Any, template: _native.Span) -> Any:
    """Trace the constructor of a class in its place; a class that nobody may change is called."""
    for name, default in (("__init__", object.__init__), ("__new__", object.__new__)):
        constructor = getattr(cls, name)
        if constructor is default:
            continue
        traced_one = _wrap(constructor, template)
        try:
            setattr(cls, name, staticmethod(traced_one) if name == "__new__" else traced_one)
        except TypeError:
            return _wrap(cls, template)
        break
    return cls


def _kind_of(function: Callable[..., Any]) -> int:
    """Return what calling this function gives; what a decorator hides is not looked at."""
    seen: Any = function
    while isinstance(seen, functools.partial):
        seen = seen.func
    if not inspect.isroutine(seen) and not isinstance(seen, type):
        seen = type(seen).__call__
    if inspect.iscoroutinefunction(seen):
        return _COROUTINE
    if inspect.isasyncgenfunction(seen):
        return _ASYNC_GENERATOR
    if inspect.isgeneratorfunction(seen):
        flags = getattr(getattr(seen, "__code__", None), "co_flags", 0)
        return _AWAITABLE if flags & inspect.CO_ITERABLE_COROUTINE else _GENERATOR
    return _FUNCTION


def reduce(wrapper: Any, template: _native.Span) -> Any:
    """Pickle by name what a module holds under its name, and the rest by its parts."""
    name: str | None = getattr(wrapper, "__qualname__", None)
    found: Any = sys.modules.get(getattr(wrapper, "__module__", None) or "")
    for part in (name or "").split("."):
        found = getattr(found, part, None)
    if found is wrapper:
        return name
    return rebuild, (wrapper.__wrapped__, _native.recipe(template))


def rebuild(function: Any, recipe: _Recipe, /) -> Any:
    """Trace a function again, in the process that it was sent to."""
    return decorate(function, _template(recipe))


def deepcopy(wrapper: Any, template: _native.Span, memo: dict[int, Any]) -> Any:
    """Copy what the function would be copied as: a function is its own copy."""
    import copy

    function = wrapper.__wrapped__
    copied = copy.deepcopy(function, memo)
    return wrapper if copied is function else decorate(copied, template)


async def enter_later(span: _native.Span) -> _native.Span:
    """Enter a span when awaited: ``__aenter__``."""
    return span.__enter__()


async def exit_later(span: _native.Span, exception: BaseException | None) -> bool:
    """Leave a span when awaited: ``__aexit__``."""
    return span.__exit__(type(exception) if exception else None, exception, None)
