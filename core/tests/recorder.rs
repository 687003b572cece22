//! What is recorded is what a model written from the specification says, byte-decoded by
//! `opentelemetry-proto`, on both ways out: the exporter's batches and memory.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a helper of a test fails by a panic"
)]

#[path = "common/model.rs"]
mod model;

use libtracer::{
    Accepted, Batch, Config, ExportFuture, Exporter, ExporterFactory, MemoryExporter, SpanKind,
    SpanLimits, TracerProvider, Value, ValueBuilder,
};
use model::{Op, Val, model, same};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, Span};
use proptest::prelude::*;
use prost::Message;
use std::sync::{Arc, Mutex};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(10);

/// What an exporter was given.
type Requests = Arc<Mutex<Vec<Vec<u8>>>>;

struct Keep(Requests);

impl Exporter for Keep {
    fn export<'a>(&'a mut self, batch: &'a Batch) -> ExportFuture<'a> {
        self.0.lock().unwrap().push(batch.to_otlp());
        Box::pin(async { Ok(Accepted::default()) })
    }
}

fn keep() -> (Requests, ExporterFactory) {
    let requests = Requests::default();
    let given = Arc::clone(&requests);
    (
        requests,
        Arc::new(move || Ok(Box::new(Keep(Arc::clone(&given))))),
    )
}

fn spans(resource_spans: ResourceSpans) -> Vec<Span> {
    resource_spans
        .scope_spans
        .into_iter()
        .flat_map(|scope| scope.spans)
        .collect()
}

/// The only span that left, as both ways out have it.
struct Recorded {
    provider: TracerProvider,
    requests: Requests,
    memory: MemoryExporter,
}

impl Recorded {
    fn with(limits: SpanLimits) -> Self {
        let (requests, factory) = keep();
        let memory = MemoryExporter::new();
        let config = Config::new()
            .limits(limits)
            .exporter("keep", factory)
            .memory(&memory);
        Self {
            provider: TracerProvider::new(&config).unwrap(),
            requests,
            memory,
        }
    }

    fn span(&self) -> Span {
        self.provider.flush(SOON).unwrap();
        let requests = std::mem::take(&mut *self.requests.lock().unwrap());
        let decode = |bytes: &Vec<u8>| ExportTraceServiceRequest::decode(&bytes[..]).unwrap();
        let mut all: Vec<Span> = requests
            .iter()
            .flat_map(|request| decode(request).resource_spans)
            .flat_map(spans)
            .collect();
        assert_eq!(all.len(), 1);
        assert_eq!(self.memory.spans().len(), 1);
        all.remove(0)
    }
}

fn apply(provider: &TracerProvider, name: &str, ops: &[Op], built: bool) {
    let span = provider
        .tracer("t")
        .span(name)
        .kind(SpanKind::Client)
        .root()
        .start_time(1)
        .start();
    model::apply(&span, ops, |key, val| {
        if built {
            span.set(key, Value::Built(&build(val)));
        } else {
            span.set(key, val.borrow());
        }
    });
    span.end_at(2);
}

/// The value as a stream of calls.
fn build(val: &Val) -> ValueBuilder {
    fn add(builder: &mut ValueBuilder, val: &Val) {
        match val {
            Val::Array(values) => {
                builder.begin_array();
                for value in values {
                    add(builder, value);
                }
                builder.end();
            }
            Val::Map(entries) => {
                builder.begin_map();
                for (key, value) in entries {
                    builder.key(key);
                    add(builder, value);
                }
                builder.end();
            }
            scalar => builder.add(scalar.borrow()),
        }
    }
    let mut builder = ValueBuilder::new();
    add(&mut builder, val);
    builder
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 300,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn a_span_is_what_the_model_says(
        ops in prop::collection::vec(model::op(), 0..20),
        limits in model::limits(),
        built in any::<bool>(),
    ) {
        let recorded = Recorded::with(limits);
        apply(&recorded.provider, "name", &ops, built);
        let span = recorded.span();
        prop_assert_eq!(span.trace_id.len(), 16);
        prop_assert_eq!(span.span_id.len(), 8);
        let expected = Span {
            trace_id: span.trace_id.clone(),
            span_id: span.span_id.clone(),
            kind: SpanKind::Client as i32,
            start_time_unix_nano: 1,
            end_time_unix_nano: 2,
            // Sampled, random, and the parent's remoteness is known.
            flags: 0x103,
            ..model("name", &ops, &limits)
        };
        same(&span, &expected)?;
    }
}

