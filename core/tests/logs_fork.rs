//! After a fork the child has an account, a worker and meters of its own.
#![cfg(all(unix, feature = "metrics"))]

#[expect(
    clippy::expect_used,
    clippy::panic,
    reason = "a helper of a test fails by a panic"
)]
#[path = "common/fork.rs"]
mod fork;

use libtracer::{
    Accepted, Batch, Config, ExportFuture, Exporter, ExporterFactory, Severity, Signal,
    TracerProvider,
};
use opentelemetry::metrics::MeterProvider;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

const LONG: Duration = Duration::from_secs(20);

/// What was exported in this process: log records, batches of metrics.
static LOGS: AtomicUsize = AtomicUsize::new(0);
static METRICS: AtomicUsize = AtomicUsize::new(0);

struct Count;

impl Exporter for Count {
    fn export<'a>(&'a mut self, batch: &'a Batch) -> ExportFuture<'a> {
        match batch.signal() {
            Signal::Logs => LOGS.fetch_add(batch.to_logs().len(), Ordering::Relaxed),
            _ => METRICS.fetch_add(1, Ordering::Relaxed),
        };
        Box::pin(async { Ok(Accepted::default()) })
    }
}

fn exported() -> [usize; 2] {
    [&LOGS, &METRICS].map(|count| count.load(Ordering::Relaxed))
}

#[test]
fn a_child_records_and_measures_for_itself() {
    let factory: ExporterFactory = Arc::new(|| Ok(Box::new(Count)));
    let config = Config::new()
        .logs_exporter("count", factory.clone())
        .metrics_exporter("count", factory)
        .self_metrics(true);
    let provider = TracerProvider::new(&config).unwrap();
    let logger = provider.logger("l");
    logger.record(Severity::Info, "in the parent").emit();
    let before = provider
        .meter_provider()
        .meter("m")
        .u64_counter("before")
        .build();
    before.add(1, &[]);

    let (in_child, counter) = (provider.clone(), before.clone());
    // SAFETY: the child runs what this library promises to work there, then ends.
    let child = fork::start(
        || unsafe { libc::fork() },
        move || {
            let fresh = in_child.log_stats().remove(0);
            counter.add(1, &[]);
            logger.record(Severity::Info, "in the child").emit();
            let meter = in_child.meter_provider().meter("m");
            meter.u64_counter("after").build().add(1, &[]);
            in_child.flush(LONG).unwrap();
            let stats = in_child.log_stats().remove(0);
            let [logs, metrics] = exported();
            format!(
                "{} {} {} {logs} {}",
                fresh.emitted,
                stats.emitted,
                stats.is_balanced(),
                metrics > 0
            )
        },
    );
    // Its own record only: the parent's was not yet exported, and is not the child's to export.
    assert_eq!(child.join(), "0 1 true 1 true");

    provider.shutdown(LONG).unwrap();
    let stats = provider.log_stats().remove(0);
    assert_eq!((stats.emitted, stats.exported), (1, 1));
    assert_eq!(exported()[0], 1);
}
