//! The `opentelemetry` API on our types: one program, run on `opentelemetry_sdk` and on us, must give
//! the same spans. The judge of both is `opentelemetry-proto`.
#![expect(clippy::unwrap_used, reason = "a helper of a test fails by a panic")]
#![cfg(feature = "otel")]

#[path = "common/reference.rs"]
mod reference;

use libtracer::otel;
use opentelemetry::trace::{
    Event, Link, Span, SpanContext, SpanId, SpanKind, Status, TraceContextExt, TraceFlags, TraceId,
    TraceState, Tracer, TracerProvider,
};
use opentelemetry::{Array, Context, InstrumentationScope, KeyValue, StringValue, Value};
use opentelemetry_proto::tonic::trace::v1 as otlp;
use reference::{captured, comparable, reference};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const SCOPE: &str = "program";

fn at(ns: u64) -> SystemTime {
    UNIX_EPOCH + Duration::from_nanos(ns)
}

fn remote(flags: TraceFlags) -> SpanContext {
    SpanContext::new(
        TraceId::from_bytes([1; 16]),
        SpanId::from_bytes([2; 8]),
        flags,
        true,
        TraceState::from_key_value([("a", "1"), ("b", "2")]).unwrap(),
    )
}

fn every_type() -> Vec<KeyValue> {
    vec![
        KeyValue::new("bool", true),
        KeyValue::new("int", -7),
        KeyValue::new("double", 0.5),
        KeyValue::new("text", "é"),
        KeyValue::new("bools", Value::Array(vec![true, false].into())),
        KeyValue::new("ints", Value::Array(vec![1, i64::MAX].into())),
        KeyValue::new("doubles", Value::Array(vec![0.25, -1.0].into())),
        KeyValue::new(
            "texts",
            Value::Array(vec![StringValue::from("a"), "b".into()].into()),
        ),
        KeyValue::new("none", Value::Array(Array::String(Vec::new()))),
    ]
}

fn many(prefix: &str, count: usize) -> Vec<KeyValue> {
    (0..count)
        .map(|n| KeyValue::new(format!("{prefix}{n}"), i64::try_from(n).unwrap()))
        .collect()
}

fn scope() -> InstrumentationScope {
    InstrumentationScope::builder(SCOPE)
        .with_version("1.2")
        .with_schema_url("https://example.com/1.0")
        .with_attributes(every_type())
        .build()
}

/// Everything that the API can say of a span.
fn program<P: TracerProvider>(provider: &P)
where
    <P::Tracer as Tracer>::Span: Send + Sync + 'static,
{
    let tracer = provider.tracer_with_scope(scope());
    whole_span(&tracer);
    parents(&tracer);
    limits(&tracer);
    endings(&tracer);
}

fn whole_span<T: Tracer>(tracer: &T) {
    let mut span = tracer
        .span_builder("first name")
        .with_kind(SpanKind::Server)
        .with_start_time(at(1_000))
        .with_attributes(every_type())
        .with_events(vec![Event::new("early", at(1_100), every_type(), 0)])
        .with_links(vec![Link::new(
            remote(TraceFlags::SAMPLED),
            every_type(),
            0,
        )])
        .start_with_context(tracer, &Context::new());
    assert!(span.is_recording() && span.span_context().is_valid());
    span.update_name("name");
    span.set_attribute(KeyValue::new("later", 1));
    span.set_attributes(vec![KeyValue::new("more", Value::Array(vec![1].into()))]);
    span.add_event("now", vec![KeyValue::new("k", "v")]);
    span.add_event_with_timestamp("then", at(1_200), every_type());
    span.add_link(remote(TraceFlags::default()), vec![KeyValue::new("k", "v")]);
    span.record_error(&std::fmt::Error);
    span.set_status(Status::error("broken"));
    span.end_with_timestamp(at(2_000));
}

fn parents<T: Tracer>(tracer: &T)
where
    T::Span: Send + Sync + 'static,
{
    let far = Context::new().with_remote_span_context(remote(TraceFlags::SAMPLED));
    let server = tracer.start_with_context("below remote", &far);
    assert_eq!(server.span_context().trace_state().header(), "a=1,b=2");
    assert!(!server.span_context().is_remote());
    let attached = far.with_span(server).attach();
    tracer.start("below active").end();
    tracer.in_span("active", |context| {
        tracer.start("inner").end();
        tracer.start_with_context("explicit", &far).end();
        context.span().set_status(Status::Ok);
        context.span().set_status(Status::error("too late"));
    });
    tracer.start_with_context("root", &Context::new()).end();
    drop(attached);
    let unsampled = Context::new().with_remote_span_context(remote(TraceFlags::default()));
    let quiet = tracer.start_with_context("unsampled", &unsampled);
    assert!(!quiet.is_recording() && quiet.span_context().is_valid());
    assert!(!quiet.span_context().is_sampled());
    let below = unsampled.with_span(quiet);
    assert!(
        !tracer
            .start_with_context("unsampled too", &below)
            .is_recording()
    );
    let silent = tracer.start_with_context("suppressed", &far.with_telemetry_suppressed());
    assert!(!silent.is_recording() && !silent.span_context().is_valid());
}

fn limits<T: Tracer>(tracer: &T) {
    let mut span = tracer
        .span_builder("limits")
        .with_attributes(many("a", 100))
        .start_with_context(tracer, &Context::new());
    span.set_attributes(many("b", 30));
    span.add_event_with_timestamp("wide", at(1), many("c", 130));
    span.add_link(remote(TraceFlags::SAMPLED), many("d", 130));
    for n in 0..130 {
        span.add_event_with_timestamp(format!("{n}"), at(n + 1), Vec::new());
        span.add_link(remote(TraceFlags::SAMPLED), Vec::new());
    }
    span.end();
}

fn endings<T: Tracer>(tracer: &T) {
    let mut ended = tracer.start_with_context("ended", &Context::new());
    let context = ended.span_context().clone();
    ended.end_with_timestamp(at(u64::MAX / 2));
    assert!(!ended.is_recording());
    ended.update_name("late");
    ended.set_attribute(KeyValue::new("late", true));
    ended.add_event("late", Vec::new());
    ended.add_link(remote(TraceFlags::SAMPLED), Vec::new());
    ended.set_status(Status::error("late"));
    ended.end_with_timestamp(at(7));
    ended.end();
    assert_eq!(ended.span_context(), &context);
    drop(tracer.start_with_context("dropped", &Context::new()));
}

fn theirs() -> Vec<otlp::ScopeSpans> {
    reference(|provider| program(&provider))
}

fn ours() -> Vec<otlp::ScopeSpans> {
    captured(|provider| program(&otel::TracerProvider::from(provider)))
}

#[test]
fn the_same_program_gives_the_same_spans_as_the_reference() {
    let (theirs, ours) = (comparable(theirs()), comparable(ours()));
    let mut names: Vec<_> = theirs.keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "active",
            "below active",
            "below remote",
            "dropped",
            "ended",
            "explicit",
            "inner",
            "limits",
            "name",
            "root",
        ]
    );
    assert_eq!(ours.len(), theirs.len());
    for (name, span) in &theirs {
        assert_eq!(ours.get(name), Some(span), "{name}");
    }
}
