//! Judged by the specification's rules, read by hand, and by opentelemetry-proto, which reads it back.

use super::*;
use crate::export::samples;
use opentelemetry_proto::tonic::{
    collector::{
        logs::v1::ExportLogsServiceRequest, metrics::v1::ExportMetricsServiceRequest,
        trace::v1::ExportTraceServiceRequest,
    },
    common::v1::{AnyValue, ArrayValue, KeyValue, any_value},
    logs::v1::{LogRecord, ResourceLogs, ScopeLogs},
    metrics::v1::{
        Exemplar, ExponentialHistogram, ExponentialHistogramDataPoint, Gauge, Histogram,
        HistogramDataPoint, Metric, NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum, Summary,
        SummaryDataPoint, exemplar, exponential_histogram_data_point::Buckets, metric,
        number_data_point, summary_data_point::ValueAtQuantile,
    },
    trace::v1::Span,
};
use prost::Message;
use serde_json::{Value, json};

fn text(schema: Schema, message: &impl Message) -> String {
    let mut out = Vec::new();
    write(&mut out, &message.encode_to_vec(), schema);
    String::from_utf8(out).unwrap()
}

fn tree(schema: Schema, message: &impl Message) -> Value {
    serde_json::from_str(&text(schema, message)).unwrap()
}

/// The one span of a batch in JSON.
fn span(span: &Span) -> Value {
    let runs = vec![samples::run(
        samples::scope("app", ""),
        std::slice::from_ref(span),
    )];
    let json = samples::batch_of(runs).to_otlp_json();
    let json: Value = serde_json::from_slice(&json).unwrap();
    json["resourceSpans"][0]["scopeSpans"][0]["spans"][0].clone()
}

#[test]
fn conf_074_json_follows_the_rules_of_otlp() {
    let json = span(&samples::full());
    assert_eq!(json["traceId"], "4bf92f3577b34da6a3ce929d0e0e4736");
    assert_eq!(json["spanId"], "0000000000000009");
    assert_eq!(json["parentSpanId"], "0000000000000008");
    assert_eq!(json["kind"], 3, "enumerations are integers");
    assert_eq!(json["flags"], 0x301);
    assert_eq!(json["startTimeUnixNano"], "1700000000000000000");
    assert_eq!(json["droppedAttributesCount"], 3);
    assert_eq!(json["status"], json!({"message": "broke", "code": 2}));
    assert_eq!(json["links"][0]["spanId"], "0808080808080808");
    assert_eq!(json["events"][0]["timeUnixNano"], "1700000000000000001");
}

#[test]
fn conf_074_values_of_all_types_follow_the_rules_of_otlp() {
    let json = span(&samples::full());
    let value = |key: &str| {
        let attributes = json["attributes"].as_array().unwrap();
        let found = attributes.iter().find(|pair| pair["key"] == key).unwrap();
        found["value"].clone()
    };
    assert_eq!(value("text"), json!({"stringValue": "value"}));
    assert_eq!(value("flag"), json!({"boolValue": true}));
    assert_eq!(value("int"), json!({"intValue": "-9223372036854775808"}));
    assert_eq!(value("double"), json!({"doubleValue": 0.5}));
    assert_eq!(value("bytes"), json!({"bytesValue": "AP8="}));
    assert_eq!(value("null"), json!({}));
    let list = json!({"values": [{"intValue": "1"}, {"intValue": "2"}, {"intValue": "-3"}]});
    assert_eq!(value("list"), json!({"arrayValue": list}));
    let map = json!({"values": [
        {"key": "inner", "value": {"stringValue": "é"}},
        {"key": "deep", "value": {"arrayValue": list}},
    ]});
    assert_eq!(value("map"), json!({"kvlistValue": map}));
}

/// Asserts that ours says nothing that opentelemetry-proto's own JSON does not say, in the same form;
/// it also writes what is absent.
fn assert_within(ours: &Value, theirs: &Value, path: &str) {
    match (ours, theirs) {
        (Value::Object(ours), Value::Object(theirs)) => {
            for (name, value) in ours {
                let path = format!("{path}.{name}");
                let theirs = theirs.get(name);
                assert_within(value, theirs.unwrap_or_else(|| panic!("{path}")), &path);
            }
        }
        (Value::Array(ours), Value::Array(theirs)) => {
            assert_eq!(ours.len(), theirs.len(), "{path}");
            for (place, (ours, theirs)) in ours.iter().zip(theirs).enumerate() {
                assert_within(ours, theirs, &format!("{path}[{place}]"));
            }
        }
        _ => assert_eq!(ours, theirs, "{path}"),
    }
}

