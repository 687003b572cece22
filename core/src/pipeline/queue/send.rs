//! The task of one pipeline: cuts batches, exports them one at a time, keeps a batch until it is
//! taken or refused for good. Nothing an exporter does, panics included, ends the task early.

mod attempt;

use super::{Next, Pipeline};
use crate::{
    export::{Accepted, Batch},
    pipeline::{
        counters::{PipelineCounters, count},
        diagnose::{self, DiagnosticLevel},
        retry::{Backoff, Wait, under_deadline},
        shrink::Shrinking,
    },
};
use attempt::{Destination, Outcome};
use std::{rc::Rc, time::Duration};
use tokio::time::Instant;

/// How long an exporter may take for its own end where the pipeline's deadline is over.
const LAST_GRACE: Duration = Duration::from_millis(500);

/// Sends one pipeline's batches; owns its exporter.
pub(in crate::pipeline) struct Sender {
    pipeline: Rc<Pipeline>,
    destination: Destination,
    backoff: Backoff,
    /// Something went wrong and was said, and nothing went right since.
    complained: bool,
}

impl Sender {
    pub(in crate::pipeline) fn new(pipeline: Rc<Pipeline>) -> Self {
        // Without entropy the waits of several processes are merely less spread.
        let seed = getrandom::u64().unwrap_or(0);
        Self {
            pipeline,
            destination: Destination::default(),
            backoff: Backoff::new(seed),
            complained: false,
        }
    }

    /// Runs until the pipeline is closed; then the account is final and the exporter shut down.
    pub(in crate::pipeline) async fn run(mut self) {
        let pipeline = Rc::clone(&self.pipeline);
        let all = tokio::select! {
            biased;
            // Counted before the export under way is dropped, which takes its time: at the deadline
            // somebody waits for the account.
            all = async { closed(&pipeline).await; pipeline.finish() } => all,
            all = async { self.work().await; self.give_out(); pipeline.finish() } => all,
        };
        self.end(all).await;
    }

    /// Ends the exporter, and answers who waits for that, at the deadline at the latest.
    async fn end(&mut self, all: bool) {
        let pipeline = Rc::clone(&self.pipeline);
        let end = async {
            if let Err(panic) = self.destination.end().await {
                pipeline.counters.set_last_error(&panic);
            }
        };
        tokio::pin!(end);
        let by = pipeline.close_by.get().unwrap_or_else(Instant::now);
        let in_time = tokio::select! {
            biased;
            () = &mut end => true,
            () = tokio::time::sleep_until(by) => false,
        };
        pipeline.answer_close(all && in_time);
        if !in_time {
            let _ = tokio::time::timeout(LAST_GRACE, end).await;
        }
        pipeline.ended.set(true);
    }

    async fn work(&mut self) {
        loop {
            self.give_out();
            match self.pipeline.next() {
                Next::Send(batch) => {
                    if !self.deliver(batch).await {
                        return;
                    }
                }
                Next::Wait => self.pipeline.news.notified().await,
                Next::End => return,
            }
        }
    }

    /// Answers the flushes whose spans have left, once the exporter has given out what it held back.
    fn give_out(&mut self) {
        let flushed = self.pipeline.take_flushed();
        if flushed.is_empty() {
            return;
        }
        if let Err(panic) = self.destination.flush() {
            self.pipeline.counters.set_last_error(&panic);
        }
        for flush in flushed {
            flush.waiting.arrived(true);
        }
    }

    /// Brings one batch to an exit; false if the destination wants to be left alone for longer than
    /// the pipeline has.
    async fn deliver(&mut self, mut batch: Batch) -> bool {
        let spans = count(batch.span_count());
        let mut failures = 0_u32;
        let mut shrinking = None;
        if let Some(most) = self.pipeline.too_large(&batch) {
            self.shrink(&mut batch, &mut shrinking, most);
        }
        loop {
            let settings = &self.pipeline.settings;
            let (message, wish) = match self.destination.attempt(settings, &batch).await {
                Outcome::Again(message, wish) => (message, wish),
                Outcome::Accepted(accepted) => {
                    self.accept(spans, &accepted);
                    break;
                }
                Outcome::Refused(message) => {
                    self.refuse(spans, &message);
                    self.complain();
                    break;
                }
                Outcome::Denied(message) => return self.denied(spans, &message).await,
                Outcome::TooLarge(message, limit) => {
                    let bytes = self.pipeline.request_bytes(&batch);
                    self.pipeline.size.refused(bytes, limit);
                    let most = self.pipeline.size.batch().min(bytes / 2);
                    if spans == 1 && self.shrink(&mut batch, &mut shrinking, most) {
                        self.pipeline.counters.set_last_error(&message);
                        continue;
                    }
                    if spans > 1 {
                        self.pipeline.put_back(batch);
                        self.pipeline.counters.set_last_error(&message);
                    } else {
                        self.refuse(spans, &message);
                        self.complain();
                    }
                    break;
                }
            };
            self.pipeline.counters.set_last_error(&message);
            failures = failures.saturating_add(1);
            // One failure may be a connection that went stale; two are worth a line.
            if failures > 1 {
                self.complain();
            }
            let wait = self.backoff.next(wish);
            if !self.pause(wait).await {
                return false;
            }
        }
        self.backoff.reset();
        true
    }

