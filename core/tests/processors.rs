//! What processors see and may do.
#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests fail, and misbehave, by panics"
)]

use libtracer::{
    Config, EndedSpan, FinishedSpan, MemoryExporter, OwnedValue, Processor, Sampler, SpanContext,
    SpanHandle, Timeout, TracerProvider, Value, diagnostics,
};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

/// Writes down what it is called with.
#[derive(Debug, Default)]
struct Diary {
    name: &'static str,
    lines: Arc<Mutex<Vec<String>>>,
    ended: Mutex<Vec<(FinishedSpan, bool)>>,
}

impl Diary {
    fn note(&self, line: &str) {
        self.lines
            .lock()
            .unwrap()
            .push(format!("{} {line}", self.name));
    }
}

impl Processor for Diary {
    fn on_start(&self, span: SpanHandle, parent: &SpanContext) {
        assert!(span.is_recording());
        span.set(self.name, Value::from("started"));
        self.note(&format!("start {}", parent.is_valid()));
    }

    fn on_ending(&self, span: SpanHandle) {
        span.set("ending", Value::from(self.name));
        self.note("ending");
    }

    fn on_end(&self, span: &EndedSpan<'_>) {
        self.ended
            .lock()
            .unwrap()
            .push((span.to_span(), span.is_sampled()));
        self.note("end");
    }

    fn flush(&self, _: Duration) -> Result<(), Timeout> {
        self.note("flush");
        Ok(())
    }

    fn shutdown(&self, _: Duration) -> Result<(), Timeout> {
        self.note("shutdown");
        Ok(())
    }
}

fn two_diaries() -> (Arc<Diary>, Arc<Diary>, Arc<Mutex<Vec<String>>>) {
    let lines = Arc::new(Mutex::new(Vec::new()));
    let diary = |name| {
        let lines = lines.clone();
        Arc::new(Diary {
            name,
            lines,
            ..Diary::default()
        })
    };
    (diary("a"), diary("b"), lines)
}

#[test]
fn conf_059_processors_see_start_and_end_in_order_on_the_callers_thread() {
    let (a, b, lines) = two_diaries();
    let memory = MemoryExporter::new();
    let config = Config::new()
        .memory(&memory)
        .processor(a.clone())
        .processor(b.clone());
    let provider = TracerProvider::new(&config).unwrap();
    let tracer = provider.tracer("t");
    let root = tracer.start("root");
    tracer.span("child").parent(&root.context()).start().end();
    root.end();
    let expected = [
        "a start false",
        "b start false", // root
        "a start true",
        "b start true",
        "a ending",
        "b ending",
        "a end",
        "b end", // child
        "a ending",
        "b ending",
        "a end",
        "b end",
    ];
    assert_eq!(*lines.lock().unwrap(), expected);
    // What the hooks wrote is in what exporters and later hooks see.
    for (span, sampled) in a.ended.lock().unwrap().iter() {
        assert!(sampled);
        assert_eq!(span.attribute("a"), Some(&OwnedValue::from("started")));
        assert_eq!(span.attribute("ending"), Some(&OwnedValue::from("b")));
    }
    assert_eq!(memory.spans()[0], a.ended.lock().unwrap()[0].0);
    let stats = provider.stats().remove(0);
    assert!(stats.is_balanced() && stats.exported == 2, "{stats:?}");
}

/// Tries to write through the owner's handle while the span is ending.
#[derive(Debug)]
struct Intruder(Mutex<Option<SpanHandle>>, Duration);

impl Processor for Intruder {
    fn on_start(&self, span: SpanHandle, _: &SpanContext) {
        *self.0.lock().unwrap() = Some(span);
    }

    fn on_ending(&self, span: SpanHandle) {
        let owner = self.0.lock().unwrap().unwrap();
        let (done, wait) = mpsc::channel();
        std::thread::spawn(move || {
            owner.set("intruder", Value::from(true));
            owner.end(0);
            done.send(()).unwrap();
        });
        wait.recv().unwrap();
        std::thread::sleep(self.1);
        span.set("insider", Value::from(true));
        assert!(span.is_recording() && !owner.is_recording());
    }
}

#[test]
fn conf_060_while_a_span_is_ending_only_its_processors_write_and_its_time_is_fixed() {
    let delay = Duration::from_millis(5);
    let memory = MemoryExporter::new();
    let config = Config::new()
        .memory(&memory)
        .processor(Arc::new(Intruder(Mutex::default(), delay)));
    let provider = TracerProvider::new(&config).unwrap();
    let span = provider.tracer("t").span("work").shared().start();
    span.end();
    let spans = memory.spans();
    assert_eq!(spans.len(), 1);
    assert_eq!(spans[0].attributes, [("insider".into(), true.into())]);
    assert!(spans[0].duration() < delay, "{:?}", spans[0].duration());
}

