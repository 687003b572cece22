"""What a tracer of a provider is made with; the native tracer asks it, and shows its attributes."""

from typing import TYPE_CHECKING, Any

from libtracer.trace import _scope
from libtracer.trace._processors import contained

if TYPE_CHECKING:
    from libtracer.trace._provider import TracerProvider


class TracerConfig:
    """Whether a tracer makes spans, as the SDK's configurator says it."""

    def __init__(self, *, is_enabled: bool = True) -> None:
        self.is_enabled = is_enabled


class Settings:
    """One tracer's provider, scope and switches, under the names the SDK's tracer has."""

    def __init__(self, provider: "TracerProvider", scope: Any, config: Any) -> None:
        self._provider = provider
        self._instrumentation_scope = scope
        self._tracer_config = config
        self._info: Any = None
        self.resource = provider.resource
        self.sampler = provider.sampler
        self.id_generator = provider.id_generator
        self.span_processor = provider._active_span_processor
        self._span_limits = provider._span_limits

    @property
    def instrumentation_info(self) -> Any:
        """The scope under its older name."""
        if self._info is None:
            self._info = _scope.info_of(self._instrumentation_scope)
        return self._info

    def _set_tracer_config(self, tracer_config: Any) -> None:
        self._tracer_config = tracer_config
        self._provider._renew_ways()

    def _set_resource(self, resource: Any) -> None:
        self.resource = resource

    def _is_enabled(self) -> bool:
        return bool(self._tracer_config.is_enabled)

    # What the native tracer calls, when its byte says so.

    def started(self, span: Any, parent_context: Any) -> None:
        """Tell the processors of a span that has started."""
        try:
            self.span_processor.on_start(span, parent_context=parent_context)
        except Exception:
            contained(self.span_processor, "on_start")

    def ending(self, span: Any) -> None:
        """Tell the processors of a span that is about to end."""
        try:
            self.span_processor._on_ending(span)
        except Exception:
            contained(self.span_processor, "_on_ending")

    def ended(self, span: Any) -> None:
        """Tell the processors of a span that has ended."""
        try:
            self.span_processor.on_end(span)
        except Exception:
            contained(self.span_processor, "on_end")
