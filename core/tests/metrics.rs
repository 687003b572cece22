//! Metrics on our worker, judged by opentelemetry-proto and by `opentelemetry_sdk`'s own reader.
#![cfg(feature = "metrics")]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a helper of a test fails by a panic"
)]

use libtracer::{
    Accepted, Batch, Config, ExportError, ExportFuture, Exporter, ExporterFactory,
    MetricTemporality, Signal, TracerProvider,
};
use opentelemetry::KeyValue;
use opentelemetry::metrics::MeterProvider;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::metrics::v1::{
    AggregationTemporality, Metric, NumberDataPoint, metric::Data, number_data_point,
};
use prost::Message;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const LONG: Duration = Duration::from_secs(20);

struct ToSink(Sender<ExportMetricsServiceRequest>);

impl Exporter for ToSink {
    fn export<'a>(&'a mut self, batch: &'a Batch) -> ExportFuture<'a> {
        assert_eq!(batch.signal(), Signal::Metrics);
        let request = ExportMetricsServiceRequest::decode(&batch.to_otlp()[..]).unwrap();
        self.0.send(request).ok();
        Box::pin(async { Ok(Accepted::default()) })
    }
}

/// An exporter, and what it is given.
fn sink() -> (ExporterFactory, Receiver<ExportMetricsServiceRequest>) {
    let (sender, receiver) = channel();
    let sender = Mutex::new(sender);
    let factory = move || {
        let sender = sender.lock().unwrap().clone();
        Ok(Box::new(ToSink(sender)) as Box<dyn Exporter>)
    };
    (Arc::new(factory), receiver)
}

fn metrics(request: &ExportMetricsServiceRequest) -> Vec<Metric> {
    let resources = request.resource_metrics.iter();
    let scopes = resources.flat_map(|it| &it.scope_metrics);
    let mut metrics: Vec<_> = scopes.flat_map(|it| it.metrics.clone()).collect();
    metrics.sort_by(|a, b| a.name.cmp(&b.name));
    metrics
}

fn sum_of(metrics: &[Metric], name: &str) -> Option<i64> {
    let metric = metrics.iter().find(|metric| metric.name == name)?;
    let points = match metric.data.as_ref()? {
        Data::Sum(sum) => &sum.data_points,
        Data::Gauge(gauge) => &gauge.data_points,
        _ => return None,
    };
    let value = |point: &NumberDataPoint| match point.value {
        Some(number_data_point::Value::AsInt(value)) => value,
        _ => 0,
    };
    Some(points.iter().map(value).sum())
}

/// Records with one of each kind of instrument.
fn record(meters: &impl MeterProvider) {
    let meter = meters.meter("shop");
    let kind = [KeyValue::new("kind", "book")];
    let orders = meter.u64_counter("orders").with_unit("{order}");
    orders.build().add(3, &kind);
    let paid = meter.f64_counter("paid").with_description("what came in");
    paid.build().add(9.5, &kind);
    meter.i64_up_down_counter("open").build().add(-2, &[]);
    meter.f64_up_down_counter("balance").build().add(-0.5, &[]);
    meter.u64_gauge("stock").build().record(7, &kind);
    meter.i64_gauge("celsius").build().record(-4, &[]);
    meter.f64_gauge("load").build().record(0.25, &[]);
    let sizes = meter
        .u64_histogram("sizes")
        .with_boundaries(vec![1.0, 10.0]);
    let sizes = sizes.build();
    sizes.record(5, &[]);
    sizes.record(50, &[]);
    meter.f64_histogram("seconds").build().record(0.1, &kind);
    macro_rules! observable {
        ($($make:ident $name:literal $value:literal,)*) => {$(
            meter.$make($name).with_callback(|it| it.observe($value, &[])).build();
        )*};
    }
    observable! {
        u64_observable_counter "seen" 8,
        f64_observable_counter "watts" 1.5,
        i64_observable_up_down_counter "depth" -3,
        f64_observable_up_down_counter "drift" 0.1,
        u64_observable_gauge "threads" 4,
        i64_observable_gauge "level" -1,
        f64_observable_gauge "share" 0.5,
    }
}

