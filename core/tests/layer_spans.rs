//! Spans of `tracing` in their trees: parents, links, functions, tasks.
#![expect(clippy::unwrap_used, reason = "a helper of a test fails by a panic")]
#![cfg(feature = "tracing")]

use libtracer::{
    Config, Context, FinishedSpan, FinishedStatus, MemoryExporter, OwnedValue, Sampler,
    SpanContext, TracerProvider, TracingLayer, current_context, current_span, diagnostics,
};
use tracing::instrument::WithSubscriber;
use tracing::{Instrument, Level, info, info_span, instrument, span};
use tracing_subscriber::filter::{LevelFilter, filter_fn};
use tracing_subscriber::layer::{Layer as _, SubscriberExt};
use tracing_subscriber::registry;

fn provider(config: Config) -> (libtracer::Tracer, MemoryExporter) {
    let memory = MemoryExporter::new();
    let provider = TracerProvider::new(&config.memory(&memory)).unwrap();
    (provider.tracer("t"), memory)
}

fn plain(work: impl FnOnce()) -> Vec<FinishedSpan> {
    let (tracer, memory) = provider(Config::new());
    let subscriber = registry().with(TracingLayer::new(tracer));
    tracing::subscriber::with_default(subscriber, work);
    memory.spans()
}

#[test]
fn conf_011_and_012_parents_are_what_is_current_or_what_is_said() {
    let (tracer, memory) = provider(Config::new());
    let header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let remote = SpanContext::from_traceparent(header, "a=1").unwrap();
    let order = diagnostics().detach_order;
    tracing::subscriber::with_default(registry().with(TracingLayer::new(tracer)), || {
        let native = tracer.start("native").enter();
        let one = info_span!("one");
        let entered = one.clone().entered();
        assert_eq!(tracing::Span::current().id(), one.id());
        {
            let inner = tracer.start("inner native").enter();
            info_span!("two");
            drop(inner);
        }
        info_span!(parent: None, "root");
        info_span!(parent: &one, "explicit");
        drop(entered);
        info_span!(parent: one.id(), "explicit elsewhere");
        info_span!("after");
        drop((one, native));
        let attached = Context::from(remote.clone()).attach();
        info_span!("below remote").in_scope(|| tracer.start("leaf").end());
        drop(attached);
        assert!(!current_context().is_valid());
    });
    let named = |name: &str| {
        let mut spans = memory.spans().into_iter();
        spans.find(|span| span.name == name).unwrap()
    };
    let parent = |name: &str| named(name).parent_span_id;
    let id = |name: &str| Some(named(name).span_id);
    assert_eq!(parent("one"), id("native"));
    assert_eq!(parent("inner native"), id("one"));
    assert_eq!(parent("two"), id("inner native"));
    assert_eq!(parent("root"), None);
    assert_eq!(parent("explicit"), id("one"));
    assert_eq!(parent("explicit elsewhere"), id("one"));
    assert_eq!(parent("after"), id("native"));
    assert_eq!(parent("below remote"), Some(remote.span_id.0));
    assert_eq!(named("below remote").trace_state, "a=1");
    assert_eq!(parent("leaf"), id("below remote"));
    assert_eq!(diagnostics().detach_order, order);
}

#[test]
fn follows_from_is_a_link() {
    let spans = plain(|| {
        let cause = info_span!("cause");
        let effect = info_span!("effect");
        effect.follows_from(&cause);
        effect.follows_from(tracing::Id::from_u64(12345));
        drop(cause);
        drop(effect);
    });
    let [cause, effect] = [&spans[0], &spans[1]];
    assert_eq!(effect.links.len(), 1);
    assert_eq!(effect.links[0].span_id, cause.span_id);
    assert_eq!(effect.links[0].trace_id, cause.trace_id);
}

