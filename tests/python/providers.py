"""Both providers, for tests that hold libtracer's to what opentelemetry-sdk's does."""

from collections.abc import Callable
from typing import Any

import pytest
from libtracer.trace import TracerProvider
from opentelemetry.sdk import trace as sdk

Make = Callable[..., Any]

both = pytest.mark.parametrize(
    "make", [sdk.TracerProvider, TracerProvider], ids=["sdk", "libtracer"]
)


class Recorder(sdk.SpanProcessor):
    """Notes what it is told, in order."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.ended: list[Any] = []

    def on_start(self, span, parent_context=None) -> None:
        self.calls.append(("start", span.name, parent_context))

    def _on_ending(self, span) -> None:
        self.calls.append(("ending", span.name))

    def on_end(self, span) -> None:
        self.calls.append(("end", span.name))
        self.ended.append(span)

    def shutdown(self) -> None:
        self.calls.append(("shutdown",))

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        self.calls.append(("flush", timeout_millis > 0))
        return True


def recorded(make: Make, **options: Any) -> tuple[Any, Recorder]:
    """A tracer of a new provider, and what its spans tell a processor."""
    provider = make(shutdown_on_exit=False, **options)
    recorder = Recorder()
    provider.add_span_processor(recorder)
    return provider.get_tracer("tests"), recorder
