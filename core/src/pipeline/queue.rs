//! One pipeline: the spans that wait for one destination, and the orders it has.
//!
//! Lives in the worker thread, shared by the worker's loop, which feeds it and gives orders, and by
//! the pipeline's own task (`send`), which cuts batches and exports them. It does not know where
//! spans come from. Invariant: `entered - left` spans are waiting or in flight, and `left` moves
//! together with exactly one exit counter.

mod send;
mod size;

use super::{
    backlog::{Backlog, FRAMING_BYTES, Limits, run_bytes},
    counters::{Exits, PipelineCounters, count},
    diagnose::{self, Reporter},
    ticket::Waiting,
};
use crate::export::{Batch, ExporterFactory, Run, Signal};
use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    sync::Arc,
    time::Duration,
};
use tokio::{sync::Notify, time::Instant};

pub(super) use send::Sender;
use size::Size;

/// How one pipeline batches, sends and bounds itself.
#[derive(Clone)]
pub(crate) struct PipelineSettings {
    /// For diagnostics: the exporter's name, without credentials.
    pub(crate) name: String,
    /// Called in the worker thread when the first batch is there.
    pub(crate) factory: ExporterFactory,
    /// Most spans in one export; zero counts as one.
    pub(crate) max_export_batch_size: usize,
    /// Most encoded bytes in one export; a single larger span goes alone.
    pub(crate) max_batch_bytes: usize,
    /// Longest time a span waits for its batch to fill.
    pub(crate) schedule_delay: Duration,
    /// Longest time one export may take; zero means no limit.
    pub(crate) export_timeout: Duration,
    /// Waiting bytes above which this pipeline, and no other, drops what is new.
    pub(crate) share_bytes: usize,
    /// What it carries.
    pub(crate) signal: Signal,
}

impl PipelineSettings {
    /// The standard's defaults, and a share that suits one pipeline alone.
    pub(crate) fn new(name: impl Into<String>, factory: ExporterFactory) -> Self {
        Self {
            name: name.into(),
            factory,
            max_export_batch_size: 512,
            max_batch_bytes: 4 << 20, // what gRPC servers take by default
            schedule_delay: Duration::from_secs(5),
            export_timeout: Duration::from_secs(30),
            share_bytes: 32 << 20,
            signal: Signal::Traces,
        }
    }
}

/// The largest span that is sent as it is; of a larger one the longest values are cut.
const MAX_SPAN_BYTES: usize = 16 << 20;

/// A batch of so many bytes is worth a request, however small the pipeline's share is.
const LEAST_BATCH_BYTES: usize = 64 << 10;

/// What the pipeline's task should do next.
enum Next {
    Send(Batch),
    Wait,
    End,
}

/// Someone who waits until so many spans have left.
struct Flush {
    target: u64,
    deadline: Instant,
    waiting: Rc<Waiting>,
}

/// A pipeline as the worker's loop and its own task share it.
pub(super) struct Pipeline {
    settings: PipelineSettings,
    counters: Arc<PipelineCounters>,
    resource: Arc<[u8]>,
    backlog: RefCell<Backlog>,
    in_flight_bytes: Cell<usize>,
    /// Waiting bytes above which new spans are dropped.
    share_bytes: Cell<usize>,
    /// Most bytes of a batch: the setting, or less where the destination was found to take less.
    size: Size,
    /// Spans taken into the backlog, and of those the ones counted at an exit.
    entered: Cell<u64>,
    left: Cell<u64>,
    /// What never entered, by the latest look.
    lost_before: Cell<u64>,
    /// Spans up to this one go out in whatever batch they make.
    due: Cell<u64>,
    /// Until then a flush or shutdown waits: retries do not sleep long.
    hurry: Cell<Option<Instant>>,
    /// When set, the pipeline ends: when all is sent, or then at the latest.
    close_by: Cell<Option<Instant>>,
    finished: Cell<bool>,
    /// The task is over, and with it the exporter.
    ended: Cell<bool>,
    flushing: RefCell<Vec<Flush>>,
    closing: RefCell<Vec<Rc<Waiting>>>,
    /// Tells the task that spans or orders came.
    news: Notify,
    /// Tells the task that `close_by` moved.
    close_moved: Notify,
    reporter: RefCell<Reporter>,
}

