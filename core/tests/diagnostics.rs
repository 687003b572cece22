//! What the library says by itself: a process of its own, for its one level and handler.
#![expect(clippy::unwrap_used, reason = "a helper of a test fails by a panic")]

use libtracer::{
    Accepted, Batch, BatchSettings, Config, DiagnosticLevel, ExportError, ExportFuture, Exporter,
    ExporterFactory, TracerProvider, set_diagnostic_handler, set_diagnostic_level,
};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const SOON: Duration = Duration::from_secs(20);

struct Refuses;

impl Exporter for Refuses {
    fn export<'a>(&'a mut self, _: &'a Batch) -> ExportFuture<'a> {
        Box::pin(async { Err::<Accepted, _>(ExportError::permanent("no such table")) })
    }
}

/// Loses spans, which a new pipeline says once.
fn lose(config: Config) {
    let factory: ExporterFactory = Arc::new(|| Ok(Box::new(Refuses)));
    let provider = TracerProvider::new(&config.exporter("strict", factory)).unwrap();
    for _ in 0..3 {
        provider.tracer("t").start("span").end();
        provider.flush(SOON).unwrap();
    }
    provider.shutdown(SOON).unwrap();
}

/// Never answers.
struct Stuck;

impl Exporter for Stuck {
    fn export<'a>(&'a mut self, _: &'a Batch) -> ExportFuture<'a> {
        Box::pin(std::future::pending())
    }
}

/// Ends many spans for a queue of ten that nobody empties.
fn lose_before_the_queue() {
    let factory: ExporterFactory = Arc::new(|| Ok(Box::new(Stuck)));
    let batch = BatchSettings {
        max_queue_size: Some(10),
        ..BatchSettings::default()
    };
    let config = Config::new()
        .batch(batch)
        .diagnostic_level(Some(DiagnosticLevel::Info));
    let provider = TracerProvider::new(&config.exporter("stuck", factory)).unwrap();
    for _ in 0..1000 {
        provider.tracer("t").start("span").end();
    }
    let _ = provider.flush(Duration::from_millis(1));
    let _ = provider.shutdown(Duration::ZERO);
}

#[test]
fn conf_039_conf_109_the_handler_is_replaceable_and_gets_what_the_level_lets_through() {
    let seen: Arc<Mutex<Vec<(DiagnosticLevel, String)>>> = Arc::default();
    let taken = || std::mem::take(&mut *seen.lock().unwrap());
    let writer = Arc::clone(&seen);
    set_diagnostic_handler(move |level, text| {
        writer.lock().unwrap().push((level, text.to_owned()));
    });

    lose(Config::new());
    let lines = taken();
    let line = "exporter strict: spans: 1 failed; last error: no such table";
    assert_eq!(lines[0], (DiagnosticLevel::Warn, line.to_owned()));
    assert_eq!(
        lines.len(),
        2,
        "the rest at the end, not span by span: {lines:?}"
    );

    set_diagnostic_level(Some(DiagnosticLevel::Error));
    lose(Config::new());
    assert_eq!(taken(), []);
    lose(Config::new().diagnostic_level(Some(DiagnosticLevel::Warn)));
    assert_eq!(taken().len(), 2);
    lose(Config::new().diagnostic_level(None));
    assert_eq!(taken(), []);

    // What is lost before any exporter sees it is said too, once for many.
    lose_before_the_queue();
    let lines = taken();
    let full = |line: &str| line.contains("990 dropped (queue full)");
    assert!(lines.iter().any(|(_, line)| full(line)), "{lines:?}");
    assert!(lines.len() <= 2, "{lines:?}");

    // One that panics harms nobody, and another one may follow.
    set_diagnostic_level(Some(DiagnosticLevel::Debug));
    set_diagnostic_handler(|_, _| panic!("on purpose"));
    lose(Config::new());
    let writer = Arc::clone(&seen);
    set_diagnostic_handler(move |level, text| {
        writer.lock().unwrap().push((level, text.to_owned()));
    });
    lose(Config::new());
    assert!(taken().len() >= 2);
}
