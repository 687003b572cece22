"""Set-up: ``init`` and ``configure_tracing``, flush, shutdown and the account."""

import os
import threading
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from libtracer import _native, _process, _tracer
from libtracer._errors import ConfigError

if TYPE_CHECKING:
    from libtracer.trace import TracerProvider


@dataclass(frozen=True)
class Context:
    """What ``init`` has set up.

    Attributes:
        service: Name of the service, None when the environment decides.
        endpoint: Where traces go, None when the environment decides.
    """

    service: str | None
    endpoint: str | None

    @property
    def tracer_provider(self) -> "TracerProvider":
        """The provider of what was set up, for OpenTelemetry's instrumentations."""
        from libtracer.trace import default_provider

        return default_provider()


# Nothing leaves the process unless one of these, or an argument, says where to.
_DESTINATIONS = (
    "OTEL_TRACES_EXPORTER",
    "OTEL_EXPORTER_OTLP_ENDPOINT",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
)

lock = threading.RLock()
_initialised: list[Context] = []
_service: list[str | None] = [None]


def init(
    *,
    service: str | None = None,
    otel_endpoint: str | None = None,
    integrations: Sequence[Any] | None = None,
) -> Context:
    """Set tracing up, once; a later call warns and changes nothing.

    What is not given comes from the ``OTEL_*`` environment variables. Without any destination spans
    are made and not exported.

    Args:
        service: Name of the service.
        otel_endpoint: Base URL of an OTLP/HTTP receiver, such as ``http://localhost:4318``.
        integrations: What to set up with the provider, in order: objects with ``apply(ctx=...)``,
            or OpenTelemetry's instrumentations, with ``instrument(tracer_provider=...)``.

    Returns:
        What was set up: the same object from every call.

    Raises:
        ConfigError: An option is not usable. Nothing has changed, and ``init`` may be called again,
            as after any exception of an integration.
    """
    with lock:
        if _initialised:
            warnings.warn(
                "libtracer has already been initialized. Duplicate initialization attempts are "
                "ignored.",
                UserWarning,
                stacklevel=2,
            )
            return _initialised[0]
        _check(integrations or ())
        _native.configure(
            service_name=service,
            endpoint=otel_endpoint,
            exporter=exporter_of(otel_endpoint, None),
        )
        configured(service)
        ensure_global_provider()
        context = Context(service, otel_endpoint)
        _initialised.append(context)
        try:
            _apply(integrations or (), context)
        except BaseException:
            _initialised.clear()
            raise
        return context


def _check(integrations: Sequence[Any]) -> None:
    for each in integrations:
        if not hasattr(each, "apply") and not hasattr(each, "instrument"):
            raise ConfigError(f"Unrecognized integration type: {each!r}.")


def _apply(integrations: Sequence[Any], context: Context) -> None:
    for each in integrations:
        if hasattr(each, "apply"):
            each.apply(ctx=context)
        else:
            each.instrument(tracer_provider=context.tracer_provider)


def configured(service: str | None) -> None:
    """Take note of a configuration that has been installed."""
    _service[:] = [service]
    _tracer.replaced()


def service_name() -> str | None:
    """Return the name of the service that tracing was configured with, if it was given."""
    return _service[0]


def ensure_configured() -> None:
    """Configure tracing from the environment, if nothing has."""
    with lock:
        if not _native.is_configured():
            _native.configure(exporter=exporter_of(None, None))
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
