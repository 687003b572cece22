//! The account: every span that was started is exported, dropped for a cause, queued or open.
#![expect(clippy::unwrap_used, reason = "a helper of a test fails by a panic")]

#[path = "common/ends.rs"]
mod ends;

use ends::Ends;
use libtracer::{
    Accepted, Batch, BatchSettings, Config, ExportError, ExportFuture, Exporter, ExporterFactory,
    MemoryExporter, Stats, TracerProvider,
};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

const SOON: Duration = Duration::from_secs(20);

/// What an exporter answers.
type Answer = Arc<dyn Fn(&Batch) -> Result<Accepted, ExportError> + Send + Sync>;

struct Told(Answer);

impl Exporter for Told {
    fn export<'a>(&'a mut self, batch: &'a Batch) -> ExportFuture<'a> {
        let answer = (self.0)(batch);
        Box::pin(async { answer })
    }
}

fn told(
    answer: impl Fn(&Batch) -> Result<Accepted, ExportError> + Send + Sync + 'static,
) -> ExporterFactory {
    let answer: Answer = Arc::new(answer);
    Arc::new(move || Ok(Box::new(Told(Arc::clone(&answer)))))
}

/// Counts spans and takes them all.
fn counting() -> (Arc<AtomicU64>, ExporterFactory) {
    let count = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&count);
    let factory = told(move |batch| {
        counted.fetch_add(batch.span_count() as u64, Ordering::Relaxed);
        Ok(Accepted::default())
    });
    (count, factory)
}

/// Takes its time, without blocking the worker.
struct Slow;

impl Exporter for Slow {
    fn export<'a>(&'a mut self, _: &'a Batch) -> ExportFuture<'a> {
        Box::pin(async {
            tokio::time::sleep(Duration::from_millis(200)).await;
            Ok(Accepted::default())
        })
    }
}

/// Never answers.
struct Stuck;

impl Exporter for Stuck {
    fn export<'a>(&'a mut self, _: &'a Batch) -> ExportFuture<'a> {
        Box::pin(std::future::pending())
    }
}

/// The account when nothing is queued any more, or the one at a time-out.
fn settled(provider: &TracerProvider) -> Stats {
    let begin = Instant::now();
    loop {
        let stats = balanced(provider);
        if stats.queued == 0 || begin.elapsed() > SOON {
            return stats;
        }
        thread::yield_now();
    }
}

fn balanced(provider: &TracerProvider) -> Stats {
    let mut all = provider.stats();
    for stats in &all {
        assert!(stats.is_balanced(), "{stats:?}");
    }
    all.remove(0)
}

fn spans(provider: &TracerProvider, count: usize) {
    let tracer = provider.tracer("load");
    for number in 0..count {
        let span = tracer.start("span");
        span.set("number", i64::try_from(number).unwrap())
            .set("text", "some text");
    }
}

#[test]
fn four_threads_at_full_speed_lose_nothing_that_is_not_counted() {
    const EACH: usize = 50_000;
    let (exported, factory) = counting();
    let provider = TracerProvider::new(&Config::new().exporter("count", factory)).unwrap();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let writers: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| spans(&provider, EACH)))
            .collect();
        // While all that moves, every figure only grows.
        let reader = scope.spawn(|| {
            let mut last = Stats::default();
            while !done.load(Ordering::Acquire) {
                let now = provider.stats().remove(0);
                assert!(now.started >= last.started, "{now:?} after {last:?}");
                assert!(now.exported >= last.exported, "{now:?} after {last:?}");
                assert!(now.dropped() >= last.dropped(), "{now:?} after {last:?}");
                assert!(now.exported + now.dropped() <= now.started, "{now:?}");
                last = now;
            }
        });
        let ends = Ends(&done);
        for writer in writers {
            writer.join().unwrap();
        }
        drop(ends);
        reader.join().unwrap();
    });
    provider.flush(SOON).unwrap();
    let stats = balanced(&provider);
    assert_eq!(stats.started, 4 * EACH as u64);
    assert_eq!((stats.queued, stats.open), (0, 0), "{stats:?}");
    assert_eq!(stats.exported, exported.load(Ordering::Relaxed));
    assert_eq!(
        stats.exported + stats.dropped_queue_full,
        stats.started,
        "{stats:?}"
    );
}

