"""OpenTelemetry's trace API and a ``TracerProvider`` on libtracer's runtime, in one place.

```python
from libtracer import trace

provider = trace.TracerProvider()
trace.set_tracer_provider(provider)

with trace.get_tracer(__name__).start_as_current_span("work"):
    ...
```
"""

from opentelemetry.trace import (
    INVALID_SPAN,
    INVALID_SPAN_CONTEXT,
    INVALID_SPAN_ID,
    INVALID_TRACE_ID,
    Link,
    NonRecordingSpan,
    Span,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    TraceState,
    format_span_id,
    format_trace_id,
    get_current_span,
    get_tracer,
    get_tracer_provider,
    set_span_in_context,
    set_tracer_provider,
    use_span,
)

from libtracer._native import Tracer
from libtracer.trace._default import default_provider
from libtracer.trace._limits import SpanLimits
from libtracer.trace._provider import TracerProvider

__all__ = [
    "INVALID_SPAN",
    "INVALID_SPAN_CONTEXT",
    "INVALID_SPAN_ID",
    "INVALID_TRACE_ID",
    "Link",
    "NonRecordingSpan",
    "Span",
    "SpanContext",
    "SpanKind",
    "SpanLimits",
    "Status",
    "StatusCode",
    "TraceFlags",
    "TraceState",
    "Tracer",
    "TracerProvider",
    "default_provider",
    "format_span_id",
    "format_trace_id",
    "get_current_span",
    "get_tracer",
    "get_tracer_provider",
    "set_span_in_context",
    "set_tracer_provider",
    "use_span",
]
