//! When a pipeline exports, and what flush, shutdown and the export timeout make of exporters that
//! are slow, stuck or used from many sides.

use crate::rig::alone;
use crate::told::{Gate, SOON, balanced, spans, until};
use libtracer::{
    Accepted, Batch, BatchSettings, Config, EndFuture, ExportFuture, Exporter, ExporterFactory,
    TracerProvider,
};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

const HOUR: Duration = Duration::from_secs(3600);
const MOMENT: Duration = Duration::from_millis(50);

/// What an exporter saw of its callers.
#[derive(Default)]
struct Seen {
    inside: AtomicBool,
    overlaps: AtomicUsize,
    exports: AtomicUsize,
    cancelled: AtomicUsize,
    ends: AtomicUsize,
    after_end: AtomicUsize,
    /// Exports that take for ever, from the first one on.
    stuck: AtomicUsize,
}

impl Seen {
    fn factory(self: &Arc<Self>) -> ExporterFactory {
        let seen = Arc::clone(self);
        Arc::new(move || Ok(Box::new(Watched(Arc::clone(&seen)))))
    }

    fn enter(&self) {
        let twice = self.inside.swap(true, Ordering::AcqRel);
        self.overlaps
            .fetch_add(usize::from(twice), Ordering::Relaxed);
    }

    fn count(counter: &AtomicUsize) -> usize {
        counter.load(Ordering::Relaxed)
    }
}

struct Watched(Arc<Seen>);

/// Inside the exporter until it is dropped.
struct Inside<'a>(&'a Seen, bool);

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        self.0
            .cancelled
            .fetch_add(usize::from(!self.1), Ordering::Relaxed);
        self.0.inside.store(false, Ordering::Release);
    }
}

impl Exporter for Watched {
    fn export<'a>(&'a mut self, _: &'a Batch) -> ExportFuture<'a> {
        let seen = &*self.0;
        let ended = Seen::count(&seen.ends);
        seen.after_end.fetch_add(ended, Ordering::Relaxed);
        Box::pin(async move {
            seen.enter();
            let mut inside = Inside(seen, false);
            let number = seen.exports.fetch_add(1, Ordering::Relaxed);
            if number < Seen::count(&seen.stuck) {
                std::future::pending::<()>().await;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
            inside.1 = true;
            Ok(Accepted::default())
        })
    }

    fn flush(&mut self) {
        self.0.enter();
        drop(Inside(&self.0, true));
    }

    fn end(&mut self) -> EndFuture<'_> {
        Box::pin(async {
            self.0.enter();
            let _inside = Inside(&self.0, true);
            self.0.ends.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(Duration::from_millis(2)).await;
        })
    }
}

fn batch(size: usize, schedule_delay: Duration) -> BatchSettings {
    BatchSettings {
        max_export_batch_size: size,
        schedule_delay,
        ..BatchSettings::default()
    }
}

#[test]
fn conf_061_calls_of_one_exporter_never_overlap_and_none_comes_after_its_end() {
    let seen = Arc::<Seen>::default();
    seen.stuck.store(3, Ordering::Relaxed);
    let batch = BatchSettings {
        export_timeout: Duration::from_millis(20),
        ..batch(10, Duration::from_millis(1))
    };
    let config = Config::new()
        .batch(batch)
        .exporter("watched", seen.factory());
    let provider = TracerProvider::new(&config).unwrap();
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                for _ in 0..10 {
                    spans(&provider, 30);
                    provider.flush(SOON).unwrap();
                }
            });
        }
    });
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| provider.shutdown(SOON));
            scope.spawn(|| provider.flush(SOON));
        }
    });
    let now = balanced(&provider).remove(0);
    assert_eq!((now.exported, now.dropped()), (900, 0), "{now:?}");
    assert_eq!(Seen::count(&seen.overlaps), 0);
    assert_eq!(Seen::count(&seen.cancelled), 3, "those that were stuck");
    assert_eq!(
        (Seen::count(&seen.ends), Seen::count(&seen.after_end)),
        (1, 0)
    );
}

#[test]
fn conf_063_a_batch_goes_when_it_is_full_when_the_delay_is_over_and_on_flush() {
    let _alone = alone();
    let provider_of = |batch, gate: &Gate| {
        gate.open();
        let config = Config::new().batch(batch);
        TracerProvider::new(&config.exporter("gate", gate.factory())).unwrap()
    };
    let gate = Gate::default();
    let provider = provider_of(batch(512, MOMENT), &gate);
    spans(&provider, 3);
    until("the delay is over", || gate.taken() == 3);

    // The worker is woken by full chunks, of some thousand spans; then full batches go.
    let gate = Gate::default();
    let provider = provider_of(batch(512, HOUR), &gate);
    spans(&provider, 20_000);
    until("full batches have gone", || gate.taken() > 5_000);
    assert_eq!(gate.taken() % 512, 0);
    provider.flush(SOON).unwrap();
    assert_eq!(gate.taken(), 20_000);

    // With a queue size it is woken by each full batch.
    let sized = BatchSettings {
        max_queue_size: Some(100),
        ..batch(5, HOUR)
    };
    let gate = Gate::default();
    let provider = provider_of(sized, &gate);
    spans(&provider, 7);
    until("the full batch has gone", || gate.taken() == 5);
    provider.flush(SOON).unwrap();
    assert_eq!(gate.taken(), 7);
}

