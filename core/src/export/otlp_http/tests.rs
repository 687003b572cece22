//! The transport against a real socket; what arrives is decoded by opentelemetry-proto.

use super::*;
use crate::export::{
    Accepted, Batch, ExportError, Exporter,
    receiver::{Reply, Server},
    samples,
};
use crate::scope::Scope;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans};
use prost::Message;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};

const NO_HEADERS: [(&str, &str); 0] = [];
const SECOND: Duration = Duration::from_secs(1);

/// An exporter in a runtime as the worker has one.
struct Client {
    runtime: Runtime,
    exporter: Box<dyn Exporter>,
}

impl Client {
    fn new(url: &str, headers: &[(&str, &str)], timeout: Duration) -> Self {
        Self::of(OtlpHttp::new(url, headers.iter().copied(), timeout).unwrap())
    }

    fn of(settings: OtlpHttp) -> Self {
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
fn conf_072_a_batch_arrives_whole_in_protobuf() {
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
fn conf_087_the_user_agent_names_the_exporter() {
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
fn conf_086_an_empty_batch_is_not_sent() {
    let server = Server::start(|_| Reply::ok());
    let outcome = Client::to(&server).send(&samples::batch_of(vec![]));
    assert_eq!(outcome, Ok(Accepted::default()));
    assert!(server.has_no_request());
}

#[test]
fn conf_078_a_request_over_64_mib_is_not_sent() {
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
fn conf_081_only_2xx_is_success_and_only_four_statuses_are_retried() {
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
    for status in ["401 No", "403 No", "407 No"] {
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
fn conf_081_a_redirect_is_refused_and_its_target_not_asked() {
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
fn conf_082_retry_after_is_handed_on() {
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
fn conf_074_a_batch_arrives_whole_in_json() {
    let server = Server::start(|_| Reply::ok());
    let settings = OtlpHttp::new(&server.url("/v1/traces"), NO_HEADERS, 10 * SECOND).unwrap();
    let mut client = Client::of(settings.json());
    let (batch, reference) = samples::batch();
    assert_eq!(client.send(&batch), Ok(Accepted::default()));
    let request = server.request();
    assert_eq!(request.header("content-type"), Some("application/json"));
    let read: ExportTraceServiceRequest = serde_json::from_slice(&request.body).unwrap();
    assert_eq!(read, reference);
    assert_eq!(
        client.send(&samples::batch_of(vec![])),
        Ok(Accepted::default())
    );
    assert!(server.has_no_request());
}

#[test]
fn conf_075_a_compressed_batch_arrives_whole() {
    let server = Server::start(|_| Reply::ok());
    let settings = OtlpHttp::new(&server.url("/"), NO_HEADERS, 10 * SECOND).unwrap();
    let mut client = Client::of(settings.compression(Compression::Gzip));
    let (batch, reference) = samples::batch();
    client.send(&batch).unwrap();
    let request = server.request();
    assert_eq!(request.header("content-encoding"), Some("gzip"));
    assert_eq!(
        request.header("content-type"),
        Some("application/x-protobuf")
    );
    let mut plain = Vec::new();
    let mut decoder = flate2::read::GzDecoder::new(&request.body[..]);
    std::io::Read::read_to_end(&mut decoder, &mut plain).unwrap();
    assert_eq!(
        ExportTraceServiceRequest::decode(&*plain).unwrap(),
        reference
    );
}

#[test]
fn conf_088_schema_urls_of_resource_and_scope_arrive() {
    let server = Server::start(|_| Reply::ok());
    let head = ScopeSpans {
        schema_url: "https://example.com/scope".into(),
        ..ScopeSpans::default()
    };
    let scope = Scope::of_header(head.encode_to_vec());
    let run = samples::run(Box::leak(Box::new(scope)), &[samples::full()]);
    let resource = ResourceSpans {
        resource: Some(samples::resource()),
        schema_url: "https://example.com/resource".into(),
        ..ResourceSpans::default()
    };
    let batch = Batch {
        resource: resource.encode_to_vec().into(),
        ..samples::batch_of(vec![run])
    };
    Client::to(&server).send(&batch).unwrap();
    let request = ExportTraceServiceRequest::decode(&*server.request().body).unwrap();
    let resource = &request.resource_spans[0];
    assert_eq!(resource.schema_url, "https://example.com/resource");
    assert_eq!(
        resource.scope_spans[0].schema_url,
        "https://example.com/scope"
    );
}

mod accepted;
mod failures;
mod settings;
