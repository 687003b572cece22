//! Any `opentelemetry_sdk` span exporter as a destination.
//!
//! A foreign exporter may block (the default client of `opentelemetry-otlp` does), so it lives on a
//! thread of its own: built, used and dropped there, and never on the worker's time. Its futures are
//! polled on that thread too, with the worker's runtime at hand for those that need one; that thread
//! is never inside a runtime itself, which is what blocking clients refuse to run in.

use super::convert;
use crate::export::{
    Accepted, Batch, EndFuture, ExportError, ExportFuture, Exporter, ExporterFactory,
};
use crate::pipeline::worker::serve_exporters_here;
use futures_executor::block_on;
use opentelemetry_sdk::trace::SpanExporter;
use std::{
    any::Any,
    fmt::Display,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    thread,
};
use tokio::{
    runtime::Handle,
    sync::{mpsc, oneshot},
};

/// A destination that hands spans to an `opentelemetry_sdk` [`SpanExporter`].
///
/// `build` makes the exporter, once in each process: after a fork the child makes its own. A failure
/// to build it is reported by each export. As the specification has it, spans that the exporter
/// fails to export are not offered again: retrying is its own affair.
///
/// Values that OpenTelemetry's API lacks are represented as the specification says for other
/// formats: bytes as base64, null as empty text, maps and mixed arrays as JSON.
///
/// ```
/// # use opentelemetry_otlp::WithExportConfig;
/// let factory = libtracer::otel::exporter(|| {
///     opentelemetry_otlp::SpanExporter::builder()
///         .with_http()
///         .with_endpoint("http://localhost:4318/v1/traces")
///         .build()
/// });
/// ```
pub fn exporter<E, X, F>(build: F) -> ExporterFactory
where
    E: SpanExporter + 'static,
    X: Display,
    F: Fn() -> Result<E, X> + Send + Sync + 'static,
{
    let build = Arc::new(build);
    Arc::new(move || {
        let build = Arc::clone(&build);
        let runtime = Handle::try_current().ok();
        // One job at a time: a second waits here, in the worker, where it can still be cancelled.
        let (jobs, queue) = mpsc::channel(1);
        let (ended, end) = oneshot::channel();
        thread::Builder::new()
            .name("tracer-otel".into())
            .spawn(move || {
                serve_exporters_here();
                let _runtime = runtime.as_ref().map(Handle::enter);
                serve(&*build, queue);
                // Nobody may be waiting any more.
                let _ = ended.send(());
            })
            .map_err(|error| ExportError::permanent(format!("no thread for it: {error}")))?;
        Ok(Box::new(Bridge {
            jobs: Some(jobs),
            end,
        }))
    })
}

/// What the exporter's thread is asked to do.
enum Job {
    Export(Batch, oneshot::Sender<Result<(), ExportError>>),
    Flush,
}

/// The worker's end.
struct Bridge {
    jobs: Option<mpsc::Sender<Job>>,
    end: oneshot::Receiver<()>,
}

impl Bridge {
    async fn hand_over(&self, batch: &Batch) -> Result<Accepted, ExportError> {
        let gone = || ExportError::permanent("the exporter's thread has ended");
        let jobs = self.jobs.as_ref().ok_or_else(gone)?;
        let (reply, outcome) = oneshot::channel();
        jobs.send(Job::Export(batch.clone(), reply))
            .await
            .map_err(|_| gone())?;
        outcome
            .await
            .map_err(|_| gone())?
            .map(|()| Accepted::default())
    }
}

impl Exporter for Bridge {
    fn export<'a>(&'a mut self, batch: &'a Batch) -> ExportFuture<'a> {
        Box::pin(self.hand_over(batch))
    }

    fn flush(&mut self) {
        if let Some(jobs) = &self.jobs {
            // An exporter that is still busy with a cancelled batch is not waited for.
            let _ = jobs.try_send(Job::Flush);
        }
    }

    fn shutdown(&mut self) {
        self.jobs = None;
    }

    fn end(&mut self) -> EndFuture<'_> {
        Box::pin(async {
            self.shutdown();
            // Who no longer waits for it leaves the exporter to its thread.
            let _ = (&mut self.end).await;
        })
    }
}

/// The exporter's thread, until the worker's end is gone.
fn serve<E: SpanExporter, X: Display>(
    build: &dyn Fn() -> Result<E, X>,
    mut queue: mpsc::Receiver<Job>,
) {
    let outcome = guarded(|| build().map_err(|error| error.to_string()));
    let mut exporter = match outcome.unwrap_or_else(Err) {
        Ok(exporter) => exporter,
        Err(error) => return refuse(&error, queue),
    };
    let mut resource: Option<Arc<[u8]>> = None;
    while let Some(job) = queue.blocking_recv() {
        match job {
            // The worker has given up on it while it waited here.
            Job::Export(_, reply) if reply.is_closed() => {}
            Job::Export(batch, reply) => {
                let outcome = guarded(|| export(&mut exporter, &mut resource, batch));
                let outcome = outcome.unwrap_or_else(Err).map_err(ExportError::permanent);
                let _ = reply.send(outcome);
            }
            // Neither asks for an answer, and a panic in one must not end the thread.
            Job::Flush => drop(guarded(|| exporter.force_flush())),
        }
    }
    let _ = guarded(|| exporter.shutdown());
}

/// Answers for an exporter that could not be built.
fn refuse(error: &str, mut queue: mpsc::Receiver<Job>) {
    let error = ExportError::permanent(format!("the exporter could not be built: {error}"));
    while let Some(job) = queue.blocking_recv() {
        if let Job::Export(_, reply) = job {
            let _ = reply.send(Err(error.clone()));
        }
    }
}

fn export<E: SpanExporter>(
    exporter: &mut E,
    known: &mut Option<Arc<[u8]>>,
    batch: Batch,
) -> Result<(), String> {
    if known.as_ref() != Some(&batch.resource) {
        exporter.set_resource(&convert::resource(&batch));
        *known = Some(Arc::clone(&batch.resource));
    }
    let spans = batch
        .to_spans()
        .into_iter()
        .map(convert::span_data)
        .collect();
    // Not needed while the exporter takes its time; its bytes count against the memory bound.
    drop(batch);
    block_on(exporter.export(spans)).map_err(|error| error.to_string())
}

/// Runs foreign code; a panic in it becomes an error.
fn guarded<T>(foreign: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(foreign))
        .map_err(|panic| format!("the exporter panicked: {}", panic_text(&*panic)))
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message")
}

#[cfg(test)]
mod tests;
