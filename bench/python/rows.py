"""Rows P1 to P4 for one peer: ``rows.py libtracer|otel URL`` prints row, p10 and median in ns."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    Start = Callable[..., AbstractContextManager[Any]]

BURST = 500
TEXT = "GET /api/v1/users"


def row(name: str, work: Callable[[int], None], less: float = 0.0, samples: int = 200) -> float:
    """Print the thread's processor time for each call of ``work``'s loop, less a known part."""
    costs = []
    for _ in range(samples):
        start = time.thread_time_ns()
        work(BURST)
        costs.append((time.thread_time_ns() - start) / BURST)
    costs.sort()
    p10, median = costs[samples // 10], costs[samples // 2]
    if name:
        print(f"{name}\t{p10 - less:.1f}\t{median - less:.1f}")
    return p10


def loop(count: int) -> None:
    """Run the bare loop."""
    for _ in range(count):
        pass


def spans(start: Start, traced: Callable[[int, int], int]) -> None:
    """Print the rows that run on the calling thread."""

    def plain(a: int, b: int) -> int:
        return a

    def empty(count: int) -> None:
        for _ in range(count):
            with start("op"):
                pass

    def four(count: int) -> None:
        for i in range(count):
            attributes = {
                "http.request.method": TEXT,
                "http.response.status_code": i,
                "app.duration_ms": 1.5,
                "cache.hit": True,
            }
            with start("op", attributes=attributes) as span:
                span.set_attribute("result", "found")
                span.set_attribute("rows", i)

    def call(function: Callable[[int, int], int]) -> Callable[[int], None]:
        def work(count: int) -> None:
            for _ in range(count):
                function(1, 2)

        return work

    bare = row("", loop)
    with start("root"):
        row("P1", empty, bare)
        row("P2", four, bare)
        row("P4", call(traced), row("", call(plain)))


def whole(start: Start, flush: Callable[[], object], count: int, window: int) -> None:
    """Print the processor time of the whole process for each span, export included."""
    before = time.process_time_ns()
    for first in range(0, count, window):
        with start("root"):
            for _ in range(first, first + window - 1):
                with start("op"):
                    pass
        flush()
    print(f"P3\t{(time.process_time_ns() - before) / count:.1f}\t{count}")


def libtracer_rows(url: str) -> None:
    """Measure libtracer."""
    import libtracer

    libtracer.configure_tracing(service_name="bench", endpoint=f"{url}/v1/traces", exporter="otlp")
    traced = libtracer.traced(lambda a, b: a)
    spans(libtracer.start_span, traced)
    whole(libtracer.start_span, lambda: libtracer.force_flush(10), 100_000, 2_000)
    lost = libtracer.stats()["dropped"]
    if lost:
        sys.exit(f"{lost} spans were dropped")


def otel_rows(url: str) -> None:
    """Measure opentelemetry-sdk with its batch processor and OTLP/HTTP exporter."""
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider()
    processor = BatchSpanProcessor(OTLPSpanExporter(f"{url}/v1/traces"))
    provider.add_span_processor(processor)
    tracer = provider.get_tracer("bench")
    traced = tracer.start_as_current_span("traced")(lambda a, b: a)
    spans(tracer.start_as_current_span, traced)
    whole(tracer.start_as_current_span, processor.force_flush, 20_000, 2_000)


if __name__ == "__main__":
    os.sched_setaffinity(0, {0})
    peer, url = sys.argv[1:]
    {"libtracer": libtracer_rows, "otel": otel_rows}[peer](url)
