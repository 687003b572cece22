//! Foreign exporters: the one that everybody uses, against a real socket, and ill-behaved ones.

use super::*;
use crate::export::{
    Exporter,
    receiver::{Reply, Server},
    samples::{self, START},
};
use opentelemetry::trace::{SpanContext, SpanId, TraceFlags, TraceId, TraceState};
use opentelemetry_otlp::WithExportConfig;
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest, common::v1::any_value::Value,
};
use opentelemetry_sdk::{
    Resource,
    error::{OTelSdkError, OTelSdkResult},
    trace::SpanData,
};
use prost::Message;
use std::{
    convert::Infallible,
    sync::Mutex,
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::{Duration, Instant},
};
use tokio::runtime::{Builder, Runtime};

const SECOND: Duration = Duration::from_secs(1);

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn open(runtime: &Runtime, factory: &ExporterFactory) -> Box<dyn Exporter> {
    runtime.block_on(async { factory().unwrap() })
}

fn otlp(url: String) -> ExporterFactory {
    exporter(move || {
        let builder = opentelemetry_otlp::SpanExporter::builder().with_http();
        builder
            .with_endpoint(&url)
            .with_timeout(10 * SECOND)
            .build()
    })
}

#[test]
fn opentelemetry_otlp_delivers_every_field() {
    let server = Server::start(|_| Reply::ok());
    let runtime = runtime();
    let mut exporter = open(&runtime, &otlp(server.url("/v1/traces")));
    let (batch, mut expected) = samples::batch();
    let outcome = runtime.block_on(exporter.export(&batch));
    assert_eq!(outcome, Ok(Accepted::default()));

    // They say that nothing was said.
    for scope in &mut expected.resource_spans[0].scope_spans {
        for span in &mut scope.spans {
            span.status.get_or_insert_default();
        }
    }
    // Their API has no bytes, maps and nulls; the specification says what they become.
    let everything = &mut expected.resource_spans[0].scope_spans[0].spans[1];
    for (key, text) in [
        ("bytes", "AP8="),
        ("map", r#"{"inner":"é","deep":[1,2,-3]}"#),
        ("null", ""),
    ] {
        let pair = everything
            .attributes
            .iter_mut()
            .find(|pair| pair.key == key)
            .unwrap();
        pair.value.as_mut().unwrap().value = Some(Value::StringValue(text.into()));
    }
    let mut arrived = ExportTraceServiceRequest::decode(&*server.request().body).unwrap();
    // One resource; they order scopes by a hash.
    assert_eq!(arrived.resource_spans.len(), 1);
    let name = |scope: &opentelemetry_proto::tonic::trace::v1::ScopeSpans| {
        std::cmp::Reverse(scope.scope.as_ref().unwrap().name.clone())
    };
    arrived.resource_spans[0].scope_spans.sort_by_key(name);
    assert_eq!(arrived, expected);
}

#[test]
fn a_failure_of_opentelemetry_otlp_is_told_and_not_retried() {
    let server = Server::start(|_| Reply::status("400 Bad Request", "", b""));
    let runtime = runtime();
    let mut exporter = open(&runtime, &otlp(server.url("/v1/traces")));
    let outcome = runtime.block_on(exporter.export(&samples::batch().0));
    assert!(matches!(&outcome, Err(ExportError::Permanent { message }) if message.contains("400")));
    exporter.shutdown();
}

#[test]
fn an_exporter_that_cannot_be_built_says_why() {
    let runtime = runtime();
    let mut exporter = open(&runtime, &otlp("not a url".into()));
    let error = runtime
        .block_on(exporter.export(&samples::batch().0))
        .unwrap_err();
    assert!(
        error
            .message()
            .starts_with("the exporter could not be built: "),
        "{error}"
    );
    exporter.shutdown();
}

/// What an ill-behaved exporter does with its n-th batch.
type Behaviour = Arc<dyn Fn(usize) -> OTelSdkResult + Send + Sync>;

/// What was done to the exporter, in order.
type Log = Arc<Mutex<Vec<String>>>;

struct Double {
    behave: Behaviour,
    count: AtomicUsize,
    log: Log,
}

impl std::fmt::Debug for Double {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Double")
    }
}

impl Double {
    fn log(&self, entry: String) {
        self.log.lock().unwrap().push(entry);
    }
}

impl SpanExporter for Double {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        self.log(format!("export {}", batch.len()));
        // Needs a runtime, as the exporters on tokio do.
        tokio::time::sleep(Duration::from_millis(1)).await;
        (self.behave)(self.count.fetch_add(1, Ordering::Relaxed))
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        self.log("shutdown".into());
        Ok(())
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.log("flush".into());
        Ok(())
    }

    fn set_resource(&mut self, resource: &Resource) {
        let service = resource.get(&"service.name".into()).unwrap();
        self.log(format!("resource {service}"));
    }
}

fn double(
    behave: impl Fn(usize) -> OTelSdkResult + Send + Sync + 'static,
) -> (ExporterFactory, Log) {
    let (log, behave): (Log, Behaviour) = (Log::default(), Arc::new(behave));
    let seen = Arc::clone(&log);
    let factory = exporter(move || {
        let (behave, log) = (Arc::clone(&behave), Arc::clone(&seen));
        Ok::<_, Infallible>(Double {
            behave,
            count: AtomicUsize::new(0),
            log,
        })
    });
    (factory, log)
}