#[test]
fn conf_064_the_export_timeout_cancels_a_running_export_and_the_batch_is_tried_again() {
    let seen = Arc::<Seen>::default();
    seen.stuck.store(1, Ordering::Relaxed);
    let batch = BatchSettings {
        export_timeout: MOMENT,
        ..batch(10, HOUR)
    };
    let config = Config::new()
        .batch(batch)
        .exporter("watched", seen.factory());
    let provider = TracerProvider::new(&config).unwrap();
    spans(&provider, 3);
    provider.flush(SOON).unwrap();
    assert_eq!(
        (Seen::count(&seen.exports), Seen::count(&seen.cancelled)),
        (2, 1)
    );
    let now = balanced(&provider).remove(0);
    assert_eq!((now.exported, now.dropped()), (3, 0));
    assert_eq!(now.last_error, "no answer within 50ms");
}

#[test]
fn conf_007_conf_065_the_timeout_of_a_flush_wins_and_loses_nothing() {
    let (stuck, good) = (Gate::default(), Gate::default());
    good.open();
    let config = Config::new()
        .exporter("stuck", stuck.factory())
        .exporter("good", good.factory());
    let provider = TracerProvider::new(&config).unwrap();
    spans(&provider, 600);
    let begin = Instant::now();
    assert!(provider.flush(MOMENT).is_err());
    assert!(begin.elapsed() >= MOMENT);
    assert!(
        begin.elapsed() < Duration::from_secs(2),
        "{:?}",
        begin.elapsed()
    );
    until("every pipeline was flushed", || good.taken() == 600);
    let all = balanced(&provider);
    assert_eq!((all[0].queued, all[1].exported), (600, 600), "{all:?}");
    stuck.open();
    assert!(provider.flush(SOON).is_ok());
    assert_eq!(stuck.taken(), 600);
}

#[test]
fn conf_006_conf_066_a_shutdown_flushes_ends_each_exporter_once_and_is_the_last_word() {
    let seen = Arc::<Seen>::default();
    let gate = Gate::default();
    gate.open();
    let config = Config::new()
        .batch(batch(512, HOUR))
        .exporter("watched", seen.factory())
        .exporter("gate", gate.factory());
    let provider = TracerProvider::new(&config).unwrap();
    spans(&provider, 600);
    assert!(provider.shutdown(SOON).is_ok());
    assert_eq!(gate.taken(), 600);
    assert_eq!(Seen::count(&seen.ends), 1);

    spans(&provider, 5);
    assert!(provider.flush(SOON).is_ok());
    assert!(provider.shutdown(SOON).is_ok());
    assert_eq!((gate.taken(), Seen::count(&seen.ends)), (600, 1));
    for stats in balanced(&provider) {
        assert_eq!((stats.exported, stats.queued), (600, 0), "{stats:?}");
        assert_eq!(stats.dropped(), stats.started - 600, "{stats:?}");
    }
}

/// Records a span of the same provider within each export.
struct Instrumented(Arc<OnceLock<TracerProvider>>);

impl Exporter for Instrumented {
    fn export<'a>(&'a mut self, _: &'a Batch) -> ExportFuture<'a> {
        Box::pin(async {
            if let Some(provider) = self.0.get() {
                provider.tracer("http").start("POST").end();
            }
            Ok(Accepted::default())
        })
    }
}

#[test]
fn in_the_blocking_mode_an_exporter_that_records_does_not_wait_for_itself() {
    let _alone = alone();
    let own = Arc::<OnceLock<TracerProvider>>::default();
    let slot = Arc::clone(&own);
    let factory: ExporterFactory = Arc::new(move || Ok(Box::new(Instrumented(Arc::clone(&slot)))));
    let one = BatchSettings {
        max_queue_size: Some(1),
        ..batch(1, HOUR)
    };
    let config = Config::new().batch(one).block_when_full(SOON);
    let provider = TracerProvider::new(&config.exporter("http", factory)).unwrap();
    assert!(own.set(provider.clone()).is_ok());
    let begin = Instant::now();
    spans(&provider, 20);
    provider.flush(SOON).unwrap();
    assert!(begin.elapsed() < SOON / 2, "{:?}", begin.elapsed());
    let now = balanced(&provider).remove(0);
    assert_eq!(now.exported, 20, "{now:?}");
    assert_eq!(now.dropped_queue_full, 20, "its own find no room: {now:?}");
}
