//! One truth in two stacks: native spans and those of the `opentelemetry` API nest in each other.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a helper of a test fails by a panic"
)]
#![cfg(feature = "otel")]

use libtracer::{
    Config, FinishedSpan, MemoryExporter, SpanHandle, TracerProvider, attach_context,
    current_context, current_span, diagnostics, otel,
};
use opentelemetry::Context;
use opentelemetry::trace::{
    FutureExt, Span as _, SpanContext, TraceContextExt, TraceFlags, TraceState, Tracer as _,
    TracerProvider as _,
};
use std::cell::RefCell;
use std::sync::mpsc::{Sender, channel};
use std::thread;

struct Both {
    ours: libtracer::Tracer,
    theirs: otel::Tracer,
    memory: MemoryExporter,
}

impl Both {
    fn new() -> Self {
        let memory = MemoryExporter::new();
        let provider = TracerProvider::new(&Config::new().memory(&memory)).unwrap();
        Self {
            ours: provider.tracer("ours"),
            theirs: otel::TracerProvider::from(provider).tracer("theirs"),
            memory,
        }
    }

    fn named(&self, name: &str) -> FinishedSpan {
        let mut spans = self.memory.spans().into_iter();
        spans.find(|span| span.name == name).unwrap()
    }

    fn chain(&self, names: &[&str]) {
        let spans: Vec<_> = names.iter().map(|name| self.named(name)).collect();
        assert_eq!(spans[0].parent_span_id, None);
        for pair in spans.windows(2) {
            assert_eq!(
                pair[1].parent_span_id,
                Some(pair[0].span_id),
                "{}",
                pair[1].name
            );
            assert_eq!(pair[1].trace_id, pair[0].trace_id);
        }
    }
}

fn remote() -> SpanContext {
    let state = TraceState::from_key_value([("a", "1")]).unwrap();
    SpanContext::new(7.into(), 8.into(), TraceFlags::SAMPLED, true, state)
}

#[test]
fn conf_011_native_and_api_spans_nest_in_turns() {
    let both = Both::new();
    let one = both.ours.start("one").enter();
    both.theirs.in_span("two", |_| {
        let three = both.ours.start("three").enter();
        both.theirs
            .in_span("four", |_| both.ours.start("five").end());
        both.theirs.start("four's sister").end();
        drop(three);
        both.theirs.start("three's sister").end();
    });
    assert_eq!(current_span(), one.handle());
    drop(one);
    assert!(!current_context().is_valid());
    both.chain(&["one", "two", "three", "four", "five"]);
    both.chain(&["one", "two", "three", "four's sister"]);
    both.chain(&["one", "two", "three's sister"]);
}

#[test]
fn conf_014_starting_through_the_api_does_not_make_current() {
    let both = Both::new();
    let span = both.theirs.start("bystander");
    assert!(!current_context().is_valid());
    both.ours.start("root").end();
    drop(span);
    assert_eq!(both.named("root").parent_span_id, None);
}

#[test]
fn conf_012_an_explicit_context_wins_over_a_native_span() {
    let both = Both::new();
    let _native = both.ours.start("native").enter();
    let far = Context::new().with_remote_span_context(remote());
    both.theirs.start_with_context("below far", &far).end();
    let below = both.named("below far");
    assert_eq!(below.parent_span_id, Some(8u64.to_be_bytes()));
    assert_eq!(below.trace_state, "a=1");
    assert!(below.parent_is_remote);
    let root = Context::new().with_remote_span_context(SpanContext::NONE);
    both.theirs.start_with_context("root", &root).end();
    assert_eq!(both.named("root").parent_span_id, None);
    let _attached = far.attach();
    let other = both.ours.start("other").enter();
    both.theirs.start_with_context("new", &Context::new()).end();
    assert_eq!(both.named("new").parent_span_id, None);
    both.theirs
        .start_with_context("same", &Context::current())
        .end();
    assert_eq!(
        both.named("same").parent_span_id,
        Some(other.context().span_id.0)
    );
}

#[test]
fn an_api_span_is_written_to_by_its_native_handle_while_it_is_current() {
    let both = Both::new();
    both.theirs.in_span("api", |_| {
        assert_ne!(current_span(), SpanHandle::NONE);
        current_span().set("native", true.into());
    });
    assert_eq!(both.named("api").attribute("native"), Some(&true.into()));
    let far = Context::new().with_remote_span_context(remote()).attach();
    assert_eq!(current_span(), SpanHandle::NONE);
    assert!(current_context().is_remote);
    drop(far);
    let mut span = both.theirs.start("ended");
    span.end();
    let _attached = Context::new()
        .with_remote_span_context(span.span_context().clone())
        .attach();
    let stale = diagnostics().stale;
    assert_eq!(current_span(), SpanHandle::NONE);
    assert_eq!(diagnostics().stale, stale);
}