#[test]
fn the_calls_come_in_the_order_of_the_specification() {
    let (factory, log) = double(|_| Ok(()));
    let runtime = runtime();
    let mut exporter = open(&runtime, &factory);
    let (batch, _) = samples::batch();
    for _ in 0..2 {
        assert_eq!(
            runtime.block_on(exporter.export(&batch)),
            Ok(Accepted::default())
        );
    }
    exporter.flush();
    runtime.block_on(exporter.end());
    let expected = [
        "resource search",
        "export 3",
        "export 3",
        "flush",
        "shutdown",
    ];
    assert_eq!(*log.lock().unwrap(), expected);
    let error = runtime.block_on(exporter.export(&batch)).unwrap_err();
    assert_eq!(error.message(), "the exporter's thread has ended");
}

#[test]
fn a_blocking_exporter_does_not_stall_the_worker() {
    let (factory, _) = double(|_| {
        thread::sleep(SECOND / 2);
        Ok(())
    });
    let runtime = runtime();
    let mut exporter = open(&runtime, &factory);
    let (batch, _) = samples::batch();
    runtime.block_on(async {
        let other = async {
            let mut longest = Duration::ZERO;
            for _ in 0..20 {
                let start = Instant::now();
                tokio::time::sleep(Duration::from_millis(5)).await;
                longest = longest.max(start.elapsed());
            }
            longest
        };
        let (outcome, longest) = tokio::join!(exporter.export(&batch), other);
        assert_eq!(outcome, Ok(Accepted::default()));
        assert!(longest < SECOND / 4, "{longest:?}");
    });
}

#[test]
fn a_batch_that_was_cancelled_while_it_waited_is_not_exported() {
    let (factory, log) = double(|n| {
        thread::sleep(if n == 0 { SECOND / 2 } else { Duration::ZERO });
        Ok(())
    });
    let runtime = runtime();
    let mut exporter = open(&runtime, &factory);
    let (batch, _) = samples::batch();
    runtime.block_on(async {
        for _ in 0..2 {
            let attempt = tokio::time::timeout(SECOND / 10, exporter.export(&batch)).await;
            assert!(attempt.is_err());
        }
        assert_eq!(exporter.export(&batch).await, Ok(Accepted::default()));
    });
    let exports = log
        .lock()
        .unwrap()
        .iter()
        .filter(|entry| *entry == "export 3")
        .count();
    assert_eq!(exports, 2);
}

#[test]
fn a_panic_is_an_error_and_the_next_batch_goes_on() {
    let (factory, _) = double(|n| match n {
        0 => panic!("deliberate"),
        1 => Err(OTelSdkError::Timeout(SECOND)),
        _ => Ok(()),
    });
    let runtime = runtime();
    let mut exporter = open(&runtime, &factory);
    let (batch, _) = samples::batch();
    let mut send = || runtime.block_on(exporter.export(&batch));
    assert_eq!(
        send().unwrap_err().message(),
        "the exporter panicked: deliberate"
    );
    assert_eq!(
        send().unwrap_err().message(),
        "Operation timed out after 1s"
    );
    assert_eq!(send(), Ok(Accepted::default()));
}

#[test]
fn the_end_does_not_wait_for_a_blocked_exporter() {
    let (factory, _) = double(|_| {
        thread::sleep(5 * SECOND);
        Ok(())
    });
    let runtime = runtime();
    let mut exporter = open(&runtime, &factory);
    let (batch, _) = samples::batch();
    runtime.block_on(async {
        tokio::time::timeout(SECOND / 10, exporter.export(&batch))
            .await
            .unwrap_err();
    });
    let start = Instant::now();
    exporter.flush();
    exporter.shutdown();
    assert!(start.elapsed() < 2 * SECOND);
    runtime.block_on(async {
        let ended = tokio::time::timeout(SECOND / 10, exporter.end()).await;
        assert!(ended.is_err(), "awaited, not blocking");
    });
    drop(exporter);
    assert!(start.elapsed() < 3 * SECOND);
}

#[test]
fn span_data_holds_every_field() {
    let span = samples::batch().0.to_spans().remove(1);
    let data = convert::span_data(span);
    let trace = TraceId::from_bytes(samples::TRACE);
    let flags = TraceFlags::new(1);
    let state: TraceState = "vendor=1,other=2".parse().unwrap();
    let id = SpanId::from_bytes([0, 0, 0, 0, 0, 0, 0, 9]);
    assert_eq!(
        data.span_context,
        SpanContext::new(trace, id, flags, false, state)
    );
    assert!(data.parent_span_is_remote);
    assert_eq!(
        data.start_time,
        std::time::UNIX_EPOCH + Duration::from_nanos(START)
    );
    assert_eq!(data.instrumentation_scope.version(), Some("1.2"));
    assert_eq!(
        (data.events.dropped_count, data.links.dropped_count),
        (5, 7)
    );
    assert!(data.links[0].span_context.is_remote());
}

#[test]
fn arrays_keep_their_kind_or_become_json() {
    use crate::OwnedValue::{Array, Bool, Double, Int, Null, String as Text};
    for (values, shown) in [
        (vec![Bool(true), Bool(false)], "[true,false]"),
        (vec![Int(1), Int(2)], "[1,2]"),
        (vec![Double(0.5)], "[0.5]"),
        (vec![Text("a".into())], r#"["a"]"#),
        (vec![], "[]"),
    ] {
        let value = convert::value(Array(values));
        assert!(matches!(value, opentelemetry::Value::Array(_)), "{value:?}");
        assert_eq!(value.to_string(), shown);
    }
    for (values, shown) in [
        (vec![Int(1), Text("a".into())], r#"[1,"a"]"#),
        (vec![Null], "[null]"),
        (vec![Array(vec![Int(1)])], "[[1]]"),
    ] {
        let value = convert::value(Array(values));
        assert!(
            matches!(value, opentelemetry::Value::String(_)),
            "{value:?}"
        );
        assert_eq!(value.to_string(), shown);
    }
}
