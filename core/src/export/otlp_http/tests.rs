//! The transport against a real socket; what arrives is decoded by opentelemetry-proto.

use super::*;
use crate::export::{
    Accepted, Batch, ExportError, Exporter,
    receiver::{Reply, Server},
    samples,
};
use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use prost::Message;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};

const SECOND: Duration = Duration::from_secs(1);

/// An exporter in a runtime as the worker has one.
struct Client {
    runtime: Runtime,
    exporter: Box<dyn Exporter>,
}

impl Client {
    fn new(url: &str, headers: &[(&str, &str)], timeout: Duration) -> Self {
        let settings = OtlpHttp::new(url, headers.iter().copied(), timeout).unwrap();
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let exporter = runtime.block_on(async { settings.factory()().unwrap() });
        Self { runtime, exporter }
    }

    fn to(server: &Server) -> Self {
        Self::new(&server.url("/v1/traces"), &[], 10 * SECOND)
    }

    fn send(&mut self, batch: &Batch) -> Result<Accepted, ExportError> {
        self.runtime.block_on(self.exporter.export(batch))
    }

    fn send_sample(&mut self) -> Result<Accepted, ExportError> {
        self.send(&samples::batch().0)
    }
}

/// What one export to a server with this answer results in.
fn answered(reply: Reply) -> Result<Accepted, ExportError> {
    let server = Server::start(move |_| reply.clone());
    Client::to(&server).send_sample()
}

fn is_retryable(outcome: &Result<Accepted, ExportError>) -> bool {
    matches!(outcome, Err(ExportError::Retryable { .. }))
}

fn is_permanent(outcome: &Result<Accepted, ExportError>) -> bool {
    matches!(outcome, Err(ExportError::Permanent { .. }))
}

#[test]
fn a_batch_arrives_whole() {
    let server = Server::start(|_| Reply::ok());
    let headers = [("X-Api-Key", "secret"), ("user-agent", "shop/3")];
    let mut client = Client::new(
        &server.url("/otlp/v1/traces?tenant=7"),
        &headers,
        10 * SECOND,
    );
    let (batch, reference) = samples::batch();
    assert_eq!(client.send(&batch), Ok(Accepted::default()));

    let request = server.request();
    assert_eq!(request.line, "POST /otlp/v1/traces?tenant=7 HTTP/1.1");
    assert_eq!(
        request.header("content-type"),
        Some("application/x-protobuf")
    );
    assert_eq!(request.header("x-api-key"), Some("secret"));
    assert_eq!(request.header("host"), Some(&*server.address.to_string()));
    let version = env!("CARGO_PKG_VERSION");
    let agent = format!("shop/3 OTel-OTLP-Exporter-Rust/{version}");
    assert_eq!(request.header("user-agent"), Some(&*agent));
    assert_eq!(
        ExportTraceServiceRequest::decode(&*request.body).unwrap(),
        reference
    );
}

#[test]
fn the_user_agent_names_the_exporter() {
    let server = Server::start(|_| Reply::ok());
    Client::to(&server).send_sample().unwrap();
    let agent = format!("OTel-OTLP-Exporter-Rust/{}", env!("CARGO_PKG_VERSION"));
    assert_eq!(server.request().header("user-agent"), Some(&*agent));
}

#[test]
fn a_large_batch_of_many_frames_arrives_whole() {
    let server = Server::start(|_| Reply::ok());
    let scope = samples::scope("app", "1");
    let mut span = samples::plain("large", 1, 0, [0, 1]);
    span.attributes = vec![samples::text("text", &"x".repeat(60_000))];
    let runs = (0..300)
        .map(|_| samples::run(scope, std::slice::from_ref(&span)))
        .collect();
    let batch = samples::batch_of(runs);
    assert_eq!(Client::to(&server).send(&batch), Ok(Accepted::default()));
    let body = server.request().body;
    assert_eq!(body, batch.to_otlp());
    let decoded = ExportTraceServiceRequest::decode(&*body).unwrap();
    assert_eq!(
        decoded.resource_spans[0].scope_spans[0].spans,
        vec![span; 300]
    );
}

