"""The rich trace in a real Jaeger: as its storage has it, and as its UI shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from compare import check
from sender import send
from sent import DEFAULTS, IN_TRACE, REMOTE_PARENT, SPANS, TRACE_ID

if TYPE_CHECKING:
    from receivers import Jaeger

# Its storage does not keep the schema URLs of scopes.
SCOPE = DEFAULTS["scope"]._replace(schema_url="")
SENT = {
    name: {"scope": SCOPE, **span}
    for name, span in SPANS.items()
    if span.get("trace_id", TRACE_ID) == TRACE_ID
}


def test_otlp_arrives_with_every_field(jaeger: Jaeger):
    send(OTEL_EXPORTER_OTLP_ENDPOINT=f"http://127.0.0.1:{jaeger.port}")
    jaeger.trace(TRACE_ID, IN_TRACE)
    spans = jaeger.otlp(TRACE_ID)
    for span in spans:
        # Its own remark about a parent that it has not seen.
        assert ("@jaeger@warnings" in span.attributes) == (span.parent_span_id == REMOTE_PARENT)
        span.attributes.pop("@jaeger@warnings", None)
        span.events.sort(key=lambda event: event.time)  # it sorts them by name
    check(spans, SENT)