#[test]
fn threads_that_have_ended_leave_nothing_behind() {
    let (exported, factory) = counting();
    let provider = TracerProvider::new(&Config::new().exporter("count", factory)).unwrap();
    for _ in 0..200 {
        thread::scope(|scope| {
            scope.spawn(|| spans(&provider, 7));
        });
    }
    provider.flush(SOON).unwrap();
    let stats = balanced(&provider);
    assert_eq!(
        (stats.exported, exported.load(Ordering::Relaxed)),
        (1_400, 1_400)
    );
}

#[test]
fn open_spans_are_counted_until_they_end() {
    let (_, factory) = counting();
    let provider = TracerProvider::new(&Config::new().exporter("count", factory)).unwrap();
    let tracer = provider.tracer("t");
    let open: Vec<_> = (0..300).map(|_| tracer.start("open")).collect();
    assert_eq!(balanced(&provider).open, 300);
    // Ended elsewhere.
    thread::scope(|scope| {
        scope.spawn(move || drop(open));
    });
    provider.flush(SOON).unwrap();
    let stats = balanced(&provider);
    assert_eq!((stats.open, stats.exported), (0, 300));
}

#[test]
fn conf_062_a_queue_size_is_kept_exactly() {
    let batch = BatchSettings {
        max_queue_size: Some(100),
        max_export_batch_size: 10,
        ..BatchSettings::default()
    };
    let stuck: ExporterFactory = Arc::new(|| Ok(Box::new(Stuck)));
    let provider =
        TracerProvider::new(&Config::new().batch(batch).exporter("stuck", stuck)).unwrap();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| spans(&provider, 1_000));
        }
    });
    let stats = balanced(&provider);
    assert_eq!(
        (stats.queued, stats.dropped_queue_full),
        (100, 3_900),
        "{stats:?}"
    );
}

#[test]
fn spans_that_a_destination_refuses_are_counted_by_cause() {
    let permanent = told(|_| {
        Err(ExportError::Permanent {
            message: "no such table".into(),
        })
    });
    let partial = told(|batch| {
        Ok(Accepted {
            rejected: batch.span_count() as u64 / 2,
            message: "half".into(),
        })
    });
    let config = Config::new()
        .exporter("permanent", permanent)
        .exporter("partial", partial);
    let provider = TracerProvider::new(&config).unwrap();
    spans(&provider, 100);
    provider.flush(SOON).unwrap();
    balanced(&provider);
    let all = provider.stats();
    let [permanent, partial] = all.as_slice() else {
        panic!("{all:?}")
    };
    assert_eq!(
        (permanent.dropped_export_failed, permanent.exported),
        (100, 0)
    );
    assert!(
        permanent.last_error.contains("no such table"),
        "{permanent:?}"
    );
    assert_eq!((partial.dropped_rejected, partial.exported), (50, 50));
}

#[test]
fn conf_089_a_destination_that_is_stuck_does_not_hold_up_another() {
    let (exported, factory) = counting();
    let stuck: ExporterFactory = Arc::new(|| Ok(Box::new(Stuck)));
    let config = Config::new()
        .exporter("stuck", stuck)
        .exporter("count", factory);
    let provider = TracerProvider::new(&config).unwrap();
    spans(&provider, 5_000);
    assert!(provider.flush(Duration::from_millis(500)).is_err());
    let begin = Instant::now();
    while exported.load(Ordering::Relaxed) < 5_000 {
        assert!(begin.elapsed() < SOON);
        thread::sleep(Duration::from_millis(1));
    }
    balanced(&provider);
    assert_eq!(
        provider.stats().first().map(|stats| stats.queued),
        Some(5_000)
    );
}