#[test]
fn conf_034_an_ended_span_stays_a_parent() {
    let both = Both::new();
    let mut span = both.theirs.start("parent");
    span.end();
    let context = Context::new().with_span(span);
    both.theirs.start_with_context("child", &context).end();
    both.chain(&["parent", "child"]);
    let _attached = context.attach();
    both.ours.start("native child").end();
    both.chain(&["parent", "native child"]);
}

#[test]
fn conf_036_and_037_the_context_survives_the_end_and_recording_does_not() {
    let both = Both::new();
    let mut span = both.theirs.start("span");
    let before = span.span_context().clone();
    assert!(before.is_valid() && span.is_recording());
    span.end();
    assert_eq!(span.span_context(), &before);
    assert!(!span.is_recording());
}

#[test]
fn conf_038_threads_write_to_one_span_at_once() {
    let both = Both::new();
    let context = Context::new().with_span(both.theirs.start("shared"));
    thread::scope(|scope| {
        for thread in 0..4 {
            let context = &context;
            scope.spawn(move || {
                let _attached = context.clone().attach();
                for n in 0..16 {
                    let key = format!("{thread}.{n}");
                    // Both the API's mutex and the slot's lock are in use.
                    if n % 2 == 0 {
                        current_span().set(&key, n.into());
                    } else {
                        context
                            .span()
                            .set_attribute(opentelemetry::KeyValue::new(key, n));
                    }
                }
            });
        }
    });
    drop(context);
    assert_eq!(both.named("shared").attributes.len(), 64);
}

#[test]
fn the_current_context_carries_a_native_span_and_the_rest() {
    let both = Both::new();
    let attached = Context::new().with_value(42u8).attach();
    let native = both.ours.start("native").enter();
    let context = otel::current();
    assert_eq!(context.get::<u8>(), Some(&42));
    let span = context.span().span_context().clone();
    assert_eq!(span.span_id().to_bytes(), native.context().span_id.0);
    assert!(!span.is_remote() && span.is_sampled());
    drop((native, attached));
    assert!(!otel::current().has_active_span());
    let context = Context::new().with_remote_span_context(remote());
    let _attached = context.attach();
    assert_eq!(otel::current().span().span_context(), &remote());
}

#[test]
fn a_context_attached_on_top_of_a_native_span_hides_it() {
    let both = Both::new();
    let native = both.ours.start("native").enter();
    let far = attach_context(&libtracer::SpanContext::default());
    both.ours.start("root").end();
    drop(far);
    let attached = Context::new().with_remote_span_context(remote()).attach();
    both.ours.start("below far").end();
    drop(attached);
    both.ours.start("below native").end();
    drop(native);
    assert_eq!(both.named("root").parent_span_id, None);
    assert_eq!(
        both.named("below far").parent_span_id,
        Some(8u64.to_be_bytes())
    );
    both.chain(&["native", "below native"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn tasks_keep_their_own_context() {
    let both = Both::new();
    let tasks: Vec<_> = (0..50)
        .map(|n| {
            let (ours, theirs) = (both.ours, both.theirs);
            let span = theirs.start(format!("task {n}"));
            let work = async move {
                for _ in 0..5 {
                    tokio::task::yield_now().await;
                    ours.start(&format!("step of {n}")).end();
                }
                assert!(current_context().is_valid());
            };
            tokio::spawn(work.with_context(Context::new().with_span(span)))
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert!(!current_context().is_valid());
    let spans = both.memory.spans();
    for n in 0..50 {
        let task = both.named(&format!("task {n}"));
        let name = format!("step of {n}");
        let steps: Vec<_> = spans.iter().filter(|span| span.name == name).collect();
        assert_eq!(steps.len(), 5);
        assert!(
            steps
                .iter()
                .all(|step| step.parent_span_id == Some(task.span_id))
        );
    }
}

/// Starts spans when its thread's locals are destroyed.
struct AtExit(Option<(libtracer::Tracer, otel::Tracer, Sender<bool>)>);

impl Drop for AtExit {
    fn drop(&mut self) {
        if let Some((ours, theirs, done)) = self.0.take() {
            ours.start("late").end();
            theirs.start_with_context("late too", &Context::new()).end();
            let _ = done.send(otel::current().has_active_span());
        }
    }
}

#[test]
fn conf_039_threads_at_their_end_record_without_a_panic() {
    thread_local!(static AT_EXIT: RefCell<AtExit> = const { RefCell::new(AtExit(None)) });
    let both = Both::new();
    let (ours, theirs) = (both.ours, both.theirs);
    // Our destructor runs after those of what is touched later, before those of what was before.
    for early in [false, true] {
        let (done, finished) = channel();
        let work = move || {
            if early {
                ours.start("first").end();
            }
            AT_EXIT.with_borrow_mut(|at_exit| at_exit.0 = Some((ours, theirs, done)));
            theirs.in_span("on the thread", |_| ours.start("inner").end());
        };
        thread::spawn(work).join().unwrap();
        assert_eq!(finished.recv(), Ok(false));
    }
    let spans = both.memory.spans();
    for name in ["late", "late too"] {
        assert_eq!(spans.iter().filter(|span| span.name == name).count(), 2);
    }
}
