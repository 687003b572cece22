//! Many threads that each record a little.

use libtracer::{Accepted, Batch, Config, ExportFuture, Exporter, TracerProvider};
use std::sync::{Arc, Barrier};
use std::time::Duration;

struct Discard;

impl Exporter for Discard {
    fn export<'a>(&'a mut self, _: &'a Batch) -> ExportFuture<'a> {
        Box::pin(async { Ok(Accepted::default()) })
    }
}

#[test]
fn a_thousand_threads_that_stay_lose_nothing_at_the_default_bound() {
    const THREADS: usize = 1_000;
    const SPANS: usize = 100; // more than a first chunk holds
    let config = Config::new().exporter("discard", Arc::new(|| Ok(Box::new(Discard))));
    let provider = TracerProvider::new(&config).unwrap();
    let recorded = Barrier::new(THREADS);
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                let tracer = provider.tracer("threads");
                for _ in 0..SPANS {
                    tracer
                        .start("a span of some length, as they are")
                        .set("key", "value");
                }
                recorded.wait();
            });
        }
    });
    provider.flush(Duration::from_secs(20)).unwrap();
    let stats = &provider.stats()[0];
    assert_eq!(stats.exported, (THREADS * SPANS) as u64, "{stats:?}");
    assert!(stats.is_balanced(), "{stats:?}");
}
