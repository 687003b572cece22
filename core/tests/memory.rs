//! The memory bound of the process. Alone in its binary: the bound is one for all providers.
#![expect(clippy::unwrap_used, reason = "a helper of a test fails by a panic")]

use libtracer::{
    Accepted, Batch, Config, ExportFuture, Exporter, ExporterFactory, Stats, TracerProvider,
    diagnostics,
};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

const LIMIT: usize = 8 * 1024 * 1024;

/// Takes everything.
struct Accepting;

impl Exporter for Accepting {
    fn export<'a>(&'a mut self, _: &'a Batch) -> ExportFuture<'a> {
        Box::pin(async { Ok(Accepted::default()) })
    }
}

/// Never answers.
struct Stuck;

impl Exporter for Stuck {
    fn export<'a>(&'a mut self, _: &'a Batch) -> ExportFuture<'a> {
        Box::pin(std::future::pending())
    }
}

fn balanced(provider: &TracerProvider) -> Stats {
    let stats = provider.stats().remove(0);
    assert!(stats.is_balanced(), "{stats:?}");
    stats
}

fn assert_bounded() {
    let held = diagnostics().memory_bytes;
    assert!(held <= LIMIT as u64, "{held}");
}

/// One test, because each part wants the whole bound.
#[test]
fn memory_stays_below_its_bound_and_what_does_not_fit_is_counted() {
    many_providers_one_after_another_hold_nothing();
    let stuck: ExporterFactory = Arc::new(|| Ok(Box::new(Stuck)));
    let config = Config::new().memory_limit(LIMIT).exporter("stuck", stuck);
    let provider = TracerProvider::new(&config).unwrap();
    let text = "x".repeat(200);
    open_spans_take_no_more_than_half(&provider, &text);
    a_burst_of_open_spans_leaves_room_for_later_ones(&provider, &text);
    finished_spans_that_nobody_takes_are_dropped_at_the_bound(&provider, &text);

    // What was held is given back, but for a few chunks that are kept for reuse.
    assert!(provider.shutdown(Duration::from_millis(200)).is_err());
    let stats = balanced(&provider);
    assert_eq!((stats.queued, stats.open), (0, 0), "{stats:?}");
    let held = diagnostics().memory_bytes;
    assert!(held < LIMIT as u64 / 2, "{held}");
}

fn many_providers_one_after_another_hold_nothing() {
    for _ in 0..1_500 {
        let accepting: ExporterFactory = Arc::new(|| Ok(Box::new(Accepting)));
        let config = Config::new().exporter("accepting", accepting);
        let provider = TracerProvider::new(&config).unwrap();
        provider.tracer("t").start("s").end();
        provider.shutdown(Duration::from_secs(10)).unwrap();
        assert_eq!(balanced(&provider).exported, 1);
    }
    let held = diagnostics().memory_bytes;
    assert!(held < 1024 * 1024, "{held}");
}

fn open_spans_take_no_more_than_half(provider: &TracerProvider, text: &str) {
    let tracer = provider.tracer("t");
    let open: Vec<_> = (0..50_000).map(|_| tracer.start("open")).collect();
    for span in &open {
        span.set("text", text);
    }
    let stats = balanced(provider);
    assert!(stats.dropped_open_limit > 0, "{stats:?}");
    assert!(diagnostics().memory_bytes <= LIMIT as u64 / 2);
}

fn a_burst_of_open_spans_leaves_room_for_later_ones(provider: &TracerProvider, text: &str) {
    let tracer = provider.tracer("t");
    let later: Vec<_> = (0..1_000).map(|_| tracer.start("later")).collect();
    let mut whole = 0;
    for span in &later {
        span.set("text", text);
        span.handle().read(&mut |bytes| {
            let has = |part: &str| bytes.windows(part.len()).any(|at| at == part.as_bytes());
            whole += usize::from(has(text) && has("later"));
        });
    }
    assert_eq!(whole, 1_000);
}

fn finished_spans_that_nobody_takes_are_dropped_at_the_bound(
    provider: &TracerProvider,
    text: &str,
) {
    let begin = Instant::now();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for number in 0..20_000 {
                    provider.tracer("t").start("finished").set("text", text);
                    if number % 100 == 0 {
                        assert_bounded();
                    }
                }
            });
        }
    });
    // Nobody has waited for anything.
    assert!(begin.elapsed() < Duration::from_secs(20));
    let stats = balanced(provider);
    assert!(
        stats.dropped_queue_full > 0 && stats.queued > 0,
        "{stats:?}"
    );
}
