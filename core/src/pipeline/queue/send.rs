//! The task of one pipeline: cuts batches, exports them one at a time, keeps a batch until it is
//! taken or refused for good. Nothing an exporter does, panics included, ends the task early.

use super::{Next, Pipeline};
use crate::{
    export::{Accepted, Batch, ExportError, Exporter},
    pipeline::{
        counters::{PipelineCounters, count},
        retry::{Backoff, Wait, under_deadline},
    },
};
use std::{
    any::Any,
    future::{Future, poll_fn},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::Pin,
    rc::Rc,
    task::Poll,
    time::Duration,
};
use tokio::time::Instant;

/// How one attempt ended.
enum Outcome {
    Accepted(Accepted),
    Refused(String),
    TooLarge(String),
    Denied(String),
    Again(String, Option<Duration>),
}

/// Sends one pipeline's batches; owns its exporter.
pub(in crate::pipeline) struct Sender {
    pipeline: Rc<Pipeline>,
    exporter: Option<Box<dyn Exporter>>,
    backoff: Backoff,
}

impl Sender {
    pub(in crate::pipeline) fn new(pipeline: Rc<Pipeline>) -> Self {
        // Without entropy the waits of several processes are merely less spread.
        let seed = getrandom::u64().unwrap_or(0);
        Self {
            pipeline,
            exporter: None,
            backoff: Backoff::new(seed),
        }
    }

    /// Runs until the pipeline is closed; then the account is final and the exporter shut down.
    pub(in crate::pipeline) async fn run(mut self) {
        let pipeline = Rc::clone(&self.pipeline);
        tokio::select! {
            biased;
            () = closed(&pipeline) => {}
            () = self.work() => {}
        }
        self.give_out();
        let all = pipeline.left.get() == pipeline.entered.get();
        pipeline.finish();
        if let Some(mut exporter) = self.exporter.take() {
            let ended = caught(move || {
                exporter.shutdown();
                drop(exporter);
            });
            if let Err(panic) = ended {
                pipeline.counters.set_last_error(&panic);
            }
        }
        pipeline.tell_end(all);
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
        if let Some(mut exporter) = self.exporter.take() {
            // One that panics is not used again, as after an export.
            match caught(move || {
                exporter.flush();
                exporter
            }) {
                Ok(exporter) => self.exporter = Some(exporter),
                Err(panic) => self.pipeline.counters.set_last_error(&panic),
            }
        }
        for flush in flushed {
            flush.waiting.arrived(true);
        }
    }

    /// Brings one batch to an exit; false if the destination wants to be left alone for longer than
    /// the pipeline has.
    async fn deliver(&mut self, batch: Batch) -> bool {
        let spans = count(batch.span_count());
        let mut failures = 0_u32;
        loop {
            let (message, wish) = match self.attempt(&batch).await {
                Outcome::Again(message, wish) => (message, wish),
                Outcome::Accepted(accepted) => {
                    self.accept(spans, &accepted);
                    break;
                }
                Outcome::Refused(message) => {
                    self.refuse(spans, &message);
                    self.pipeline.report();
                    break;
                }
                Outcome::Denied(message) => {
                    self.refuse(spans, &message);
                    // Said once, not after each pause; the account goes on.
                    if !self.backoff.is_denied() {
                        self.pipeline.report();
                    }
                    let wait = self.backoff.denied();
                    return self.pause(wait).await;
                }
                Outcome::TooLarge(message) => {
                    if self.pipeline.split(batch) {
                        self.pipeline.counters.set_last_error(&message);
                    } else {
                        self.refuse(spans, &message);
                        self.pipeline.report();
                    }
                    break;
                }
            };
            self.pipeline.counters.set_last_error(&message);
            failures = failures.saturating_add(1);
            // One failure may be a connection that went stale; two are worth a line.
            if failures > 1 {
                self.pipeline.report();
            }
            let wait = self.backoff.next(wish);
            if !self.pause(wait).await {
                return false;
            }
        }
        self.backoff.reset();
        true
    }

