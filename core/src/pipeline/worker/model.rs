//! The worker's start and wake in loom's model: whatever is published before a `wake` is drained.
//!
//! The thread here does in the same order what the real one does around its runtime (`serve`), which
//! loom cannot run: it looks, drains, and waits. A lost wake shows as a deadlock.

use super::*;
use crate::export::samples;
use crate::sync::{AtomicUsize, Notify};
use loom::thread;

/// Something published by several threads; `done` tells when all of it was drained.
struct Counted {
    published: AtomicUsize,
    expected: usize,
    done: Notify,
}

impl Counted {
    fn new(expected: usize) -> Arc<Self> {
        Arc::new(Self {
            published: AtomicUsize::new(0),
            expected,
            done: Notify::new(),
        })
    }

    /// Relaxed: the worker's own orders must make it visible.
    fn publish(&self) {
        self.published.fetch_add(1, Ordering::Relaxed);
    }
}

impl Source for Counted {
    /// Gives a run when all is there.
    fn drain(&self, out: &mut Vec<Run>) {
        if self.published.load(Ordering::Relaxed) == self.expected {
            out.extend(samples::batch().0.runs);
            self.done.notify_one();
        }
    }
}

fn pipes(id: u32, source: &Arc<Counted>) -> ProviderPipes {
    ProviderPipes {
        id,
        resource: Arc::from(&b""[..]),
        feed: Feed::new(Arc::clone(source) as Arc<dyn Source>),
        pipelines: Vec::new(),
    }
}

fn spawn(shared: &Arc<Shared>) -> io::Result<()> {
    let shared = Arc::clone(shared);
    thread::spawn(move || serve(&shared));
    Ok(())
}

thread_local! {
    /// Whether a thread serves: all threads of a model are one to the system.
    static SERVED: Cell<bool> = const { Cell::new(false) };
}

/// Serves each provider until all of it is drained, then ends if nothing more is asked for.
fn serve(shared: &Shared) {
    assert!(!SERVED.replace(true), "two threads serve");
    let mut sources = Vec::new();
    loop {
        let woken = shared.woken.swap(false, Ordering::AcqRel);
        for request in shared.take_requests() {
            if let Request::Add(newcomer) = request {
                sources.push(newcomer.feed);
            }
        }
        if woken {
            sources.retain(|source| {
                let mut runs = Vec::new();
                source.take(&mut runs);
                runs.is_empty()
            });
        }
        if sources.is_empty() {
            SERVED.set(false);
            if shared.may_end() {
                return;
            }
            SERVED.set(true);
        }
        shared.news.wait();
    }
}

fn worker() -> Arc<Worker> {
    SERVED.set(false);
    Arc::new(Worker::with_spawn(spawn))
}

#[test]
fn loom_what_was_published_before_a_wake_is_drained() {
    loom::model(|| {
        let worker = worker();
        let source = Counted::new(2);
        worker.add_provider(pipes(1, &source));
        let other = {
            let (worker, source) = (Arc::clone(&worker), Arc::clone(&source));
            thread::spawn(move || {
                source.publish();
                worker.wake();
            })
        };
        source.publish();
        worker.wake();
        other.join().unwrap();
        source.done.wait();
    });
}

#[test]
fn loom_whoever_needs_the_thread_first_starts_the_only_one() {
    loom::model(|| {
        let worker = worker();
        let source = Counted::new(1);
        worker.add_provider(pipes(1, &source));
        let other = {
            let worker = Arc::clone(&worker);
            thread::spawn(move || worker.ensure_started())
        };
        source.publish();
        worker.wake();
        source.done.wait();
        other.join().unwrap();
    });
}

#[test]
fn loom_a_thread_that_ends_is_followed_by_another() {
    loom::model(|| {
        let worker = worker();
        let (first, second) = (Counted::new(1), Counted::new(1));
        worker.add_provider(pipes(1, &first));
        first.publish();
        worker.wake();
        // The thread may have ended, be about to, or not have begun.
        worker.add_provider(pipes(2, &second));
        second.publish();
        worker.wake();
        second.done.wait();
    });
}
