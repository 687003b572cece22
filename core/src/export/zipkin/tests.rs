use super::json;
use crate::export::samples;
use crate::finished::{FinishedEvent, FinishedSpan, FinishedStatus, OwnedValue};
use crate::span::SpanKind;
use serde_json::{Value, json};
use std::sync::Arc;

/// What was written, read by `serde_json`.
fn written(span: &FinishedSpan) -> Value {
    let body = json::spans(std::slice::from_ref(span)).unwrap();
    let mut spans: Vec<Value> = serde_json::from_str(&body).expect("JSON");
    spans.remove(0)
}

fn span(kind: SpanKind, attributes: &[(&str, OwnedValue)]) -> FinishedSpan {
    let own = |(key, value): &(&str, OwnedValue)| ((*key).to_owned(), value.clone());
    FinishedSpan {
        kind,
        attributes: attributes.iter().map(own).collect(),
        ..FinishedSpan::default()
    }
}

#[test]
fn every_field_is_mapped_as_the_specification_says() {
    let (batch, _) = samples::batch();
    let body = json::spans(&batch.to_spans()).unwrap();
    let spans: Vec<Value> = serde_json::from_str(&body).unwrap();
    let start = samples::START / 1000;
    let expected = json!({
        "traceId": "4bf92f3577b34da6a3ce929d0e0e4736",
        "id": "0000000000000009",
        "parentId": "0000000000000008",
        "name": "everything",
        "kind": "CLIENT",
        "timestamp": start,
        "duration": 1500,
        "localEndpoint": {"serviceName": "search"},
        "annotations": [{
            "timestamp": start,
            "value": "\"exception\": {\"exception.type\":\"ValueError\",\
                      \"exception.message\":\"no\",\"otel.dropped_attributes_count\":4}",
        }],
        "tags": {
            "text": "value",
            "flag": "true",
            "int": "-9223372036854775808",
            "double": "0.5",
            "bytes": "AP8=",
            "list": "[1,2,-3]",
            "map": "{\"inner\":\"é\",\"deep\":[1,2,-3]}",
            "null": "",
            "otel.scope.name": "service",
            "otel.scope.version": "1.2",
            "otel.library.name": "service",
            "otel.library.version": "1.2",
            "otel.status_code": "ERROR",
            "error": "broke",
            "otel.dropped_attributes_count": "3",
            "otel.dropped_events_count": "5",
            "otel.dropped_links_count": "7",
            "w3c.tracestate": "vendor=1,other=2",
            "otlp.link.0": "07070707070707070707070707070707|0808080808080808|linked=1\
                            |{\"why\":\"cause\"}|6",
        },
    });
    assert_eq!(spans[1], expected);
    assert_eq!(spans.len(), 3);
    assert!(!body.contains("debug"));
}

#[test]
fn a_root_has_no_parent_and_an_internal_span_no_kind() {
    let (batch, _) = samples::batch();
    let root = written(&batch.to_spans()[0]);
    let fields: Vec<&String> = root.as_object().unwrap().keys().collect();
    let expected = [
        "duration",
        "id",
        "localEndpoint",
        "name",
        "tags",
        "timestamp",
        "traceId",
    ];
    assert_eq!(fields, expected);
}

#[test]
fn a_span_without_anything_is_no_empty_field() {
    let nothing = written(&FinishedSpan::default());
    for absent in ["name", "kind", "parentId", "annotations", "tags"] {
        assert_eq!(nothing.get(absent), None, "{absent}");
    }
    assert_eq!(nothing["localEndpoint"]["serviceName"], "unknown_service");
}

#[test]
fn a_duration_is_never_zero() {
    for (from, to, duration) in [
        (5000, 5000, 1),
        (5000, 5999, 1),
        (9000, 5000, 1),
        (0, 7000, 7),
    ] {
        let span = FinishedSpan {
            start_unix_ns: from,
            end_unix_ns: to,
            ..FinishedSpan::default()
        };
        assert_eq!(written(&span)["duration"], duration);
    }
}

