"""The provider that the tests ask for: ours with native export, or for comparison the SDK's."""

import os

if os.environ.get("PROVIDER") == "sdk":
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
else:
    from libtracer.trace import TracerProvider
    from libtracer.trace.export import BatchSpanProcessor, OTLPSpanExporter

provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
