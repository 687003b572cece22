//! The instrumentation scope: who made a span (OpenTelemetry common, Instrumentation Scope).

/// A scope whose `ScopeSpans` header is encoded once, when the tracer is made.
#[derive(Debug)]
pub(crate) struct Scope {
    /// Name of the instrumentation library; may be empty.
    pub(crate) name: String,
    /// The fields of OTLP `ScopeSpans` that stand before the spans: `scope` and `schema_url`.
    pub(crate) header: Vec<u8>,
}
