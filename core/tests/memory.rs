//! The memory bound of the process. Alone in its binary: the bound is one for all providers.
#![expect(clippy::unwrap_used, reason = "a helper of a test fails by a panic")]

use libtracer::{
    Batch, Config, ExportFuture, Exporter, ExporterFactory, Stats, TracerProvider, diagnostics,
};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

const LIMIT: usize = 8 * 1024 * 1024;

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

/// One test, because each part wants the whole bound.
#[test]
fn memory_stays_below_its_bound_and_what_does_not_fit_is_counted() {
    let stuck: ExporterFactory = Arc::new(|| Ok(Box::new(Stuck)));
    let config = Config::new().memory_limit(LIMIT).exporter("stuck", stuck);
    let provider = TracerProvider::new(&config).unwrap();
    let text = "x".repeat(200);

    // Open spans alone take no more than half.
    let tracer = provider.tracer("t");
    let mut open: Vec<_> = (0..50_000).map(|_| tracer.start("open")).collect();
    for span in &open {
        span.set("text", &text);
    }
    let stats = balanced(&provider);
    assert!(stats.dropped_open_limit > 0, "{stats:?}");
    assert!(
        diagnostics().memory_bytes <= LIMIT as u64,
        "{:?}",
        diagnostics()
    );
    open.clear();

    // A burst of open spans leaves room for what later ones hold.
    let later: Vec<_> = (0..1_000).map(|_| tracer.start("later")).collect();
    for span in &later {
        span.set("text", &text);
    }
    let mut whole = 0;
    for span in &later {
        span.handle().read(&mut |bytes| {
            let text = bytes
                .windows(text.len())
                .any(|window| window == text.as_bytes());
            whole += usize::from(text && bytes.windows(5).any(|window| window == b"later"));
        });
    }
    assert_eq!(whole, 1_000);
    drop(later);

    // Finished spans that nobody takes: the bound holds, and nobody waits.
    let begin = Instant::now();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..20_000 {
                    provider.tracer("t").start("finished").set("text", &text);
                    if cfg!(debug_assertions) {
                        continue;
                    }
                    assert!(diagnostics().memory_bytes <= LIMIT as u64);
                }
            });
        }
    });
    assert!(
        begin.elapsed() < Duration::from_secs(20),
        "{:?}",
        begin.elapsed()
    );
    assert!(
        diagnostics().memory_bytes <= LIMIT as u64,
        "{:?}",
        diagnostics()
    );
    let stats = balanced(&provider);
    assert!(
        stats.dropped_queue_full > 0 && stats.queued > 0,
        "{stats:?}"
    );

    // What was held is given back, but for a few chunks that are kept for reuse.
    let _ = provider.shutdown(Duration::from_millis(200));
    let stats = balanced(&provider);
    assert_eq!((stats.queued, stats.open), (0, 0), "{stats:?}");
    let held = diagnostics().memory_bytes;
    assert!(held < LIMIT as u64 / 2, "{held}");
}
