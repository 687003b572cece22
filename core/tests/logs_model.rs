//! A log record holds what a model written from the specification says, byte-decoded by
//! `opentelemetry-proto`, whatever its body and attributes are.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a helper of a test fails by a panic"
)]

#[expect(dead_code, reason = "of spans, what log records do not have")]
#[path = "common/model.rs"]
mod model;

use libtracer::{
    Accepted, Batch, Config, ExportFuture, Exporter, Severity, SpanLimits, TracerProvider, Value,
    ValueBuilder,
};
use model::{Op, Val, bits, model, sorted, val};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::trace::v1::Span;
use proptest::collection::vec;
use proptest::prelude::*;
use prost::Message;
use std::sync::{Arc, Mutex};
use std::time::Duration;

type Requests = Arc<Mutex<Vec<Vec<u8>>>>;

struct Keep(Requests);

impl Exporter for Keep {
    fn export<'a>(&'a mut self, batch: &'a Batch) -> ExportFuture<'a> {
        self.0.lock().unwrap().push(batch.to_otlp());
        Box::pin(async { Ok(Accepted::default()) })
    }
}

/// How a record gets its attributes.
#[derive(Clone, Copy, Debug)]
enum Way {
    OneByOne,
    Together,
    /// By a binding that calls back.
    Called,
    Map,
}

fn emit(record: libtracer::LogRecord<'_>, pairs: &[(String, Val)], way: Way) {
    let borrowed: Vec<_> = pairs
        .iter()
        .map(|(key, value)| (key.as_str(), value.borrow()))
        .collect();
    match way {
        Way::OneByOne => borrowed
            .iter()
            .fold(record, |record, (key, value)| record.attribute(key, *value))
            .emit(),
        Way::Together => record.attributes(&borrowed).emit(),
        Way::Called => record.emit_with(&mut |put| {
            for (key, value) in &borrowed {
                put(key, *value);
            }
        }),
        Way::Map => {
            let mut map = ValueBuilder::new();
            map.add(Value::Map(&borrowed));
            record.attributes_of(&map).emit();
        }
    }
}

/// The pairs as they count: in a map keys are unique before any limit is looked at.
fn counting(pairs: &[(String, Val)], way: Way) -> Vec<(String, Val)> {
    let is_last = |at: usize| pairs[at + 1..].iter().all(|(key, _)| *key != pairs[at].0);
    let counts = |at: &usize| !matches!(way, Way::Map) || is_last(*at);
    let places = (0..pairs.len()).filter(counts);
    places.map(|at| pairs[at].clone()).collect()
}

/// Emits one record and returns it as it left.
fn recorded(
    severity: u8,
    body: &Val,
    (pairs, way): (&[(String, Val)], Way),
    limits: (usize, usize),
) -> LogRecord {
    let requests = Requests::default();
    let kept = requests.clone();
    let factory = Arc::new(move || Ok(Box::new(Keep(kept.clone())) as Box<dyn Exporter>));
    let config = Config::new()
        .logs_exporter("keep", factory)
        .logs_limits(limits.0, limits.1);
    let provider = TracerProvider::new(&config).unwrap();
    let severity = Severity::from_number(severity).unwrap();
    let record = provider
        .tracer("s")
        .logger()
        .record(severity, body.borrow());
    emit(record, pairs, way);
    provider.shutdown(Duration::from_secs(10)).unwrap();
    let stats = provider.log_stats().remove(0);
    assert_eq!((stats.exported, stats.is_balanced()), (1, true));
    let requests = requests.lock().unwrap();
    let mut request = ExportLogsServiceRequest::decode(&requests[0][..]).unwrap();
    request.resource_logs[0].scope_logs[0].log_records.remove(0)
}

/// What a span would hold of the same attributes: the rules are the same.
fn attributes_of(pairs: &[(String, Val)], attributes: usize, length: usize) -> Span {
    let limits = SpanLimits {
        attributes,
        attribute_value_length: length,
        ..SpanLimits::default()
    };
    let sets = pairs.iter().cloned();
    let sets: Vec<Op> = sets.map(|(key, value)| Op::Set(key, value)).collect();
    sorted(model("", &sets, &limits))
}

fn body_of(body: &Val) -> Option<AnyValue> {
    let pairs = [("body".to_owned(), body.clone())];
    let whole = attributes_of(&pairs, 1, SpanLimits::UNLIMITED);
    let value = whole.attributes[0].value.clone();
    // Nothing said is a field left out.
    value.filter(|value| value.value.is_some())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn a_record_is_what_the_model_says(
        severity in 0_u8..=24,
        body in val(),
        pairs in vec(("[ab]{0,2}", val()), 0..8),
        attributes in 0_usize..6,
        length in prop_oneof![0_usize..5, Just(SpanLimits::UNLIMITED)],
        way in prop_oneof![
            Just(Way::OneByOne), Just(Way::Together), Just(Way::Called), Just(Way::Map)
        ],
    ) {
        let mut record = recorded(severity, &body, (&pairs, way), (attributes, length));
        let model = attributes_of(&counting(&pairs, way), attributes, length);
        record.attributes.sort_by(|a, b| a.key.cmp(&b.key));
        prop_assert_eq!(record.severity_number, i32::from(severity));
        prop_assert_eq!(record.body.as_ref().map(bits), body_of(&body).as_ref().map(bits));
        let encoded = |pairs: &[KeyValue]| pairs.iter().map(bits).collect::<Vec<_>>();
        prop_assert_eq!(encoded(&record.attributes), encoded(&model.attributes));
        prop_assert_eq!(record.dropped_attributes_count, model.dropped_attributes_count);
        prop_assert!(record.time_unix_nano > 0 && record.trace_id.is_empty());
    }
}
