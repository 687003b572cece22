//! Exporters that do as a test tells them, and the account of those that use them.

use libtracer::{
    Accepted, Batch, ExportFuture, Exporter, ExporterFactory, FinishedSpan, Stats, TracerProvider,
};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// Far enough that only a defect reaches it.
pub(crate) const SOON: Duration = Duration::from_secs(30);

/// A destination behind a door: what arrives while it is closed waits.
#[derive(Clone, Default)]
pub(crate) struct Gate(Arc<Inside>);

#[derive(Default)]
struct Inside {
    open: AtomicBool,
    taken: Mutex<Vec<FinishedSpan>>,
}

impl Gate {
    pub(crate) fn open(&self) {
        self.0.open.store(true, Ordering::Release);
    }

    pub(crate) fn close(&self) {
        self.0.open.store(false, Ordering::Release);
    }

    /// What it has taken so far.
    pub(crate) fn taken(&self) -> usize {
        self.0.taken.lock().unwrap().len()
    }

    /// Those of this name that it has taken.
    pub(crate) fn spans_named(&self, name: &str) -> Vec<FinishedSpan> {
        let taken = self.0.taken.lock().unwrap();
        taken
            .iter()
            .filter(|span| span.name == name)
            .cloned()
            .collect()
    }

    pub(crate) fn factory(&self) -> ExporterFactory {
        let inside = Arc::clone(&self.0);
        Arc::new(move || Ok(Box::new(Behind(Arc::clone(&inside)))))
    }
}

struct Behind(Arc<Inside>);

impl Exporter for Behind {
    fn export<'a>(&'a mut self, batch: &'a Batch) -> ExportFuture<'a> {
        Box::pin(async move {
            while !self.0.open.load(Ordering::Acquire) {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            self.0.taken.lock().unwrap().extend(batch.to_spans());
            Ok(Accepted::default())
        })
    }
}

/// The account of each pipeline, every one in balance.
pub(crate) fn balanced(provider: &TracerProvider) -> Vec<Stats> {
    let all = provider.stats();
    for stats in &all {
        assert!(stats.is_balanced(), "{stats:?}");
    }
    all
}

/// Waits until the condition holds.
pub(crate) fn until(what: &str, condition: impl Fn() -> bool) {
    let begin = Instant::now();
    while !condition() {
        assert!(begin.elapsed() < SOON, "never: {what}");
        thread::sleep(Duration::from_millis(1));
    }
}

/// Starts and ends so many spans, named by number.
pub(crate) fn spans(provider: &TracerProvider, count: usize) {
    let tracer = provider.tracer("load");
    for number in 0..count {
        let span = tracer.start(&number.to_string());
        span.set("text", "some text");
    }
}
