//! Log records and metrics by OTLP over HTTP: the right path, body and account for each signal; and
//! records as `opentelemetry_sdk` makes them.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a helper of a test fails by a panic"
)]

mod common;

use common::receiver::{Reply, Request, Server};
use libtracer::{
    Accepted, Batch, Config, ExportFuture, Exporter, Severity, SpanContext, TracerProvider, Value,
};
use opentelemetry_proto::tonic::collector::logs::v1::{
    ExportLogsPartialSuccess, ExportLogsServiceRequest, ExportLogsServiceResponse,
};
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use prost::Message;
use std::sync::{Arc, Mutex};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(10);

fn provider(config: &Config) -> TracerProvider {
    TracerProvider::new(config).unwrap()
}

fn records(request: ExportLogsServiceRequest) -> Vec<LogRecord> {
    let scopes = request
        .resource_logs
        .into_iter()
        .flat_map(|it| it.scope_logs);
    scopes.flat_map(|it| it.log_records).collect()
}

/// One request for each signal, in the order of their paths.
fn three_requests(server: &Server) -> Vec<Request> {
    let mut requests: Vec<_> = (0..3).map(|_| server.request()).collect();
    requests.sort_by(|a, b| a.line.cmp(&b.line));
    let lines: Vec<_> = requests.iter().map(|it| it.line.as_str()).collect();
    let expected = ["logs", "metrics", "traces"].map(|it| format!("POST /v1/{it} HTTP/1.1"));
    assert_eq!(lines, expected);
    requests
}

fn record_all(provider: &TracerProvider) {
    use opentelemetry::metrics::MeterProvider;
    provider.tracer("s").start("span").set("a", 1);
    provider.logger("s").record(Severity::Info, "a body").emit();
    let meter = provider.meter_provider().meter("s");
    meter.u64_counter("count").build().add(1, &[]);
}

#[test]
fn each_signal_has_its_path() {
    let server = Server::start(|_| Reply::ok());
    let config = Config::new()
        .otlp(server.url(""))
        .otlp_logs()
        .otlp_metrics();
    let provider = provider(&config);
    record_all(&provider);
    provider.flush(SOON).unwrap();
    let requests = three_requests(&server);
    for request in &requests {
        let content_type = request.header("content-type");
        assert_eq!(content_type, Some("application/x-protobuf"));
    }
    let logs = ExportLogsServiceRequest::decode(&*requests[0].body).unwrap();
    assert_eq!(records(logs)[0].severity_number, 9);
    let metrics = ExportMetricsServiceRequest::decode(&*requests[1].body).unwrap();
    let scope = &metrics.resource_metrics[0].scope_metrics[0];
    assert_eq!(scope.metrics[0].name, "count");
    assert_eq!(provider.log_stats()[0].exported, 1);
}

#[test]
fn conf_074_logs_and_metrics_in_json() {
    let server = Server::start(|_| Reply::ok());
    let config = Config::new()
        .otlp(server.url(""))
        .otlp_protocol("http/json")
        .otlp_logs()
        .otlp_metrics();
    let provider = provider(&config);
    let context = SpanContext::from_traceparent(
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "",
    );
    record_all(&provider);
    let context = context.unwrap();
    let record = provider.logger("s").record(Severity::Fatal, 42);
    record
        .context(&context)
        .attribute("bytes", Value::Bytes(&[0, 255]))
        .at(1_700_000_000_000_000_001)
        .emit();
    provider.flush(SOON).unwrap();
    let requests = three_requests(&server);
    for request in &requests {
        assert_eq!(request.header("content-type"), Some("application/json"));
    }
    let json: serde_json::Value = serde_json::from_slice(&requests[0].body).unwrap();
    let record = &json["resourceLogs"][0]["scopeLogs"][0]["logRecords"][1];
    assert_eq!(record["traceId"], "4bf92f3577b34da6a3ce929d0e0e4736");
    assert_eq!(record["spanId"], "00f067aa0ba902b7");
    assert_eq!(record["timeUnixNano"], "1700000000000000001");
    assert_eq!(record["severityNumber"], 21);
    assert_eq!(record["body"]["intValue"], "42");
    assert_eq!(record["attributes"][0]["value"]["bytesValue"], "AP8=");
    let read: ExportLogsServiceRequest = serde_json::from_slice(&requests[0].body).unwrap();
    assert_eq!(records(read).len(), 2);

    let json: serde_json::Value = serde_json::from_slice(&requests[1].body).unwrap();
    let metric = &json["resourceMetrics"][0]["scopeMetrics"][0]["metrics"][0];
    assert_eq!(metric["name"], "count");
    assert_eq!(metric["sum"]["isMonotonic"], true);
    assert_eq!(metric["sum"]["dataPoints"][0]["asInt"], "1");
}

