"""Taking over OpenTelemetry's context, once, at the first span.

OpenTelemetry keeps its current context in one ``ContextVar``. We keep using that very variable, so
tokens taken before stay valid, but store our span in it as it is; a real ``Context`` is made only
when somebody asks for one. If this release of OpenTelemetry, or the context implementation that the
program has chosen, looks different inside, its public functions do the work instead.
"""

import functools
import sys
import threading
import warnings
from contextvars import ContextVar, Token
from typing import Any

from opentelemetry import context as otel_context
from opentelemetry import trace as otel_trace
from opentelemetry.context.context import Context
from opentelemetry.context.contextvars_context import ContextVarsRuntimeContext
from opentelemetry.trace import propagation

from libtracer import _facade, _native, _process

# What we know of OpenTelemetry's inside, checked before it is used.
_RUNTIME = "_RUNTIME_CONTEXT"
_VARIABLE = "_current_context"
_SPAN_KEY = "_SPAN_KEY"


# Threads wait for one another. A finalizer that starts a span in the middle of this, on the same
# thread, does not wait: it completes the work, and the outer call finds it done.
_lock = threading.RLock()
_process.renew_after_fork(sys.modules[__name__], "_lock", threading.RLock)


def take_over() -> None:
    """Bind OpenTelemetry's context to the native side, once."""
    with _lock:
        if _native.is_bound():
            return
        key: str | None = getattr(propagation, _SPAN_KEY, None)
        runtime_context = _standard_runtime_context()
        if _native.is_bound():
            return
        if key is None or runtime_context is None:
            _bind_public(key)
        else:
            _bind_direct(runtime_context, key)
        otel_trace.Span.register(_native.Span)
        otel_trace.Tracer.register(_native.Tracer)
        _native.set_facade(_facade.class_of_spans, _facade.class_of_tracers)


def _bind_direct(runtime_context: ContextVarsRuntimeContext, key: str) -> None:
    variable: ContextVar[Context] = getattr(runtime_context, _VARIABLE)
    ours = RuntimeContext(variable)
    # No other thread may run between the binding and the change: neither runs bytecode.
    install = functools.partial(setattr, otel_context, _RUNTIME, ours)
    _native.bind_context(variable, Context, key, install)


class RuntimeContext(ContextVarsRuntimeContext):
    """OpenTelemetry's context, with libtracer's span in its variable."""

    def __init__(self, variable: ContextVar[Context]) -> None:
        """Keep the variable of the context this one replaces; its methods become native."""
        vars(self).update(
            {
                _VARIABLE: variable,
                "attach": _native.attach,
                "detach": _native.detach,
                "get_current": _native.get_current,
            }
        )


def _standard_runtime_context() -> ContextVarsRuntimeContext | None:
    """Return OpenTelemetry's context, if it is the one whose inside we know."""
    otel_context.get_current()  # Older releases make it at the first use.
    found = getattr(otel_context, _RUNTIME, None)
    if type(found) is not ContextVarsRuntimeContext or not issubclass(Context, dict):
        return None
    return found if type(getattr(found, _VARIABLE, None)) is ContextVar else None


def _bind_public(key: str | None) -> None:
    # Whatever key the release uses, it is the only one in a context that holds only a span.
    probe = otel_trace.set_span_in_context(otel_trace.INVALID_SPAN, Context())
    key = key or next(iter(probe), "current-span")

    def detach(token: "Token[Any]") -> None:
        otel_context.detach(token)

    _native.bind_public_context(
        otel_context.get_current,
        otel_context.attach,
        detach,
        otel_trace.set_span_in_context,
        key,
    )
    warnings.warn(
        "libtracer does not know the inside of this OpenTelemetry context "
        f"({type(getattr(otel_context, _RUNTIME, None)).__name__}) and uses its public "
        "functions: correct, and slower",
        RuntimeWarning,
        stacklevel=2,
    )
