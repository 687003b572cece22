"""Metrics on spans, by opentelemetry-sdk's own instruments, for programs that ask for them."""

import os
import sys
import weakref
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

_SDK = "opentelemetry.sdk.trace"
_SWITCH = "OTEL_PYTHON_SDK_INTERNAL_METRICS_ENABLED"


class SpanMetrics:
    """Counts the spans of a tracer that started, and those that are open."""

    def __init__(self, instruments: Any, decisions: Any) -> None:
        self._instruments = instruments
        self._decisions = decisions
        self._open: weakref.WeakKeyDictionary[Any, Callable[[], None]] = weakref.WeakKeyDictionary()

    def started(self, span: Any) -> None:
        """Count a span that has started."""
        decision = self._decisions.DROP
        if span.is_recording():
            sampled = span.get_span_context().trace_flags.sampled
            decision = self._decisions.RECORD_AND_SAMPLE if sampled else self._decisions.RECORD_ONLY
        self._open[span] = self._instruments.start_span(span.parent, decision)

    def ended(self, span: Any) -> None:
        """Count a span that has ended."""
        end = self._open.pop(span, None)
        if end is not None:
            end()


def of(meter_provider: Any) -> SpanMetrics | None:
    """Return the metrics of a new tracer; None unless the environment asks for them."""
    wanted = os.environ.get(_SWITCH, "").strip().lower() == "true"
    if not wanted or _SDK not in sys.modules:
        return None
    from opentelemetry import metrics
    from opentelemetry.sdk.trace._tracer_metrics import create_tracer_metrics
    from opentelemetry.sdk.trace.sampling import Decision

    provider = meter_provider or metrics.get_meter_provider()
    return SpanMetrics(create_tracer_metrics(provider, True), Decision)  # noqa: FBT003
