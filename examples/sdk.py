"""OpenTelemetry's API on libtracer's provider: python sdk.py prints one trace of two spans."""

from libtracer.trace import TracerProvider
from libtracer.trace.export import BatchSpanProcessor, ConsoleSpanExporter
from opentelemetry import trace

provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(ConsoleSpanExporter()))
trace.set_tracer_provider(provider)

tracer = trace.get_tracer("shop", "1.0")
with tracer.start_as_current_span("order", attributes={"items": 3}) as order:
    order.add_event("charged")
    with tracer.start_as_current_span("payment"):
        pass
