//! One attempt at a destination: its code runs here, bounded in time, with panics contained.

use crate::{
    export::{Accepted, Batch, ExportError, Exporter, ExporterFactory},
    pipeline::queue::PipelineSettings,
};
use std::{
    any::Any,
    future::{Future, poll_fn},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    task::Poll,
    time::Duration,
};

/// How one attempt ended.
pub(super) enum Outcome {
    Accepted(Accepted),
    Refused(String),
    TooLarge(String, Option<usize>),
    Denied(String),
    Again(String, Option<Duration>),
}

/// The pipeline's exporter, once there is one.
#[derive(Default)]
pub(super) struct Destination(Option<Box<dyn Exporter>>);

impl Destination {
    /// One attempt within the export timeout, which cancels it.
    pub(super) async fn attempt(&mut self, settings: &PipelineSettings, batch: &Batch) -> Outcome {
        let exporter = match self.ensure(&settings.factory) {
            Ok(exporter) => exporter,
            Err(again) => return again,
        };
        let limit = settings.export_timeout;
        let export = contained(|| exporter.export(batch));
        let ended = if limit.is_zero() {
            Ok(export.await)
        } else {
            tokio::time::timeout(limit, export).await
        };
        match ended {
            Ok(Ok(answer)) => judge(answer),
            Ok(Err(panic)) => {
                // Its state is unknown now: the next batch gets a new one.
                let broken = self.0.take();
                let _ = caught(|| drop(broken));
                Outcome::Refused(panic)
            }
            Err(_elapsed) => Outcome::Again(format!("no answer within {limit:?}"), None),
        }
    }

    /// Makes the exporter if there is none; whatever the failure, it is tried again.
    fn ensure(&mut self, factory: &ExporterFactory) -> Result<&mut dyn Exporter, Outcome> {
        if self.0.is_none() {
            let made = match caught(|| factory()) {
                Ok(Ok(exporter)) => exporter,
                Ok(Err(ExportError::Retryable { message, after })) => {
                    return Err(Outcome::Again(message, after));
                }
                Ok(Err(error)) => return Err(Outcome::Again(error.message().to_owned(), None)),
                Err(panic) => return Err(Outcome::Again(panic, None)),
            };
            self.0 = Some(made);
        }
        match self.0.as_deref_mut() {
            Some(exporter) => Ok(exporter),
            None => Err(Outcome::Again("no exporter".into(), None)),
        }
    }

    /// Lets the exporter give out what it held back. One that panics is not used again.
    pub(super) fn flush(&mut self) -> Result<(), String> {
        let Some(mut exporter) = self.0.take() else {
            return Ok(());
        };
        self.0 = Some(caught(move || {
            exporter.flush();
            exporter
        })?);
        Ok(())
    }

    /// Ends the exporter, if there is one.
    pub(super) async fn end(&mut self) -> Result<(), String> {
        let Some(mut exporter) = self.0.take() else {
            return Ok(());
        };
        let ended = contained(|| exporter.end()).await;
        caught(|| drop(exporter)).and(ended)
    }
}

fn judge(answer: Result<Accepted, ExportError>) -> Outcome {
    match answer {
        Ok(accepted) => Outcome::Accepted(accepted),
        Err(ExportError::Permanent { message }) => Outcome::Refused(message),
        Err(ExportError::TooLarge { message, limit }) => Outcome::TooLarge(message, limit),
        Err(ExportError::Denied { message }) => Outcome::Denied(message),
        Err(ExportError::Retryable { message, after }) => Outcome::Again(message, after),
    }
}

/// What `begin` begins, with a panic turned into its text.
async fn contained<F: Future>(begin: impl FnOnce() -> F) -> Result<F::Output, String> {
    let mut work = pin!(caught(begin)?);
    let polled = poll_fn(|context| match caught(|| work.as_mut().poll(context)) {
        Ok(poll) => poll.map(Ok),
        Err(panic) => Poll::Ready(Err(panic)),
    });
    polled.await
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
