"""libtracer: OpenTelemetry tracing on one native runtime, shared with C, C++ and Rust.

```python
import libtracer

libtracer.configure_tracing(service_name="hello", exporter="console")

@libtracer.traced
def greet(name: str) -> str:
    with libtracer.start_span("compose", attributes={"name": name}):
        return f"hello, {name}"

greet("world")
```
"""

from importlib import import_module as _import_module
from pathlib import Path as _Path
from typing import TYPE_CHECKING as _TYPE_CHECKING
from typing import Any as _Any

from libtracer import _process, tracer
from libtracer._config import force_flush, shutdown
from libtracer._configure import configure_tracing
from libtracer._errors import ConfigError, Error, UninitializedError
from libtracer._init import Context, init
from libtracer._native import (
    Event,
    ReadableSpan,
    Tracer,
    get_current_span,
    library_path,
    metrics_text,
    start_span,
    stats,
    version,
)
from libtracer._propagation import extract_context, inject_context
from libtracer._threads import instrument_threads, uninstrument_threads
from libtracer._traced import traced
from libtracer._tracer import get_tracer
from libtracer.tracer import Span, get_current_trace_id, get_trace_context, with_span

if _TYPE_CHECKING:
    from opentelemetry.trace import SpanKind, StatusCode

    from libtracer import context, logs, testing, trace, tracing
    from libtracer._agent import Agent
    from libtracer._llm import LLM
    from libtracer._metrics_server import serve_metrics
    from libtracer.logs import configure_logging, get_logger, logger

__all__ = [
    "LLM",
    "Agent",
    "ConfigError",
    "Context",
    "Error",
    "Event",
    "ReadableSpan",
    "Span",
    "SpanKind",
    "StatusCode",
    "Tracer",
    "UninitializedError",
    "configure_logging",
    "configure_tracing",
    "context",
    "extract_context",
    "force_flush",
    "get_current_span",
    "get_current_trace_id",
    "get_include",
    "get_library",
    "get_logger",
    "get_trace_context",
    "get_tracer",
    "init",
    "inject_context",
    "instrument_threads",
    "logger",
    "logs",
    "metrics_text",
    "serve_metrics",
    "shutdown",
    "start_span",
    "stats",
    "testing",
    "trace",
    "traced",
    "tracer",
    "tracing",
    "uninstrument_threads",
    "with_span",
]

__version__ = version()

# What many programs never use is imported when it is asked for: where each name is.
_LATER = {
    "LLM": "libtracer._llm",
    "Agent": "libtracer._agent",
    "SpanKind": "opentelemetry.trace",
    "StatusCode": "opentelemetry.trace",
    "configure_logging": "libtracer.logs",
    "get_logger": "libtracer.logs",
    "logger": "libtracer.logs",
    "serve_metrics": "libtracer._metrics_server",
}
_LATER_MODULES = {"context", "logs", "testing", "trace", "tracing"}


def get_include() -> str:
    """Return the directory of ``tracer.h`` and ``tracer.hpp``, for C and C++ extensions."""
    return str(_Path(__file__).parent / "include")


def get_library() -> str:
    """Return the path of the ``libtracer.so.1`` in use, to link C and C++ extensions with."""
    return library_path()


def __getattr__(name: str) -> _Any:
    """Import what was not yet asked for."""
    if name in _LATER_MODULES:
        return _import_module(f"libtracer.{name}")
    if name in _LATER:
        value = getattr(_import_module(_LATER[name]), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """Name what is there, imported or not."""
    return sorted({*globals(), *__all__})


_process.install()
