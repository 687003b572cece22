//! Destinations of log records that a provider gets while it lives.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a helper of a test fails by a panic"
)]

#[path = "common/fork.rs"]
mod fork;

use libtracer::{
    Accepted, Batch, BatchSettings, Config, ExportFuture, Exporter, LogStats, MemoryExporter,
    Severity, Signal, TracerProvider,
};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(20);
/// So long that only a full batch or a flush sends anything.
const QUIET: BatchSettings = BatchSettings {
    max_queue_size: None,
    max_export_batch_size: 512,
    schedule_delay: Duration::from_secs(3600),
    export_timeout: Duration::from_secs(30),
};

/// Counts what it gets.
#[derive(Clone, Default)]
struct Taken(Arc<AtomicU64>);

impl Exporter for Taken {
    fn export<'a>(&'a mut self, batch: &'a Batch) -> ExportFuture<'a> {
        assert_eq!(batch.signal(), Signal::Logs);
        self.0
            .fetch_add(batch.to_logs().len() as u64, Ordering::Relaxed);
        Box::pin(async { Ok(Accepted::default()) })
    }
}

impl Taken {
    /// A configuration with this destination of log records, and none of spans.
    fn config(&self, name: &str) -> Config {
        let taken = self.clone();
        let factory = Arc::new(move || Ok(Box::new(taken.clone()) as Box<dyn Exporter>));
        Config::new()
            .exporters("none")
            .logs_exporter(name, factory)
            .logs_batch(QUIET)
    }

    fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

fn provider(config: &Config) -> TracerProvider {
    TracerProvider::new(config).unwrap()
}

fn emit(provider: &TracerProvider, count: usize) {
    let logger = provider.logger("added");
    for _ in 0..count {
        logger.record(Severity::Info, "one").emit();
    }
}

fn balanced(provider: &TracerProvider) -> Vec<LogStats> {
    let stats = provider.log_stats();
    assert!(stats.iter().all(LogStats::is_balanced), "{stats:?}");
    stats
}

#[test]
fn one_that_is_added_gets_what_comes_from_then_on() {
    let (first, second) = (Taken::default(), Taken::default());
    let provider = provider(&first.config("first"));
    emit(&provider, 3);
    provider.add_destinations(&second.config("second")).unwrap();
    emit(&provider, 4);
    provider.flush(SOON).unwrap();
    assert_eq!((first.count(), second.count()), (7, 4));
    let accounts = balanced(&provider);
    assert_eq!((accounts[0].emitted, accounts[0].exported), (7, 7));
    assert_eq!((accounts[1].emitted, accounts[1].exported), (4, 4));
    assert_eq!(accounts[1].pipeline, "second");
}

#[test]
fn a_provider_without_any_begins_with_the_first() {
    let taken = Taken::default();
    let provider = provider(&Config::new().exporters("none"));
    assert!(!provider.logger("").is_enabled());
    emit(&provider, 2);
    provider.add_destinations(&taken.config("late")).unwrap();
    assert!(provider.logger("").is_enabled());
    emit(&provider, 3);
    provider.shutdown(SOON).unwrap();
    assert_eq!(taken.count(), 3);
    let accounts = balanced(&provider);
    assert_eq!((accounts[0].emitted, accounts[0].exported), (3, 3));
}

#[test]
fn an_in_memory_exporter_may_come_later_too() {
    let (kept, taken) = (MemoryExporter::new(), Taken::default());
    let provider = provider(&Config::new());
    emit(&provider, 1);
    provider
        .add_destinations(&Config::new().logs_memory(&kept))
        .unwrap();
    emit(&provider, 2);
    assert_eq!(kept.logs().len(), 2);
    assert_eq!(balanced(&provider)[0].exported, 2);
    provider.add_destinations(&taken.config("later")).unwrap();
    emit(&provider, 4);
    provider.flush(SOON).unwrap();
    assert_eq!((kept.logs().len(), taken.count()), (6, 4));
    assert_eq!(balanced(&provider)[0].exported, 4);
}

#[test]
fn spans_keep_their_own_destinations() {
    let (kept, taken) = (MemoryExporter::new(), Taken::default());
    let provider = provider(&Config::new().memory(&kept));
    provider.add_destinations(&taken.config("logs")).unwrap();
    provider.tracer("t").start("span").end();
    emit(&provider, 1);
    provider.flush(SOON).unwrap();
    assert_eq!((kept.spans().len(), taken.count()), (1, 1));
    assert_eq!(provider.stats().len(), 1);
}

#[test]
fn recording_goes_on_meanwhile_and_nothing_is_counted_twice() {
    const EACH: usize = 2_000;
    let (first, late) = (Taken::default(), Taken::default());
    let provider = provider(&first.config("first"));
    let ready = Barrier::new(3);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                ready.wait();
                emit(&provider, EACH);
            });
        }
        ready.wait();
        provider.add_destinations(&late.config("late")).unwrap();
    });
    provider.flush(SOON).unwrap();
    let accounts = balanced(&provider);
    assert_eq!(first.count(), 2 * EACH as u64);
    assert_eq!(accounts[0].exported, first.count());
    assert_eq!(accounts[1].exported, late.count());
    assert_eq!(accounts[1].queued, 0);
}

fn usual() -> libc::pid_t {
    // SAFETY: the child only records, flushes and ends.
    unsafe { libc::fork() }
}

#[test]
fn a_forked_child_has_them_too() {
    let (first, second) = (Taken::default(), Taken::default());
    let provider = provider(&first.config("first"));
    provider.add_destinations(&second.config("second")).unwrap();
    emit(&provider, 1);
    let child = fork::start(usual, || {
        emit(&provider, 2);
        provider.flush(SOON).unwrap();
        let accounts = balanced(&provider);
        format!("{} {}", accounts[0].exported, accounts[1].exported)
    });
    assert_eq!(child.join(), "2 2");
}

#[test]
fn after_shutdown_none_is_taken() {
    let provider = provider(&Config::new());
    provider.shutdown(SOON).unwrap();
    assert!(
        provider
            .add_destinations(&Taken::default().config("late"))
            .is_err()
    );
}
