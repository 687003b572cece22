"""One recording on either provider: every feature of spans, with ids and times that are fixed."""

from opentelemetry import baggage, context, trace
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanLimits, id_generator
from opentelemetry.trace import (
    Link,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    TraceState,
)

T = 1_700_000_000_000_000_000
RESOURCE = Resource({"service.name": "compared", "zone": "b", "replicas": 3}, "https://schema/0")


class Counting(id_generator.IdGenerator):
    """Ids one after the other."""

    def __init__(self):
        self.last = 0

    def generate_span_id(self):
        self.last += 1
        return 0xA000000000000000 + self.last

    def generate_trace_id(self):
        self.last += 1
        return 0xB0000000000000000000000000000000 + self.last


def provider(kind):
    """Returns the SDK's provider or ours, made with the same arguments."""
    if kind == "sdk":
        from opentelemetry.sdk.trace import TracerProvider
    else:
        from libtracer.trace import TracerProvider
    limits = SpanLimits(max_span_attributes=40, max_events=3, max_links=2, max_event_attributes=5)
    return TracerProvider(resource=RESOURCE, id_generator=Counting(), span_limits=limits)


def remote():
    """Returns the context of a span elsewhere."""
    state = TraceState([("vendor", "value"), ("other", "1")])
    flags = TraceFlags(TraceFlags.SAMPLED)
    return SpanContext(0xC1, 0xD1, is_remote=True, trace_flags=flags, trace_state=state)


def record(provider):
    """Records the spans, children before parents as they end."""
    tracer = provider.get_tracer("compared", "1.2", "https://schema/1", {"team": "a", "size": 2})
    link = Link(SpanContext(0xC2, 0xD2, is_remote=False), {"why": "retry", "n": 1})
    root = tracer.start_span(
        "root",
        kind=SpanKind.SERVER,
        attributes={"text": "häuser 🏠", "number": -7, "big": 2**62, "ratio": 0.5, "yes": True},
        links=[link],
        start_time=T,
    )
    with trace.use_span(root, end_on_exit=False):
        everything(tracer)
        failing(tracer)
    root.set_attributes({"texts": ["a", "b"], "numbers": (1, 2), "ratios": [0.5], "flags": [True]})
    root.set_attribute("number", 8)
    root.update_name("renamed")
    root.set_status(Status(StatusCode.OK))
    root.end(T + 9_000_000)
    child_of_remote(tracer)
    token = context.attach(baggage.set_baggage("tenant", "t1"))
    provider.get_tracer("other").start_span("plain", kind=SpanKind.CLIENT, start_time=T).end(T + 1)
    context.detach(token)


def everything(tracer):
    """A child with more than its limits hold."""
    child = tracer.start_span("child", kind=SpanKind.PRODUCER, start_time=T + 1_000)
    for number in range(45):
        child.set_attribute(f"key{number}", number)
    for number in range(4):
        attributes = {f"at{n}": n for n in range(number + 3)}
        child.add_event(f"event{number}", attributes, T + 2_000 + number)
    for number in range(3):
        child.add_link(SpanContext(0xC3, 0xE0 + number, is_remote=True), {"number": number})
    child.set_attribute("key0", "again")
    child.end(T + 5_000)


def failing(tracer):
    """A child that an exception goes through, and one that records it itself."""
    try:
        with tracer.start_as_current_span("raising", start_time=T + 2_000):
            raise ValueError("went wrong")
    except ValueError as error:
        told = tracer.start_span("telling", start_time=T + 3_000)
        told.record_exception(error, {"extra": 1}, T + 3_500, escaped=True)
        told.set_status(StatusCode.ERROR, "told so")
        told.end(T + 4_000)


def child_of_remote(tracer):
    """A child of a span in another process."""
    parent = trace.set_span_in_context(trace.NonRecordingSpan(remote()))
    tracer.start_span("served", parent, SpanKind.CONSUMER, start_time=T).end(T + 100)
