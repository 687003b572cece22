//! What is current, what becomes a parent, and what handles do once their span has ended.
#![expect(clippy::unwrap_used, reason = "a helper of a test fails by a panic")]

use libtracer::{
    Config, FinishedSpan, MemoryExporter, SpanContext, SpanHandle, SpanId, Status, TraceFlags,
    TraceId, TracerProvider, attach_context, current_context, current_span, diagnostics,
};
use std::thread;
use std::time::Duration;

fn provider() -> (TracerProvider, MemoryExporter) {
    let memory = MemoryExporter::new();
    let config = Config::new().memory(&memory);
    (TracerProvider::new(&config).unwrap(), memory)
}

fn named(memory: &MemoryExporter, name: &str) -> FinishedSpan {
    let mut spans = memory.spans().into_iter();
    spans.find(|span| span.name == name).unwrap()
}

fn remote() -> SpanContext {
    SpanContext {
        trace_id: TraceId([1; 16]),
        span_id: SpanId([2; 8]),
        trace_flags: TraceFlags::SAMPLED,
        is_remote: true,
        ..SpanContext::default()
    }
}

#[test]
fn conf_011_the_current_span_is_the_parent_and_conf_014_starting_does_not_make_current() {
    let (provider, memory) = provider();
    let tracer = provider.tracer("t");
    assert!(!current_context().is_valid());
    let bystander = tracer.start("bystander");
    assert!(!current_context().is_valid());
    {
        let outer = tracer.start("outer").enter();
        assert_eq!(current_span(), outer.handle());
        {
            let _inner = tracer.start("inner").enter();
            tracer.start("leaf").end();
        }
        assert_eq!(current_context(), outer.context());
        tracer.start("second").end();
        tracer.span("root").root().start().end();
    }
    assert!(!current_context().is_valid());
    drop(bystander);
    let [outer, inner, leaf, second, root] =
        ["outer", "inner", "leaf", "second", "root"].map(|name| named(&memory, name));
    assert_eq!(outer.parent_span_id, None);
    assert_eq!(inner.parent_span_id, Some(outer.span_id));
    assert_eq!(leaf.parent_span_id, Some(inner.span_id));
    assert_eq!(second.parent_span_id, Some(outer.span_id));
    assert_eq!(leaf.trace_id, outer.trace_id);
    assert_eq!(root.parent_span_id, None);
    assert_ne!(root.trace_id, outer.trace_id);
    assert_ne!(named(&memory, "bystander").trace_id, outer.trace_id);
}

#[test]
fn conf_012_an_explicit_parent_wins_over_the_current_one() {
    let (provider, memory) = provider();
    let tracer = provider.tracer("t");
    let _current = tracer.start("current").enter();
    tracer.span("child").parent(&remote()).start().end();
    let child = named(&memory, "child");
    assert_eq!(child.trace_id, [1; 16]);
    assert_eq!(child.parent_span_id, Some([2; 8]));
    assert!(child.parent_is_remote);
}

#[test]
fn an_invalid_parent_means_a_root() {
    let (provider, memory) = provider();
    let half = SpanContext {
        span_id: SpanId::default(),
        ..remote()
    };
    provider
        .tracer("t")
        .span("root")
        .parent(&half)
        .start()
        .end();
    let root = named(&memory, "root");
    assert_eq!(root.parent_span_id, None);
    assert_ne!(root.trace_id, [1; 16]);
}

#[test]
fn conf_034_an_ended_span_goes_on_as_a_parent_and_as_the_current_context() {
    let (provider, memory) = provider();
    let tracer = provider.tracer("t");
    let parent = tracer.start("parent");
    let (handle, context) = (parent.handle(), parent.context());
    let attachment = parent.attach();
    parent.end();
    assert_eq!(current_context(), context);
    tracer.start("late child").end();
    drop(attachment);
    assert!(!handle.is_recording());
    tracer.span("explicit").parent(&context).start().end();
    for name in ["late child", "explicit"] {
        let child = named(&memory, name);
        assert_eq!(child.parent_span_id, Some(context.span_id.0), "{name}");
        assert_eq!(child.trace_id, context.trace_id.0, "{name}");
    }
}