/// Leaves out what differs from run to run.
fn timeless(mut metrics: Vec<Metric>) -> Vec<Metric> {
    let still = |point: &mut NumberDataPoint| {
        (point.start_time_unix_nano, point.time_unix_nano) = (0, 0);
    };
    for metric in &mut metrics {
        match metric.data.as_mut().unwrap() {
            Data::Gauge(gauge) => gauge.data_points.iter_mut().for_each(still),
            Data::Sum(sum) => sum.data_points.iter_mut().for_each(still),
            Data::Histogram(histogram) => histogram.data_points.iter_mut().for_each(|point| {
                (point.start_time_unix_nano, point.time_unix_nano) = (0, 0);
            }),
            other => panic!("{other:?}"),
        }
    }
    metrics
}

/// What `opentelemetry_sdk`'s own reader and exporter make of the same measurements.
fn by_their_exporter() -> Vec<Metric> {
    use opentelemetry_sdk::metrics::{InMemoryMetricExporter, PeriodicReader, SdkMeterProvider};
    let exporter = InMemoryMetricExporter::default();
    let reader = PeriodicReader::builder(exporter.clone()).build();
    let meters = SdkMeterProvider::builder().with_reader(reader).build();
    record(&meters);
    meters.force_flush().unwrap();
    let collected = exporter.get_finished_metrics().unwrap();
    metrics(&(&collected[0]).into())
}

#[test]
fn every_instrument_arrives_as_by_the_sdks_own_reader() {
    let (factory, requests) = sink();
    let config = Config::new()
        .service_name("shop")
        .metrics_exporter("sink", factory);
    let provider = TracerProvider::new(&config).unwrap();
    record(&provider.meter_provider());
    provider.flush(LONG).unwrap();
    let request = requests.try_recv().unwrap();
    let (ours, theirs) = (metrics(&request), by_their_exporter());
    assert_eq!(ours.len(), 16);
    assert_eq!(timeless(ours), timeless(theirs));
    let resource = &request.resource_metrics[0];
    assert_eq!(resource.scope_metrics.len(), 1);
    let scope = resource.scope_metrics[0].scope.as_ref().unwrap();
    assert_eq!(scope.name, "shop");
    let attributes = &resource.resource.as_ref().unwrap().attributes;
    assert!(attributes.iter().any(|it| it.key == "service.name"));
}

#[test]
fn the_interval_collects_without_a_flush() {
    let (factory, requests) = sink();
    let config = Config::new()
        .metrics_exporter("sink", factory)
        .metrics_interval(Duration::from_millis(20));
    let provider = TracerProvider::new(&config).unwrap();
    let meter = provider.meter_provider().meter("m");
    let counter = meter.u64_counter("beats").build();
    counter.add(1, &[]);
    let first = requests.recv_timeout(LONG).unwrap();
    assert_eq!(sum_of(&metrics(&first), "beats"), Some(1));
    counter.add(1, &[]);
    // Cumulative, and again and again.
    while sum_of(&metrics(&requests.recv_timeout(LONG).unwrap()), "beats") != Some(2) {}
    provider.shutdown(LONG).unwrap();
}

#[test]
fn deltas_start_anew_with_each_collection() {
    let (factory, requests) = sink();
    let config = Config::new()
        .metrics_exporter("sink", factory)
        .metrics_temporality(MetricTemporality::Delta)
        .prometheus();
    let provider = TracerProvider::new(&config).unwrap();
    let meters = provider.meter_provider();
    let counter = meters.meter("m").u64_counter("beats").build();
    for added in [5, 7] {
        counter.add(added, &[]);
        provider.flush(LONG).unwrap();
        let metrics = metrics(&requests.try_recv().unwrap());
        assert_eq!(sum_of(&metrics, "beats"), i64::try_from(added).ok());
        let Some(Data::Sum(sum)) = &metrics[0].data else {
            panic!("{metrics:?}")
        };
        let temporality = sum.aggregation_temporality();
        assert_eq!(temporality, AggregationTemporality::Delta);
    }
    // The text is cumulative whatever is exported.
    let text = meters.prometheus_text();
    assert!(
        text.contains("beats_total{otel_scope_name=\"m\"} 12"),
        "{text}"
    );
}

