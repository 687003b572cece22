//! Metrics of this library itself, and the text format.
#![cfg(feature = "metrics")]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a helper of a test fails by a panic"
)]

use libtracer::{
    Accepted, Batch, BatchSettings, Config, ExportError, ExportFuture, Exporter, ExporterFactory,
    Sampler, Severity, TracerProvider,
};
use opentelemetry::KeyValue;
use opentelemetry::metrics::MeterProvider;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value;
use opentelemetry_proto::tonic::metrics::v1::{
    Metric, NumberDataPoint, metric::Data, number_data_point,
};
use prost::Message;
use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const LONG: Duration = Duration::from_secs(20);

type Answer = fn(usize) -> Result<Accepted, ExportError>;

/// Answers the n-th batch (from 0) as told, and keeps the requests.
struct Destination(Arc<Mutex<Vec<Vec<u8>>>>, Answer);

impl Exporter for Destination {
    fn export<'a>(&'a mut self, batch: &'a Batch) -> ExportFuture<'a> {
        let mut requests = self.0.lock().unwrap();
        let answer = (self.1)(requests.len());
        requests.push(batch.to_otlp());
        Box::pin(async move { answer })
    }
}

fn destination(answer: Answer) -> (ExporterFactory, Arc<Mutex<Vec<Vec<u8>>>>) {
    let requests = Arc::new(Mutex::new(Vec::new()));
    let kept = requests.clone();
    let factory = move || Ok(Box::new(Destination(kept.clone(), answer)) as Box<dyn Exporter>);
    (Arc::new(factory), requests)
}

#[expect(clippy::unnecessary_wraps, reason = "one answer of several kinds")]
fn accept(_: usize) -> Result<Accepted, ExportError> {
    Ok(Accepted::default())
}

/// The first batch is taken but for one, the others are refused.
fn refuse(place: usize) -> Result<Accepted, ExportError> {
    match place {
        0 => Ok(Accepted {
            rejected: 1,
            message: String::new(),
        }),
        _ => Err(ExportError::permanent("no")),
    }
}

fn own_metrics(request: &[u8]) -> Vec<Metric> {
    let request = ExportMetricsServiceRequest::decode(request).unwrap();
    let scopes = request.resource_metrics.into_iter();
    let scopes = scopes.flat_map(|it| it.scope_metrics);
    let own = scopes.filter(|it| it.scope.as_ref().is_some_and(|it| it.name == "libtracer"));
    own.flat_map(|it| it.metrics).collect()
}

/// The points of a metric by their attributes, written `key=value,key=value`.
fn points(metrics: &[Metric], name: &str) -> BTreeMap<String, i64> {
    let metric = metrics.iter().find(|metric| metric.name == name);
    let metric = metric.unwrap_or_else(|| panic!("{name} is missing"));
    let Some(Data::Sum(sum)) = &metric.data else {
        panic!("{metric:?}")
    };
    let text = |point: &NumberDataPoint| {
        let mut pairs: Vec<String> = point
            .attributes
            .iter()
            .map(|it| match it.value.clone().and_then(|it| it.value) {
                Some(any_value::Value::StringValue(text)) => format!("{}={text}", it.key),
                other => panic!("{other:?}"),
            })
            .collect();
        pairs.sort();
        pairs.join(",")
    };
    let value = |point: &NumberDataPoint| match point.value {
        Some(number_data_point::Value::AsInt(value)) => value,
        other => panic!("{other:?}"),
    };
    let points = sum.data_points.iter();
    points.map(|point| (text(point), value(point))).collect()
}

fn unit_of<'a>(metrics: &'a [Metric], name: &str) -> &'a str {
    let metric = metrics.iter().find(|metric| metric.name == name);
    metric.map_or("", |metric| &metric.unit)
}

