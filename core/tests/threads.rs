//! Many threads that each record a little.

use libtracer::{Accepted, Batch, Config, ExportFuture, Exporter, TracerProvider, diagnostics};
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

#[test]
fn a_span_is_asked_for_its_context_on_one_thread_while_another_writes_to_it() {
    let config = Config::new().exporter("discard", Arc::new(|| Ok(Box::new(Discard))));
    let provider = TracerProvider::new(&config).unwrap();
    let span = provider.tracer("threads").start("asked");
    let known = span.context();
    let refused = diagnostics().reentrant;
    std::thread::scope(|scope| {
        let asker = scope.spawn(|| {
            for _ in 0..20_000 {
                assert_eq!(span.handle().context(), known);
                assert!(span.handle().is_recording());
            }
        });
        let mut written = 0;
        while !asker.is_finished() || written == 0 {
            span.set("written", written);
            written += 1;
        }
    });
    span.end();
    assert_eq!(diagnostics().reentrant, refused);
}