    fn refuse(&self, spans: u64, message: &str) {
        self.pipeline.counters.set_last_error(message);
        self.pipeline.settle(spans, PipelineCounters::count_failed);
    }

    fn accept(&mut self, spans: u64, accepted: &Accepted) {
        self.backoff.welcome();
        // Also a batch that was taken whole may come back with a warning.
        if !accepted.message.is_empty() {
            self.pipeline.counters.set_last_error(&accepted.message);
        }
        self.pipeline.settle(spans, |counters, spans| {
            counters.count_accepted(spans, accepted.rejected);
        });
        if accepted.rejected > 0 {
            self.pipeline.report();
        }
    }

    /// One attempt within the export timeout.
    async fn attempt(&mut self, batch: &Batch) -> Outcome {
        if let Err(again) = self.ensure_exporter() {
            return again;
        }
        let limit = self.pipeline.settings.export_timeout;
        let Some(exporter) = self.exporter.as_mut() else {
            return Outcome::Again("no exporter".into(), None);
        };
        let export = contained(exporter.as_mut(), batch);
        let ended = if limit.is_zero() {
            Ok(export.await)
        } else {
            tokio::time::timeout(limit, export).await
        };
        match ended {
            Ok(Ok(Ok(accepted))) => Outcome::Accepted(accepted),
            Ok(Ok(Err(ExportError::Permanent { message }))) => Outcome::Refused(message),
            Ok(Ok(Err(ExportError::TooLarge { message, .. }))) => Outcome::TooLarge(message),
            Ok(Ok(Err(ExportError::Denied { message }))) => Outcome::Denied(message),
            Ok(Ok(Err(ExportError::Retryable { message, after }))) => {
                Outcome::Again(message, after)
            }
            Ok(Err(panic)) => {
                // Its state is unknown now: the next batch gets a new one.
                let broken = self.exporter.take();
                let _ = caught(|| drop(broken));
                Outcome::Refused(panic)
            }
            Err(_elapsed) => Outcome::Again(format!("no answer within {limit:?}"), None),
        }
    }

    /// Makes the exporter if there is none; whatever the failure, it is tried again.
    fn ensure_exporter(&mut self) -> Result<(), Outcome> {
        if self.exporter.is_some() {
            return Ok(());
        }
        let factory = &self.pipeline.settings.factory;
        match caught(|| factory()) {
            Ok(Ok(exporter)) => self.exporter = Some(exporter),
            Ok(Err(ExportError::Retryable { message, after })) => {
                return Err(Outcome::Again(message, after));
            }
            Ok(Err(error)) => return Err(Outcome::Again(error.message().to_owned(), None)),
            Err(panic) => return Err(Outcome::Again(panic, None)),
        }
        Ok(())
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
                // A flush leaves the destination's wish alone; a shutdown tries once more.
                (Wait::Own(wait), Some(left)) => under_deadline(wait, left),
                (Wait::Asked(wait), Some(left)) if closing => under_deadline(wait, left),
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
            self.pipeline.tell_end(false);
        }
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

/// The export with a panic turned into its text.
async fn contained(
    exporter: &mut dyn Exporter,
    batch: &Batch,
) -> Result<Result<Accepted, ExportError>, String> {
    let mut export = caught(|| exporter.export(batch))?;
    poll_fn(
        |context| match caught(|| Pin::new(&mut export).poll(context)) {
            Ok(poll) => poll.map(Ok),
            Err(panic) => Poll::Ready(Err(panic)),
        },
    )
    .await
}

/// Runs a destination's code; a panic becomes its text.
fn caught<T>(run: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(run)).map_err(|panic| panic_text(panic.as_ref()))
}

fn panic_text(panic: &(dyn Any + Send)) -> String {
    let text = panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("without a message");
    format!("the exporter panicked: {text}")
}