/// Our JSON of a request, after it was compared with opentelemetry-proto's.
fn compared(schema: Schema, request: &impl Message, theirs: &Value) -> String {
    assert_within(&tree(schema, request), theirs, "");
    text(schema, request)
}

#[test]
fn conf_074_spans_are_read_back_by_opentelemetry_proto() {
    let (batch, reference) = samples::batch();
    let json = batch.to_otlp_json();
    let read: ExportTraceServiceRequest = serde_json::from_slice(&json).unwrap();
    assert_eq!(read, reference);
    compared(schema::TRACES, &reference, &json!(reference));
    assert!(!json.contains(&b'\n'), "one line");
    assert_eq!(samples::batch_of(vec![]).to_otlp_json(), Vec::<u8>::new());
}

#[test]
fn what_is_absent_is_not_null() {
    let root = samples::plain("root", 1, 0, [0, 1]);
    let json = span(&root);
    let mut names: Vec<_> = json.as_object().unwrap().keys().collect();
    names.sort_unstable();
    let expected = [
        "endTimeUnixNano",
        "flags",
        "kind",
        "name",
        "spanId",
        "startTimeUnixNano",
        "traceId",
    ];
    assert_eq!(names, expected);
}

#[test]
fn numbers_that_json_lacks_are_words() {
    let doubles = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -0.0, 1e300];
    let values = doubles.map(|double| AnyValue {
        value: Some(any_value::Value::DoubleValue(double)),
    });
    let array = ArrayValue {
        values: values.to_vec(),
    };
    let words: Vec<Value> = tree(schema::ARRAY, &array)["values"]
        .as_array()
        .unwrap()
        .iter()
        .map(|value| value["doubleValue"].clone())
        .collect();
    assert_eq!(
        words,
        [
            json!("NaN"),
            json!("Infinity"),
            json!("-Infinity"),
            json!(-0.0),
            json!(1e300)
        ]
    );
}

