//! The exporter thread as the rest of the process sees it: a value that starts one thread when it
//! is needed, and whose callers wait with a deadline, whatever that thread does.
//!
//! Nothing here is global and nothing relies on `Drop`: after a fork the child leaks the worker and
//! makes another. If an exporter blocks the thread, callers time out and the account stays open:
//! the spans remain queued until the thread comes back and counts them, or for ever. A span is
//! counted by the worker thread alone (or, when no thread could be started, by the caller that
//! shuts down), so no span is counted twice.

mod feed;
mod serve;
mod thread;

pub(crate) use feed::Feed;

use super::{
    counters::PipelineCounters,
    queue::PipelineSettings,
    ticket::{Promise, Ticket, ticket},
};
use crate::{
    errno::Saved,
    error::Timeout,
    export::Run,
    sync::{AtomicBool, Mutex, MutexGuard, Notify},
};
use std::{
    cell::Cell,
    io, mem,
    sync::{Arc, PoisonError, atomic::Ordering},
    time::{Duration, Instant},
};

/// Time between two attempts of `wake` to start a thread where the system refused one.
const SPAWN_PAUSE: Duration = Duration::from_millis(100);

/// How long before the deadline of a shutdown the worker counts what is left, and how long after it
/// the caller still listens: the account should be final when the call returns.
const GRACE: Duration = Duration::from_millis(25);

thread_local! {
    /// Whether this thread is a worker's or an exporter's: it cannot wait for itself.
    static ON_WORKER: Cell<bool> = const { Cell::new(false) };
}

/// This thread serves exporters from now on: it never waits for room or for the worker.
pub(crate) fn serve_exporters_here() {
    let _ = ON_WORKER.try_with(|on_worker| on_worker.set(true));
}

/// Whether this thread serves exporters: what it waited for would be waiting for it.
pub(crate) fn serves_exporters() -> bool {
    ON_WORKER.try_with(Cell::get).unwrap_or(false)
}

/// The finished spans of one provider.
pub(crate) trait Source: Send + Sync {
    /// Appends everything published since the last call. Calls never overlap: a [`Feed`] makes them,
    /// one at a time. It must not call the worker.
    fn drain(&self, out: &mut Vec<Run>);

    /// How many were lost so far before they were published: no pipeline sees those.
    fn lost(&self) -> u64 {
        0
    }

    /// Comes before `drain` when a schedule delay is over and when somebody flushes: what is
    /// measured rather than recorded is measured now. Only in the worker thread, with no lock held;
    /// it may run the program's own code and must not panic.
    fn measure(&self) {}
}

/// What a provider hands to the worker.
pub(crate) struct ProviderPipes {
    /// The provider's; its streams (spans, log records, metrics) come one by one and share it.
    pub(crate) id: u32,
    /// The fields of OTLP `ResourceSpans` that stand before the spans.
    pub(crate) resource: Arc<[u8]>,
    /// Where its spans come from.
    pub(crate) feed: Arc<Feed>,
    /// Where they go: each pipeline gets every span.
    pub(crate) pipelines: Pipes,
}

/// Pipelines and what counts their exits.
pub(crate) type Pipes = Vec<(PipelineSettings, Arc<PipelineCounters>)>;

/// What callers ask of the thread; `None` means every provider.
enum Request {
    Add(ProviderPipes),
    Flush(Option<u32>, Instant, Promise),
    Shutdown(Option<u32>, Instant, Promise),
}

/// What is known about the thread.
enum Thread {
    Absent,
    Running,
    /// The system refused one at that time.
    Refused(Instant),
    /// It panicked, which is a defect of ours: tracing is off, callers are told at once.
    Dead,
}

struct Inbox {
    thread: Thread,
    requests: Vec<Request>,
}

/// What callers and thread share.
struct Shared {
    /// Set by the first `wake` since the thread last looked.
    woken: AtomicBool,
    /// Set by who waits for room: everything goes out, full batches or not.
    pressed: AtomicBool,
    running: AtomicBool,
    news: Notify,
    inbox: Mutex<Inbox>,
}