impl Pipeline {
    pub(super) fn new(
        settings: PipelineSettings,
        counters: Arc<PipelineCounters>,
        resource: Arc<[u8]>,
    ) -> Rc<Self> {
        // A small share must not wait for its schedule because no batch is ever full.
        let part = (settings.share_bytes / 4).max(LEAST_BATCH_BYTES);
        let most_bytes = settings.max_batch_bytes.min(part);
        let reporter = RefCell::new(Reporter::new(settings.signal));
        Rc::new(Self {
            size: Size::new(most_bytes),
            share_bytes: Cell::new(settings.share_bytes),
            settings,
            counters,
            resource,
            backlog: RefCell::default(),
            in_flight_bytes: Cell::new(0),
            entered: Cell::new(0),
            left: Cell::new(0),
            lost_before: Cell::new(0),
            due: Cell::new(0),
            hurry: Cell::new(None),
            close_by: Cell::new(None),
            finished: Cell::new(false),
            ended: Cell::new(false),
            flushing: RefCell::default(),
            closing: RefCell::default(),
            news: Notify::new(),
            close_moved: Notify::new(),
            reporter,
        })
    }

    pub(super) fn schedule_delay(&self) -> Duration {
        self.settings.schedule_delay
    }

    /// The part of the memory that it may hold from now on.
    pub(super) fn share(&self, bytes: usize) {
        self.share_bytes.set(bytes);
    }

    /// Whether the account is final; what is offered from now on counts as left over.
    pub(super) fn is_finished(&self) -> bool {
        self.finished.get()
    }

    /// Whether the task has ended, with its exporter.
    pub(super) fn has_ended(&self) -> bool {
        self.ended.get()
    }

    /// Takes what fits into the pipeline's share and counts the rest as dropped.
    pub(super) fn offer(&self, run: &Run) {
        if self.is_finished() {
            self.counters.count_shutdown(count(run.count));
            return;
        }
        let taken = {
            let mut backlog = self.backlog.borrow_mut();
            let used = backlog.bytes() + self.in_flight_bytes.get();
            backlog.push(run.clone(), self.share_bytes.get().saturating_sub(used))
        };
        self.entered.set(self.entered.get() + count(taken));
        let dropped = count(run.count.saturating_sub(taken));
        if dropped > 0 {
            self.counters.count_queue_full(dropped);
            self.report();
        }
    }

    /// Lets the task look at what was offered.
    pub(super) fn announce(&self) {
        if self.backlog.borrow().fills(self.limits()) {
            self.news.notify_one();
        }
    }

    /// The schedule delay passed: what is there goes out, in full batches or not.
    pub(super) fn tick(&self) {
        self.due.set(self.entered.get());
        self.news.notify_one();
    }

    /// Sends everything offered so far, hurrying until the deadline.
    pub(super) fn flush(&self, waiting: &Rc<Waiting>, deadline: Instant) {
        if self.is_finished() {
            waiting.arrived(true);
            return;
        }
        let mut flushing = self.flushing.borrow_mut();
        // During a long outage those who gave up must not pile up.
        let now = Instant::now();
        flushing.retain(|flush| flush.deadline > now);
        flushing.push(Flush {
            target: self.entered.get(),
            deadline,
            waiting: Rc::clone(waiting),
        });
        self.hurry_until(deadline);
        self.tick();
    }

    /// Sends everything offered so far, then ends; at the deadline what is left is counted.
    pub(super) fn close(&self, waiting: &Rc<Waiting>, deadline: Instant) {
        if self.is_finished() {
            waiting.arrived(true);
            return;
        }
        self.closing.borrow_mut().push(Rc::clone(waiting));
        let by = self.close_by.get().map_or(deadline, |by| by.min(deadline));
        self.close_by.set(Some(by));
        self.hurry.set(Some(by));
        self.close_moved.notify_one();
        self.tick();
    }

    fn hurry_until(&self, deadline: Instant) {
        let until = match (self.close_by.get(), self.hurry.get()) {
            (Some(by), _) => by,
            (None, Some(until)) => until.max(deadline),
            (None, None) => deadline,
        };
        self.hurry.set(Some(until));
    }

    fn limits(&self) -> Limits {
        Limits {
            spans: self.settings.max_export_batch_size.max(1),
            bytes: self.size.batch(),
        }
    }

