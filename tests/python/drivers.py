"""Ways to make spans current, so that one scenario can be asked of each of them.

The SDK is among them, on our context and on its own: what Python's context variables do to its
spans is what they may do to ours.
"""

import ctypes
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import libtracer
import libtracer.trace
from opentelemetry import context, trace
from opentelemetry.context.contextvars_context import ContextVarsRuntimeContext

NONE = "nothing"


class NativeSpan(ctypes.Structure):
    _fields_ = (("slot", ctypes.c_uint64), ("generation", ctypes.c_uint64))


class Native:
    """The C functions; ``PyDLL`` keeps the GIL during a call, ``CDLL`` releases it."""

    def __init__(self, loader: Callable[[str], Any]) -> None:
        library = loader(libtracer.get_library())
        self._begin = library.tracer_span_begin
        self._begin.argtypes, self._begin.restype = (ctypes.c_char_p,), NativeSpan
        self._finish = library.tracer_span_finish
        self._finish.argtypes, self._finish.restype = (NativeSpan,), None
        self._traceparent = library.tracer_traceparent
        self._traceparent.argtypes = (ctypes.c_char_p,)
        self._traceparent.restype = ctypes.c_bool

    def span(self, name: str = "native") -> None:
        self._finish(self._begin(name.encode()))

    def current(self) -> int:
        """Return the id of the span that is current for native code, 0 if there is none."""
        buffer = ctypes.create_string_buffer(56)
        return int(buffer.value.split(b"-")[2], 16) if self._traceparent(buffer) else 0


WITH_GIL, WITHOUT_GIL = Native(ctypes.PyDLL), Native(ctypes.CDLL)


@dataclass
class Driver:
    """One way to make spans current, and what it has seen."""

    open_span: Callable[[str], AbstractContextManager[Any]]
    native: bool = True
    names: dict[int, str] = field(default_factory=dict)
    parents: dict[str, str] = field(default_factory=dict)

    @contextmanager
    def span(self, name: str) -> Iterator[Any]:
        """Make a span current; its parent is noted."""
        with self.open_span(name) as span:
            self.names[span.get_span_context().span_id] = name
            parent = span.parent
            self.parents[name] = self.names[parent.span_id] if parent else NONE
            yield span

    def bare(self, name: str) -> AbstractContextManager[Any]:
        """Return the way's own context manager, with nothing of a test around it."""
        return self.open_span(name)

    def know(self, span: Any, name: str) -> None:
        """Remember the name of a span made by `bare`."""
        self.names[span.get_span_context().span_id] = name

    def current(self) -> str:
        """Return the name of the current span; Python and native code must agree on it."""
        span_id = trace.get_current_span().get_span_context().span_id
        if self.native:
            assert WITH_GIL.current() == span_id
            assert WITHOUT_GIL.current() == span_id
        return self.names[span_id] if span_id else NONE


def _start_span(name: str) -> AbstractContextManager[Any]:
    return libtracer.start_span(name)


def _tracer(name: str) -> AbstractContextManager[Any]:
    return libtracer.get_tracer().start_as_current_span(name)


def _provider(name: str) -> AbstractContextManager[Any]:
    return _providers["ours"].get_tracer("test").start_as_current_span(name)


def _use_span(name: str) -> AbstractContextManager[Any]:
    span = _providers["ours"].get_tracer("test").start_span(name)
    return trace.use_span(span, end_on_exit=True)


def _sdk(name: str) -> AbstractContextManager[Any]:
    return _providers["sdk"].get_tracer("test").start_as_current_span(name)


_providers: dict[str, Any] = {}
OURS = {"start_span": _start_span, "tracer": _tracer, "provider": _provider, "use_span": _use_span}
ALL = (*OURS, "sdk", "sdk alone")


@contextmanager
def driver(kind: str) -> Iterator[Driver]:
    """Yield a driver of a kind."""
    libtracer.get_current_span()  # takes OpenTelemetry's context over, if nothing has yet
    if not _providers:
        _providers["ours"] = libtracer.trace.TracerProvider()
        from opentelemetry.sdk.trace import TracerProvider

        _providers["sdk"] = TracerProvider()
    if kind in OURS:
        yield Driver(OURS[kind])
        return
    ours = context._RUNTIME_CONTEXT
    if kind == "sdk alone":
        context._RUNTIME_CONTEXT = ContextVarsRuntimeContext()
    try:
        yield Driver(_sdk, native=False)
    finally:
        context._RUNTIME_CONTEXT = ours
