//! What the modules with unsafe code do together, small enough for Miri (`make miri`): slots that are
//! reused and handed over, chunks written by some threads and read by another, threads that end.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a helper of a test fails by a panic"
)]

use libtracer::{
    Accepted, Batch, Config, ExportFuture, Exporter, FinishedSpan, MemoryExporter, SpanHandle,
    TracerProvider, Value, attach_context, current_context,
};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(60);

/// Keeps what it is given.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<FinishedSpan>>>);

impl Exporter for Kept {
    fn export<'a>(&'a mut self, batch: &'a Batch) -> ExportFuture<'a> {
        self.0.lock().unwrap().extend(batch.to_spans());
        Box::pin(async { Ok(Accepted::default()) })
    }
}

impl Kept {
    fn provider() -> (TracerProvider, Self) {
        let kept = Self::default();
        let given = kept.clone();
        let config = Config::new().exporter("kept", Arc::new(move || Ok(Box::new(given.clone()))));
        (TracerProvider::new(&config).unwrap(), kept)
    }

    /// The names of what has left, sorted.
    fn names(&self, provider: &TracerProvider) -> Vec<String> {
        provider.flush(SOON).unwrap();
        let stats = &provider.stats()[0];
        assert!(stats.is_balanced(), "{stats:?}");
        let spans = self.0.lock().unwrap();
        let mut names: Vec<_> = spans.iter().map(|span| span.name.clone()).collect();
        names.sort();
        names
    }
}

#[test]
fn threads_write_what_another_reads_and_end() {
    let (provider, kept) = Kept::provider();
    thread::scope(|scope| {
        for name in ["a", "b"] {
            let provider = &provider;
            scope.spawn(move || {
                let tracer = provider.tracer("t");
                for number in 0..3 {
                    let span = tracer.start(name);
                    let list = [Value::Int(number), Value::Null, Value::Bytes(b"\0\xff")];
                    span.set("list", &list[..]).set("number", number);
                    span.add_event("event", &[("key", "value".into())]);
                    span.add_link(&span.context(), &[]);
                }
            });
        }
        provider.flush(SOON).unwrap();
    });
    assert_eq!(kept.names(&provider), ["a", "a", "a", "b", "b", "b"]);
    let spans = kept.0.lock().unwrap();
    for span in spans.iter() {
        assert_eq!(
            (span.attributes.len(), span.events.len(), span.links.len()),
            (2, 1, 1)
        );
        assert_eq!(span.links[0].span_id, span.span_id);
    }
}

#[test]
fn a_span_goes_through_three_threads() {
    let (provider, kept) = Kept::provider();
    let span = provider.tracer("t").start("handed over");
    let span = thread::spawn(move || {
        span.set("key", "x".repeat(500).as_str());
        span
    });
    let span = span.join().unwrap();
    thread::spawn(move || span.end()).join().unwrap();
    assert_eq!(kept.names(&provider), ["handed over"]);
}

#[test]
fn a_span_longer_than_a_first_chunk_leaves_whole() {
    let (provider, kept) = Kept::provider();
    let text = "é".repeat(4_200);
    provider.tracer("t").start("before").end();
    provider.tracer("t").start("large").set("text", &*text);
    provider.tracer("t").start("after").end();
    assert_eq!(kept.names(&provider), ["after", "before", "large"]);
    let spans = kept.0.lock().unwrap();
    let large = spans.iter().find(|span| span.name == "large").unwrap();
    assert_eq!(large.attribute("text").unwrap().as_str(), Some(&*text));
}

#[test]
fn handles_that_name_nothing_do_nothing() {
    let (provider, kept) = Kept::provider();
    let tracer = provider.tracer("t");
    let span = tracer.start("one");
    let old = span.handle();
    span.end();
    let other = tracer.start("two"); // perhaps in the slot of the first
    for handle in [old, SpanHandle::default()] {
        handle.set("key", Value::Int(1));
        handle.enter();
        handle.leave();
        handle.end(0);
        assert!(!handle.is_recording());
    }
    assert!(other.is_recording());
    drop(other);
    assert_eq!(kept.names(&provider), ["one", "two"]);
    assert!(
        kept.0
            .lock()
            .unwrap()
            .iter()
            .all(|span| span.attributes.is_empty())
    );
}

#[test]
fn what_is_current_nests_and_is_taken_along() {
    let memory = MemoryExporter::new();
    let provider = TracerProvider::new(&Config::new().memory(&memory)).unwrap();
    let outer = provider.tracer("t").start("outer").enter();
    {
        let _inner = provider.tracer("t").start("inner").enter();
        let context = current_context();
        thread::scope(|scope| {
            scope.spawn(|| {
                let _here = attach_context(&context);
                provider.tracer("t").start("elsewhere").end();
            });
        });
    }
    drop(outer);
    let spans = memory.spans();
    let [elsewhere, inner, outer] = &spans[..] else {
        panic!("{spans:?}")
    };
    assert_eq!(elsewhere.parent_span_id, Some(inner.span_id));
    assert_eq!(inner.parent_span_id, Some(outer.span_id));
}

#[test]
fn an_open_span_outlives_its_thread_and_its_provider() {
    let (provider, kept) = Kept::provider();
    let tracer = provider.tracer("t");
    let span = thread::spawn(move || tracer.start("left open"))
        .join()
        .unwrap();
    span.set("still", "there");
    provider.shutdown(SOON).unwrap();
    span.set("too", "late");
    drop(span);
    assert!(kept.0.lock().unwrap().is_empty());
    let stats = &provider.stats()[0];
    assert!(
        stats.is_balanced() && stats.dropped_shutdown == 1,
        "{stats:?}"
    );
}