#[test]
fn conf_111_the_sdk_measures_itself() {
    let (spans, _) = destination(refuse);
    let (logs, _) = destination(accept);
    let (metrics, requests) = destination(accept);
    let batch = BatchSettings {
        max_queue_size: Some(100),
        max_export_batch_size: 4,
        schedule_delay: LONG,
        ..BatchSettings::default()
    };
    let config = Config::new()
        .exporter("spans", spans)
        .logs_exporter("logs", logs)
        .metrics_exporter("metrics", metrics)
        .batch(batch)
        .self_metrics(true);
    let provider = TracerProvider::new(&config).unwrap();
    let tracer = provider.tracer("t");
    for _ in 0..6 {
        drop(tracer.start("span"));
    }
    let open = tracer.start("open");
    provider.logger("l").record(Severity::Info, "x").emit();
    // The first flush delivers, the second one measures what came of it.
    provider.flush(LONG).unwrap();
    provider.flush(LONG).unwrap();
    drop(open);
    judge(&own_metrics(requests.lock().unwrap().last().unwrap()));
}

fn judge(own: &[Metric]) {
    let started = points(own, "otel.sdk.span.started");
    assert_eq!(started["otel.span.sampling_result=RECORD_AND_SAMPLE"], 7);
    assert_eq!(started["otel.span.sampling_result=DROP"], 0);
    assert_eq!(unit_of(own, "otel.sdk.span.started"), "{span}");
    let live = points(own, "otel.sdk.span.live");
    assert_eq!(live["otel.span.sampling_result=RECORD_AND_SAMPLE"], 1);

    let processor = "otel.component.name=batching_span_processor/0,\
                     otel.component.type=batching_span_processor";
    let size = points(own, "otel.sdk.processor.span.queue.size");
    assert_eq!(size[processor], 0);
    let capacity = points(own, "otel.sdk.processor.span.queue.capacity");
    assert_eq!(capacity[processor], 100);
    let processed = points(own, "otel.sdk.processor.span.processed");
    assert_eq!(processed[processor], 6);
    assert_eq!(processed[&format!("error.type=queue_full,{processor}")], 0);

    let way_out = "otel.component.name=spans/0,otel.component.type=spans";
    let exported = points(own, "otel.sdk.exporter.span.exported");
    assert_eq!(exported[way_out], 3);
    assert_eq!(exported[&format!("error.type=rejected,{way_out}")], 1);
    assert_eq!(exported[&format!("error.type=_OTHER,{way_out}")], 2);
    let inflight = points(own, "otel.sdk.exporter.span.inflight");
    assert_eq!(inflight[way_out], 0);

    judge_logs(own);
}

fn judge_logs(own: &[Metric]) {
    assert_eq!(points(own, "otel.sdk.log.created")[""], 1);
    assert_eq!(unit_of(own, "otel.sdk.log.created"), "{log_record}");
    let way_out = "otel.component.name=logs/0,otel.component.type=logs";
    assert_eq!(points(own, "otel.sdk.exporter.log.exported")[way_out], 1);
}

#[test]
fn a_destination_added_later_is_measured_too() {
    let (metrics, requests) = destination(accept);
    let config = Config::new()
        .exporter("spans", destination(accept).0)
        .metrics_exporter("metrics", metrics)
        .self_metrics(true);
    let provider = TracerProvider::new(&config).unwrap();
    let more = Config::new().exporter("spans", destination(accept).0);
    provider.add_destinations(&more).unwrap();
    drop(provider.tracer("t").start("span"));
    // The first flush delivers, the second one measures what came of it.
    provider.flush(LONG).unwrap();
    provider.flush(LONG).unwrap();
    let own = own_metrics(requests.lock().unwrap().last().unwrap());
    let exported = points(&own, "otel.sdk.exporter.span.exported");
    for place in ["spans/0", "spans/1"] {
        let way_out = format!("otel.component.name={place},otel.component.type=spans");
        assert_eq!(exported[&way_out], 1, "{exported:?}");
    }
}

