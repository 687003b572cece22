"""``TracerProvider``: OpenTelemetry's provider of tracers, on libtracer's runtime."""

import logging
import os
import threading
import time
import weakref
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from opentelemetry.trace import NoOpTracer
from opentelemetry.trace import Tracer as ApiTracer
from opentelemetry.trace import TracerProvider as ApiTracerProvider

from libtracer import _context, _facade, _native, _process, _tracer
from libtracer.trace import _ids, _limits, _metrics, _resource, _sampling, _scope
from libtracer.trace._processors import SpanProcessors
from libtracer.trace._settings import Settings, default_config
from libtracer.trace.export import NativeSpanProcessor

_logger = logging.getLogger("libtracer.trace")

_SHUTDOWN_SECONDS = 30.0

_providers: "weakref.WeakSet[TracerProvider]" = weakref.WeakSet()

_NAMELESS = ("", None, None)


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
        meter_provider: Where the SDK's metrics on spans go, if the environment asks for them.
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
        _context.take_over()
        self._active_span_processor = active_span_processor or SpanProcessors()
        self._id_generator = _ids.default() if id_generator is None else id_generator
        self._resource = _resource.default() if resource is None else resource
        self._sampler = sampler or _sampling.default()
        self._span_limits = span_limits or _limits.default()
        self._meter_provider = meter_provider
        self._disabled = os.environ.get("OTEL_SDK_DISABLED", "").strip().lower() == "true"
        self._tracer_configurator = _tracer_configurator
        self._shutdown_on_exit = shutdown_on_exit
        self._clock: Callable[[], int] | None = None
        self._tracers: dict[Any, Settings] = {}
        self._joined: dict[Any, Settings] = {}
        self._tracers_lock = threading.RLock()
        self._native_sampler = _sampling.native_of(self._sampler)
        self._native = self._new_native()
        self._shut_down = False
        if isinstance(self._active_span_processor, SpanProcessors):
            self._active_span_processor.changed = self._renew
        self._renew()
        _providers.add(self)

    def _new_native(self) -> _native.Provider:
        return _native.Provider(
            resource=_resource.attributes_of(self._resource),
            schema_url=_resource.schema_url_of(self._resource),
            sampler=self._native_sampler,
            limits=_limits.native_of(self._span_limits),
        )

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        return _facade.class_of_providers(type(self))

    @property
    def resource(self) -> Any:
        """What the spans come from."""
        return self._resource

    @property
    def sampler(self) -> Any:
        """Decides which spans are recorded."""
        return self._sampler

    @sampler.setter
    def sampler(self, sampler: Any) -> None:
        self._sampler = sampler or _sampling.default()
        self._renew()

    @property
    def id_generator(self) -> Any:
        """Makes trace and span ids."""
        return self._id_generator

    @id_generator.setter
    def id_generator(self, id_generator: Any) -> None:
        self._id_generator = id_generator
        self._renew()

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
        return self._of(_scope.new(instrumenting_module_name, version, schema_url, attributes))

    def _of(self, scope: Any) -> _native.Tracer:
        with self._tracers_lock:
            found = self._tracers.get(scope)
            if found is None:
                found = self._settings(scope)
                found.tracer = self._native.tracer(
                    found,
                    str(scope.name),
                    str(scope.version),
                    str(scope.schema_url),
                    dict(scope.attributes),
                )
                self._give(found)
                self._tracers[scope] = found
        return found.tracer

    def _nameless(self) -> _native.Tracer:
        """Return the tracer of spans that name no scope."""
        with self._tracers_lock:
            found = self._joined.get(_NAMELESS)
            if found is None:
                found = self._joined[_NAMELESS] = self._settings(_scope.new("", "", None, None))
                found.tracer = self._native.tracer(found, "")
            self._give(found)
        return found.tracer

    def _join(self, key: tuple[str, str | None, str | None], tracer: _native.Tracer) -> None:
        """Have a say on the spans of a tracer that was made without a provider."""
        with self._tracers_lock:
            settings = self._joined.get(key)
            if settings is None:
                settings = self._settings(_scope.new(*key, None))
                settings.tracer = tracer
                self._joined[key] = settings
            tracer._join(settings)
            self._give(settings)

    def _flush_processors(self, timeout: float | None) -> bool:
        milliseconds = _process.milliseconds(_SHUTDOWN_SECONDS if timeout is None else timeout)
        return bool(self._active_span_processor.force_flush(milliseconds))

    def _replaced(self) -> None:
        """Another native provider is the default one now."""
        _tracer.set_default(None)

    def _all(self) -> Iterator[tuple[Any, Settings]]:
        for settings in (*self._tracers.values(), *self._joined.values()):
            yield settings._instrumentation_scope, settings

    def _settings(self, scope: Any) -> Settings:
        settings = Settings(scope, self._native_sampler)
        settings._tracer_config = self._config_of(scope)
        settings.resource = self.resource
        settings._span_limits = self._span_limits
        settings.metrics = _metrics.of(self._meter_provider)
        return settings

    def _give(self, settings: Settings) -> None:
        """Give a tracer what the provider has now."""
        settings.sampler = self._sampler
        settings.id_generator = self._id_generator
        settings.span_processor = self._active_span_processor
        settings.clock = self._clock
        settings.shut_down = self._shut_down
        settings.renew()

    def _renew(self) -> None:
        """Give the tracers handed out so far what the provider has now."""
        processors = self._active_span_processor
        told = not isinstance(processors, SpanProcessors) or processors._span_processors
        if told and self._shutdown_on_exit and not self._shut_down:
            _process.at_exit(self, self.shutdown)
        with self._tracers_lock:
            for _, settings in self._all():
                self._give(settings)

    def add_span_processor(self, span_processor: Any) -> None:
        """Tell one more processor of spans, after those before it.

        Args:
            span_processor: One of ``libtracer.trace.export``, which exports natively, or any
                object with the methods of the SDK's ``SpanProcessor``.

        Raises:
            ConfigError: A native exporter cannot be set up as it is described.
        """
        if isinstance(span_processor, NativeSpanProcessor):
            self._native.add_exporter(span_processor.native_options())
            span_processor.added_to(self)
        else:
            self._active_span_processor.add_span_processor(span_processor)

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        """Export what is finished; False when the time was up first."""
        deadline = time.monotonic() + timeout_millis / 1000
        flushed = bool(self._active_span_processor.force_flush(timeout_millis))
        left = max(deadline - time.monotonic(), 0)
        return self._native.force_flush(_process.milliseconds(left)) and flushed

    def shutdown(self) -> None:
        """Export what is finished, and stop: spans that start later record nothing."""
        _process.done(self)
        try:
            self._active_span_processor.shutdown()
        finally:
            self._native.shutdown(_process.milliseconds(_process.budget(_SHUTDOWN_SECONDS)))
            self._shut_down = True
            self._renew()

    def stats(self) -> dict[str, int]:
        """Return the account of what is exported natively, in spans, as ``libtracer.stats``."""
        return self._native.stats()

    def set_native_default(self) -> None:
        """Make this the provider of spans that native code and ``libtracer.start_span`` start.

        The one that was there is flushed and shut down.
        """
        self._native.set_default()
        _tracer.set_default(self)

    def _config_of(self, scope: Any) -> Any:
        configurator = self._tracer_configurator
        if configurator is None:
            return default_config()
        try:
            return configurator(scope)
        except Exception:
            _logger.exception("The configuration of tracer %s failed, so it is enabled", scope)
            return default_config()

    def _set_tracer_configurator(self, *, tracer_configurator: Callable[[Any], Any]) -> None:
        self._tracer_configurator = tracer_configurator
        with self._tracers_lock:
            for scope, settings in self._all():
                settings._set_tracer_config(self._config_of(scope))

    def _update_resource(self, resource: Any) -> None:
        with self._tracers_lock:
            self._resource = self._resource.merge(resource)
            for _, settings in self._all():
                settings._set_resource(self.resource)

    def _after_fork(self) -> None:
        """Make what a thread of the parent may have held anew, and what is of the process."""
        self._tracers_lock = threading.RLock()
        if isinstance(self._active_span_processor, SpanProcessors):
            self._active_span_processor._lock = threading.Lock()
        if "process.pid" in self._resource.attributes:
            process = {"process.pid": os.getpid(), "process.parent_pid": os.getppid()}
            self._update_resource(type(self._resource)(process))


def _after_fork() -> None:
    for provider in list(_providers):
        try:
            provider._after_fork()
        except Exception:
            _logger.exception("The resource of the parent process is kept after a fork")


ApiTracer.register(_native.Tracer)
_native.set_facade(_facade.class_of_spans, _facade.class_of_tracers)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