#[test]
fn conf_053_a_recorded_span_that_is_not_sampled_reaches_processors_only() {
    let (a, _, _) = two_diaries();
    let memory = MemoryExporter::new();
    let config = Config::new()
        .sampler(Sampler::always_record(Sampler::AlwaysOff))
        .memory(&memory)
        .processor(a.clone());
    let provider = TracerProvider::new(&config).unwrap();
    let span = provider.tracer("t").start("seen");
    assert!(span.is_recording() && !span.context().trace_flags.is_sampled());
    span.end();
    assert!(memory.spans().is_empty());
    let ended = a.ended.lock().unwrap();
    assert_eq!((ended[0].0.name.as_str(), ended[0].1), ("seen", false));
    let stats = provider.stats().remove(0);
    assert_eq!((stats.started, stats.record_only), (0, 1));
}

#[test]
fn conf_003_a_processor_added_later_sees_spans_of_tracers_made_before() {
    let (a, _, lines) = two_diaries();
    let provider = TracerProvider::new(&Config::new()).unwrap();
    let tracer = provider.tracer("t");
    assert!(!tracer.is_enabled());
    let before = tracer.start("before");
    provider.add_processor(a.clone());
    assert!(tracer.is_enabled());
    before.end();
    tracer.start("after").end();
    let seen = ["a ending", "a end", "a start false", "a ending", "a end"];
    assert_eq!(*lines.lock().unwrap(), seen);
}

#[test]
fn conf_006_shutdown_and_flush_reach_every_processor_and_shutdown_only_once() {
    let (a, b, lines) = two_diaries();
    let config = Config::new().processor(a).processor(b);
    let provider = TracerProvider::new(&config).unwrap();
    let tracer = provider.tracer("t");
    let open = tracer.start("open");
    assert_eq!(provider.flush(Duration::from_secs(5)), Ok(()));
    assert_eq!(provider.shutdown(Duration::from_secs(5)), Ok(()));
    assert_eq!(provider.shutdown(Duration::from_secs(5)), Ok(()));
    open.end();
    assert!(!tracer.start("late").is_recording());
    let expected = [
        "a start false",
        "b start false",
        "a flush",
        "b flush",
        "a shutdown",
        "b shutdown",
    ];
    assert_eq!(*lines.lock().unwrap(), expected);
}

#[derive(Debug)]
struct Broken;

impl Processor for Broken {
    fn on_start(&self, _: SpanHandle, _: &SpanContext) {
        panic!("start");
    }

    fn on_end(&self, _: &EndedSpan<'_>) {
        panic!("end");
    }

    fn flush(&self, _: Duration) -> Result<(), Timeout> {
        panic!("flush");
    }
}

#[test]
fn conf_059_a_processor_that_panics_harms_nobody() {
    let (a, _, lines) = two_diaries();
    let config = Config::new().processor(Arc::new(Broken)).processor(a);
    let provider = TracerProvider::new(&config).unwrap();
    let before = diagnostics().panics;
    provider.tracer("t").start("work").end();
    assert_eq!(provider.flush(Duration::ZERO), Err(Timeout));
    // Other tests of this process panic too.
    assert!(diagnostics().panics >= before + 3);
    assert_eq!(lines.lock().unwrap().len(), 4);
}

/// Starts a span of the same provider in each hook.
#[derive(Debug, Default)]
struct Eager(Mutex<Option<libtracer::Tracer>>, AtomicU64);

impl Processor for Eager {
    fn on_start(&self, _: SpanHandle, _: &SpanContext) {
        self.1.fetch_add(1, Ordering::Relaxed);
        let tracer = *self.0.lock().unwrap();
        tracer.unwrap().start("inner").end();
    }
}

#[test]
fn a_processor_that_starts_spans_does_not_recurse_for_ever() {
    let eager = Arc::new(Eager::default());
    let provider = TracerProvider::new(&Config::new().processor(eager.clone())).unwrap();
    *eager.0.lock().unwrap() = Some(provider.tracer("t"));
    provider.tracer("t").start("outer").end();
    assert_eq!(eager.1.load(Ordering::Relaxed), 8);
    assert!(provider.stats()[0].is_balanced());
}

#[test]
fn conf_008_a_tracer_is_enabled_when_someone_looks_at_its_spans() {
    let tracer = |config: Config| TracerProvider::new(&config).unwrap().tracer("t");
    assert!(!tracer(Config::new()).is_enabled());
    assert!(tracer(Config::new().memory(&MemoryExporter::new())).is_enabled());
    assert!(tracer(Config::new().console()).is_enabled());
    let (a, _, _) = two_diaries();
    assert!(tracer(Config::new().processor(a.clone())).is_enabled());
    assert!(!tracer(Config::new().processor(a).disabled(true)).is_enabled());
    let provider = TracerProvider::new(&Config::new().memory(&MemoryExporter::new())).unwrap();
    provider.shutdown(Duration::from_secs(1)).unwrap();
    assert!(!provider.tracer("t").is_enabled());
}