#[test]
fn the_default_limits_keep_128_of_each() {
    let recorded = Recorded::with(SpanLimits::default());
    let span = recorded.provider.tracer("t").start("full");
    for number in 0..200i64 {
        span.set(&format!("key {number}"), number);
        span.add_event("event", &[]);
        span.add_link(&span.context(), &[]);
    }
    span.end();
    let span = recorded.span();
    assert_eq!(
        (span.attributes.len(), span.dropped_attributes_count),
        (128, 72)
    );
    assert_eq!((span.events.len(), span.dropped_events_count), (128, 72));
    assert_eq!((span.links.len(), span.dropped_links_count), (128, 72));
}

#[test]
fn conf_043_what_is_nested_deeper_than_64_is_empty() {
    let mut val = Val::Int(1);
    for level in 0..100 {
        val = match level % 2 {
            0 => Val::Array(vec![val]),
            _ => Val::Map(vec![("k".into(), val)]),
        };
    }
    let ops = [Op::Set("deep".into(), val)];
    let recorded = Recorded::with(SpanLimits::default());
    apply(&recorded.provider, "name", &ops, false);
    recorded.provider.flush(SOON).unwrap();
    // Prost reads 100 messages inside each other, which this is more than; so bytes are compared.
    let expected = model("name", &ops, &SpanLimits::default()).attributes[0].encode_to_vec();
    let request = recorded.requests.lock().unwrap().remove(0);
    assert!(
        request
            .windows(expected.len())
            .any(|bytes| bytes == expected)
    );
}

#[test]
fn a_builder_inside_a_value_counts_as_the_value_it_holds() {
    let recorded = Recorded::with(SpanLimits::default());
    let empty = ValueBuilder::new();
    let mut open = ValueBuilder::new();
    open.begin_map();
    open.key("k");
    open.begin_array();
    open.add(Value::Int(1));
    let elements = [Value::Built(&empty), Value::Built(&open), Value::Int(2)];
    recorded
        .provider
        .tracer("t")
        .start("s")
        .set("v", &elements[..]);
    let expected = Val::Array(vec![
        Val::Null,
        Val::Map(vec![("k".into(), Val::Array(vec![Val::Int(1)]))]),
        Val::Int(2),
    ]);
    let expected = model(
        "s",
        &[Op::Set("v".into(), expected)],
        &SpanLimits::default(),
    );
    assert_eq!(recorded.span().attributes, expected.attributes);
}

#[test]
fn calls_in_any_order_make_a_value() {
    // Keys without values, values without keys, ends without beginnings.
    let limits = SpanLimits {
        depth: 2,
        ..SpanLimits::default()
    };
    let mut state = 7u32;
    for _ in 0..2_000 {
        let mut builder = ValueBuilder::new();
        for _ in 0..12 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            match state >> 28 {
                0..=2 => builder.begin_map(),
                3..=5 => builder.begin_array(),
                6..=8 => builder.key("k"),
                9 => builder.key("other"),
                10..=12 => builder.add(Value::Int(1)),
                _ => builder.end(),
            }
        }
        let recorded = Recorded::with(limits);
        let span = recorded.provider.tracer("t").start("s");
        span.set("v", Value::Built(&builder)).set("after", 1i64);
        span.handle().add_event("e", 1, &Value::Built(&builder));
        span.end();
        let span = recorded.span();
        assert_eq!(
            (span.attributes.len(), span.events.len()),
            (2, 1),
            "{builder:?}"
        );
    }
}

#[test]
fn nesting_without_end_costs_no_stack() {
    let recorded = Recorded::with(SpanLimits {
        depth: usize::MAX,
        ..SpanLimits::default()
    });
    let mut builder = ValueBuilder::new();
    (0..100_000).for_each(|_| builder.begin_array());
    recorded
        .provider
        .tracer("t")
        .start("deep")
        .set("deep", Value::Built(&builder))
        .set("k", 1i64);
    recorded.provider.flush(SOON).unwrap();
    assert_eq!(recorded.requests.lock().unwrap().len(), 1);
}

#[test]
fn a_large_span_leaves_whole() {
    let recorded = Recorded::with(SpanLimits::default());
    let text = "é".repeat(3 * 1024 * 1024);
    recorded
        .provider
        .tracer("t")
        .start("large")
        .set("text", &text)
        .set("n", 7i64);
    let span = recorded.span();
    let value = span.attributes[0]
        .value
        .as_ref()
        .and_then(|value| value.value.clone());
    assert_eq!(value, Some(Any::StringValue(text)));
}