#[test]
fn an_empty_batch_is_not_sent() {
    let server = Server::start(|_| Reply::ok());
    let outcome = Client::to(&server).send(&samples::batch_of(vec![]));
    assert_eq!(outcome, Ok(Accepted::default()));
    assert!(server.has_no_request());
}

#[test]
fn a_request_over_the_limit_is_not_sent() {
    let server = Server::start(|_| Reply::ok());
    let mut run = samples::run(samples::scope("app", ""), &[samples::full()]);
    run.spans = vec![0; 64 * 1024 * 1024].into();
    let outcome = Client::to(&server).send(&samples::batch_of(vec![run]));
    assert!(
        matches!(outcome, Err(ExportError::TooLarge { .. })),
        "{outcome:?}"
    );
    assert!(server.has_no_request());
}

#[test]
fn only_2xx_is_success_and_only_four_statuses_are_retried() {
    for status in ["200 OK", "202 Accepted", "204 No Content"] {
        assert_eq!(
            answered(Reply::status(status, "", b"")),
            Ok(Accepted::default()),
            "{status}"
        );
    }
    for status in [
        "429 Too Many",
        "502 Bad Gateway",
        "503 Unavailable",
        "504 Timeout",
    ] {
        let outcome = answered(Reply::status(status, "", b"busy"));
        assert!(is_retryable(&outcome), "{status}: {outcome:?}");
        assert!(outcome.unwrap_err().message().ends_with(": busy"));
    }
    let permanent = ["301 Moved", "304 Same", "400 Bad", "404 No", "408 Slow"];
    for status in permanent.iter().chain(&["500 Error", "501 No", "505 No"]) {
        let outcome = answered(Reply::status(status, "retry-after: 1\r\n", b""));
        assert!(is_permanent(&outcome), "{status}: {outcome:?}");
    }
    for status in ["401 No", "403 No"] {
        let outcome = answered(Reply::status(status, "", b"bad key"));
        assert!(
            matches!(&outcome, Err(ExportError::Denied { message }) if message.ends_with(": bad key")),
            "{status}: {outcome:?}"
        );
    }
    let outcome = answered(Reply::status("413 Large", "", b""));
    assert!(
        matches!(outcome, Err(ExportError::TooLarge { .. })),
        "{outcome:?}"
    );
}

#[test]
fn a_redirect_is_refused_and_its_target_not_asked() {
    let target = Server::start(|_| Reply::ok());
    let location = format!("location: {}?token=hidden\r\n", target.url("/elsewhere"));
    for status in ["301 Moved", "302 Found", "307 Temporary", "308 Permanent"] {
        let message = answered(Reply::status(status, &location, b""))
            .unwrap_err()
            .to_string();
        assert!(message.contains("redirects are not followed"), "{message}");
        assert!(
            message.contains("/elsewhere") && !message.contains("hidden"),
            "{message}"
        );
    }
    assert!(target.has_no_request());
}

#[test]
fn retry_after_is_handed_on() {
    let asked = |text: &str| {
        let head = format!("retry-after: {text}\r\n");
        match answered(Reply::status("429 Too Many", &head, b"")) {
            Err(ExportError::Retryable { after, .. }) => after,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(asked("17"), Some(17 * SECOND));
    assert_eq!(asked("-1"), None);
    assert_eq!(asked("soon"), None);
    assert_eq!(asked("Sun, 06 Nov 1994 08:49:37 GMT"), Some(Duration::ZERO));
}

#[test]
fn a_partial_success_is_counted_and_told() {
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
fn an_answer_that_is_not_otlp_is_a_success_with_a_remark() {
    let accepted = answered(Reply::status("200 OK", "", b"<html>hello</html>")).unwrap();
    assert_eq!(accepted.rejected, 0);
    assert!(accepted.message.contains("not OTLP"), "{accepted:?}");
    let json = Reply::status("200 OK", "content-type: application/json\r\n", b"{}");
    assert_eq!(answered(json), Ok(Accepted::default()));
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
}

mod failures;
mod settings;
mod tls;
