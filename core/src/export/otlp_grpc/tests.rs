//! The transport against a real gRPC server; what arrives is decoded by opentelemetry-proto.

#[expect(
    dead_code,
    reason = "the integration tests use what is not needed here"
)]
#[path = "../../../tests/common/collector.rs"]
mod collector;
mod faults;
mod tls;

use super::*;
use crate::export::{Accepted, Batch, ExportError, Exporter, Signal, samples};
use collector::{Arrival, Body, Collector, Settings};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};
use tonic::{Code, Status, codec::CompressionEncoding};

const SECOND: Duration = Duration::from_secs(1);

/// An exporter in a runtime as the worker has one.
struct Client {
    runtime: Runtime,
    exporter: Box<dyn Exporter>,
}

impl Client {
    fn new(settings: OtlpGrpc) -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().unwrap();
        let exporter = runtime.block_on(async { settings.factory()().unwrap() });
        Self { runtime, exporter }
    }

    fn at(url: &str) -> Self {
        Self::new(settings(url, 10 * SECOND))
    }

    fn send(&mut self, batch: &Batch) -> Result<Accepted, ExportError> {
        self.runtime.block_on(self.exporter.export(batch))
    }

    fn send_sample(&mut self) -> Result<Accepted, ExportError> {
        self.send(&samples::batch().0)
    }
}

fn settings(url: &str, timeout: Duration) -> OtlpGrpc {
    OtlpGrpc::new(url, [("x-api-key", "s3cret-key")], timeout).unwrap()
}

fn reference() -> ExportTraceServiceRequest {
    samples::batch().1
}

fn is_retryable(outcome: &Result<Accepted, ExportError>) -> bool {
    matches!(outcome, Err(ExportError::Retryable { .. }))
}

fn is_permanent(outcome: &Result<Accepted, ExportError>) -> bool {
    matches!(outcome, Err(ExportError::Permanent { .. }))
}

#[test]
fn conf_073_a_batch_arrives_whole_with_what_the_call_carries() {
    let collector = Collector::start(|_| Ok((0, String::new())));
    let headers = [("X-Api-Key", "s3cret-key"), ("user-agent", "shop/3")];
    let settings = OtlpGrpc::new(&collector.url(), headers, 10 * SECOND).unwrap();
    assert_eq!(Client::new(settings).send_sample(), Ok(Accepted::default()));
    let arrival = collector.arrival();
    assert_eq!(*arrival.traces(), reference());
    assert_eq!(arrival.text("x-api-key"), Some("s3cret-key"));
    let agent = format!(
        "shop/3 OTel-OTLP-Exporter-Rust/{}",
        env!("CARGO_PKG_VERSION")
    );
    assert_eq!(arrival.text("user-agent"), Some(&*agent));
    assert_eq!(arrival.text("te"), Some("trailers"));
    assert_eq!(arrival.text("content-type"), Some("application/grpc"));
    assert_eq!(arrival.text("grpc-timeout"), Some("10000000u"));
    assert_eq!(arrival.text("grpc-encoding"), None);
}

#[test]
fn conf_087_the_user_agent_names_the_exporter() {
    let collector = Collector::start(|_| Ok((0, String::new())));
    Client::at(&collector.url()).send_sample().unwrap();
    let agent = format!("OTel-OTLP-Exporter-Rust/{}", env!("CARGO_PKG_VERSION"));
    assert_eq!(collector.arrival().text("user-agent"), Some(&*agent));
}

#[test]
fn each_signal_has_a_service_of_its_own() {
    let collector = Collector::start(|_| Ok((0, String::new())));
    let mut client = Client::at(&collector.url());
    let mut arrival = |signal| {
        let (mut batch, _) = samples::batch();
        batch.signal = signal;
        // An empty record of any kind: a tag, and a length of 0.
        batch.runs.truncate(1);
        batch.runs[0].spans = vec![0x12, 0].into();
        client.send(&batch).unwrap();
        collector.arrival().body
    };
    assert!(matches!(arrival(Signal::Traces), Body::Traces(_)));
    assert!(matches!(arrival(Signal::Logs), Body::Logs(_)));
    assert!(matches!(arrival(Signal::Metrics), Body::Metrics(_)));
}

#[test]
fn conf_085_all_calls_go_over_one_connection() {
    let collector = Collector::start(|_| Ok((0, String::new())));
    let mut client = Client::at(&collector.url());
    let mut peers = Vec::new();
    for _ in 0..3 {
        client.send_sample().unwrap();
        peers.push(collector.arrival().peer);
    }
    assert!(peers.iter().all(|peer| *peer == peers[0]), "{peers:?}");
}

#[test]
fn conf_086_an_empty_batch_is_not_sent() {
    let collector = Collector::start(|_| Ok((0, String::new())));
    let batch = samples::batch_of(vec![]);
    assert_eq!(
        Client::at(&collector.url()).send(&batch),
        Ok(Accepted::default())
    );
    assert!(collector.has_no_arrival());
}

#[test]
fn conf_075_messages_are_compressed_and_so_may_answers_be() {
    let methods = [
        (Compression::Gzip, CompressionEncoding::Gzip, "gzip"),
        #[cfg(feature = "zstd")]
        (Compression::Zstd, CompressionEncoding::Zstd, "zstd"),
    ];
    for (ours, theirs, name) in methods {
        let set_up = Settings {
            answers: Some(theirs),
            ..Settings::default()
        };
        let collector = Collector::with(set_up, |_| Ok((1, "old ".repeat(50))));
        let settings = settings(&collector.url(), 10 * SECOND).compression(ours);
        let accepted = Client::new(settings).send_sample().unwrap();
        assert_eq!((accepted.rejected, &accepted.message[..8]), (1, "old old "));
        let arrival = collector.arrival();
        assert_eq!(arrival.text("grpc-encoding"), Some(name));
        assert_eq!(*arrival.traces(), reference(), "{name}");
    }
}

