//! Futures keep their span or context at every poll, on whatever thread, and give it to no other task.
#![expect(clippy::unwrap_used, reason = "a helper of a test fails by a panic")]

use libtracer::{
    Baggage, Config, Context, FinishedSpan, FutureExt, MemoryExporter, Tracer, TracerProvider,
    current_context, current_span, diagnostics,
};
use std::collections::HashSet;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context as TaskContext, Poll, Waker};
use std::thread;

fn tracer() -> (Tracer, MemoryExporter) {
    let memory = MemoryExporter::new();
    let provider = TracerProvider::new(&Config::new().memory(&memory)).unwrap();
    (provider.tracer("t"), memory)
}

fn named(memory: &MemoryExporter, name: &str) -> FinishedSpan {
    let mut spans = memory.spans().into_iter();
    spans.find(|span| span.name == name).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_tasks_on_many_threads_keep_to_themselves() {
    const TASKS: usize = 200;
    let (tracer, memory) = tracer();
    let threads = Arc::new(Mutex::new(HashSet::new()));
    let tasks: Vec<_> = (0..TASKS)
        .map(|task| {
            let threads = threads.clone();
            let span = tracer.span(&format!("task {task}")).start();
            let id = span.context();
            let work = async move {
                for step in 0..10 {
                    assert_eq!(current_context(), id);
                    let inner = tracer.span(&format!("step {task} {step}")).start();
                    let inner_id = inner.context();
                    async {
                        tokio::task::yield_now().await;
                        assert_eq!(current_context(), inner_id);
                        threads.lock().unwrap().insert(thread::current().id());
                    }
                    .in_span(inner)
                    .await;
                }
                current_span().set("done", true.into());
            };
            tokio::spawn(work.in_span(span))
        })
        .collect();
    // A task without a span has none, wherever it runs among the others.
    let bare = tokio::spawn(async {
        for _ in 0..100 {
            assert!(!current_context().is_valid());
            tokio::task::yield_now().await;
        }
    });
    for task in tasks {
        task.await.unwrap();
    }
    bare.await.unwrap();
    assert!(
        threads.lock().unwrap().len() > 1,
        "nothing moved between threads"
    );
    let spans = memory.spans();
    assert_eq!(spans.len(), TASKS * 11);
    for task in 0..TASKS {
        let name = format!("task {task}");
        let whole = spans.iter().find(|span| span.name == name).unwrap();
        assert_eq!(whole.attribute("done"), Some(&true.into()));
        let prefix = format!("step {task} ");
        let steps = spans.iter().filter(|span| span.name.starts_with(&prefix));
        let parents: Vec<_> = steps.map(|step| step.parent_span_id).collect();
        assert_eq!(parents, [Some(whole.span_id); 10]);
    }
}

/// Tells what is current when it is dropped.
struct Witness(Arc<Mutex<Vec<libtracer::SpanContext>>>);

impl Drop for Witness {
    fn drop(&mut self) {
        self.0.lock().unwrap().push(current_context());
    }
}

/// Pending for ever; holds a witness.
struct Stuck(#[expect(dead_code, reason = "it is there to be dropped")] Witness);

impl Future for Stuck {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut TaskContext<'_>) -> Poll<()> {
        Poll::Pending
    }
}

fn poll<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    Pin::new(future).poll(&mut TaskContext::from_waker(Waker::noop()))
}

#[test]
fn a_dropped_future_ends_its_span_after_all_it_holds() {
    let (tracer, memory) = tracer();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let span = tracer.start("cancelled");
    let context = span.context();
    let mut future = Stuck(Witness(seen.clone())).in_span(span);
    assert_eq!(poll(&mut future), Poll::Pending);
    assert_eq!(future.span().unwrap().context(), context);
    assert!(!current_context().is_valid());
    assert_eq!(memory.spans(), []);
    drop(future);
    assert_eq!(*seen.lock().unwrap(), std::slice::from_ref(&context));
    assert_eq!(memory.spans().len(), 1);
    drop(Stuck(Witness(seen.clone())).with_context(context.clone().into()));
    assert_eq!(*seen.lock().unwrap(), [context.clone(), context]);
}

#[test]
fn a_completed_future_ends_its_span_at_once_and_stays_silent() {
    let (tracer, memory) = tracer();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let witness = Witness(seen.clone());
    let span = tracer.start("done");
    let context = span.context();
    let mut future = Box::pin(
        async move {
            let _kept = witness;
            7
        }
        .in_span(span),
    );
    assert_eq!(poll(&mut future), Poll::Ready(7));
    assert_eq!(memory.spans().len(), 1);
    assert_eq!(*seen.lock().unwrap(), [context]);
    assert_eq!(poll(&mut future), Poll::Pending);
    assert!(future.span().is_none());
    drop(future);
    assert_eq!(memory.spans().len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_panic_leaves_nothing_current_and_ends_the_span() {
    let (tracer, memory) = tracer();
    let work = async { panic!("on purpose") };
    let task = tokio::spawn(work.in_span(tracer.start("panicked")));
    assert!(task.await.unwrap_err().is_panic());
    assert_eq!(memory.spans().len(), 1);
    for _ in 0..8 {
        let bare = tokio::spawn(async { current_context().is_valid() });
        assert!(!bare.await.unwrap());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn conf_012_a_context_goes_along_with_span_baggage_and_values() {
    let (tracer, memory) = tracer();
    let before = diagnostics().detach_order;
    let context = {
        let _order = tracer.start("order").enter();
        Context::current()
            .with_baggage(Baggage::new().with("tenant", "blue"))
            .with_value(5u8)
    };
    let work = async move {
        tokio::task::yield_now().await;
        assert_eq!(Context::current().baggage().get("tenant"), Some("blue"));
        assert_eq!(Context::current().value::<u8>(), Some(&5));
        tracer.start("child").end();
        let nested = async move { tracer.start("grandchild").end() };
        let child = tracer.start("parent of it");
        nested.in_span(child).await;
        assert_eq!(Context::current().baggage().get("tenant"), Some("blue"));
    };
    tokio::spawn(work.with_context(context)).await.unwrap();
    let order = named(&memory, "order");
    assert_eq!(named(&memory, "child").parent_span_id, Some(order.span_id));
    let between = named(&memory, "parent of it");
    assert_eq!(between.parent_span_id, Some(order.span_id));
    assert_eq!(
        named(&memory, "grandchild").parent_span_id,
        Some(between.span_id)
    );
    assert_eq!(diagnostics().detach_order, before);
}

#[test]
fn futures_in_spans_may_be_sent_and_unpinned_as_what_is_in_them() {
    fn is_send<T: Send>(_: &T) {}
    fn is_unpin<T: Unpin>(_: &T) {}
    let (tracer, _) = tracer();
    let span = std::future::ready(1).in_span(tracer.start("s"));
    is_send(&span);
    is_unpin(&span);
    let context = std::future::ready(1).with_current_context();
    is_send(&context);
    is_unpin(&context);
}