/// Starts the thread; a parameter so that a test can refuse.
type Spawn = fn(&Arc<Shared>) -> io::Result<()>;

/// One exporter thread and the providers it serves.
pub(crate) struct Worker {
    shared: Arc<Shared>,
    spawn: Spawn,
}

impl Worker {
    /// A worker without a thread.
    pub(crate) fn new() -> Self {
        Self::with_spawn(thread::spawn)
    }

    fn with_spawn(spawn: Spawn) -> Self {
        let inbox = Inbox {
            thread: Thread::Absent,
            requests: Vec::new(),
        };
        let shared = Shared {
            woken: AtomicBool::new(false),
            pressed: AtomicBool::new(false),
            running: AtomicBool::new(false),
            news: Notify::new(),
            inbox: Mutex::new(inbox),
        };
        Self {
            shared: Arc::new(shared),
            spawn,
        }
    }

    /// Serves the provider from now on; starts no thread. After the first span is published,
    /// `wake` or `ensure_started` must be called once, else its schedule does not run.
    pub(crate) fn add_provider(&self, pipes: ProviderPipes) {
        self.shared.lock().requests.push(Request::Add(pipes));
        self.shared.news.notify_one();
    }

    /// As `wake`, but starts no thread.
    pub(crate) fn look_again(&self) {
        let running = matches!(self.shared.lock().thread, Thread::Running);
        if running {
            self.wake();
        }
    }

    /// Asks the thread to take what is published. Cheap: one swap, and only the first call since
    /// the thread last looked does more.
    pub(crate) fn wake(&self) {
        // AcqRel pairs with the thread's swap: it sees what was published before any `wake`.
        if !self.shared.woken.swap(true, Ordering::AcqRel) {
            let _errno = Saved::now();
            self.ensure_started();
            self.shared.news.notify_one();
        }
    }

    /// As `wake`, and what is there goes out, full batches or not.
    pub(crate) fn press(&self) {
        // Ordered by the swaps of `woken`.
        self.shared.pressed.store(true, Ordering::Relaxed);
        self.wake();
    }

    /// Starts the thread if there is none; where the system refuses, later calls try again.
    pub(crate) fn ensure_started(&self) {
        // Acquire pairs with the Release in `start` and `may_end`; a stale answer only costs a lock.
        if !self.shared.running.load(Ordering::Acquire) {
            let mut inbox = self.shared.lock();
            let soon = matches!(inbox.thread, Thread::Refused(at) if at.elapsed() < SPAWN_PAUSE);
            let started = !soon && self.start(&mut inbox);
            if !started && !matches!(inbox.thread, Thread::Dead) {
                // The next `wake` must come here again.
                self.shared.woken.store(false, Ordering::Release);
            }
        }
    }

    /// Waits until everything published before the call is delivered or counted as lost.
    pub(crate) fn flush(&self, provider: Option<u32>, deadline: Instant) -> Result<(), Timeout> {
        self.ask(Request::Flush, provider, deadline, deadline)
    }

    /// Flushes, counts what is left shortly before the deadline, shuts the exporters down and forgets
    /// the provider. `Ok` if nothing was left or the provider is unknown.
    pub(crate) fn shutdown_provider(&self, id: u32, deadline: Instant) -> Result<(), Timeout> {
        self.end(Some(id), deadline)
    }

    /// Shuts every provider down, then ends the thread; a provider added later starts another.
    pub(crate) fn shutdown(&self, deadline: Instant) -> Result<(), Timeout> {
        self.end(None, deadline)
    }

    fn end(&self, provider: Option<u32>, deadline: Instant) -> Result<(), Timeout> {
        let left = deadline.saturating_duration_since(Instant::now());
        let early = GRACE.min(left / 8);
        let count_by = deadline.checked_sub(early).unwrap_or(deadline);
        let listen_until = deadline.checked_add(GRACE).unwrap_or(deadline);
        self.ask(Request::Shutdown, provider, count_by, listen_until)
    }

