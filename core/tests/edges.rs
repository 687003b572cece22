//! Where two rules meet: refused starts, unsampled parents, threads at their end, times without end.
#![expect(clippy::unwrap_used, reason = "a helper of a test fails by a panic")]

use libtracer::{
    Config, FinishedSpan, MemoryExporter, Sampler, SpanContext, SpanId, TraceFlags, TraceId,
    TraceState, Tracer, TracerProvider, current_context, current_span, tracer,
};
use std::cell::RefCell;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, SystemTime};

fn provider() -> (TracerProvider, MemoryExporter) {
    let memory = MemoryExporter::new();
    let config = Config::new().memory(&memory);
    (TracerProvider::new(&config).unwrap(), memory)
}

fn named(memory: &MemoryExporter, name: &str) -> FinishedSpan {
    let mut spans = memory.spans().into_iter();
    spans.find(|span| span.name == name).unwrap()
}

#[test]
fn a_recorded_child_of_an_unsampled_parent_has_the_time_of_day() {
    let off = Config::new().sampler(Sampler::AlwaysOff);
    let off = TracerProvider::new(&off).unwrap();
    let memory = MemoryExporter::new();
    let on = Config::new().sampler(Sampler::AlwaysOn).memory(&memory);
    let on = TracerProvider::new(&on).unwrap();
    let before = SystemTime::now();
    let _parent = off.tracer("t").start("parent").enter();
    on.tracer("t").start("child").end();
    let child = named(&memory, "child");
    let began = SystemTime::UNIX_EPOCH + Duration::from_nanos(child.start_unix_ns);
    assert!(began + Duration::from_secs(60) > before, "{child:?}");
}

#[test]
fn a_refused_start_leaves_no_trace_state_behind() {
    let (provider, memory) = provider();
    let tracer = provider.tracer("t");
    let parent = SpanContext {
        trace_id: TraceId([1; 16]),
        span_id: SpanId([2; 8]),
        trace_flags: TraceFlags::SAMPLED,
        trace_state: TraceState::from_header("vendor=secret"),
        ..SpanContext::default()
    };
    let huge = "x".repeat(40 << 20); // more than the memory bound
    tracer.span(&huge).parent(&parent).start().end();
    assert_eq!(provider.stats()[0].dropped_open_limit, 1);
    tracer.span("root").root().start().end();
    assert_eq!(named(&memory, "root").trace_state, "");
}

#[test]
fn entering_a_span_that_has_ended_leaves_what_was_current() {
    let (provider, memory) = provider();
    let tracer = provider.tracer("t");
    let ended = tracer.span("ended").start_handle();
    ended.end(0);
    let outer = tracer.start("outer").enter();
    ended.enter();
    assert_eq!(current_context(), outer.context());
    tracer.start("child").end();
    ended.leave();
    assert_eq!(current_span(), outer.handle());
    let id = outer.context().span_id.0;
    assert_eq!(named(&memory, "child").parent_span_id, Some(id));
}

#[test]
fn time_without_end_is_a_timeout_too() {
    let (provider, _) = provider();
    assert_eq!(provider.flush(Duration::MAX), Ok(()));
    assert_eq!(libtracer::flush(Duration::MAX), Ok(()));
    assert_eq!(provider.shutdown(Duration::MAX), Ok(()));
}

/// Records when its thread's locals go, after this library's own.
struct Late(Tracer, mpsc::Sender<()>);

thread_local! {
    static LATE: RefCell<Option<Late>> = const { RefCell::new(None) };
}

impl Drop for Late {
    fn drop(&mut self) {
        let late = self.0.span("late").start_handle();
        late.enter();
        // A callback that comes back, as a signal handler would.
        late.end_with(
            0,
            Some(&mut |_| {
                let _none = self.0.span("from within").start_handle();
            }),
        );
        self.1.send(()).unwrap();
    }
}

#[test]
fn a_thread_at_its_end_may_be_interrupted_and_leaves_nothing_current() {
    let (provider, memory) = provider();
    for _ in 0..2 {
        let (done, told) = mpsc::channel();
        let tracer = provider.tracer("t");
        let ending = thread::spawn(move || {
            LATE.set(Some(Late(tracer, done)));
            tracer.start("early").end();
        });
        told.recv_timeout(Duration::from_secs(20)).unwrap();
        ending.join().unwrap();
    }
    let late: Vec<_> = memory
        .spans()
        .into_iter()
        .filter(|span| span.name == "late")
        .collect();
    assert_eq!(late.len(), 2);
    assert!(late.iter().all(|span| span.parent_span_id.is_none()));
    let stats = &provider.stats()[0];
    assert_eq!((stats.dropped_reentrant, stats.open), (2, 0), "{stats:?}");
    assert!(stats.is_balanced(), "{stats:?}");
}

#[test]
fn the_default_tracer_without_a_provider_records_nothing() {
    assert!(!tracer("t").start("nothing").is_recording());
}

#[test]
fn a_span_that_is_not_recorded_leaves_what_was_current() {
    let (provider, memory) = provider();
    let over = TracerProvider::new(&Config::new()).unwrap();
    over.shutdown(Duration::ZERO).unwrap();
    let tracer = provider.tracer("t");
    let outer = tracer.start("outer").enter();
    let nothing = over.tracer("t").start("nothing").enter();
    tracer.start("child").end();
    drop(nothing);
    let id = outer.context().span_id.0;
    assert_eq!(named(&memory, "child").parent_span_id, Some(id));
}