#[test]
fn conf_111_what_is_not_sampled_is_counted_too() {
    let config = Config::new().sampler(Sampler::AlwaysOff).self_metrics(true);
    let provider = TracerProvider::new(&config).unwrap();
    for _ in 0..3 {
        drop(provider.tracer("t").start("span"));
    }
    let text = provider.meter_provider().prometheus_text();
    let line = text
        .lines()
        .find(|line| line.contains("sampling_result=\"DROP\""));
    assert!(line.is_some_and(|line| line.ends_with(" 3")), "{text}");
}

#[test]
fn without_being_asked_for_it_measures_nothing() {
    let provider = TracerProvider::new(&Config::new()).unwrap();
    drop(provider.tracer("t").start("span"));
    let text = provider.meter_provider().prometheus_text();
    assert!(!text.contains("otel_sdk"), "{text}");
}

/// A provider with one of each kind of metric, and texts that need care.
fn varied() -> TracerProvider {
    let config = Config::new()
        .service_name("shop \"west\"\n")
        .self_metrics(true);
    let provider = TracerProvider::new(&config).unwrap();
    let meter = provider.meter_provider().meter("shop");
    let odd = [
        KeyValue::new("http.route", "/a\\b\"c\"\n"),
        KeyValue::new("http_route", "again"),
        KeyValue::new("ä.1", true),
    ];
    let orders = meter.u64_counter("shop.orders").with_unit("{order}");
    let orders = orders.with_description("orders\ntaken \\ made").build();
    orders.add(3, &odd);
    let bytes = meter.f64_counter("shop.received").with_unit("By").build();
    bytes.add(0.5, &[]);
    meter.i64_up_down_counter("shop.open").build().add(-2, &odd);
    meter
        .f64_gauge("shop.load")
        .with_unit("1")
        .build()
        .record(f64::INFINITY, &[]);
    let duration = meter.f64_histogram("shop.duration").with_unit("s").build();
    for seconds in [0.001, 0.2, 3.0, 400.0] {
        duration.record(seconds, &odd);
    }
    drop(provider.tracer("t").start("span"));
    provider
}

#[test]
fn the_text_is_prometheuss() {
    let text = varied().meter_provider().prometheus_text();
    for line in [
        "# TYPE shop_orders_total counter",
        "# TYPE shop_received_bytes_total counter",
        "# TYPE shop_open gauge",
        "# TYPE shop_duration_seconds histogram",
        "# TYPE otel_sdk_span_started_total counter",
        "# TYPE target_info gauge",
    ] {
        assert!(text.lines().any(|it| it == line), "{line}\n{text}");
    }
    assert!(
        text.contains("service_name=\"shop \\\"west\\\"\\n\""),
        "{text}"
    );
    let sample = text
        .lines()
        .find(|line| line.starts_with("shop_orders_total{"));
    let sample = sample.unwrap();
    assert!(
        sample.contains("http_route=\"/a\\\\b\\\"c\\\"\\n;again\""),
        "{sample}"
    );
    assert!(sample.ends_with(" 3"), "{sample}");
    assert!(text.contains("le=\"+Inf\""), "{text}");
}

/// `promtool` is in Debian's package `prometheus`; `PROMTOOL` names another one.
#[test]
fn promtool_accepts_the_text() {
    let promtool = std::env::var("PROMTOOL").unwrap_or_else(|_| "promtool".to_owned());
    let child = Command::new(promtool)
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut child) = child else {
        println!("skipped: no promtool; install Debian's package prometheus, or set PROMTOOL");
        return;
    };
    let text = varied().meter_provider().prometheus_text();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(text.as_bytes()).unwrap();
    drop(stdin);
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    // Exit status 3 is a matter of style: advice on names, which are the program's.
    let status = output.status.code();
    assert!(matches!(status, Some(0 | 3)), "{said}\n{text}");
}