#[test]
fn a_panic_in_a_callback_takes_nothing_else_with_it() {
    let (factory, requests) = sink();
    let config = Config::new().metrics_exporter("sink", factory);
    let provider = TracerProvider::new(&config).unwrap();
    let meter = provider.meter_provider().meter("m");
    let bad = meter.u64_observable_gauge("bad");
    bad.with_callback(|_| panic!("a callback's own defect"))
        .build();
    let good = meter.u64_observable_gauge("good");
    good.with_callback(|it| it.observe(1, &[])).build();
    for _ in 0..2 {
        provider.flush(LONG).unwrap();
        let metrics = metrics(&requests.try_recv().unwrap());
        assert_eq!(sum_of(&metrics, "good"), Some(1));
        assert_eq!(sum_of(&metrics, "bad"), None);
    }
}

#[test]
fn shutdown_collects_once_more_and_then_no_more() {
    let (factory, requests) = sink();
    let config = Config::new().metrics_exporter("sink", factory);
    let provider = TracerProvider::new(&config).unwrap();
    let meter = provider.meter_provider().meter("m");
    let counter = meter.u64_counter("last").build();
    counter.add(1, &[]);
    provider.shutdown(LONG).unwrap();
    let last = metrics(&requests.try_recv().unwrap());
    assert_eq!(sum_of(&last, "last"), Some(1));
    counter.add(1, &[]);
    provider.flush(LONG).unwrap();
    assert!(requests.try_recv().is_err());
}

#[test]
fn nothing_measured_sends_nothing() {
    let (factory, requests) = sink();
    let config = Config::new().metrics_exporter("sink", factory);
    let provider = TracerProvider::new(&config).unwrap();
    let _meters = provider.meter_provider();
    provider.flush(LONG).unwrap();
    assert!(requests.try_recv().is_err());
}

#[test]
fn a_disabled_sdk_exports_no_metrics() {
    let (factory, requests) = sink();
    let config = Config::new()
        .metrics_exporter("sink", factory)
        .self_metrics(true)
        .disabled(true);
    let provider = TracerProvider::new(&config).unwrap();
    let meter = provider.meter_provider().meter("m");
    meter.u64_counter("no").build().add(1, &[]);
    provider.flush(LONG).unwrap();
    assert!(requests.try_recv().is_err());
}

#[test]
fn a_callback_that_blocks_keeps_nobody_beyond_the_deadline() {
    let (factory, requests) = sink();
    let config = Config::new().metrics_exporter("sink", factory);
    let provider = TracerProvider::new(&config).unwrap();
    let meter = provider.meter_provider().meter("m");
    let (go_on, waiting) = channel::<()>();
    let waiting = Mutex::new(waiting);
    let slow = meter.u64_observable_gauge("slow").with_callback(move |it| {
        // Until the test lets go of the other end.
        let _ = waiting.lock().unwrap().recv();
        it.observe(1, &[]);
    });
    slow.build();
    provider.flush(Duration::from_millis(20)).unwrap_err();
    assert!(requests.try_recv().is_err());
    drop(go_on);
    provider.flush(LONG).unwrap();
    let last = requests.try_iter().last().unwrap();
    assert_eq!(sum_of(&metrics(&last), "slow"), Some(1));
}

/// Takes the first request, refuses the second, then says it is not there.
struct Fickle(usize);

impl Exporter for Fickle {
    fn export<'a>(&'a mut self, _: &'a Batch) -> ExportFuture<'a> {
        self.0 += 1;
        let answer = match self.0 {
            1 => Ok(Accepted::default()),
            2 => Err(ExportError::permanent("no")),
            _ => Err(ExportError::retryable("not now")),
        };
        Box::pin(async { answer })
    }
}

#[test]
fn the_account_of_metrics_holds() {
    let factory: ExporterFactory = Arc::new(|| Ok(Box::new(Fickle(0))));
    let config = Config::new().metrics_exporter("fickle", factory);
    let provider = TracerProvider::new(&config).unwrap();
    assert!(provider.metric_stats().is_empty());
    let meter = provider.meter_provider().meter("m");
    meter.u64_counter("one").build().add(1, &[]);
    meter.u64_counter("two").build().add(1, &[]);
    provider.flush(LONG).unwrap();
    provider.flush(LONG).unwrap();
    provider.shutdown(Duration::from_millis(50)).unwrap_err();
    let stats = provider.metric_stats().remove(0);
    assert!(stats.is_balanced(), "{stats:?}");
    let ways = (
        stats.exported,
        stats.dropped_export_failed,
        stats.dropped_shutdown,
    );
    assert_eq!((stats.collected, ways), (6, (2, 2, 2)));
    assert_eq!(stats.last_error, "not now");
}
