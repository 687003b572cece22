//! Batches for tests, built beside the reference message that opentelemetry-proto encodes.

use super::{Batch, Run};
use crate::scope::Scope;
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{AnyValue, ArrayValue, InstrumentationScope, KeyValue, KeyValueList, any_value},
    resource::v1::Resource,
    trace::v1::{ResourceSpans, ScopeSpans, Span, Status, span},
};
use prost::Message;

pub(crate) const TRACE: [u8; 16] =
    *b"\x4b\xf9\x2f\x35\x77\xb3\x4d\xa6\xa3\xce\x92\x9d\x0e\x0e\x47\x36";
pub(crate) const START: u64 = 1_700_000_000_000_000_000;

/// A scope that lives as long as the test program.
pub(crate) fn scope(name: &str, version: &str) -> &'static Scope {
    let header = scope_message(name, version).encode_to_vec();
    Box::leak(Box::new(Scope::of_header(header)))
}

fn scope_message(name: &str, version: &str) -> ScopeSpans {
    let scope = InstrumentationScope {
        name: name.into(),
        version: version.into(),
        attributes: vec![],
        dropped_attributes_count: 0,
    };
    ScopeSpans {
        scope: Some(scope),
        ..ScopeSpans::default()
    }
}

pub(crate) fn key_value(key: &str, value: any_value::Value) -> KeyValue {
    KeyValue {
        key: key.into(),
        value: Some(AnyValue { value: Some(value) }),
        ..KeyValue::default()
    }
}

pub(crate) fn text(key: &str, value: &str) -> KeyValue {
    key_value(key, any_value::Value::StringValue(value.into()))
}

pub(crate) fn resource() -> Resource {
    Resource {
        attributes: vec![text("service.name", "search")],
        ..Resource::default()
    }
}

/// One run of these spans.
pub(crate) fn run(scope: &'static Scope, spans: &[Span]) -> Run {
    let encoded = ScopeSpans {
        spans: spans.to_vec(),
        ..ScopeSpans::default()
    }
    .encode_to_vec();
    Run {
        scope,
        spans: encoded.into(),
        count: spans.len(),
        refused: 0,
    }
}

/// A batch of these runs, made by service "search".
pub(crate) fn batch_of(runs: Vec<Run>) -> Batch {
    let fields = ResourceSpans {
        resource: Some(resource()),
        ..ResourceSpans::default()
    };
    Batch {
        signal: crate::export::Signal::Traces,
        resource: fields.encode_to_vec().into(),
        runs,
    }
}

/// A plain span: `id` is the last byte of its id, `parent` likewise (0 = root), times in us.
pub(crate) fn plain(name: &str, id: u8, parent: u8, times: [u64; 2]) -> Span {
    Span {
        trace_id: TRACE.to_vec(),
        span_id: vec![0, 0, 0, 0, 0, 0, 0, id],
        parent_span_id: if parent == 0 {
            vec![]
        } else {
            vec![0, 0, 0, 0, 0, 0, 0, parent]
        },
        name: name.into(),
        kind: span::SpanKind::Internal.into(),
        start_time_unix_nano: START + times[0] * 1000,
        end_time_unix_nano: START + times[1] * 1000,
        flags: 0x101,
        ..Span::default()
    }
}

/// A span with something in every field.
pub(crate) fn full() -> Span {
    use any_value::Value::{
        ArrayValue as List, BoolValue, BytesValue, DoubleValue, IntValue, KvlistValue,
    };
    let any = |value| AnyValue { value: Some(value) };
    let list = ArrayValue {
        values: vec![any(IntValue(1)), any(IntValue(2)), any(IntValue(-3))],
    };
    let map = KeyValueList {
        values: vec![text("inner", "é"), key_value("deep", List(list.clone()))],
    };
    Span {
        trace_state: "vendor=1,other=2".into(),
        kind: span::SpanKind::Client.into(),
        attributes: vec![
            text("text", "value"),
            key_value("flag", BoolValue(true)),
            key_value("int", IntValue(i64::MIN)),
            key_value("double", DoubleValue(0.5)),
            key_value("bytes", BytesValue(vec![0, 255])),
            key_value("list", List(list)),
            key_value("map", KvlistValue(map)),
            KeyValue {
                key: "null".into(),
                value: Some(AnyValue { value: None }),
                ..KeyValue::default()
            },
        ],
        dropped_attributes_count: 3,
        events: vec![span::Event {
            time_unix_nano: START + 1,
            name: "exception".into(),
            attributes: vec![
                text("exception.type", "ValueError"),
                text("exception.message", "no"),
            ],
            dropped_attributes_count: 4,
        }],
        dropped_events_count: 5,
        links: vec![span::Link {
            trace_id: vec![7; 16],
            span_id: vec![8; 8],
            trace_state: "linked=1".into(),
            attributes: vec![text("why", "cause")],
            dropped_attributes_count: 6,
            flags: 0x301,
        }],
        dropped_links_count: 7,
        status: Some(Status {
            message: "broke".into(),
            code: 2,
        }),
        flags: 0x301,
        ..plain("everything", 9, 8, [0, 1500])
    }
}

/// Three spans of two scopes, and the request that they make.
pub(crate) fn batch() -> (Batch, ExportTraceServiceRequest) {
    let runs = [
        (
            "service",
            "1.2",
            vec![plain("root", 1, 0, [0, 5000]), full()],
        ),
        ("library", "", vec![plain("leaf", 2, 1, [1000, 2000])]),
    ];
    let scope_spans = runs
        .iter()
        .map(|(name, version, spans)| ScopeSpans {
            spans: spans.clone(),
            ..scope_message(name, version)
        })
        .collect();
    let resource_spans = ResourceSpans {
        resource: Some(resource()),
        scope_spans,
        ..ResourceSpans::default()
    };
    let batch = batch_of(
        runs.iter()
            .map(|(name, version, spans)| run(scope(name, version), spans))
            .collect(),
    );
    (
        batch,
        ExportTraceServiceRequest {
            resource_spans: vec![resource_spans],
        },
    )
}
