"""What a tracer of a provider is made with; the native tracer asks it, and shows its attributes."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from libtracer._log import contained
from libtracer.trace import _ids, _metrics, _sampling, _scope
from libtracer.trace._processors import SpanProcessors

if TYPE_CHECKING:
    from libtracer import _native

# Why the spans of a tracer go the longer way; the bits of the native tracer's byte.
_ASKS, _WATCHED, _OFF, _COUNTED, _CLOCKED = 1, 2, 4, 8, 16

_SDK = "opentelemetry.sdk.trace"


@dataclass
class TracerConfig:
    """Whether a tracer makes spans, as a configurator says it."""

    is_enabled: bool = True


def default_config() -> Any:
    """Return the configuration of a tracer of which nothing is said."""
    return getattr(sys.modules.get(_SDK), "_TracerConfig", TracerConfig)(is_enabled=True)


class Settings:
    """One tracer's scope and what its spans are made with, by the names the SDK's tracer has.

    Args:
        scope: The instrumentation scope.
        native_sampler: The sampler that the native provider has.
    """

    tracer: "_native.Tracer"
    resource: Any
    sampler: Any
    id_generator: Any
    span_processor: Any
    _span_limits: Any
    _tracer_config: Any
    shut_down = False
    clock: Callable[[], int] | None = None
    metrics: _metrics.SpanMetrics | None = None

    def __init__(self, scope: Any, native_sampler: _sampling.Native | None) -> None:
        self._instrumentation_scope = scope
        self._native_sampler = native_sampler
        self._info: Any = None

    @property
    def instrumentation_info(self) -> Any:
        """The scope under its older name."""
        if self._info is None:
            self._info = _scope.info_of(self._instrumentation_scope)
        return self._info

    def _set_tracer_config(self, tracer_config: Any) -> None:
        self._tracer_config = tracer_config
        self.renew()

    def _set_resource(self, resource: Any) -> None:
        self.resource = resource

    def _is_enabled(self) -> bool:
        return bool(self._tracer_config.is_enabled)

    def renew(self) -> None:
        """Tell the native tracer which way its spans go from now on."""
        ways = 0 if self._is_enabled() and not self.shut_down else _OFF
        processors = self.span_processor
        if not isinstance(processors, SpanProcessors) or processors._span_processors:
            ways |= _WATCHED
        if self.metrics is not None:
            ways |= _COUNTED
        if self.clock is not None:
            ways |= _CLOCKED
        sampler = None if self._is_native(self.sampler) else self.sampler
        ids = None if _ids.is_plain(self.id_generator) else self.id_generator
        if sampler is not None or ids is not None:
            ways |= _ASKS
        self.decide = _sampling.Decider(sampler, ids).decide
        self.tracer._set_ways(ways)

    def _is_native(self, sampler: Any) -> bool:
        if _sampling.is_of_environment(sampler):
            return self._native_sampler is None
        native = _sampling.native_of(sampler)
        return native is not None and native == self._native_sampler

    # What the native tracer calls when its byte says so, beside `decide`.

    def started(self, span: Any, parent_context: Any) -> None:
        """Tell the processors of a span that has started, and count it."""
        if self.metrics is not None:
            self.metrics.started(span)
            if not span.is_recording():
                return
        try:
            self.span_processor.on_start(span, parent_context=parent_context)
        except Exception:
            contained(self.span_processor, "on_start")

    def ending(self, span: Any) -> None:
        """Tell the processors of a span that is about to end."""
        if self.metrics is not None:
            self.metrics.ended(span)
        try:
            self.span_processor._on_ending(span)
        except Exception:
            contained(self.span_processor, "_on_ending")

    def ended(self, span: Any) -> None:
        """Tell the processors of a span that has ended."""
        processors = self.span_processor
        if isinstance(processors, SpanProcessors) and not processors._span_processors:
            return
        try:
            self.span_processor.on_end(span._readable_span())
        except Exception:
            contained(self.span_processor, "on_end")