#[test]
fn conf_084_rejected_records_are_counted_and_not_sent_again() {
    let server = Server::start(|_| {
        let response = ExportLogsServiceResponse {
            partial_success: Some(ExportLogsPartialSuccess {
                rejected_log_records: 2,
                error_message: "too old".into(),
            }),
        };
        let head = "content-type: application/x-protobuf\r\n";
        Reply::status("200 OK", head, &response.encode_to_vec())
    });
    let config = Config::new().endpoint(server.url("")).otlp_logs();
    let provider = provider(&config);
    for number in 0..5 {
        let logger = provider.logger("");
        logger.record(Severity::Info, number).emit();
    }
    provider.flush(SOON).unwrap();
    let stats = provider.log_stats().remove(0);
    assert!(stats.is_balanced(), "{stats:?}");
    assert_eq!((stats.exported, stats.dropped_rejected), (3, 2));
    assert!(stats.last_error.contains("too old"), "{stats:?}");
}

#[test]
fn a_signal_without_a_destination_goes_nowhere() {
    let server = Server::start(|_| Reply::ok());
    let provider = provider(&Config::new().otlp(server.url("")));
    record_all(&provider);
    provider.flush(SOON).unwrap();
    assert_eq!(server.request().line, "POST /v1/traces HTTP/1.1");
    assert_eq!(provider.log_stats()[0].dropped_no_exporter, 1);
}

struct Keep(Arc<Mutex<Vec<LogRecord>>>);

impl Exporter for Keep {
    fn export<'a>(&'a mut self, batch: &'a Batch) -> ExportFuture<'a> {
        let request = ExportLogsServiceRequest::decode(&batch.to_otlp()[..]).unwrap();
        self.0.lock().unwrap().extend(records(request));
        Box::pin(async { Ok(Accepted::default()) })
    }
}

/// The same record by `opentelemetry_sdk`.
fn by_the_sdk() -> LogRecord {
    use opentelemetry::logs::{AnyValue, LogRecord as _, Logger as _, LoggerProvider as _};
    use opentelemetry::trace::{SpanId, TraceFlags, TraceId};
    use opentelemetry_sdk::logs::{InMemoryLogExporter, SdkLoggerProvider};
    let exporter = InMemoryLogExporter::default();
    let provider = SdkLoggerProvider::builder()
        .with_simple_exporter(exporter.clone())
        .build();
    let logger = provider.logger("s");
    let mut record = logger.create_log_record();
    let at = |nanos| std::time::UNIX_EPOCH + Duration::from_nanos(nanos);
    record.set_timestamp(at(1_000));
    record.set_observed_timestamp(at(2_000));
    record.set_severity_number(opentelemetry::logs::Severity::Warn3);
    record.set_severity_text("notice");
    record.set_event_name("stock.low");
    record.set_trace_context(
        TraceId::from_bytes([7; 16]),
        SpanId::from_bytes([9; 8]),
        Some(TraceFlags::SAMPLED),
    );
    record.set_body(AnyValue::ListAny(Box::new(vec![
        "one".into(),
        AnyValue::Int(2),
    ])));
    record.add_attribute("text", "ä");
    record.add_attribute("number", -3_i64);
    record.add_attribute("double", 0.5);
    record.add_attribute("flag", true);
    record.add_attribute("bytes", AnyValue::Bytes(Box::new(vec![0, 255])));
    logger.emit(record);
    let emitted = exporter.get_emitted_logs().unwrap();
    LogRecord::from(&emitted[0].record)
}

#[test]
fn a_record_is_what_the_sdk_makes_of_it() {
    let kept = Arc::new(Mutex::new(Vec::new()));
    let store = kept.clone();
    let factory = Arc::new(move || Ok(Box::new(Keep(store.clone())) as Box<dyn Exporter>));
    let provider = provider(&Config::new().logs_exporter("keep", factory));
    let context = SpanContext {
        trace_id: libtracer::TraceId([7; 16]),
        span_id: libtracer::SpanId([9; 8]),
        trace_flags: libtracer::TraceFlags::SAMPLED,
        ..SpanContext::default()
    };
    let body = ["one".into(), 2.into()];
    provider
        .logger("s")
        .record(Severity::Warn3, Value::Array(&body))
        .at(1_000)
        .observed_at(2_000)
        .severity_text("notice")
        .event_name("stock.low")
        .context(&context)
        .attribute("text", "ä")
        .attribute("number", -3)
        .attribute("double", 0.5)
        .attribute("flag", true)
        .attribute("bytes", Value::Bytes(&[0, 255]))
        .emit();
    provider.flush(SOON).unwrap();
    let ours = kept.lock().unwrap().remove(0);
    assert_eq!(ours, by_the_sdk());
}
