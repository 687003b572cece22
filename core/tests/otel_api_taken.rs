//! A process in which another language is asked what is current keeps that answer.
#![cfg(feature = "otel")]

use libtracer::binding::{Foreign, set_current_hook};
use libtracer::{
    Config, MemoryExporter, SpanContext, SpanHandle, SpanId, TraceFlags, TraceId, TracerProvider,
    current_context, otel,
};
use opentelemetry::Context;
use opentelemetry::trace::{TraceContextExt, Tracer, TracerProvider as _};

fn python() -> Foreign {
    let context = SpanContext {
        trace_id: TraceId([1; 16]),
        span_id: SpanId([2; 8]),
        trace_flags: TraceFlags::SAMPLED,
        ..SpanContext::default()
    };
    Foreign::Known(context, SpanHandle::NONE)
}

#[test]
fn another_languages_hook_stays_and_the_api_nests_in_it() {
    set_current_hook(Some(python));
    let refused = otel::use_context().unwrap_err();
    assert!(refused.to_string().contains("another language"));
    let memory = MemoryExporter::new();
    let provider = TracerProvider::new(&Config::new().memory(&memory)).unwrap();
    let tracer = otel::TracerProvider::from(provider).tracer("t");
    assert_eq!(current_context().span_id, SpanId([2; 8]));
    tracer.in_span("below the language", |_| {
        tracer.start("below the span");
        assert_eq!(current_context().span_id, SpanId([2; 8]));
    });
    let far = opentelemetry::trace::SpanContext::NONE;
    let root = Context::new().with_remote_span_context(far);
    tracer.start_with_context("root", &root);
    let [inner, outer, root] = memory.spans().try_into().unwrap();
    assert_eq!(outer.parent_span_id, Some([2; 8]));
    assert_eq!(inner.parent_span_id, Some(outer.span_id));
    assert_eq!(root.parent_span_id, None);
    set_current_hook(None);
    assert_eq!(otel::use_context(), Ok(()));
    assert_eq!(otel::use_context(), Ok(()));
    assert!(!current_context().is_valid());
}
