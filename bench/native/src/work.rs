//! What every row does to a span: four attributes, one of each common type.

use crate::TEXT;
use opentelemetry::KeyValue;
use opentelemetry::trace::{
    Span as _, SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState,
};
use std::hint::black_box;

/// Four attributes on ours.
pub fn four(span: &libtracer::Span, i: u32) {
    span.set("http.request.method", black_box(TEXT));
    span.set("http.response.status_code", 200 + (i & 7));
    span.set("app.duration_ms", f64::from(i) * 0.5);
    span.set("cache.hit", i & 1 == 0);
}

/// The same four on the peer's.
pub fn otel_four(span: &mut opentelemetry_sdk::trace::Span, i: u32) {
    span.set_attribute(KeyValue::new(
        "http.request.method",
        black_box(TEXT).to_owned(),
    ));
    let status = i64::from(200 + (i & 7));
    span.set_attribute(KeyValue::new("http.response.status_code", status));
    span.set_attribute(KeyValue::new("app.duration_ms", f64::from(i) * 0.5));
    span.set_attribute(KeyValue::new("cache.hit", i & 1 == 0));
}

/// A parent for the peer's spans.
#[must_use]
pub fn otel_parent(flags: TraceFlags) -> opentelemetry::Context {
    opentelemetry::Context::new().with_remote_span_context(SpanContext::new(
        TraceId::from_bytes([7; 16]),
        SpanId::from_bytes([7; 8]),
        flags,
        false,
        TraceState::default(),
    ))
}
