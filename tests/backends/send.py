"""Sends spans to OTEL_EXPORTER_OTLP_ENDPOINT: `send.py COUNT`; prints the account as JSON."""

import json
import os
import sys

import libtracer
from libtracer import SpanKind, StatusCode


def main(count: int) -> None:
    libtracer.configure_tracing(
        service_name="sender",
        exporter="otlp",
        endpoint=os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] + "/v1/traces",
    )
    tracer = libtracer.get_tracer("sender.py", "1.2.3")
    for batch in range(count // 10):
        with tracer.start_as_current_span("batch", kind=SpanKind.SERVER) as parent:
            parent.set_attribute("batch", batch)
            for number in range(9):
                with tracer.start_as_current_span("item", kind=SpanKind.CLIENT) as span:
                    span.set_attribute("text", "häuser 🏠")
                    span.set_attribute("number", -(2**62) - number)
                    span.set_attribute("ratio", 0.1)
                    span.set_attribute("flag", True)
                    span.set_attribute("list", ["a", "b"])
                    span.add_event("reached", {"step": number})
                    if number == 8:
                        span.set_status(StatusCode.ERROR, "too late")
    assert libtracer.force_flush(20.0)
    print(json.dumps(libtracer.stats()))
    libtracer.shutdown()


main(int(sys.argv[1]))