#[test]
fn what_is_not_recorded_passes_its_parent_on() {
    let (tracer, memory) = provider(Config::new().sampler(Sampler::AlwaysOff));
    tracing::subscriber::with_default(registry().with(TracingLayer::new(tracer)), || {
        let span = info_span!("unsampled", n = 1).entered();
        let context = current_context();
        assert!(context.is_valid() && !context.trace_flags.is_sampled());
        info!("nobody listens");
        let inner = info_span!("inner").entered();
        assert_eq!(current_context().trace_id, context.trace_id);
        drop(inner);
        drop(span);
    });
    assert_eq!(memory.spans(), []);
    let (tracer, memory) = provider(Config::new());
    let off = libtracer::tracer("nothing is configured");
    let both = registry().with(TracingLayer::new(off));
    let outer = tracer.start("outer").enter();
    tracing::subscriber::with_default(both, || {
        let nothing = info_span!("nothing").entered();
        assert_eq!(current_context(), outer.context());
        info_span!(parent: &nothing, "nothing too").in_scope(|| tracer.start("native").end());
    });
    drop(outer);
    assert_eq!(
        memory.spans()[0].parent_span_id,
        Some(memory.spans()[1].span_id)
    );
}

#[test]
fn filtered_spans_are_skipped_in_the_tree() {
    let (tracer, memory) = provider(Config::new());
    let layer = TracingLayer::new(tracer).with_filter(LevelFilter::INFO);
    let other = tracing_subscriber::layer::Identity::new().with_filter(filter_fn(|_| true));
    tracing::subscriber::with_default(registry().with(layer).with(other), || {
        let _outer = info_span!("outer").entered();
        let _hidden = span!(Level::DEBUG, "hidden").entered();
        info!("seen by outer");
        info_span!("inner");
    });
    let spans = memory.spans();
    assert_eq!(spans.len(), 2);
    assert_eq!(spans[0].parent_span_id, Some(spans[1].span_id));
    assert_eq!(spans[1].events[0].name, "seen by outer");
}

#[instrument(fields(sum), ret, err)]
fn sync(a: i64, b: &str) -> Result<i64, std::num::ParseIntError> {
    tracing::Span::current().record("sum", a + 1);
    Ok(a + b.parse::<i64>()?)
}

#[test]
fn instrumented_functions_are_spans() {
    let spans = plain(|| {
        let _ = sync(1, "1");
        let _ = sync(2, "");
    });
    let [good, bad] = [&spans[0], &spans[1]];
    assert_eq!(good.name, "sync");
    assert_eq!(good.attribute("a"), Some(&OwnedValue::Int(1)));
    assert_eq!(good.attribute("b").cloned(), Some("1".into()));
    assert_eq!(good.attribute("sum"), Some(&OwnedValue::Int(2)));
    assert_eq!(
        good.events[0].attribute("return").cloned(),
        Some("2".into())
    );
    assert_eq!(good.status, FinishedStatus::Unset);
    assert_eq!(bad.events[0].name, "exception");
    assert_eq!(
        bad.status,
        FinishedStatus::Error(sync(2, "").unwrap_err().to_string())
    );
}

#[instrument(skip(tracer))]
async fn task(n: i64, tracer: libtracer::Tracer) {
    for step in 0..4 {
        tokio::task::yield_now().await;
        tracer.start("native").set("n", n);
        async { tokio::task::yield_now().await }
            .instrument(info_span!("step", step))
            .await;
        let mine = current_span();
        assert!(mine.is_recording());
        mine.set("last", step.into());
    }
}

#[test]
fn instrumented_async_functions_keep_their_span_on_every_thread() {
    const TASKS: i64 = 100;
    let (tracer, memory) = provider(Config::new());
    let dispatch = tracing::Dispatch::new(registry().with(TracingLayer::new(tracer)));
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(4)
        .build()
        .unwrap();
    runtime.block_on(async move {
        let spawn = |n| tokio::spawn(task(n, tracer).with_subscriber(dispatch.clone()));
        let tasks: Vec<_> = (0..TASKS).map(spawn).collect();
        for task in tasks {
            task.await.unwrap();
        }
        assert!(!current_context().is_valid());
    });
    let spans = memory.spans();
    let tasks: Vec<_> = spans.iter().filter(|span| span.name == "task").collect();
    assert_eq!(tasks.len(), 100);
    for task in tasks {
        assert_eq!(task.attribute("last"), Some(&OwnedValue::Int(3)));
        let below = |name: &'static str| {
            let named = spans.iter().filter(move |span| span.name == name);
            named.filter(|span| span.parent_span_id == Some(task.span_id))
        };
        assert_eq!(below("step").count(), 4);
        assert_eq!(below("native").count(), 4);
        assert!(below("native").all(|span| span.attribute("n") == task.attribute("n")));
    }
}