#[test]
fn a_status_is_tags() {
    for (status, code, error) in [
        (FinishedStatus::Unset, None, None),
        (FinishedStatus::Ok, Some("OK"), None),
        (
            FinishedStatus::Error(String::new()),
            Some("ERROR"),
            Some(""),
        ),
        (
            FinishedStatus::Error("no".into()),
            Some("ERROR"),
            Some("no"),
        ),
    ] {
        let mut span = span(SpanKind::Internal, &[("error", false.into())]);
        span.status = status;
        let tags = &written(&span)["tags"];
        assert_eq!(tags["otel.status_code"].as_str(), code);
        assert_eq!(tags["error"].as_str(), error);
    }
}

#[test]
fn the_best_attribute_names_the_other_side() {
    let attributes: [(&str, OwnedValue); 7] = [
        ("db.name", "shop".into()),
        ("peer.address", "9.9.9.9".into()),
        ("net.sock.peer.port", 5432.into()),
        ("net.sock.peer.addr", "/run/socket".into()),
        ("network.peer.port", 443.into()),
        ("network.peer.address", "::ffff:10.0.0.7".into()),
        ("peer.service", "billing".into()),
    ];
    let remote =
        |kind, attributes: &[_]| written(&span(kind, attributes))["remoteEndpoint"].clone();
    for (known, expected) in [
        (7, json!({"serviceName": "billing"})),
        (6, json!({"ipv4": "10.0.0.7", "port": 443})),
        (4, json!({"serviceName": "/run/socket", "port": 5432})),
        (2, json!({"serviceName": "9.9.9.9"})),
        (1, json!({"serviceName": "shop"})),
        (0, Value::Null),
    ] {
        let attributes = &attributes[..known];
        assert_eq!(remote(SpanKind::Client, attributes), expected);
        assert_eq!(remote(SpanKind::Producer, attributes), expected);
        assert_eq!(remote(SpanKind::Server, attributes), Value::Null);
    }
}

#[test]
fn an_address_of_version_six_has_a_field_of_its_own_and_odd_ports_none() {
    for port in [0, -1, 65_536] {
        let attributes = [
            ("server.address", OwnedValue::from("")),
            ("network.peer.address", "2001:db8::1".into()),
            ("network.peer.port", port.into()),
        ];
        let written = written(&span(SpanKind::Client, &attributes));
        assert_eq!(written["remoteEndpoint"], json!({"ipv6": "2001:db8::1"}));
    }
}

#[test]
fn an_event_without_attributes_is_its_name() {
    let mut span = FinishedSpan::default();
    span.events.push(FinishedEvent {
        name: "said \"so\"".into(),
        unix_ns: 1999,
        ..FinishedEvent::default()
    });
    let expected = json!([{"timestamp": 1, "value": "said \"so\""}]);
    assert_eq!(written(&span)["annotations"], expected);
}

#[test]
fn what_a_zipkin_server_takes_for_version_one_is_escaped() {
    let mut span = span(
        SpanKind::Internal,
        &[("myAnnotations", "yAnnotations".into())],
    );
    span.name = "binaryAnnotations".into();
    let body = json::spans(std::slice::from_ref(&span)).unwrap();
    assert!(!body.contains("yAnnotations\""), "{body}");
    let written = written(&span);
    assert_eq!(written["name"], "binaryAnnotations");
    assert_eq!(written["tags"]["myAnnotations"], "yAnnotations");
}

#[test]
fn the_mapping_wins_over_the_span_and_the_span_over_its_surroundings() {
    let (batch, _) = samples::batch();
    let mut span = batch.to_spans().remove(0);
    let attributes = [
        ("otel.scope.name", "mine"),
        ("zone", "span"),
        ("service.name", "me"),
    ];
    span.attributes = attributes
        .map(|(key, value)| (key.to_owned(), value.into()))
        .to_vec();
    Arc::make_mut(&mut span.scope).attributes = vec![
        ("zone".into(), "scope".into()),
        ("layer".into(), "scope".into()),
    ];
    let resource = Arc::make_mut(&mut span.resource);
    for key in ["zone", "layer", "host.name"] {
        resource.attributes.push((key.into(), "resource".into()));
    }
    let tags = &written(&span)["tags"];
    for (key, expected) in [
        ("otel.scope.name", "service"),
        ("zone", "span"),
        ("service.name", "me"),
        ("layer", "scope"),
        ("host.name", "resource"),
    ] {
        assert_eq!(tags[key], expected, "{key}");
    }
}
