"""The provider that a test asks for: ours with native export, with Python's, or the SDK's."""

import os

CHOICE = os.environ.get("PROVIDER", "native")

if CHOICE == "sdk":
    from opentelemetry.sdk.trace import TracerProvider
else:
    from libtracer.trace import TracerProvider

if CHOICE == "native":
    from libtracer.trace.export import BatchSpanProcessor, OTLPSpanExporter
else:
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