    fn ask(
        &self,
        request: fn(Option<u32>, Instant, Promise) -> Request,
        provider: Option<u32>,
        deadline: Instant,
        listen_until: Instant,
    ) -> Result<(), Timeout> {
        if serves_exporters() {
            return Err(Timeout);
        }
        let (ticket, promise): (Ticket, Promise) = ticket();
        let request = request(provider, deadline, promise);
        {
            let mut inbox = self.shared.lock();
            if matches!(inbox.thread, Thread::Dead) {
                return Err(Timeout);
            }
            if !matches!(inbox.thread, Thread::Running) {
                let anything = inbox.drain_newcomers(provider);
                if !anything || !self.start(&mut inbox) {
                    return inbox.answer_without_thread(&request);
                }
            }
            inbox.requests.push(request);
        }
        self.shared.news.notify_one();
        ticket.wait(listen_until)
    }

    /// Starts the thread under the lock; false if there is none afterwards.
    fn start(&self, inbox: &mut Inbox) -> bool {
        match inbox.thread {
            Thread::Running => return true,
            Thread::Dead => return false,
            Thread::Absent | Thread::Refused(_) => {}
        }
        let started = (self.spawn)(&self.shared).is_ok();
        inbox.thread = if started {
            Thread::Running
        } else {
            Thread::Refused(Instant::now())
        };
        self.shared.running.store(started, Ordering::Release);
        started
    }
}

impl Inbox {
    /// Takes what the newcomers published; whether there is anything. Only without a thread: the
    /// lock that the caller holds keeps one from starting.
    fn drain_newcomers(&self, provider: Option<u32>) -> bool {
        let mut anything = false;
        for newcomer in self.newcomers(provider) {
            anything |= newcomer.feed.hold();
        }
        anything
    }

    /// Does what can be done when there is nothing to send or nobody to send it.
    fn answer_without_thread(&mut self, request: &Request) -> Result<(), Timeout> {
        let (Request::Flush(provider, ..) | Request::Shutdown(provider, ..)) = *request else {
            return Ok(());
        };
        let ending = matches!(request, Request::Shutdown(..));
        let mut all = true;
        for newcomer in self.newcomers(provider) {
            all &= !newcomer.feed.hold();
            if ending {
                newcomer.feed.give_up(&newcomer.pipelines);
            }
        }
        if ending {
            self.requests.retain(|request| match request {
                Request::Add(newcomer) => provider.is_some_and(|id| id != newcomer.id),
                Request::Flush(..) | Request::Shutdown(..) => true,
            });
        }
        if all { Ok(()) } else { Err(Timeout) }
    }

    fn newcomers(&self, provider: Option<u32>) -> impl Iterator<Item = &ProviderPipes> {
        self.requests
            .iter()
            .filter_map(move |request| match request {
                Request::Add(newcomer) => provider
                    .is_none_or(|id| id == newcomer.id)
                    .then_some(newcomer),
                Request::Flush(..) | Request::Shutdown(..) => None,
            })
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Inbox> {
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take_requests(&self) -> Vec<Request> {
        mem::take(&mut self.lock().requests)
    }

    /// Lets the thread end if nobody asked for anything meanwhile.
    fn may_end(&self) -> bool {
        let mut inbox = self.lock();
        if inbox.requests.is_empty() {
            self.set_absent(&mut inbox, Thread::Absent);
            return true;
        }
        false
    }

    /// The thread could not run, or died; whoever still asks is answered.
    fn gave_up(&self, thread: Thread) {
        let unanswered = {
            let mut inbox = self.lock();
            let keep = matches!(thread, Thread::Refused(_));
            self.set_absent(&mut inbox, thread);
            let (adds, asked) = mem::take(&mut inbox.requests)
                .into_iter()
                .partition(|request| keep && matches!(request, Request::Add(_)));
            inbox.requests = adds;
            asked
        };
        drop::<Vec<Request>>(unanswered);
    }

    fn set_absent(&self, inbox: &mut Inbox, thread: Thread) {
        inbox.thread = thread;
        self.running.store(false, Ordering::Release);
        self.woken.store(false, Ordering::Release);
    }
}

#[cfg(all(test, loom))]
mod model;
#[cfg(test)]
mod tests;
