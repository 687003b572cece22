//! Log records and metrics by gRPC, to the services that opentelemetry-proto generates.
#![cfg(all(feature = "otlp-grpc", feature = "metrics"))]

#[expect(dead_code, reason = "only the transport's own tests need all of it")]
#[expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a helper of a test fails by a panic"
)]
#[path = "common/collector.rs"]
mod collector;

use collector::{Body, Collector};
use libtracer::{Config, Severity, TracerProvider};
use opentelemetry::metrics::MeterProvider;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(10);

#[test]
fn conf_073_each_signal_calls_its_service() {
    let collector = Collector::start(|_| Ok((0, String::new())));
    let config = Config::new()
        .otlp(format!("http://{}", collector.address))
        .otlp_protocol("grpc")
        .otlp_logs()
        .otlp_metrics();
    let provider = TracerProvider::new(&config).unwrap();
    drop(provider.tracer("s").start("span"));
    provider.logger("s").record(Severity::Info, "x").emit();
    let meter = provider.meter_provider().meter("s");
    meter.u64_counter("count").build().add(1, &[]);
    provider.flush(SOON).unwrap();

    let mut arrived = [0; 3];
    for _ in 0..3 {
        match collector.arrival().body {
            Body::Traces(request) => arrived[0] += request.resource_spans.len(),
            Body::Logs(request) => {
                let records = &request.resource_logs[0].scope_logs[0].log_records;
                assert_eq!(records[0].severity_number, 9);
                arrived[1] += records.len();
            }
            Body::Metrics(request) => {
                let metrics = &request.resource_metrics[0].scope_metrics[0].metrics;
                assert_eq!(metrics[0].name, "count");
                arrived[2] += metrics.len();
            }
        }
    }
    assert_eq!(arrived, [1; 3]);
}
