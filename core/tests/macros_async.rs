//! `#[traced]` on asynchronous functions, and on those that only return a future.
#![expect(clippy::unwrap_used, reason = "a helper of a test fails by a panic")]
#![cfg(feature = "macros")]

use libtracer::{
    Config, FinishedSpan, FinishedStatus, MemoryExporter, Tracer, TracerProvider, current_context,
    current_span, traced,
};
use std::future::Future;
use std::num::ParseIntError;
use std::pin::Pin;

fn tracer() -> (Tracer, MemoryExporter) {
    let memory = MemoryExporter::new();
    let provider = TracerProvider::new(&Config::new().memory(&memory)).unwrap();
    (provider.tracer("t"), memory)
}

fn one(memory: &MemoryExporter) -> FinishedSpan {
    let [span] = memory.spans().try_into().unwrap();
    span
}

#[traced(tracer = tracer, args(n))]
async fn task(tracer: Tracer, n: i64) -> i64 {
    let mine = current_context();
    for _ in 0..3 {
        tokio::task::yield_now().await;
        assert_eq!(current_context(), mine);
        step(tracer).await;
    }
    current_span().set("done", n.into());
    n
}

#[traced(tracer = tracer)]
async fn step(tracer: Tracer) {
    tokio::task::yield_now().await;
}

#[traced(tracer = tracer)]
async fn lends<'a, T>(tracer: Tracer, all: &'a [T], place: &mut usize) -> Option<&'a T>
where
    T: Sync,
{
    *place += 1;
    tokio::task::yield_now().await;
    let found = all.get(*place)?;
    Some(found)
}

#[traced(tracer = tracer)]
fn boxed<'a>(tracer: Tracer, text: &'a str) -> Pin<Box<dyn Future<Output = usize> + Send + 'a>> {
    let length = text.len();
    Box::pin(async move {
        tokio::task::yield_now().await;
        step(tracer).await;
        length
    })
}

#[expect(
    clippy::manual_async_fn,
    reason = "what is tested: a future that is returned"
)]
#[traced(tracer = tracer, err)]
fn returned(tracer: Tracer, text: &str) -> impl Future<Output = Result<u8, ParseIntError>> + Send {
    async move {
        tokio::task::yield_now().await;
        text.parse::<u8>()
    }
}

#[traced(tracer = tracer)]
async fn opaque(tracer: Tracer) -> impl Fn(u8) -> u8 {
    tokio::task::yield_now().await;
    |n| n + 1
}

#[async_trait::async_trait]
trait Store {
    async fn get(&self, key: &str) -> Result<String, ParseIntError>;
}

struct Disk(Tracer);

#[async_trait::async_trait]
impl Store for Disk {
    #[traced(tracer = self.0, args(key), err)]
    async fn get(&self, key: &str) -> Result<String, ParseIntError> {
        step(self.0).await;
        let number: u32 = key.parse()?;
        Ok(number.to_string())
    }
}

/// Whether every `step` is below the span of that name.
fn only_parent(memory: &MemoryExporter, name: &str) -> FinishedSpan {
    let mut spans = memory.spans();
    memory.clear();
    let parent = spans.iter().position(|span| span.name == name).unwrap();
    let parent = spans.remove(parent);
    for step in spans {
        assert_eq!(step.name, "step");
        assert_eq!(step.parent_span_id, Some(parent.span_id));
    }
    parent
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn tasks_keep_their_span_across_threads_and_give_it_to_no_other() {
    let (tracer, memory) = tracer();
    let tasks: Vec<_> = (0..100).map(|n| tokio::spawn(task(tracer, n))).collect();
    for (n, task) in tasks.into_iter().enumerate() {
        assert_eq!(task.await.unwrap(), i64::try_from(n).unwrap());
    }
    assert!(!current_context().is_valid());
    let spans = memory.spans();
    assert_eq!(spans.len(), 400);
    for task in spans.iter().filter(|span| span.name == "task") {
        assert_eq!(task.attribute("done"), task.attribute("n"));
        let below = spans
            .iter()
            .filter(|span| span.parent_span_id == Some(task.span_id));
        assert_eq!(below.count(), 3);
    }
}

#[tokio::test]
async fn a_span_begins_with_the_first_poll_and_ends_with_the_future() {
    let (tracer, memory) = tracer();
    let never = step(tracer);
    drop(never);
    assert_eq!(memory.spans(), []);
    let mut begun = Box::pin(task(tracer, 1));
    let poll = std::future::poll_fn(|context| {
        assert!(begun.as_mut().poll(context).is_pending());
        std::task::Poll::Ready(())
    });
    poll.await;
    assert_eq!(memory.spans(), []);
    drop(begun);
    assert_eq!(one(&memory).name, "task");
}

#[tokio::test]
async fn futures_of_every_shape_run_in_their_span() {
    let (tracer, memory) = tracer();
    let mut place = 0;
    assert_eq!(lends(tracer, &["a", "b"], &mut place).await, Some(&"b"));
    assert_eq!(place, 1);
    only_parent(&memory, "lends");
    assert_eq!(boxed(tracer, "four").await, 4);
    only_parent(&memory, "boxed");
    assert_eq!(returned(tracer, "8").await, Ok(8));
    assert_eq!(
        only_parent(&memory, "returned").status,
        FinishedStatus::Unset
    );
    assert!(returned(tracer, "-").await.is_err());
    let failed = only_parent(&memory, "returned");
    assert!(matches!(failed.status, FinishedStatus::Error(_)));
    assert_eq!(opaque(tracer).await(1), 2);
    only_parent(&memory, "opaque");
}

#[tokio::test]
async fn methods_of_async_traits_are_traced() {
    let (tracer, memory) = tracer();
    let store: Box<dyn Store + Send + Sync> = Box::new(Disk(tracer));
    assert_eq!(store.get("007").await.unwrap(), "7");
    let get = only_parent(&memory, "get");
    assert_eq!(get.attribute("key"), Some(&"007".into()));
    let error = store.get("x").await.unwrap_err();
    let get = only_parent(&memory, "get");
    assert_eq!(get.status, FinishedStatus::Error(error.to_string()));
}

#[test]
fn traced_futures_may_be_sent() {
    fn is_send<T: Send>(_: T) {}
    let (tracer, _) = tracer();
    is_send(task(tracer, 1));
    is_send(boxed(tracer, ""));
    is_send(returned(tracer, ""));
    is_send(lends(tracer, &[1], &mut 0));
}
