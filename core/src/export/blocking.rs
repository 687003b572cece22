//! Destinations that may block: each has a thread of its own, and never the worker's time.
//!
//! An exporter is built, used and dropped on that thread, with the worker's runtime at hand for those
//! that need one; the thread is never inside a runtime itself, which is what blocking clients refuse
//! to run in. What is started there is not traced.

use super::{Accepted, Batch, EndFuture, ExportError, ExportFuture, Exporter, ExporterFactory};
use crate::pipeline::worker::serve_exporters_here;
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

/// A destination that may take its time within a call; see [`blocking_exporter`].
pub trait BlockingExporter {
    /// Sends one batch. Nobody cancels it: at the export timeout the batch counts as not exported,
    /// and what is tried next waits until this returns.
    ///
    /// # Errors
    /// Why the batch was not taken, which says whether it is tried again.
    fn export(&mut self, batch: Batch) -> Result<Accepted, ExportError>;

    /// Called when a flush has handed over everything.
    fn flush(&mut self) {}

    /// Called once, last.
    fn shutdown(&mut self) {}
}

/// A destination with a thread of its own, named `thread`, for [`Config::exporter`]: what it waits
/// for holds up nobody else.
///
/// `build` makes the exporter on that thread, once in each process: after a fork the child makes its
/// own. A failure to build it is reported by each export.
///
/// ```
/// use libtracer::{Accepted, Batch, BlockingExporter, Config, ExportError, blocking_exporter};
///
/// struct Printer;
///
/// impl BlockingExporter for Printer {
///     fn export(&mut self, batch: Batch) -> Result<Accepted, ExportError> {
///         batch.to_spans().iter().for_each(|span| println!("{}", span.name));
///         Ok(Accepted::default())
///     }
/// }
///
/// let factory = blocking_exporter("printer", || Ok::<_, String>(Printer));
/// let config = Config::new().exporter("printer", factory);
/// # config.check()?;
/// # Ok::<(), libtracer::ConfigError>(())
/// ```
///
/// [`Config::exporter`]: crate::Config::exporter
pub fn blocking_exporter<E, X, F>(thread: &str, build: F) -> ExporterFactory
where
    E: BlockingExporter + 'static,
    X: Display,
    F: Fn() -> Result<E, X> + Send + Sync + 'static,
{
    let (build, name) = (Arc::new(build), thread.to_owned());
    Arc::new(move || {
        let build = Arc::clone(&build);
        let runtime = Handle::try_current().ok();
        // One job at a time: a second waits here, in the worker, where it can still be cancelled.
        let (jobs, queue) = mpsc::channel(1);
        let (ended, end) = oneshot::channel();
        thread::Builder::new()
            .name(name.clone())
            .spawn(move || {
                serve_exporters_here();
                let _runtime = runtime.as_ref().map(Handle::enter);
                serve(&*build, queue);
                // Nobody may be waiting any more.
                let _ = ended.send(());
            })
            .map_err(|error| ExportError::permanent(format!("no thread for it: {error}")))?;
        Ok(Box::new(Threaded {
            jobs: Some(jobs),
            end,
        }))
    })
}

/// What the exporter's thread is asked to do.
enum Job {
    Export(Batch, oneshot::Sender<Result<Accepted, ExportError>>),
    Flush,
}

/// The worker's end.
struct Threaded {
    jobs: Option<mpsc::Sender<Job>>,
    end: oneshot::Receiver<()>,
}

impl Threaded {
    async fn hand_over(&self, batch: &Batch) -> Result<Accepted, ExportError> {
        let gone = || ExportError::permanent("the exporter's thread has ended");
        let jobs = self.jobs.as_ref().ok_or_else(gone)?;
        let (reply, outcome) = oneshot::channel();
        jobs.send(Job::Export(batch.clone(), reply))
            .await
            .map_err(|_| gone())?;
        outcome.await.map_err(|_| gone())?
    }
}

impl Exporter for Threaded {
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
fn serve<E: BlockingExporter, X: Display>(
    build: &dyn Fn() -> Result<E, X>,
    mut queue: mpsc::Receiver<Job>,
) {
    let outcome = guarded(|| build().map_err(|error| error.to_string()));
    let mut exporter = match outcome.unwrap_or_else(Err) {
        Ok(exporter) => exporter,
        Err(error) => return refuse(&error, queue),
    };
    while let Some(job) = queue.blocking_recv() {
        match job {
            // The worker has given up on it while it waited here.
            Job::Export(_, reply) if reply.is_closed() => {}
            Job::Export(batch, reply) => {
                let outcome = guarded(|| exporter.export(batch));
                let outcome = outcome.map_err(ExportError::permanent);
                let _ = reply.send(outcome.unwrap_or_else(Err));
            }
            // Neither asks for an answer, and a panic in one must not end the thread.
            Job::Flush => drop(guarded(|| exporter.flush())),
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
