"""The peers, set up as their users would: each exports to the sink, by its defaults."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    Start = Callable[..., AbstractContextManager[Any]]


class Peer(NamedTuple):
    """How to make spans with one library."""

    start: Start
    """``start(name, attributes=None)`` as a context manager that gives the span."""
    by_api: Callable[[], Start]
    """Sets up the same through the OpenTelemetry API."""
    set_attribute: Callable[[Any, str, Any], object]
    decorate: Callable[[Any], Any]
    flush: Callable[[], object]
    lost: Callable[[int], int | None]
    """How many of so many spans were lost, None where the library does not say."""
    more: tuple[tuple[str, Start], ...] = ()
    """Rows of other ways to make spans with nothing in them, that others do not have."""
    log: Callable[[Any], Any] | None = None
    """As ``decorate``, with arguments and result logged; None where there is no such thing."""


def set_attribute(span: Any, key: str, value: Any) -> None:
    """Set an attribute as OpenTelemetry does."""
    span.set_attribute(key, value)


def libtracer(url: str) -> Peer:
    """libtracer, both ways in."""
    import libtracer

    endpoint = f"{url}/v1/traces"
    libtracer.configure_tracing(service_name="bench", endpoint=endpoint, exporter="otlp")

    def by_api() -> Start:
        from libtracer.trace import TracerProvider
        from libtracer.trace.export import BatchSpanProcessor, OTLPSpanExporter

        provider = TracerProvider()
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint)))
        return provider.get_tracer("bench").start_as_current_span

    return Peer(
        libtracer.start_span,
        by_api,
        set_attribute,
        libtracer.traced(disable_log=True),
        lambda: libtracer.force_flush(30),
        lambda _: libtracer.stats()["dropped"],
        (("P12", libtracer.with_span), ("P12a", libtracer.Span)),
        libtracer.traced,
    )


def otel(url: str) -> Peer:
    """opentelemetry-sdk with its batch processor and OTLP/HTTP exporter."""
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    exported = [0]

    class Counting(OTLPSpanExporter):
        def export(self, spans: Any) -> Any:
            exported[0] += len(spans)
            return super().export(spans)

    provider = TracerProvider()
    processor = BatchSpanProcessor(Counting(f"{url}/v1/traces"))
    provider.add_span_processor(processor)
    start = provider.get_tracer("bench").start_as_current_span
    return Peer(
        start,
        lambda: start,
        set_attribute,
        start("traced"),
        processor.force_flush,
        lambda made: made - exported[0],
    )


def ddtrace(url: str) -> Peer:
    """ddtrace with its own exporter, and nothing that is not tracing."""
    os.environ.update(
        {
            "DD_TRACE_AGENT_URL": url,
            "DD_INSTRUMENTATION_TELEMETRY_ENABLED": "false",
            "DD_REMOTE_CONFIGURATION_ENABLED": "false",
            "DD_TRACE_STARTUP_LOGS": "false",
        }
    )
    from ddtrace.trace import tracer

    def start(name: str, attributes: Any = None) -> Any:
        span = tracer.trace(name)
        if attributes:
            for key, value in attributes.items():
                span.set_tag(key, value)
        return span

    def by_api() -> Start:
        from ddtrace.opentelemetry import TracerProvider

        return TracerProvider().get_tracer("bench").start_as_current_span

    return Peer(
        start,
        by_api,
        lambda span, key, value: span.set_tag(key, value),
        tracer.wrap("traced"),
        tracer.flush,
        lambda _: None,
    )


PEERS = {"libtracer": libtracer, "otel": otel, "ddtrace": ddtrace}
