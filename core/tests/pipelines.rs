//! Several pipelines of one provider, each with settings of its own.

use libtracer::{
    Accepted, Batch, BatchSettings, Config, ExportFuture, Exporter, ExporterFactory, TracerProvider,
};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

const LONG: Duration = Duration::from_secs(60);

/// Tells the number of spans of each batch.
struct Telling(Sender<usize>);

impl Exporter for Telling {
    fn export<'a>(&'a mut self, batch: &'a Batch) -> ExportFuture<'a> {
        let _ = self.0.send(batch.span_count());
        Box::pin(async { Ok(Accepted::default()) })
    }
}

fn telling() -> (ExporterFactory, Receiver<usize>) {
    let (tell, told) = channel();
    let factory: ExporterFactory = Arc::new(move || Ok(Box::new(Telling(tell.clone()))));
    (factory, told)
}

#[test]
fn full_batches_go_out_before_the_delay_is_over_in_the_usual_queue_too() {
    let (usual, told) = telling();
    let quiet = BatchSettings {
        schedule_delay: LONG,
        ..BatchSettings::default()
    };
    let config = Config::new().batch(quiet).exporter("usual", usual);
    let provider = TracerProvider::new(&config).unwrap();
    let tracer = provider.tracer("t");
    // A megabyte and more, as fast as can be: nobody flushes.
    for _ in 0..3_000 {
        let span = tracer.start("fast");
        span.set("text", "x".repeat(400).as_str());
    }
    assert_eq!(told.recv_timeout(LONG / 2), Ok(512));
    while told.recv_timeout(Duration::from_millis(100)).is_ok() {}
    // Slowly, a few chunks suffice.
    let sent = (0..6).any(|_| {
        for _ in 0..200 {
            let span = tracer.start("slow");
            span.set("text", "x".repeat(400).as_str());
        }
        told.recv_timeout(Duration::from_millis(100)) == Ok(512)
    });
    assert!(sent);
}

#[test]
fn conf_067_pipelines_have_settings_of_their_own() {
    let (simple, simple_told) = telling();
    let (large, large_told) = telling();
    let (usual, usual_told) = telling();
    let quiet = BatchSettings {
        schedule_delay: LONG,
        ..BatchSettings::default()
    };
    let config = Config::new()
        .batch(quiet)
        .exporter("simple", simple)
        .destination_batch(BatchSettings::simple())
        .exporter("large", large)
        .destination_batch(BatchSettings {
            max_export_batch_size: 3,
            ..quiet
        })
        .exporter("usual", usual);
    let provider = TracerProvider::new(&config).unwrap();
    let tracer = provider.tracer("t");
    for name in ["a", "b", "c", "d"] {
        tracer.start(name).end();
    }
    // Nobody flushes: single spans, and a full batch, go out by themselves.
    for _ in 0..4 {
        assert_eq!(simple_told.recv_timeout(LONG), Ok(1));
    }
    assert_eq!(large_told.recv_timeout(LONG), Ok(3));
    assert!(usual_told.try_recv().is_err());
    provider.flush(LONG).unwrap();
    assert_eq!(large_told.try_recv(), Ok(1));
    assert_eq!(usual_told.try_recv(), Ok(4));
    let stats = provider.stats();
    assert_eq!(stats.len(), 3);
    assert!(
        stats
            .iter()
            .all(|stats| stats.is_balanced() && stats.exported == 4)
    );
}

#[test]
fn conf_061_simple_exports_each_span_by_itself_and_end_does_not_wait() {
    let (factory, told) = telling();
    let config = Config::new()
        .exporter("simple", factory)
        .destination_batch(BatchSettings::simple());
    let provider = TracerProvider::new(&config).unwrap();
    let tracer = provider.tracer("t");
    tracer.start("first").end();
    assert_eq!(told.recv_timeout(LONG), Ok(1));
    tracer.start("second").end();
    assert_eq!(told.recv_timeout(LONG), Ok(1));
}

#[test]
fn settings_of_a_destination_need_a_destination() {
    let config = Config::new().destination_batch(BatchSettings::simple());
    let error = config.check().unwrap_err().to_string();
    assert!(error.contains("add one before"), "{error}");
    let none = BatchSettings {
        max_export_batch_size: 0,
        ..BatchSettings::default()
    };
    assert!(
        Config::new()
            .console()
            .destination_batch(none)
            .check()
            .is_err()
    );
}