#[test]
fn a_context_goes_to_another_thread_by_hand() {
    let (provider, memory) = provider();
    let tracer = provider.tracer("t");
    let parent = tracer.start("parent");
    let context = parent.context();
    thread::scope(|scope| {
        scope.spawn(|| {
            assert!(!current_context().is_valid());
            let _attached = attach_context(&context);
            assert_eq!(current_span(), SpanHandle::NONE);
            tracer.start("there").end();
        });
    });
    parent.end();
    let parent = named(&memory, "parent").span_id;
    assert_eq!(named(&memory, "there").parent_span_id, Some(parent));
}

#[test]
fn conf_094_detaching_in_the_wrong_order_is_repaired_and_counted() {
    let (provider, _memory) = provider();
    let tracer = provider.tracer("t");
    let (first, second) = (tracer.start("first"), tracer.start("second"));
    let before = diagnostics().detach_order;
    let outer = first.attach();
    let inner = second.attach();
    drop(outer);
    assert_eq!(current_span(), second.handle());
    drop(inner);
    assert!(!current_context().is_valid());
    assert!(diagnostics().detach_order > before);
}

#[test]
fn a_span_may_be_handed_over_and_end_elsewhere() {
    let (provider, memory) = provider();
    for number in 0..1_000i64 {
        let span = provider.tracer("t").start("moved");
        span.set("here", number);
        thread::scope(|scope| {
            scope.spawn(move || {
                span.set("there", number);
            });
        });
    }
    let spans = memory.spans();
    assert_eq!(spans.len(), 1_000);
    assert!(
        spans
            .iter()
            .all(|span| span.attribute("here") == span.attribute("there"))
    );
    // Slots went from the ending threads back to the starting one.
    assert!(diagnostics().memory_bytes < 8 * 1024 * 1024);
}

#[test]
fn conf_038_a_shared_span_is_written_by_several_threads_at_once() {
    let (provider, memory) = provider();
    let span = provider.tracer("t").span("shared").shared().start();
    let handle = span.handle();
    thread::scope(|scope| {
        for thread in 0..4i64 {
            scope.spawn(move || {
                for number in 0..500i64 {
                    handle.set(&format!("{thread}.{}", number % 20), number.into());
                    handle.set("contended", number.into());
                }
            });
        }
    });
    span.end();
    let span = named(&memory, "shared");
    assert_eq!(span.attributes.len(), 81);
    let last = |thread: usize| {
        (480..500i64).all(|number| {
            let key = format!("{thread}.{}", number % 20);
            span.attribute(&key) == Some(&number.into())
        })
    };
    assert!((0..4).all(last));
}

#[test]
fn a_shared_span_that_ends_while_others_write_is_never_another_span() {
    let (provider, memory) = provider();
    for _ in 0..200 {
        let span = provider.tracer("t").span("ending").shared().start();
        let handle = span.handle();
        thread::scope(|scope| {
            scope.spawn(move || (0..50i64).for_each(|number| handle.set("wrong?", number.into())));
            scope.spawn(|| {
                drop(span);
                // Takes the slot that has become free.
                let next = provider.tracer("t").span("next").shared().start();
                next.set("right", true);
            });
        });
    }
    let spans = memory.spans();
    assert_eq!(spans.len(), 400);
    for span in spans {
        if span.name == "next" {
            assert_eq!(span.attributes, [("right".to_owned(), true.into())]);
        }
    }
}

#[test]
fn stale_and_made_up_handles_are_counted_no_ops() {
    let (provider, memory) = provider();
    let tracer = provider.tracer("t");
    let ended = tracer.start("ended");
    let stale = ended.handle();
    ended.set("k", 1i64).set_status(Status::Ok);
    ended.end();
    // The slot's next user must not see what the stale handle does.
    let next = tracer.start("next");
    let (slot, generation) = stale.to_raw();
    let mut wild = vec![stale, SpanHandle::from_raw(u64::MAX, u64::MAX)];
    wild.extend((0..64).map(|bit| SpanHandle::from_raw(slot ^ (1 << bit), generation)));
    wild.extend((0..64).map(|bit| SpanHandle::from_raw(slot, generation ^ (1 << bit))));
    wild.retain(|handle| !handle.is_recording());
    let before = diagnostics().stale;
    for handle in &wild {
        handle.set("k", 2i64.into());
        handle.set_name("wrong");
        handle.set_status(Status::Error("wrong"));
        handle.add_event("wrong", 0, &libtracer::Value::Null);
        handle.add_link(&remote(), &libtracer::Value::Null);
        handle.end(0);
        assert!(!handle.context().is_valid());
    }
    // What is written is not looked at where the handle says that nothing is recorded: one bit does.
    let believed = wild.iter().filter(|handle| handle.is_quiet()).count() as u64;
    assert_eq!(believed, 1);
    assert!(diagnostics().stale >= before + 7 * wild.len() as u64 - 5 * believed);
    next.end();
    let ended = named(&memory, "ended");
    assert_eq!(ended.attribute("k"), Some(&1i64.into()));
    let next = named(&memory, "next");
    assert!(next.attributes.is_empty() && next.events.is_empty() && next.links.is_empty());
    assert_eq!(memory.spans().len(), 2);
    let stats = provider.stats().remove(0);
    assert!(stats.is_balanced() && stats.open == 0, "{stats:?}");
}

