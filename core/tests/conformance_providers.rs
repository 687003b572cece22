//! Providers beside each other, what is recorded though it is not sampled, and spans kept in memory.
#![expect(clippy::unwrap_used, reason = "a helper of a test fails by a panic")]

#[expect(dead_code, reason = "these tests look at whole spans")]
#[path = "common/judge.rs"]
mod judge;

use judge::Judge;
use libtracer::{
    Config, EndedSpan, MemoryExporter, OwnedValue, Processor, Sampler, SpanContext, SpanHandle,
    SpanKind, TracerProvider,
};
use opentelemetry::KeyValue;
use opentelemetry::trace::{Span as _, Tracer as _, TracerProvider as _};
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(5);

#[test]
fn conf_004_providers_have_nothing_in_common() {
    let (first, spans_of_first) = Judge::provider(Config::new());
    let (second, spans_of_second) = Judge::provider(Config::new());
    let (off, spans_of_off) = Judge::provider(Config::new().sampler(Sampler::AlwaysOff));
    let outer = first.tracer("a").start("outer").enter();
    // What is current is the program's, not a provider's.
    second.tracer("b").start("inner").end();
    off.tracer("c").start("none").end();
    drop(outer);
    first.shutdown(SOON).unwrap();
    first.tracer("a").start("late").end();
    second.tracer("b").start("later").end();

    let [outer] = spans_of_first.spans().try_into().unwrap();
    let [inner, later] = spans_of_second.spans().try_into().unwrap();
    assert_eq!(
        (outer.name, inner.name.as_str(), later.name.as_str()),
        ("outer".to_owned(), "inner", "later")
    );
    assert_eq!(inner.parent_span_id, outer.span_id);
    assert_eq!(inner.trace_id, outer.trace_id);
    assert_ne!(later.trace_id, outer.trace_id);
    assert!(spans_of_off.spans().is_empty());
}

/// Name, whether sampled, and the attribute `a` of what has ended.
#[derive(Debug, Default)]
struct Seen(Mutex<Vec<(String, bool, Option<OwnedValue>)>>);

impl Processor for Seen {
    fn on_start(&self, span: SpanHandle, _: &SpanContext) {
        assert!(span.is_recording());
    }

    fn on_end(&self, span: &EndedSpan<'_>) {
        let finished = span.to_span();
        let attribute = finished.attribute("a").cloned();
        let line = (finished.name, span.is_sampled(), attribute);
        self.0.lock().unwrap().push(line);
    }
}

#[test]
fn conf_057_always_record_shows_processors_what_its_root_drops() {
    let remote = |flags: &str| {
        let text = format!("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-{flags}");
        SpanContext::from_traceparent(&text, "").unwrap()
    };
    let seen = Arc::new(Seen::default());
    let sampler = Sampler::always_record(Sampler::parent_based(Sampler::AlwaysOff));
    assert_eq!(
        sampler.to_string(),
        format!(
            "AlwaysRecordSampler{{{}}}",
            Sampler::parent_based(Sampler::AlwaysOff)
        )
    );
    let exported = MemoryExporter::new();
    let config = Config::new().sampler(sampler).memory(&exported);
    let provider = TracerProvider::new(&config.processor(seen.clone())).unwrap();
    let tracer = provider.tracer("t");
    let start = |name, flags| tracer.span(name).parent(&remote(flags)).start();
    for (name, flags) in [("dropped", "00"), ("sampled", "01")] {
        let span = start(name, flags);
        assert!(span.is_recording());
        assert_eq!(span.context().trace_flags.is_sampled(), flags == "01");
        span.set("a", 1);
    }
    let line = |name: &str, sampled| (name.to_owned(), sampled, Some(OwnedValue::Int(1)));
    let lines = seen.0.lock().unwrap();
    assert_eq!(*lines, [line("dropped", false), line("sampled", true)]);
    let [span] = exported.spans().try_into().unwrap();
    assert_eq!(span.name, "sampled");
}

/// The same spans through `opentelemetry_sdk`'s exporter of that kind.
fn theirs() -> Vec<(String, i64, u8)> {
    let exporter = InMemorySpanExporter::default();
    let provider = SdkTracerProvider::builder()
        .with_simple_exporter(exporter.clone())
        .build();
    let tracer = provider.tracer("t");
    let start = |name: &'static str, number| {
        let builder = tracer.span_builder(name);
        let kind = opentelemetry::trace::SpanKind::Client;
        let mut span = builder.with_kind(kind).start(&tracer);
        span.set_attribute(KeyValue::new("number", number));
        span
    };
    let (mut first, mut second) = (start("first", 1), start("second", 2));
    second.end();
    first.end();
    let number = |value: &opentelemetry::Value| match value {
        opentelemetry::Value::I64(number) => *number,
        _ => 0,
    };
    let spans = exporter.get_finished_spans().unwrap();
    let plain = spans.iter().map(|span| {
        (
            span.name.to_string(),
            span.attributes.iter().map(|it| number(&it.value)).sum(),
            span.span_context.trace_flags().to_u8() & 1,
        )
    });
    plain.collect()
}

#[test]
fn conf_070_spans_in_memory_are_those_of_the_reference() {
    let memory = MemoryExporter::new();
    let provider = TracerProvider::new(&Config::new().memory(&memory)).unwrap();
    let tracer = provider.tracer("t");
    let start = |name, number: i64| {
        let span = tracer.span(name).kind(SpanKind::Client).start();
        span.set("number", number);
        span
    };
    let (first, second) = (start("first", 1), start("second", 2));
    assert!(memory.spans().is_empty(), "open spans are not there");
    second.end();
    first.end();
    // There as soon as they have ended, for every clone, and still after a flush.
    let ours = |exporter: &MemoryExporter| -> Vec<(String, i64, u8)> {
        let spans = exporter.spans();
        let plain = spans.iter().map(|span| {
            let number = match span.attribute("number") {
                Some(OwnedValue::Int(number)) => *number,
                _ => 0,
            };
            (span.name.clone(), number, span.trace_flags & 1)
        });
        plain.collect()
    };
    assert_eq!(ours(&memory.clone()), theirs());
    provider.flush(SOON).unwrap();
    assert_eq!(ours(&memory), theirs());
    memory.clear();
    assert!(memory.spans().is_empty());
    provider.shutdown(SOON).unwrap();
    tracer.start("late").end();
    assert!(memory.spans().is_empty());
}
