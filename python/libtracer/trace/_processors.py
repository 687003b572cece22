"""Processors of the program's own, told in order; what one of them raises stays here."""

import threading
from time import monotonic_ns
from typing import Any

from libtracer._log import contained


class SpanProcessors:
    """The processors of a provider, told one after the other.

    Shaped as the SDK's ``SynchronousMultiSpanProcessor``, which may take its place.
    """

    def __init__(self) -> None:
        self._processors: tuple[Any, ...] = ()
        self._lock = threading.Lock()
        self.changed: Any = None

    @property
    def _span_processors(self) -> tuple[Any, ...]:
        return self._processors

    @_span_processors.setter
    def _span_processors(self, processors: tuple[Any, ...]) -> None:
        self._processors = tuple(processors)
        if self.changed is not None:
            self.changed()

    def add_span_processor(self, span_processor: Any) -> None:
        """Tell one more processor, after the others."""
        with self._lock:
            self._processors = (*self._processors, span_processor)
        if self.changed is not None:
            self.changed()

    def on_start(self, span: Any, parent_context: Any = None) -> None:
        """Tell of a span that has started."""
        for processor in self._processors:
            try:
                processor.on_start(span, parent_context=parent_context)
            except Exception:
                contained(processor, "on_start")

    def _on_ending(self, span: Any) -> None:
        for processor in self._processors:
            ending = getattr(processor, "_on_ending", None)  # older processors have none
            if ending is not None:
                try:
                    ending(span)
                except Exception:
                    contained(processor, "_on_ending")

    def on_end(self, span: Any) -> None:
        """Tell of a span that has ended."""
        for processor in self._processors:
            try:
                processor.on_end(span)
            except Exception:
                contained(processor, "on_end")

    def shutdown(self) -> None:
        """Shut each of them down, also when one before it raises."""
        for processor in self._processors:
            try:
                processor.shutdown()
            except Exception:
                contained(processor, "shutdown")

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        """Flush one after the other within the time; False when one did not make it."""
        deadline = monotonic_ns() + timeout_millis * 1_000_000
        flushed = True
        for processor in self._processors:
            left = (deadline - monotonic_ns()) // 1_000_000
            if left <= 0:
                return False
            try:
                if processor.force_flush(left) is False:
                    flushed = False
            except Exception:
                contained(processor, "force_flush")
                flushed = False
        return flushed