#[test]
fn text_is_escaped_and_a_default_in_a_choice_is_kept() {
    let mut span = samples::plain("a\"\\\n\u{1}é\u{2028}", 1, 0, [0, 1]);
    span.attributes = vec![
        samples::text("empty", ""),
        samples::key_value("zero", any_value::Value::IntValue(0)),
        samples::key_value("no", any_value::Value::BoolValue(false)),
        samples::key_value("none", any_value::Value::ArrayValue(ArrayValue::default())),
    ];
    let json = self::span(&span);
    assert_eq!(json["name"], span.name);
    let values: Vec<&Value> = json["attributes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|pair| &pair["value"])
        .collect();
    assert_eq!(*values[0], json!({"stringValue": ""}));
    assert_eq!(*values[1], json!({"intValue": "0"}));
    assert_eq!(*values[2], json!({"boolValue": false}));
    assert_eq!(*values[3], json!({"arrayValue": {}}));
}

#[test]
fn depth_costs_no_stack() {
    // Built by hand: prost itself goes no deeper than 100.
    let mut value = Vec::new();
    for _ in 0..20_000 {
        let mut outer = vec![0x0a];
        prost::encoding::encode_varint(value.len() as u64, &mut outer);
        outer.extend(&value);
        let mut next = vec![0x2a];
        prost::encoding::encode_varint(outer.len() as u64, &mut next);
        next.extend(&outer);
        value = next;
    }
    let mut out = Vec::new();
    write(&mut out, &value, schema::ANY_VALUE);
    let json = String::from_utf8(out).unwrap();
    let counts = ["{", "}"].map(|brace| json.matches(brace).count());
    assert_eq!(counts, [40_001; 2]);
}

#[test]
fn malformed_bytes_end_a_message_and_no_more() {
    let (_, reference) = samples::batch();
    let whole = reference.encode_to_vec();
    for end in 0..whole.len() {
        let mut out = Vec::new();
        write(&mut out, &whole[..end], schema::TRACES);
        let _: Value = serde_json::from_slice(&out).unwrap();
    }
}

#[test]
fn conf_074_log_records_are_read_back_by_opentelemetry_proto() {
    let full = samples::full();
    let record = LogRecord {
        time_unix_nano: 1,
        observed_time_unix_nano: u64::MAX,
        severity_number: 17,
        severity_text: "ERROR".into(),
        body: full.attributes[6].value.clone(),
        attributes: full.attributes,
        dropped_attributes_count: 4,
        flags: 1,
        trace_id: vec![0xab; 16],
        span_id: vec![0xcd; 8],
        event_name: "device.app".into(),
    };
    let scope_logs = ScopeLogs {
        log_records: vec![record, LogRecord::default()],
        schema_url: "https://example.com".into(),
        ..ScopeLogs::default()
    };
    let request = ExportLogsServiceRequest {
        resource_logs: vec![ResourceLogs {
            resource: Some(samples::resource()),
            scope_logs: vec![scope_logs],
            ..ResourceLogs::default()
        }],
    };
    let json = compared(schema::LOGS, &request, &json!(request));
    let read: ExportLogsServiceRequest = serde_json::from_str(&json).unwrap();
    assert_eq!(read, request);
    assert!(json.contains(r#""severityNumber":17"#), "{json}");
    assert!(
        json.contains(r#""observedTimeUnixNano":"18446744073709551615""#),
        "{json}"
    );
    assert!(
        json.contains(r#""traceId":"abababababababababababababababab""#),
        "{json}"
    );
}

fn attributes() -> Vec<KeyValue> {
    samples::full().attributes
}

fn exemplar(value: exemplar::Value) -> Exemplar {
    Exemplar {
        filtered_attributes: attributes(),
        time_unix_nano: 5,
        span_id: vec![1; 8],
        trace_id: vec![2; 16],
        value: Some(value),
    }
}

fn number(value: number_data_point::Value) -> NumberDataPoint {
    NumberDataPoint {
        attributes: attributes(),
        start_time_unix_nano: 1,
        time_unix_nano: 2,
        exemplars: vec![exemplar(exemplar::Value::AsInt(-7))],
        flags: 1,
        value: Some(value),
    }
}

fn histogram() -> HistogramDataPoint {
    HistogramDataPoint {
        attributes: attributes(),
        start_time_unix_nano: 1,
        time_unix_nano: 2,
        count: u64::MAX,
        sum: Some(0.0),
        bucket_counts: vec![1, 0, u64::MAX],
        explicit_bounds: vec![0.0, 2.5],
        exemplars: vec![exemplar(exemplar::Value::AsDouble(0.25))],
        flags: 1,
        min: Some(-1.0),
        max: Some(3.0),
    }
}

fn exponential() -> ExponentialHistogramDataPoint {
    let buckets = |offset| Buckets {
        offset,
        bucket_counts: vec![0, 300, u64::MAX],
    };
    ExponentialHistogramDataPoint {
        attributes: attributes(),
        count: 3,
        sum: Some(4.0),
        scale: -3,
        zero_count: 1,
        positive: Some(buckets(-2)),
        negative: Some(buckets(4)),
        zero_threshold: 0.125,
        ..ExponentialHistogramDataPoint::default()
    }
}

fn summary() -> SummaryDataPoint {
    SummaryDataPoint {
        count: 2,
        sum: 3.0,
        quantile_values: vec![ValueAtQuantile {
            quantile: 0.5,
            value: 1.5,
        }],
        ..SummaryDataPoint::default()
    }
}

fn metrics() -> Vec<metric::Data> {
    vec![
        metric::Data::Gauge(Gauge {
            data_points: vec![number(number_data_point::Value::AsDouble(1.5))],
        }),
        metric::Data::Sum(Sum {
            data_points: vec![number(number_data_point::Value::AsInt(i64::MIN))],
            aggregation_temporality: 2,
            is_monotonic: true,
        }),
        metric::Data::Histogram(Histogram {
            data_points: vec![histogram()],
            aggregation_temporality: 1,
        }),
        metric::Data::ExponentialHistogram(ExponentialHistogram {
            data_points: vec![exponential()],
            aggregation_temporality: 2,
        }),
        metric::Data::Summary(Summary {
            data_points: vec![summary()],
        }),
    ]
}

#[test]
fn conf_074_metrics_are_read_back_by_opentelemetry_proto() {
    let metrics = metrics().into_iter().map(|data| Metric {
        name: "requests".into(),
        description: "how many".into(),
        unit: "1".into(),
        metadata: samples::full().attributes,
        data: Some(data),
    });
    let scope_metrics = ScopeMetrics {
        metrics: metrics.collect(),
        ..ScopeMetrics::default()
    };
    let request = ExportMetricsServiceRequest {
        resource_metrics: vec![ResourceMetrics {
            resource: Some(samples::resource()),
            scope_metrics: vec![scope_metrics],
            ..ResourceMetrics::default()
        }],
    };
    let json = compared(schema::METRICS, &request, &json!(request));
    let read: ExportMetricsServiceRequest = serde_json::from_str(&json).unwrap();
    assert_eq!(read, request);
    assert!(json.contains(r#""asInt":"-9223372036854775808""#), "{json}");
    assert!(
        json.contains(r#""bucketCounts":["1","0","18446744073709551615"]"#),
        "{json}"
    );
    assert!(json.contains(r#""explicitBounds":[0.0,2.5]"#), "{json}");
}
