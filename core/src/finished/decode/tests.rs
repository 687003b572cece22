//! Spans encoded by opentelemetry-proto, read back.

use crate::{
    FinishedSpan, FinishedStatus, OwnedValue, SpanKind,
    export::samples::{self, START, TRACE},
};
use opentelemetry_proto::tonic::{
    common::v1::{AnyValue, ArrayValue, any_value::Value},
    trace::v1::{ResourceSpans, ScopeSpans},
};
use prost::Message;

fn read(spans: Vec<opentelemetry_proto::tonic::trace::v1::Span>) -> Vec<FinishedSpan> {
    let scope_spans = vec![ScopeSpans {
        spans,
        ..ScopeSpans::default()
    }];
    FinishedSpan::decode(
        &ResourceSpans {
            scope_spans,
            ..ResourceSpans::default()
        }
        .encode_to_vec(),
    )
}

fn everything() -> FinishedSpan {
    let spans = samples::batch().0.to_spans();
    spans
        .into_iter()
        .find(|span| span.name == "everything")
        .unwrap()
}

#[test]
fn ids_times_and_origin_are_read() {
    let span = everything();
    assert_eq!(span.trace_id, TRACE);
    assert_eq!(span.span_id, [0, 0, 0, 0, 0, 0, 0, 9]);
    assert_eq!(span.parent_span_id, Some([0, 0, 0, 0, 0, 0, 0, 8]));
    assert!(span.parent_is_remote && span.is_local_root());
    assert_eq!(
        (span.trace_flags, &*span.trace_state),
        (1, "vendor=1,other=2")
    );
    assert_eq!(span.kind, SpanKind::Client);
    assert_eq!(
        (span.start_unix_ns, span.end_unix_ns),
        (START, START + 1_500_000)
    );
    assert_eq!(span.status, FinishedStatus::Error("broke".into()));
    let dropped = [
        span.dropped_attributes,
        span.dropped_events,
        span.dropped_links,
    ];
    assert_eq!(dropped, [3, 5, 7]);
    assert_eq!(
        (&*span.scope.name, &*span.scope.version),
        ("service", "1.2")
    );
    assert_eq!(
        span.resource.attribute("service.name").unwrap().as_str(),
        Some("search")
    );
}

#[test]
fn every_kind_of_value_is_read() {
    let list = OwnedValue::Array([1, 2, -3].map(OwnedValue::Int).to_vec());
    let inner = vec![
        ("inner".into(), OwnedValue::String("é".into())),
        ("deep".into(), list.clone()),
    ];
    let expected = [
        ("text", OwnedValue::String("value".into())),
        ("flag", OwnedValue::Bool(true)),
        ("int", OwnedValue::Int(i64::MIN)),
        ("double", OwnedValue::Double(0.5)),
        ("bytes", OwnedValue::Bytes(vec![0, 255])),
        ("list", list),
        ("map", OwnedValue::Map(inner)),
        ("null", OwnedValue::Null),
    ];
    assert_eq!(
        everything().attributes,
        expected.map(|(key, value)| (key.to_owned(), value))
    );
}

#[test]
fn events_and_links_are_read() {
    let span = everything();
    let event = &span.events[0];
    let facts = (&*event.name, event.unix_ns, event.dropped_attributes);
    assert_eq!(facts, ("exception", START + 1, 4));
    assert_eq!(
        event.attribute("exception.type").unwrap().as_str(),
        Some("ValueError")
    );
    let link = &span.links[0];
    assert_eq!((link.trace_id, link.span_id), ([7; 16], [8; 8]));
    assert_eq!(
        (&*link.trace_state, link.trace_flags, link.is_remote),
        ("linked=1", 1, true)
    );
    assert_eq!((link.dropped_attributes, link.attributes.len()), (6, 1));
}

#[test]
fn a_batch_and_its_bytes_read_alike() {
    let (batch, reference) = samples::batch();
    let whole = FinishedSpan::decode(&reference.resource_spans[0].encode_to_vec());
    assert_eq!(whole.len(), 3);
    assert_eq!(batch.to_spans(), whole);
}

#[test]
fn a_value_nested_too_deeply_takes_nothing_with_it() {
    let mut deep = AnyValue {
        value: Some(Value::IntValue(1)),
    };
    for _ in 0..200 {
        deep = AnyValue {
            value: Some(Value::ArrayValue(ArrayValue { values: vec![deep] })),
        };
    }
    let mut span = samples::plain("deep", 1, 0, [0, 1]);
    span.attributes = vec![samples::text("before", "1")];
    span.attributes
        .push(samples::key_value("deep", deep.value.unwrap()));
    span.attributes.push(samples::text("after", "2"));
    let spans = read(vec![span, samples::plain("next", 2, 1, [0, 1])]);
    assert_eq!(spans.len(), 2);
    assert_eq!(
        spans[0].attribute("deep").unwrap().as_str(),
        Some(super::UNREADABLE)
    );
    assert_eq!(spans[0].attribute("after").unwrap().as_str(), Some("2"));
}

#[test]
fn what_is_no_span_is_left_out() {
    assert_eq!(FinishedSpan::decode(b"\xff\xff\xff"), vec![]);
    assert_eq!(FinishedSpan::decode(b""), vec![]);
}