    /// Cuts the longest values of the batch's only span; false if nothing is left to cut.
    fn shrink(&self, batch: &mut Batch, state: &mut Option<Shrinking>, most: usize) -> bool {
        let overhead = self.pipeline.request_bytes(batch);
        let Some(run) = batch.runs.first_mut() else {
            return false;
        };
        let most = most.saturating_sub(overhead - run.spans.len());
        if state.is_none() {
            *state = Shrinking::new(&run.spans, batch.signal);
        }
        let Some(smaller) = state.as_mut().and_then(|state| state.to(most)) else {
            return false;
        };
        run.spans = smaller.into();
        self.pipeline.in_flight_bytes.set(run.spans.len());
        true
    }

    /// The destination takes nothing from us: the batch is lost, those that follow wait.
    async fn denied(&mut self, spans: u64, message: &str) -> bool {
        self.refuse(spans, message);
        // Said once, not after each pause; the account goes on.
        if !self.backoff.is_denied() {
            self.complain();
        }
        let wait = self.backoff.denied();
        self.pause(wait).await
    }

    fn refuse(&self, spans: u64, message: &str) {
        self.pipeline.counters.set_last_error(message);
        self.pipeline.settle(spans, PipelineCounters::count_failed);
    }

    fn complain(&mut self) {
        self.complained |= self.pipeline.report();
    }

    fn accept(&mut self, spans: u64, accepted: &Accepted) {
        self.backoff.welcome();
        let bytes = self.pipeline.in_flight_bytes.get();
        self.pipeline.size.taken(bytes);
        // Also a batch that was taken whole may come back with a warning.
        if !accepted.message.is_empty() {
            self.pipeline.counters.set_last_error(&accepted.message);
        }
        self.pipeline.settle(spans, |counters, spans| {
            counters.count_accepted(spans, accepted.rejected);
        });
        let name = &self.pipeline.settings.name;
        let noun = self.pipeline.settings.signal.noun();
        if diagnose::says(DiagnosticLevel::Debug) {
            let text = format!("exporter {name}: {spans} {noun} taken, {bytes} bytes");
            diagnose::say(DiagnosticLevel::Debug, &text);
        }
        if accepted.rejected > 0 {
            self.complain();
        } else if std::mem::take(&mut self.complained) {
            let text = format!("exporter {name}: {noun} are taken again");
            diagnose::say(DiagnosticLevel::Info, &text);
        }
    }

    /// Waits before the next attempt; a flush or shutdown that comes meanwhile shortens the wait.
    /// False if a closing pipeline cannot outlast it.
    async fn pause(&mut self, wait: Wait) -> bool {
        let started = Instant::now();
        let closing_before = self.pipeline.close_by.get().is_some();
        loop {
            let now = Instant::now();
            let left = self
                .pipeline
                .hurry
                .get()
                .and_then(|by| by.checked_duration_since(now));
            let closing = self.pipeline.close_by.get().is_some();
            let time = match (wait, left) {
                // Asked to stay away until after the end: one last attempt was made already.
                (Wait::Asked(wait), Some(left)) if closing_before && wait > left => return false,
                (Wait::Denied(_), _) if closing_before => return false,
                (Wait::Denied(_), _) if closing => return true,
                // A flush leaves the destination's wish alone; a shutdown that comes before the wish
                // is over tries once more.
                (Wait::Asked(wait), Some(left)) if closing && started + wait > now + left => {
                    return true;
                }
                (Wait::Own(wait), Some(left)) => under_deadline(wait, left),
                _ => wait.duration(),
            };
            let Some(until) = started.checked_add(time).filter(|until| *until > now) else {
                return true;
            };
            tokio::select! {
                () = tokio::time::sleep_until(until) => return true,
                () = self.pipeline.news.notified() => {}
            }
        }
    }
}

impl Drop for Sender {
    /// However the task ends, its account does too.
    fn drop(&mut self) {
        if !self.pipeline.is_finished() {
            self.pipeline.finish();
        }
        self.pipeline.answer_close(false);
        self.pipeline.ended.set(true);
    }
}

/// Waits for the moment at which a closing pipeline gives up.
async fn closed(pipeline: &Pipeline) {
    loop {
        let Some(by) = pipeline.close_by.get() else {
            pipeline.close_moved.notified().await;
            continue;
        };
        tokio::select! {
            () = tokio::time::sleep_until(by) => return,
            () = pipeline.close_moved.notified() => {}
        }
    }
}
