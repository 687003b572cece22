//! What is current: attached and detached, kept by spans, written by the process's propagator, and
//! all of it without a provider.

use libtracer::{
    B3, Baggage, CompositePropagator, Config, Context, Propagator, Sampler, Span, SpanContext,
    TraceContext, TracerProvider, attach_context, current_context, diagnostics, extract, inject,
    propagator, set_propagator, tracer,
};
use std::collections::HashMap;
use std::sync::Arc;
use std::thread;

const PARENT: &str = "00-12345678901234567890123456789012-1234567890123456-01";
const OTHER: &str = "00-22345678901234567890123456789012-2234567890123456-03";

fn parent() -> SpanContext {
    SpanContext::from_traceparent(PARENT, "a=1").unwrap()
}

fn with(name: &str) -> Context {
    Context::from(parent()).with_baggage(Baggage::new().with("name", name))
}

fn current_name() -> Option<String> {
    Context::current().baggage().get("name").map(str::to_owned)
}

#[test]
fn conf_094_attach_gives_a_token_and_the_wrong_order_is_reported() {
    let (a, b) = (with("a").attach(), with("b").attach());
    assert_eq!(current_name().as_deref(), Some("b"));
    let before = diagnostics().detach_order;
    assert!(!a.detach());
    assert!(diagnostics().detach_order > before);
    assert_eq!(current_name().as_deref(), Some("b"));
    assert!(b.detach());
    assert_eq!(current_name(), None);
    assert!(!Context::current().span_context().is_valid());
}

#[test]
fn conf_094_baggage_stays_while_spans_come_and_go() {
    let provider = TracerProvider::new(&Config::new()).unwrap();
    let tracer = provider.tracer("t");
    let outer = with("outer").attach();
    {
        let span = tracer.start("span").enter();
        assert_eq!(current_name().as_deref(), Some("outer"));
        assert_eq!(Context::current().span(), span.handle());
        let changed = Context::current().with_baggage(Baggage::new().with("name", "inner"));
        let inner = changed.attach();
        assert_eq!(current_context(), span.context());
        let child = tracer.start("child").enter();
        assert_eq!(current_name().as_deref(), Some("inner"));
        drop((child, inner));
        assert_eq!(current_name().as_deref(), Some("outer"));
        let cleared = Context::current().with_baggage(Baggage::new()).attach();
        assert!(Context::current().baggage().is_empty());
        drop(cleared);
        let bare = attach_context(&SpanContext::default());
        assert_eq!(current_name().as_deref(), Some("outer"));
        drop(bare);
    }
    assert!(outer.detach());
}

#[test]
fn a_context_goes_to_another_thread_with_its_span() {
    let provider = TracerProvider::new(&Config::new()).unwrap();
    let span = provider.tracer("t").start("span");
    let context = with("there").with_span(span.handle());
    assert_eq!(context.span_context(), &span.context());
    let there = thread::spawn(move || {
        let _attached = context.attach();
        let child = provider.tracer("t").start("child");
        (
            Context::current().span(),
            child.context().trace_id,
            current_name(),
        )
    });
    let (handle, trace_id, name) = there.join().unwrap();
    assert_eq!((handle, trace_id), (span.handle(), span.context().trace_id));
    assert_eq!(name.as_deref(), Some("there"));
    let ended = span.handle();
    span.end();
    assert_eq!(
        Context::new().with_span(ended).span_context(),
        &SpanContext::default()
    );
}

#[test]
fn values_of_the_program_may_use_the_library_when_they_are_dropped() {
    struct Records(Arc<TracerProvider>);
    impl Drop for Records {
        fn drop(&mut self) {
            let span = self.0.tracer("t").start("dropped");
            assert!(span.context().is_valid());
        }
    }
    let provider = TracerProvider::new(&Config::new()).unwrap();
    let context = Context::new().with_value(Records(Arc::new(provider)));
    let attached = context.attach();
    drop(context);
    assert!(attached.detach());
}

#[test]
fn conf_012_the_parent_is_taken_from_an_explicit_context() {
    let provider = TracerProvider::new(&Config::new()).unwrap();
    let _current = Context::from(SpanContext::from_traceparent(OTHER, "").unwrap()).attach();
    let span = provider.tracer("t").span("s").parent(&with("x")).start();
    assert_eq!(span.context().trace_id, parent().trace_id);
    let span = provider.tracer("t").span("s").parent(&parent()).start();
    assert_eq!(span.context().trace_id, parent().trace_id);
    let root = provider
        .tracer("t")
        .span("s")
        .parent(&Context::new())
        .start();
    assert_ne!(root.context().trace_id, current_context().trace_id);
}

#[test]
fn conf_020_the_child_of_a_remote_parent_is_not_remote() {
    let provider = TracerProvider::new(&Config::new()).unwrap();
    let child = provider.tracer("t").span("s").parent(&parent()).start();
    assert!(parent().is_remote && !child.context().is_remote);
}

