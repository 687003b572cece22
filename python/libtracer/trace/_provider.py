"""``TracerProvider``: OpenTelemetry's provider of tracers, on libtracer's runtime."""

import logging
import os
import threading
from collections.abc import Callable, Mapping
from typing import Any

from opentelemetry.trace import NoOpTracer
from opentelemetry.trace import TracerProvider as ApiTracerProvider

from libtracer import _facade, _native
from libtracer.trace import _resource, _scope
from libtracer.trace._processors import SpanProcessors
from libtracer.trace._settings import Settings, TracerConfig

_logger = logging.getLogger("libtracer.trace")

_WATCHED = 2
_OFF = 4


class TracerProvider(ApiTracerProvider):
    """Makes tracers, and holds what their spans are made with.

    It takes the arguments of the SDK's provider and is used like it: samplers, id generators and
    span processors written for the SDK run here as they are.

    Args:
        sampler: Decides which spans are recorded; by default as ``OTEL_TRACES_SAMPLER`` says.
        resource: What the spans come from; by default as the environment says.
        shutdown_on_exit: Whether the end of the process shuts the provider down.
        active_span_processor: Tells several processors in its own way.
        id_generator: Makes trace and span ids; random ones by default.
        span_limits: How much a span may hold; by default as the environment says.
        meter_provider: Taken for the SDK's sake; libtracer keeps its own account.
        _tracer_configurator: Says for each scope whether its tracer is enabled.
    """

    def __init__(  # noqa: PLR0913, PLR0917, the SDK's signature
        self,
        sampler: Any = None,
        resource: Any = None,
        shutdown_on_exit: bool = True,  # noqa: FBT001, FBT002
        active_span_processor: Any = None,
        id_generator: Any = None,
        span_limits: Any = None,
        *,
        meter_provider: Any = None,
        _tracer_configurator: Callable[[Any], Any] | None = None,
    ) -> None:
        self._active_span_processor = active_span_processor or SpanProcessors()
        self.id_generator = id_generator
        self._resource = _resource.default() if resource is None else resource
        self.sampler = sampler
        self._span_limits = span_limits
        self._meter_provider = meter_provider
        self._disabled = os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"
        self._tracer_configurator = _tracer_configurator
        self._tracers: dict[Any, tuple[_native.Tracer, Settings]] = {}
        self._tracers_lock = threading.RLock()
        self._native = _native.Provider()
        if isinstance(self._active_span_processor, SpanProcessors):
            self._active_span_processor.changed = self._renew_ways

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        return _facade.class_of_providers(type(self))

    @property
    def resource(self) -> Any:
        """What the spans come from."""
        return self._resource

    def get_tracer(
        self,
        instrumenting_module_name: str,
        instrumenting_library_version: str | None = None,
        schema_url: str | None = None,
        attributes: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return the tracer of an instrumentation scope; the same scope gives the same tracer.

        Args:
            instrumenting_module_name: Name of the library whose spans these are.
            instrumenting_library_version: Version of that library.
            schema_url: Schema its attributes follow.
            attributes: What else is known of it.
        """
        if self._disabled:
            return NoOpTracer()
        if not instrumenting_module_name:
            instrumenting_module_name = ""
            _logger.error("get_tracer called with missing module name.")
        version = instrumenting_library_version or ""
        scope = _scope.new(instrumenting_module_name, version, schema_url, attributes)
        with self._tracers_lock:
            found = self._tracers.get(scope)
            if found is None:
                settings = Settings(self, scope, self._config_of(scope))
                tracer = self._native.tracer(
                    settings, instrumenting_module_name, version, schema_url
                )
                tracer._set_ways(self._ways_of(settings))
                found = self._tracers[scope] = (tracer, settings)
        return found[0]

    def add_span_processor(self, span_processor: Any) -> None:
        """Tell one more processor of spans, after those before it."""
        self._active_span_processor.add_span_processor(span_processor)

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        """Export what is finished; False when the time was up first."""
        return bool(self._active_span_processor.force_flush(timeout_millis))

    def shutdown(self) -> None:
        """Export what is finished, and stop."""
        self._active_span_processor.shutdown()

    def _config_of(self, scope: Any) -> Any:
        configurator = self._tracer_configurator
        if configurator is None:
            return TracerConfig()
        try:
            return configurator(scope)
        except Exception:
            _logger.exception("The configuration of tracer %s failed, so it is enabled", scope)
            return TracerConfig()

    def _set_tracer_configurator(self, *, tracer_configurator: Callable[[Any], Any]) -> None:
        self._tracer_configurator = tracer_configurator
        with self._tracers_lock:
            for scope, (_, settings) in self._tracers.items():
                settings._tracer_config = self._config_of(scope)
            self._renew_ways()

    def _update_resource(self, resource: Any) -> None:
        with self._tracers_lock:
            self._resource = self._resource.merge(resource)
            for _, settings in self._tracers.values():
                settings._set_resource(self._resource)

    def _ways_of(self, settings: Settings) -> int:
        processors = self._active_span_processor
        quiet = isinstance(processors, SpanProcessors) and not processors._span_processors
        ways = 0 if quiet else _WATCHED
        return ways if settings._is_enabled() else ways | _OFF

    def _renew_ways(self) -> None:
        """Tell the tracers handed out so far which way their spans go from now on."""
        with self._tracers_lock:
            for tracer, settings in self._tracers.values():
                tracer._set_ways(self._ways_of(settings))
