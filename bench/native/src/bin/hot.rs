//! The cost of a span on the calling thread:
//! `hot libtracer|otel-bsp|otel-noop|otel-off|fastrace|clock`.
#![expect(clippy::print_stdout, reason = "figures are this program's purpose")]

use fastrace::local::LocalSpan;
use libtracer::{SpanContext, TracerProvider};
use libtracer_bench::discard::{OtelDiscard, discarding};
use libtracer_bench::work::{four, otel_four, otel_parent};
use libtracer_bench::{NAME, TEXT, pin_to, row};
use opentelemetry::KeyValue;
use opentelemetry::trace::{Span as _, SpanBuilder, TraceFlags, Tracer as _, TracerProvider as _};
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use std::borrow::Cow;
use std::cell::RefCell;
use std::hint::black_box;
use std::time::Duration;

const UNSAMPLED: &str = "00-07070707070707070707070707070707-0707070707070707-00";

fn libtracer_rows() {
    let (Ok(provider), Some(unsampled)) = (
        TracerProvider::new(&discarding()),
        SpanContext::from_traceparent(UNSAMPLED, ""),
    ) else {
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
    let none = |_| tracer.span(NAME).parent(&context).start().end();
    println!("{}", row("N3", none, flush));
    let with_four = |i| four(&tracer.span(NAME).parent(&context).start(), i);
    println!("{}", row("N1", with_four, flush));
    let off = |_| tracer.span(NAME).parent(&unsampled).start().end();
    println!("{}", row("N4", off, || ()));
}

fn otel_rows(provider: &SdkTracerProvider) {
    let tracer = provider.tracer("bench");
    let parent = otel_parent(TraceFlags::SAMPLED);
    let start = |name| tracer.build_with_context(SpanBuilder::from_name(name), &parent);
    let flush = || {
        let _ = provider.force_flush();
    };
    pin_to(0);
    println!("{}", row("N3", |_| start(NAME.into()).end(), flush));
    let with_four = |i: u32| {
        let mut span = start(Cow::Borrowed(NAME));
        otel_four(&mut span, i);
        span.end();
    };
    println!("{}", row("N1", with_four, flush));
    // A caller in C or Python has its keys at run time.
    let dynamic = |i: u32| {
        let mut span = start(black_box(NAME).to_owned().into());
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

fn otel_off_row(provider: &SdkTracerProvider) {
    let tracer = provider.tracer("bench");
    let parent = otel_parent(TraceFlags::default());
    pin_to(0);
    let off = |_| {
        let mut span = tracer.build_with_context(SpanBuilder::from_name(NAME), &parent);
        span.end();
    };
    println!("{}", row("N4", off, || ()));
}

/// It only has strings: the numbers are written as such.
fn strings(i: u32) -> [(&'static str, Cow<'static, str>); 4] {
    [
        ("http.request.method", black_box(TEXT).to_owned().into()),
        (
            "http.response.status_code",
            (200 + (i & 7)).to_string().into(),
        ),
        ("app.duration_ms", (f64::from(i) * 0.5).to_string().into()),
        (
            "cache.hit",
            if i & 1 == 0 { "true" } else { "false" }.into(),
        ),
    ]
}

struct DiscardRecords;

impl fastrace::collector::Reporter for DiscardRecords {
    fn report(&mut self, spans: Vec<fastrace::collector::SpanRecord>) {
        drop(black_box(spans));
    }
}

/// Spans leave when their root has ended: each burst has a root of its own.
fn fastrace_rows() {
    let new_root = || fastrace::Span::root("root", fastrace::collector::SpanContext::random());
    fastrace::set_reporter(DiscardRecords, fastrace::collector::Config::default());
    pin_to(0);
    let root = RefCell::new(new_root());
    let flush = || {
        drop(root.replace(fastrace::Span::noop()));
        fastrace::flush();
        *root.borrow_mut() = new_root();
    };
    let start = || fastrace::Span::enter_with_parent(NAME, &root.borrow());
    println!("{}", row("N3", |_| drop(start()), flush));
    let with_four = |i| {
        let span = start();
        for property in strings(i) {
            span.add_property(|| property);
        }
    };
    println!("{}", row("N1", with_four, flush));
    let at_start = |i| drop(start().with_properties(|| strings(i)));
    println!("{}", row("N1 at start", at_start, flush));

    // Children of the thread's current span, which it keeps in an array.
    let local = RefCell::new(Some(root.borrow().set_local_parent()));
    let flush = || {
        drop(local.take());
        flush();
        *local.borrow_mut() = Some(root.borrow().set_local_parent());
    };
    let start = || LocalSpan::enter_with_local_parent(NAME);
    println!("{}", row("N3 local", |_| drop(start()), flush));
    let at_start = |i| drop(start().with_properties(|| strings(i)));
    println!("{}", row("N1 local", at_start, flush));
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
    let batching = || SdkTracerProvider::builder().with_batch_exporter(OtelDiscard);
    match std::env::args().nth(1).as_deref() {
        Some("libtracer") => libtracer_rows(),
        Some("otel-bsp") => otel_rows(&batching().build()),
        Some("otel-noop") => otel_rows(&SdkTracerProvider::builder().build()),
        Some("otel-off") => otel_off_row(&batching().with_sampler(Sampler::AlwaysOff).build()),
        Some("fastrace") => fastrace_rows(),
        _ => clock_rows(),
    }
}