#[test]
fn conf_022_root_ids_are_random_and_say_so_and_children_do_as_their_parent() {
    for sampler in [Sampler::AlwaysOn, Sampler::AlwaysOff] {
        let provider = TracerProvider::new(&Config::new().sampler(sampler)).unwrap();
        let tracer = provider.tracer("t");
        assert!(
            tracer
                .span("root")
                .root()
                .start()
                .context()
                .trace_flags
                .is_random()
        );
        for (header, random) in [(PARENT, false), (OTHER, true)] {
            let parent = SpanContext::from_traceparent(header, "").unwrap();
            let child = tracer.span("child").parent(&parent).start();
            assert_eq!(child.context().trace_flags.is_random(), random);
        }
    }
}

#[test]
fn conf_037_a_context_taken_from_a_span_outlives_it() {
    let provider = TracerProvider::new(&Config::new()).unwrap();
    let span = provider.tracer("t").start("span");
    let (before, copy) = (span.context(), span.context());
    span.end();
    assert_eq!(before, copy);
    let child = provider.tracer("t").span("child").parent(&before).start();
    assert_eq!(child.context().trace_id, before.trace_id);
}

#[test]
fn conf_040_a_context_wrapped_as_a_span_is_handed_on() {
    let span = Span::non_recording(parent());
    assert_eq!(span.context(), parent());
    span.set("ignored", 1).set_name("ignored");
    assert!(!span.is_recording());
    let entered = span.enter();
    assert_eq!(current_context(), parent());
    let provider = TracerProvider::new(&Config::new()).unwrap();
    let child = provider.tracer("t").start("child").context();
    assert_eq!(child.trace_id, parent().trace_id);
    drop(entered);
    assert_eq!(current_context(), SpanContext::default());
}

/// In a process of its own: the default provider and the global propagator are the process's.
#[test]
fn conf_040_conf_098_the_process() {
    // Nothing configured: nothing travels by itself, but contexts do.
    let received = HashMap::from([("traceparent".to_owned(), PARENT.to_owned())]);
    assert!(propagator().fields().is_empty());
    assert!(!extract(&received).span_context().is_valid());
    let mut sent = HashMap::new();
    let context = TraceContext.extract(&Context::new(), &received);
    let span = tracer("t").span("s").parent(&context).start().enter();
    assert_eq!(span.context().to_traceparent(), PARENT);
    let below = tracer("t").start("below").enter();
    assert_eq!(below.context(), span.context());
    inject(&mut sent);
    assert!(sent.is_empty());
    TraceContext.inject(&Context::current(), &mut sent);
    assert_eq!(sent["traceparent"], PARENT);
    drop((below, span));
    assert_eq!(tracer("t").start("root").context(), SpanContext::default());

    // A default provider brings its formats; switched off it still does.
    let provider = TracerProvider::new(&Config::new().disabled(true)).unwrap();
    provider.set_default();
    assert_eq!(
        propagator().fields(),
        ["traceparent", "tracestate", "baggage"]
    );
    let attached = extract(&received).attach();
    let mut sent = HashMap::new();
    inject(&mut sent);
    assert_eq!(sent["traceparent"], PARENT);
    drop(attached);
    let config = Config::new().propagators("b3, tracecontext,B3");
    TracerProvider::new(&config).unwrap().set_default();
    assert_eq!(propagator().fields(), ["b3", "traceparent", "tracestate"]);

    // What the program sets goes first.
    set_propagator(Arc::new(B3::multi()));
    assert_eq!(propagator().fields().len(), 4);
    set_propagator(Arc::new(CompositePropagator::default()));
    assert!(propagator().fields().is_empty());
    TracerProvider::new(&Config::new()).unwrap().set_default();
    assert!(propagator().fields().is_empty());
}

#[test]
fn conf_098_a_composite_asks_each_in_its_order() {
    let both = CompositePropagator::new(vec![Arc::new(TraceContext), Arc::new(B3::single())]);
    let ids = OTHER.get(3..52).unwrap();
    let fields = [
        ("traceparent".to_owned(), PARENT.to_owned()),
        ("b3".to_owned(), ids.to_owned()),
    ];
    let later = both.extract(&Context::new(), &HashMap::from(fields.clone()));
    assert_eq!(later.span_context().to_traceparent().get(3..52), Some(ids));
    let first = HashMap::from([fields[0].clone()]);
    let first = both.extract(&Context::new(), &first);
    assert_eq!(first.span_context().to_traceparent(), PARENT);
    let mut sent = HashMap::new();
    both.inject(&first, &mut sent);
    assert_eq!(sent.len(), 2);
    let twice = CompositePropagator::new(vec![Arc::new(both), Arc::new(TraceContext)]);
    assert_eq!(twice.fields(), ["traceparent", "tracestate", "b3"]);
}
