//! The cost of a span on the calling thread: `hot libtracer|otel-bsp|otel-noop|clock`.
#![expect(clippy::print_stdout, reason = "figures are this program's purpose")]

use libtracer::{Accepted, Batch, Config, ExportFuture, Exporter, TracerProvider};
use libtracer_bench::{NAME, TEXT, pin_to, row};
use opentelemetry::trace::{
    Span as _, SpanBuilder, SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId,
    TraceState, Tracer as _, TracerProvider as _,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SdkTracerProvider, SpanData, SpanExporter};
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

struct Discard;

impl Exporter for Discard {
    fn export<'a>(&'a mut self, _: &'a Batch) -> ExportFuture<'a> {
        Box::pin(async { Ok(Accepted::default()) })
    }
}

#[derive(Debug)]
struct DiscardTheirs;

impl SpanExporter for DiscardTheirs {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        drop(black_box(batch));
        Ok(())
    }
}

fn libtracer_rows() {
    let config = Config::new().exporter("discard", Arc::new(|| Ok(Box::new(Discard))));
    let Ok(provider) = TracerProvider::new(&config) else {
        return;
    };
    let tracer = provider.tracer("bench");
    let parent = tracer.start("parent");
    let context = parent.context();
    parent.end();
    let flush = || {
        let _ = provider.flush(Duration::from_secs(5));
    };
    flush();
    pin_to(0);
    println!(
        "{}",
        row(
            "N3",
            |_| tracer.span(NAME).parent(&context).start().end(),
            flush
        )
    );
    let four = |i: u32| {
        let span = tracer.span(NAME).parent(&context).start();
        span.set("http.request.method", black_box(TEXT));
        span.set("http.response.status_code", 200 + (i & 7));
        span.set("app.duration_ms", f64::from(i) * 0.5);
        span.set("cache.hit", i & 1 == 0);
    };
    println!("{}", row("N1", four, flush));
}

fn remote_parent() -> Context {
    Context::new().with_remote_span_context(SpanContext::new(
        TraceId::from_bytes([7; 16]),
        SpanId::from_bytes([7; 8]),
        TraceFlags::SAMPLED,
        false,
        TraceState::default(),
    ))
}

fn otel_rows(provider: &SdkTracerProvider) {
    let tracer = provider.tracer("bench");
    let parent = remote_parent();
    let flush = || {
        let _ = provider.force_flush();
    };
    pin_to(0);
    let none = |_| {
        let mut span = tracer.build_with_context(SpanBuilder::from_name(NAME), &parent);
        span.end();
    };
    println!("{}", row("N3", none, flush));
    let four = |i: u32| {
        let mut span = tracer.build_with_context(SpanBuilder::from_name(NAME), &parent);
        span.set_attribute(KeyValue::new(
            "http.request.method",
            black_box(TEXT).to_owned(),
        ));
        span.set_attribute(KeyValue::new(
            "http.response.status_code",
            i64::from(200 + (i & 7)),
        ));
        span.set_attribute(KeyValue::new("app.duration_ms", f64::from(i) * 0.5));
        span.set_attribute(KeyValue::new("cache.hit", i & 1 == 0));
        span.end();
    };
    println!("{}", row("N1", four, flush));
    // A caller in C or Python has its keys at run time.
    let dynamic = |i: u32| {
        let name = black_box(NAME).to_owned();
        let mut span = tracer.build_with_context(SpanBuilder::from_name(name), &parent);
        let key = |key: &'static str| black_box(key).to_owned();
        span.set_attribute(KeyValue::new(
            key("http.request.method"),
            black_box(TEXT).to_owned(),
        ));
        let status = i64::from(200 + (i & 7));
        span.set_attribute(KeyValue::new(key("http.response.status_code"), status));
        span.set_attribute(KeyValue::new(key("app.duration_ms"), f64::from(i) * 0.5));
        span.set_attribute(KeyValue::new(key("cache.hit"), i & 1 == 0));
        span.end();
    };
    println!("{}", row("N1 dynamic keys", dynamic, flush));
}

fn clock_rows() {
    pin_to(0);
    let clock = |_| {
        black_box(std::time::SystemTime::now());
    };
    println!("{}", row("clock_gettime", clock, || ()));
    let memory = |_| {
        black_box(Vec::<u8>::with_capacity(64));
    };
    println!("{}", row("malloc and free", memory, || ()));
}

fn main() {
    // Threads that start from here are on the second processor; the caller moves to the first.
    pin_to(1);
    match std::env::args().nth(1).as_deref() {
        Some("libtracer") => libtracer_rows(),
        Some("otel-bsp") => {
            otel_rows(
                &SdkTracerProvider::builder()
                    .with_batch_exporter(DiscardTheirs)
                    .build(),
            );
        }
        Some("otel-noop") => otel_rows(&SdkTracerProvider::builder().build()),
        _ => clock_rows(),
    }
}