#[test]
fn the_zero_handle_does_nothing_and_is_not_counted() {
    let before = diagnostics().stale;
    let none = SpanHandle::NONE;
    for _ in 0..100_000 {
        none.set("k", 1i64.into());
        none.end(0);
    }
    // Other tests of this process count a few.
    assert!(diagnostics().stale < before + 100_000);
}

#[test]
fn conf_066_after_shutdown_nothing_is_recorded_and_nothing_fails() {
    let (provider, memory) = provider();
    let tracer = provider.tracer("t");
    let open = tracer.start("open");
    let context = open.context();
    provider.shutdown(Duration::from_secs(1)).unwrap();
    let late = tracer.start("late");
    assert!(!late.is_recording());
    late.set("k", 1i64).add_event("e", &[]);
    drop((late, open));
    // It still propagates its parent.
    let child = tracer.span("child").parent(&context).start();
    assert!(!child.is_recording());
    drop(child);
    assert!(memory.spans().is_empty());
    provider.flush(Duration::from_secs(1)).unwrap();
    provider.shutdown(Duration::from_secs(1)).unwrap();
    let stats = provider.stats().remove(0);
    assert!(stats.is_balanced(), "{stats:?}");
    assert_eq!(
        (stats.started, stats.dropped_shutdown, stats.open),
        (1, 1, 0)
    );
}

#[test]
fn conf_016_times_of_the_user_are_kept_and_others_are_in_order() {
    let (provider, memory) = provider();
    let tracer = provider.tracer("t");
    tracer.span("given").start_time(123).start().end_at(456);
    let parent = tracer.start("parent").enter();
    tracer.start("child").end();
    drop(parent);
    let given = named(&memory, "given");
    assert_eq!((given.start_unix_ns, given.end_unix_ns), (123, 456));
    let (parent, child) = (named(&memory, "parent"), named(&memory, "child"));
    let times = [
        parent.start_unix_ns,
        child.start_unix_ns,
        child.end_unix_ns,
        parent.end_unix_ns,
    ];
    assert!(times.is_sorted(), "{times:?}");
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    let behind = now.saturating_sub(Duration::from_nanos(parent.end_unix_ns));
    assert!(behind < Duration::from_secs(60), "{behind:?}");
}

#[test]
fn conf_024_ids_are_unique_across_threads() {
    let (provider, memory) = provider();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..5_000 {
                    provider.tracer("t").start("s").end();
                }
            });
        }
    });
    let spans = memory.spans();
    let ids: std::collections::HashSet<_> = spans.iter().map(|span| span.span_id).collect();
    let traces: std::collections::HashSet<_> = spans.iter().map(|span| span.trace_id).collect();
    assert_eq!(
        (spans.len(), ids.len(), traces.len()),
        (20_000, 20_000, 20_000)
    );
}

#[test]
fn the_handle_of_a_span_that_is_not_recorded_says_so() {
    let (provider, memory) = provider();
    let tracer = provider.tracer("t");
    let unsampled = SpanContext {
        trace_flags: TraceFlags::default(),
        ..remote()
    };
    let quiet = tracer.span("quiet").parent(&unsampled).start();
    let recorded = tracer.start("recorded");
    assert!(quiet.handle().is_quiet() && SpanHandle::NONE.is_quiet());
    assert!(!recorded.handle().is_quiet());
    quiet.set("k", 1i64);
    assert!(!quiet.is_recording() && quiet.context().is_valid());
    let child = tracer.span("child").parent(&quiet.context()).start();
    assert!(child.handle().is_quiet());
    drop((quiet, child));
    recorded.end();
    assert_eq!(memory.spans().len(), 1);
}
