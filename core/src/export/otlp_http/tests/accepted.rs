//! What a receiver says about a batch, in protobuf and in JSON.

use super::{Accepted, Client, NO_HEADERS, OtlpHttp, Reply, SECOND, Server, answered, samples};
use crate::export::Signal::{Logs, Metrics, Traces};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceResponse,
};
use proptest::prelude::*;
use prost::Message;

#[test]
fn conf_084_a_partial_success_is_counted_and_told() {
    let answer = |rejected_spans, error_message: &str| {
        let partial = ExportTracePartialSuccess {
            rejected_spans,
            error_message: error_message.into(),
        };
        let body = ExportTraceServiceResponse {
            partial_success: Some(partial),
        }
        .encode_to_vec();
        answered(Reply::status("200 OK", "", &body)).unwrap()
    };
    let accepted = |rejected, message: &str| Accepted {
        rejected,
        message: message.into(),
    };
    assert_eq!(answer(2, "too\nold"), accepted(2, "too\\nold"));
    assert_eq!(answer(0, "a warning"), accepted(0, "a warning"));
    // More than were sent, or less than none, would break the account.
    assert_eq!(answer(99, ""), accepted(3, ""));
    assert_eq!(answer(-5, ""), accepted(0, ""));
}

#[test]
fn conf_084_a_partial_success_may_come_in_json() {
    let answer = |body: &str, signal| {
        let head = "content-type: application/json; charset=utf-8\r\n";
        let reply = Reply::status("200 OK", head, body.as_bytes());
        let server = Server::start(move |_| reply.clone());
        let settings = OtlpHttp::new(&server.url("/"), NO_HEADERS, 10 * SECOND).unwrap();
        let mut batch = samples::batch().0;
        batch.signal = signal;
        let accepted = Client::of(settings.json()).send(&batch).unwrap();
        (accepted.rejected, accepted.message)
    };
    for (body, signal, rejected, message) in [
        (
            r#"{"partialSuccess":{"rejectedSpans":"2","errorMessage":"too old"}}"#,
            Traces,
            2,
            "too old",
        ),
        (r#"{"partialSuccess":{"rejectedSpans":1}}"#, Traces, 1, ""),
        (
            r#"{"partialSuccess":{"rejectedLogRecords":"1"}}"#,
            Logs,
            1,
            "",
        ),
        (
            r#"{"partialSuccess":{"rejectedDataPoints":"3"}}"#,
            Metrics,
            3,
            "",
        ),
        (
            r#"{"partialSuccess":{"rejectedSpans":"99"},"more":[]}"#,
            Traces,
            3,
            "",
        ),
        (
            r#"{"partialSuccess":{"rejectedSpans":"-1","errorMessage":"odd"}}"#,
            Traces,
            0,
            "odd",
        ),
        (r#"{"partialSuccess":null}"#, Traces, 0, ""),
        ("{}", Traces, 0, ""),
        ("", Traces, 0, ""),
    ] {
        assert_eq!(
            answer(body, signal),
            (rejected, message.to_owned()),
            "{body}"
        );
    }
}

#[test]
fn an_answer_that_is_not_otlp_is_a_success_with_a_remark() {
    let json = "content-type: application/json\r\n";
    let zipped = "content-encoding: gzip\r\n";
    for (head, body) in [
        ("", &b"<html>hello</html>"[..]),
        (json, b"null"),
        (json, b"{"),
        (zipped, b"x"),
    ] {
        let accepted = answered(Reply::status("200 OK", head, body)).unwrap();
        assert_eq!(accepted.rejected, 0);
        assert!(accepted.message.contains("not OTLP"), "{accepted:?}");
    }
    let other = Reply::status("200 OK", json, b"{}");
    assert_eq!(answered(other), Ok(Accepted::default()));
}

#[test]
fn the_words_of_a_status_message_are_told() {
    // google.rpc.Status { code: 3, message: "bad span" }
    let body = b"\x08\x03\x12\x08bad span";
    let head = "content-type: application/x-protobuf\r\n";
    let error = answered(Reply::status("400 Bad Request", head, body)).unwrap_err();
    assert!(
        error
            .message()
            .ends_with("/v1/traces answered 400 Bad Request: bad span"),
        "{error}"
    );
    let body = br#"{"code":3,"message":"bad span"}"#;
    let head = "content-type: application/json\r\n";
    let error = answered(Reply::status("400 Bad Request", head, body)).unwrap_err();
    assert!(error.message().ends_with(": bad span"), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 300,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn no_body_of_a_success_fails_a_batch(
        body in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..60),
            "[{}\\[\\]:,\"0-9a-z-]{0,60}".prop_map(String::into_bytes),
            "[^\"]{0,9}".prop_map(|text| format!(r#"{{"partialSuccess":{{"rejectedSpans":"{text}"}}}}"#).into_bytes()),
        ],
        json in any::<bool>(),
    ) {
        let kind = if json { "application/json" } else { "application/x-protobuf" };
        let mut headers = http::HeaderMap::new();
        headers.insert("content-type", kind.parse().unwrap());
        let answer = crate::export::http::Answer {
            status: http::StatusCode::OK,
            headers,
            body: Some(body.into()),
        };
        let target = crate::export::http::Target::new("t", "http://h/", NO_HEADERS, SECOND).unwrap();
        let batch = samples::batch().0;
        let accepted = super::super::accepted::read(&answer, &batch, &target);
        prop_assert!(accepted.rejected <= 3);
        prop_assert!(!accepted.message.contains(char::is_control));
    }
}
