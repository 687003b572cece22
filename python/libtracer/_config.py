"""What every way of setting up shares; flush and shutdown."""

import os
import sys
import threading
from typing import Any

from libtracer import _native, _process, _tracer

# Nothing leaves the process unless one of these, or an argument, says where to.
_DESTINATIONS = (
    "OTEL_TRACES_EXPORTER",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
)

_LOG_DESTINATIONS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT")

lock = threading.RLock()
_process.renew_after_fork(sys.modules[__name__], "lock", threading.RLock)
_service: list[str | None] = [None]
# Whether what is configured is what a failed `init` has left: nothing.
_undone = [False]


def configured(service: str | None) -> None:
    """Take note of a configuration that has been installed."""
    _service[:] = [service]
    _undone[:] = [False]
    _tracer.replaced()


def undo() -> None:
    """Take back a configuration: nothing is recorded until there is another one."""
    _native.configure(exporter="none", enabled=False)
    configured(None)
    _undone[:] = [True]


def is_configured() -> bool:
    """Return whether anything has configured tracing, and it holds."""
    return _native.is_configured() and not _undone[0]


def service_name() -> str | None:
    """Return the name of the service that tracing was configured with, if it was given."""
    return _service[0]


def ensure_configured() -> None:
    """Configure tracing from the environment, if nothing has."""
    with lock:
        if not is_configured():
            _native.configure(
                exporter=exporter_of(None, None), logs_exporter=logs_exporter_of(None, None)
            )
            configured(None)


def ensure_global_provider() -> Any:
    """Return OpenTelemetry's global provider; when none is set, set libtracer's."""
    from opentelemetry import trace

    with lock:
        if isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):
            from libtracer.trace import default_provider

            trace.set_tracer_provider(default_provider())
    return trace.get_tracer_provider()


def exporter_of(endpoint: str | None, exporter: str | None) -> str | None:
    """Return the exporter to ask for: none at all unless somebody named a destination."""
    named = exporter or endpoint or any(os.environ.get(name) for name in _DESTINATIONS)
    return exporter if named else "none"


def logs_exporter_of(endpoint: str | None, exporter: str | None) -> str | None:
    """Return the exporter of log records: they go beside spans that go by OTLP.

    None, which is nowhere unless ``OTEL_LOGS_EXPORTER`` says so, where spans go another way or to a
    URL that is made for them alone.
    """
    if os.environ.get("OTEL_LOGS_EXPORTER"):
        return None
    if endpoint is None:
        found = any(os.environ.get(name) for name in _LOG_DESTINATIONS)
        return "otlp" if found and exporter in {None, "otlp"} else None
    by_otlp = "otlp" in (exporter or os.environ.get("OTEL_TRACES_EXPORTER") or "otlp").split(",")
    _, _, after_host = endpoint.partition("://")[2].partition("/")
    path = after_host.partition("?")[0].rstrip("/")
    return "otlp" if by_otlp and (not path or f"/{path}".endswith("/v1/traces")) else None


def force_flush(timeout: float | None = None) -> bool:
    """Export what is finished.

    Args:
        timeout: Seconds to wait at most; None is no limit of this call's own.

    Returns:
        False when the time was up first; what is left stays queued.
    """
    flushed = _tracer.flush(timeout)
    return _native.force_flush(_process.milliseconds(timeout)) and flushed


def shutdown(timeout: float = _process.EXIT_BUDGET_SECONDS) -> bool:
    """Export what is finished, and stop; spans that end later are counted and not exported.

    Args:
        timeout: Seconds to wait at most.

    Returns:
        False when the time was up first; what was left is counted as dropped.
    """
    flushed = _tracer.flush(timeout)
    return _native.shutdown(_process.milliseconds(timeout)) and flushed
