"""The provider of spans that were started without one, as an object."""

from typing import Any

from libtracer import _config, _native, _tracer
from libtracer.trace._provider import TracerProvider


class _DefaultProvider(TracerProvider):
    """Stands for the native default provider, whichever that is when a span starts."""

    def _new_native(self) -> _native.Provider:
        return _native.Provider.default()

    @property
    def resource(self) -> Any:
        """What the spans come from."""
        service = _config.service_name()
        if service is None:
            return self._resource
        return self._resource.merge(type(self._resource)({"service.name": service}))

    def set_native_default(self) -> None:
        """Do nothing: it is the default one."""

    def _replaced(self) -> None:
        self._shut_down = False
        self._renew()
        for _, settings in self._all():
            settings._set_resource(self.resource)


_made: list[TracerProvider] = []


def default_provider() -> TracerProvider:
    """Return the provider of spans that native code and ``libtracer.start_span`` start.

    It is what ``libtracer.init`` or ``libtracer.configure_tracing`` set up, or the provider whose
    ``set_native_default`` was called last. Give it to ``opentelemetry.trace.set_tracer_provider``,
    and all spans of the process go the same way.
    """
    current = _tracer.default()
    if isinstance(current, TracerProvider):
        return current
    if not _made:
        _made.append(_DefaultProvider(shutdown_on_exit=True))
    _tracer.set_default(_made[0])
    return _made[0]
