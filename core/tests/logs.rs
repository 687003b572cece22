//! Log records, judged by opentelemetry-proto: what is said is what arrives, and nothing is lost
//! without a count.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a helper of a test fails by a panic"
)]

use libtracer::{
    Accepted, Batch, BatchSettings, Config, ExportError, ExportFuture, Exporter, ExporterFactory,
    LogStats, MemoryExporter, Severity, Signal, SpanContext, TracerProvider, Value,
};
use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, any_value};
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use prost::Message;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

const LONG: Duration = Duration::from_secs(20);

/// What an exporter was given: requests, decoded by opentelemetry-proto.
#[derive(Clone, Default)]
struct Sink(Arc<Mutex<Vec<ExportLogsServiceRequest>>>);

struct ToSink(Sink, fn() -> Result<Accepted, ExportError>);

impl Exporter for ToSink {
    fn export<'a>(&'a mut self, batch: &'a Batch) -> ExportFuture<'a> {
        assert_eq!(batch.signal(), Signal::Logs);
        let request = ExportLogsServiceRequest::decode(&batch.to_otlp()[..]).unwrap();
        self.0.0.lock().unwrap().push(request);
        let answer = (self.1)();
        Box::pin(async move { answer })
    }
}

impl Sink {
    fn factory(&self, answer: fn() -> Result<Accepted, ExportError>) -> ExporterFactory {
        let sink = self.clone();
        Arc::new(move || Ok(Box::new(ToSink(sink.clone(), answer))))
    }

    fn accepting(&self) -> ExporterFactory {
        self.factory(|| Ok(Accepted::default()))
    }

    fn requests(&self) -> Vec<ExportLogsServiceRequest> {
        self.0.lock().unwrap().clone()
    }

    fn records(&self) -> Vec<LogRecord> {
        let requests = self.requests();
        let resources = requests.into_iter().flat_map(|it| it.resource_logs);
        let scopes = resources.flat_map(|it| it.scope_logs);
        scopes.flat_map(|it| it.log_records).collect()
    }
}

fn provider(config: &Config) -> TracerProvider {
    TracerProvider::new(config).unwrap()
}

fn text(text: &str) -> AnyValue {
    AnyValue {
        value: Some(any_value::Value::StringValue(text.into())),
    }
}

fn balanced(provider: &TracerProvider) -> LogStats {
    let stats = provider.log_stats().remove(0);
    assert!(stats.is_balanced(), "{stats:?}");
    stats
}

#[test]
fn every_field_arrives() {
    let sink = Sink::default();
    let provider = provider(
        &Config::new()
            .service_name("shop")
            .logs_exporter("sink", sink.accepting()),
    );
    let logger = provider.logger_with("checkout", "1.2", "https://schema.example/1");
    let span = provider.tracer("t").start("order");
    let context = span.context();
    logger
        .record(Severity::Error2, Value::Map(&[("why", "empty".into())]))
        .severity_text("CRITICAL")
        .event_name("stock.empty")
        .attribute("sku", 4711)
        .attributes(&[("raw", Value::Bytes(&[0, 255])), ("nothing", Value::Null)])
        .at(1_000)
        .observed_at(2_000)
        .context(&context)
        .emit();
    provider.flush(LONG).unwrap();

    let request = sink.requests().remove(0);
    let resource = &request.resource_logs[0];
    let attributes = &resource.resource.as_ref().unwrap().attributes;
    assert!(attributes.iter().any(|it| it.value == Some(text("shop"))));
    let scope = &resource.scope_logs[0];
    assert_eq!(scope.schema_url, "https://schema.example/1");
    assert_eq!(scope.scope.as_ref().unwrap().name, "checkout");
    assert_eq!(scope.scope.as_ref().unwrap().version, "1.2");

    has_every_field(&scope.log_records[0], &context);
    let stats = balanced(&provider);
    assert_eq!((stats.emitted, stats.exported, stats.queued), (1, 1, 0));
}

fn has_every_field(record: &LogRecord, context: &SpanContext) {
    assert_eq!(record.time_unix_nano, 1_000);
    assert_eq!(record.observed_time_unix_nano, 2_000);
    assert_eq!(record.severity_number, 18);
    assert_eq!(record.severity_text, "CRITICAL");
    assert_eq!(record.event_name, "stock.empty");
    assert_eq!(record.trace_id, context.trace_id.0);
    assert_eq!(record.span_id, context.span_id.0);
    assert_eq!(record.flags, u32::from(context.trace_flags.0));
    assert_eq!(record.dropped_attributes_count, 0);
    let keys: Vec<_> = record.attributes.iter().map(|it| it.key.as_str()).collect();
    assert_eq!(keys, ["sku", "raw", "nothing"]);
    let raw = record.attributes[1].value.clone().unwrap().value;
    assert_eq!(raw, Some(any_value::Value::BytesValue(vec![0, 255])));
    assert_eq!(record.attributes[2].value, Some(AnyValue { value: None }));
    let Some(any_value::Value::KvlistValue(body)) = record.body.clone().unwrap().value else {
        panic!("the body is no map");
    };
    assert_eq!(
        (&body.values[0].key[..], &body.values[0].value),
        ("why", &Some(text("empty")))
    );
}