#[test]
fn conf_006_shutdown_keeps_its_deadline_and_counts_what_is_left() {
    let stuck: ExporterFactory = Arc::new(|| Ok(Box::new(Stuck)));
    let provider = TracerProvider::new(&Config::new().exporter("stuck", stuck)).unwrap();
    spans(&provider, 1_000);
    let begin = Instant::now();
    assert!(provider.shutdown(Duration::from_millis(300)).is_err());
    assert!(
        begin.elapsed() < Duration::from_secs(3),
        "{:?}",
        begin.elapsed()
    );
    let stats = balanced(&provider);
    assert_eq!(
        (stats.dropped_shutdown, stats.queued),
        (1_000, 0),
        "{stats:?}"
    );
}

#[test]
fn conf_035_ending_spans_never_waits_for_the_exporter() {
    let slow: ExporterFactory = Arc::new(|| Ok(Box::new(Slow)));
    let batch = BatchSettings {
        max_export_batch_size: 1,
        ..BatchSettings::default()
    };
    let provider = TracerProvider::new(&Config::new().batch(batch).exporter("slow", slow)).unwrap();
    let begin = Instant::now();
    spans(&provider, 1_000);
    assert!(
        begin.elapsed() < Duration::from_secs(2),
        "{:?}",
        begin.elapsed()
    );
    balanced(&provider);
    let _ = provider.shutdown(Duration::from_millis(10));
}

#[test]
fn without_an_exporter_spans_are_counted_as_such() {
    let provider = TracerProvider::new(&Config::new()).unwrap();
    spans(&provider, 10);
    let stats = balanced(&provider);
    assert_eq!((stats.started, stats.dropped_no_exporter), (10, 10));

    let memory = MemoryExporter::new();
    let provider = TracerProvider::new(&Config::new().memory(&memory)).unwrap();
    spans(&provider, 10);
    assert_eq!(balanced(&provider).exported, 10);
}

#[test]
fn conf_065_a_flush_delivers_what_ended_before_it() {
    let order = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&order);
    let factory = told(move |batch| {
        kept.lock().unwrap().push(batch.span_count());
        Ok(Accepted::default())
    });
    let provider = TracerProvider::new(&Config::new().exporter("keep", factory)).unwrap();
    for count in [1, 2, 600] {
        spans(&provider, count);
        provider.flush(SOON).unwrap();
    }
    let batches = order.lock().unwrap().clone();
    assert_eq!(batches.iter().sum::<usize>(), 603);
    assert!(batches.iter().all(|count| *count <= 512), "{batches:?}");
    assert_eq!(balanced(&provider).exported, 603);
}

#[test]
fn conf_005_flush_and_shutdown_may_meet_recording_on_other_threads() {
    for round in 0..20u64 {
        let (exported, factory) = counting();
        let (_, other) = counting();
        let config = Config::new()
            .exporter("count", factory)
            .exporter("other", other);
        let provider = TracerProvider::new(&config).unwrap();
        let done = AtomicBool::new(false);
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    while !done.load(Ordering::Relaxed) {
                        spans(&provider, 10);
                    }
                });
            }
            scope.spawn(|| provider.flush(SOON).unwrap());
            let _ends = Ends(&done);
            thread::sleep(Duration::from_millis(round));
            provider.shutdown(SOON).unwrap();
            spans(&provider, 10);
        });
        // A thread that is just ending may have taken out what it has not yet counted.
        let stats = settled(&provider);
        assert_eq!((stats.queued, stats.open), (0, 0), "{stats:?}");
        assert_eq!(stats.exported, exported.load(Ordering::Relaxed));
        assert_eq!(
            stats.exported + stats.dropped_shutdown + stats.dropped_queue_full,
            stats.started,
            "{stats:?}"
        );
    }
}
