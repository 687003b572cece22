//! The one trait between the runtime and a destination. Exporters know the batch and nothing else.

use crate::scope::Scope;
use bytes::Bytes;
use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

/// Spans of one scope, encoded: OTLP `ScopeSpans.spans` fields (tag, length, `Span`) back to back.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub(crate) scope: &'static Scope,
    pub(crate) spans: Bytes,
    pub(crate) count: usize,
}

/// Finished spans of one resource, in the order they were published.
#[derive(Clone, Debug)]
pub struct Batch {
    /// The fields of OTLP `ResourceSpans` before `scope_spans`: `resource`; `schema_url` too.
    pub(crate) resource: Arc<[u8]>,
    pub(crate) runs: Vec<Run>,
}

impl Batch {
    /// Number of spans.
    #[must_use]
    pub fn span_count(&self) -> usize {
        self.runs.iter().map(|run| run.count).sum()
    }
}

/// What a destination took.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Accepted {
    /// Spans it refused within an accepted request (OTLP partial success).
    pub rejected: u64,
    /// What it said about them.
    pub message: String,
}

/// Why a batch was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExportError {
    /// Try the same batch again, not before `after` if given.
    Retryable {
        /// What happened, without credentials.
        message: String,
        /// The destination's wish (Retry-After).
        after: Option<Duration>,
    },
    /// Never send this batch again.
    Permanent {
        /// What happened, without credentials.
        message: String,
    },
}

/// The answer to an export, awaited in the worker thread.
pub type ExportFuture<'a> = Pin<Box<dyn Future<Output = Result<Accepted, ExportError>> + 'a>>;

/// Where finished spans go. Built, called and dropped in the worker thread only; calls never overlap.
pub trait Exporter {
    /// Sends one batch. The caller cancels it (drops the future) at the export timeout.
    fn export<'a>(&'a mut self, batch: &'a Batch) -> ExportFuture<'a>;

    /// Called once, last.
    fn shutdown(&mut self) {}
}

/// Makes an exporter, once in each process (again after a fork), in the worker thread.
pub type ExporterFactory =
    Arc<dyn Fn() -> Result<Box<dyn Exporter>, ExportError> + Send + Sync>;