#[test]
fn conf_084_what_the_receiver_rejects_is_told_and_not_an_error() {
    let message = "too old, says \u{1b}[31m\ns3cret-key";
    let collector = Collector::start(move |_| Ok((2, message.to_owned())));
    let accepted = Client::at(&collector.url()).send_sample().unwrap();
    assert_eq!(accepted.rejected, 2);
    assert_eq!(accepted.message, "too old, says \\u{1b}[31m\\n***");
    // No more than there were, and never fewer than none.
    for (said, counted) in [(i64::MAX, 3), (-5, 0)] {
        let collector = Collector::start(move |_| Ok((said, "no".to_owned())));
        let accepted = Client::at(&collector.url()).send_sample().unwrap();
        assert_eq!(accepted.rejected, counted);
    }
}

#[test]
fn a_status_is_told_by_its_name_without_secrets() {
    let collector = Collector::start(|_| Err(Status::new(Code::InvalidArgument, "bad s3cret-key")));
    let outcome = Client::at(&collector.url()).send_sample();
    let text = format!("{}/ answered INVALID_ARGUMENT: bad ***", collector.url());
    assert_eq!(outcome, Err(ExportError::permanent(text)));
}

#[test]
fn a_receiver_says_denied_or_busy_in_a_trailer_or_before_any_body() {
    let collector = Collector::start(|n| {
        Err(match n {
            0 => Status::unauthenticated("who?"),
            1 => Status::unavailable("later"),
            _ => Status::unimplemented("what?"),
        })
    });
    let mut client = Client::at(&collector.url());
    assert!(matches!(
        client.send_sample(),
        Err(ExportError::Denied { .. })
    ));
    assert!(is_retryable(&client.send_sample()));
    assert!(is_permanent(&client.send_sample()));
}

#[test]
fn a_message_over_the_receivers_limit_is_too_large_with_that_limit() {
    let set_up = Settings {
        limit: Some(2000),
        ..Settings::default()
    };
    let collector = Collector::with(set_up, |_| Ok((0, String::new())));
    let scope = samples::scope("app", "1");
    let mut span = samples::plain("large", 1, 0, [0, 1]);
    span.attributes = vec![samples::text("text", &"x".repeat(3000))];
    let batch = samples::batch_of(vec![samples::run(scope, &[span])]);
    let outcome = Client::at(&collector.url()).send(&batch);
    let Err(ExportError::TooLarge { limit, message }) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(limit, Some(2000), "{message}");
}

#[test]
fn conf_078_a_request_over_64_mib_is_not_sent() {
    let collector = Collector::start(|_| Ok((0, String::new())));
    let (mut batch, _) = samples::batch();
    let mut run = batch.runs[0].clone();
    run.spans = vec![0; 65 << 20].into();
    batch.runs = vec![run];
    let outcome = Client::at(&collector.url()).send(&batch);
    assert!(
        matches!(outcome, Err(ExportError::TooLarge { limit: Some(limit), .. }) if limit == 64 << 20),
        "{outcome:?}"
    );
    assert!(collector.has_no_arrival());
}

#[test]
fn a_large_batch_of_many_pieces_arrives_whole() {
    let set_up = Settings {
        limit: Some(64 << 20),
        ..Settings::default()
    };
    let collector = Collector::with(set_up, |_| Ok((0, String::new())));
    let scope = samples::scope("app", "1");
    let mut span = samples::plain("large", 1, 0, [0, 1]);
    span.attributes = vec![samples::text("text", &"x".repeat(60_000))];
    let runs = (0..300).map(|_| samples::run(scope, std::slice::from_ref(&span)));
    let batch = samples::batch_of(runs.collect());
    assert_eq!(
        Client::at(&collector.url()).send(&batch),
        Ok(Accepted::default())
    );
    let spans = collector.arrival().spans();
    assert!(spans.len() == 300 && spans.iter().all(|arrived| *arrived == span));
}

#[test]
fn credentials_and_header_values_are_not_shown() {
    let settings = settings("https://user:s3cret-pw@h:4317/?token=s3cret", SECOND);
    let shown = format!("{settings:?}");
    assert!(
        shown.contains("https://h:4317") && shown.contains("x-api-key"),
        "{shown}"
    );
    assert!(!shown.contains("s3cret"), "{shown}");
}

#[test]
fn headers_that_grpc_cannot_carry_are_refused_at_set_up() {
    for name in [
        "te",
        "grpc-timeout",
        "Keep-Alive",
        "content-type",
        "upgrade",
        "grpc-status",
    ] {
        let outcome = OtlpGrpc::new("http://h:4317", [(name, "s3cret")], SECOND);
        let text = outcome.unwrap_err().to_string();
        let name = name.to_ascii_lowercase();
        assert!(
            text.to_lowercase().contains(&format!("\"{name}\"")),
            "{text}"
        );
        assert!(
            text.ends_with("remove it") && !text.contains("s3cret"),
            "{text}"
        );
    }
}

/// What one export to this collector ended with, and what it arrived as.
fn exchange(collector: &Collector) -> (Result<Accepted, ExportError>, Arrival) {
    let outcome = Client::at(&collector.url()).send_sample();
    (outcome, collector.arrival())
}

#[test]
fn the_path_of_the_endpoint_is_not_used() {
    let collector = Collector::start(|_| Ok((0, String::new())));
    let url = format!("{}/v1/traces?x=1", collector.url());
    assert_eq!(Client::at(&url).send_sample(), Ok(Accepted::default()));
    let (outcome, _) = exchange(&collector);
    assert_eq!(outcome, Ok(Accepted::default()));
}