#[test]
fn without_an_exporter_records_are_counted_and_that_is_all() {
    let provider = provider(&Config::new());
    let logger = provider.logger("");
    assert!(!logger.is_enabled());
    logger.record(Severity::Info, "x").attribute("a", 1).emit();
    let stats = balanced(&provider);
    assert_eq!((stats.emitted, stats.dropped_no_exporter), (1, 1));
}

#[test]
fn what_a_destination_refuses_is_counted() {
    let sink = Sink::default();
    let refuse = || Err(ExportError::permanent("no"));
    let config = Config::new().logs_exporter("sink", sink.factory(refuse));
    let provider = provider(&config);
    let logger = provider.logger("");
    for number in 0..5 {
        logger.record(Severity::Info, number).emit();
    }
    provider.flush(LONG).unwrap();
    let stats = balanced(&provider);
    assert_eq!((stats.emitted, stats.dropped_export_failed), (5, 5));
    assert_eq!(stats.last_error, "no");
}

#[test]
fn what_comes_after_shutdown_is_counted() {
    let sink = Sink::default();
    let provider = provider(&Config::new().logs_exporter("sink", sink.accepting()));
    let logger = provider.logger("");
    logger.record(Severity::Info, "before").emit();
    provider.shutdown(LONG).unwrap();
    logger.record(Severity::Info, "after").emit();
    let stats = balanced(&provider);
    assert_eq!(
        (stats.emitted, stats.exported, stats.dropped_shutdown),
        (2, 1, 1)
    );
    assert_eq!(sink.records().len(), 1);
}

#[test]
fn spans_and_records_do_not_mix() {
    let (logs, kept) = (Sink::default(), MemoryExporter::new());
    let config = Config::new()
        .memory(&kept)
        .logs_exporter("sink", logs.accepting());
    let provider = provider(&config);
    let (tracer, logger) = (provider.tracer("s"), provider.logger("s"));
    for number in 0..100 {
        let _span = tracer.start("span").enter();
        logger.record(Severity::Info, number).emit();
    }
    provider.flush(LONG).unwrap();
    assert_eq!(kept.spans().len(), 100);
    assert_eq!(kept.logs().len(), 0);
    assert_eq!(logs.records().len(), 100);
    let stats = provider.stats().remove(0);
    assert_eq!((stats.started, stats.exported), (100, 100));
    assert_eq!(balanced(&provider).exported, 100);
}

#[test]
fn batches_are_as_large_as_asked_for_and_threads_lose_nothing() {
    let sink = Sink::default();
    let batch = BatchSettings {
        max_export_batch_size: 100,
        schedule_delay: LONG,
        ..BatchSettings::default()
    };
    let config = Config::new()
        .logs_exporter("sink", sink.accepting())
        .logs_batch(batch);
    let provider = provider(&config);
    std::thread::scope(|scope| {
        for thread in 0..4_i64 {
            let logger = provider.logger("");
            scope.spawn(move || {
                for number in 0..1000 {
                    logger
                        .record(Severity::Debug, thread * 1000 + number)
                        .emit();
                }
            });
        }
    });
    provider.flush(LONG).unwrap();
    let requests = sink.requests();
    let sizes = requests.iter().map(|request| {
        let scopes = request.resource_logs.iter().flat_map(|it| &it.scope_logs);
        scopes.map(|it| it.log_records.len()).sum::<usize>()
    });
    assert!(
        sizes.clone().all(|size| size <= 100),
        "{:?}",
        sizes.collect::<Vec<_>>()
    );
    let mut numbers: Vec<i64> = sink
        .records()
        .into_iter()
        .map(|record| match record.body.and_then(|body| body.value) {
            Some(any_value::Value::IntValue(number)) => number,
            other => panic!("{other:?}"),
        })
        .collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (0..4000).collect::<Vec<_>>());
    assert_eq!(balanced(&provider).exported, 4000);
}

#[test]
fn a_queue_size_holds_exactly_for_the_pipeline_that_has_it() {
    let sink = Sink::default();
    // The delay is long and the batch large: nothing leaves before the flush.
    let batch = BatchSettings {
        max_queue_size: Some(10),
        max_export_batch_size: 10,
        schedule_delay: LONG,
        ..BatchSettings::default()
    };
    let retry = || Err(ExportError::retryable("not now"));
    let config = Config::new()
        .logs_exporter("sink", sink.factory(retry))
        .logs_batch(batch);
    let provider = provider(&config);
    for number in 0..25 {
        let logger = provider.logger("");
        logger.record(Severity::Info, number).emit();
    }
    let stats = balanced(&provider);
    assert_eq!((stats.queued, stats.dropped_queue_full), (10, 15));
    // The destination takes nothing: what is left is counted at the deadline.
    provider.shutdown(Duration::from_millis(50)).unwrap_err();
    // A machine too busy to run the worker at the deadline has it count a little later.
    let begin = Instant::now();
    while balanced(&provider).queued > 0 && begin.elapsed() < LONG {
        std::thread::yield_now();
    }
    let stats = balanced(&provider);
    assert_eq!((stats.queued, stats.dropped_shutdown), (0, 10));
}