    fn next(&self) -> Next {
        let mut backlog = self.backlog.borrow_mut();
        let closing = self.close_by.get().is_some();
        if backlog.is_empty() {
            return if closing { Next::End } else { Next::Wait };
        }
        if !closing && self.left.get() >= self.due.get() && !backlog.fills(self.limits()) {
            return Next::Wait;
        }
        let before = backlog.bytes();
        let runs = backlog.cut(self.limits(), self.resource.len());
        self.in_flight_bytes.set(before - backlog.bytes());
        let in_flight = runs.iter().map(|run| count(run.count)).sum();
        self.counters.set_in_flight(in_flight);
        Next::Send(Batch {
            resource: Arc::clone(&self.resource),
            runs,
            signal: self.settings.signal,
        })
    }

    /// The batch left through an exit that the caller counts with `exit`.
    fn settle(&self, spans: u64, exit: impl FnOnce(&PipelineCounters, u64)) {
        exit(&self.counters, spans);
        self.in_flight_bytes.set(0);
        self.counters.set_in_flight(0);
        self.left.set(self.left.get() + spans);
    }

    /// Takes out the flushes whose spans have left.
    fn take_flushed(&self) -> Vec<Flush> {
        let mut flushing = self.flushing.borrow_mut();
        flushing
            .extract_if(.., |flush| flush.target <= self.left.get())
            .collect()
    }

    /// The batch was too large: its spans go back and out again at once, in smaller batches, and so
    /// do all that follow.
    fn put_back(&self, batch: Batch) {
        let due = self.left.get() + count(batch.span_count());
        self.due.set(self.due.get().max(due));
        self.in_flight_bytes.set(0);
        self.counters.set_in_flight(0);
        self.backlog.borrow_mut().put_back(batch.runs);
    }

    /// Encoded bytes of a request with the batch, as they are counted when it is cut.
    fn request_bytes(&self, batch: &Batch) -> usize {
        let runs = batch.runs.iter();
        self.resource.len() + FRAMING_BYTES + runs.map(run_bytes).sum::<usize>()
    }

    /// What a batch of one span should be cut to before it is sent, if it is larger than any span
    /// may be, or than this destination is known to take.
    fn too_large(&self, batch: &Batch) -> Option<usize> {
        let [run] = batch.runs.as_slice() else {
            return None;
        };
        let bytes = self.request_bytes(batch);
        let known = self.size.known_limit(bytes);
        let most =
            (run.spans.len() > MAX_SPAN_BYTES).then_some(MAX_SPAN_BYTES + bytes - run.spans.len());
        let most = known.into_iter().chain(most).min();
        most.filter(|_| run.count == 1)
    }

    /// Ends the account: what has not left is left over. Whether nothing was.
    fn finish(&self) -> bool {
        let rest = self.entered.get() - self.left.get();
        *self.backlog.borrow_mut() = Backlog::default();
        self.settle(rest, PipelineCounters::count_shutdown);
        for flush in self.take_flushed() {
            flush.waiting.arrived(true);
        }
        let error = self.counters.last_error();
        let exits = self.losses();
        let line = self
            .reporter
            .borrow_mut()
            .farewell(&self.settings.name, exits, &error);
        if let Some(line) = line {
            diagnose::warn(&line);
        }
        self.finished.set(true);
        rest == 0
    }

    /// Tells those who wait for the end; `all` if nothing was left over.
    fn answer_close(&self, all: bool) {
        for waiting in self.closing.borrow_mut().drain(..) {
            waiting.arrived(all);
        }
    }

    /// So many were lost before they reached any pipeline: said, if that is new.
    pub(super) fn tell_losses(&self, lost: u64) {
        self.lost_before.set(lost);
        let is_news = self.reporter.borrow().has_news(self.losses());
        if is_news {
            self.report();
        }
    }

    /// The exits, with what was lost before any pipeline saw it.
    fn losses(&self) -> Exits {
        let mut exits = self.counters.exits();
        exits.queue_full += self.lost_before.get();
        exits
    }

    /// Says what goes wrong, if nothing was said a moment ago; whether it was said.
    fn report(&self) -> bool {
        let mut reporter = self.reporter.borrow_mut();
        let speaks = reporter.may_speak();
        if speaks {
            let waiting = self.entered.get() - self.left.get();
            let error = self.counters.last_error();
            let exits = self.losses();
            diagnose::warn(&reporter.describe(&self.settings.name, exits, waiting, &error));
        }
        speaks
    }
}

#[cfg(test)]
mod tests;
