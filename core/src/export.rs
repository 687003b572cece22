//! The one trait between the runtime and a destination. Exporters know the batch and nothing else.

mod blocking;
mod console;
mod frames;
#[cfg(feature = "otlp-http")]
pub(crate) mod http;
#[cfg(feature = "otlp-http")]
pub(crate) mod jaeger;
#[cfg(feature = "otlp-http")]
mod json;
#[cfg(feature = "otlp-http")]
mod otlp_file;
#[cfg(feature = "otlp-grpc")]
pub(crate) mod otlp_grpc;
#[cfg(feature = "otlp-http")]
pub(crate) mod otlp_http;
#[cfg(test)]
#[path = "../tests/common/receiver.rs"]
pub(crate) mod receiver;
#[cfg(test)]
pub(crate) mod samples;
mod signal;
#[cfg(feature = "otlp-http")]
mod tags;
mod text;
#[cfg(feature = "otlp-http")]
pub(crate) mod tls;
#[cfg(feature = "otlp-http")]
pub(crate) mod zipkin;

pub use blocking::{BlockingExporter, blocking_exporter};
pub use console::{Console, render_tree};
pub(crate) use console::{Stdout, attribute_words};
#[cfg(feature = "otlp-http")]
pub use http::Compression;
#[cfg(feature = "otlp-http")]
pub use jaeger::JaegerThrift;
#[cfg(feature = "otlp-http")]
pub use otlp_file::OtlpFile;
#[cfg(feature = "otlp-grpc")]
pub use otlp_grpc::OtlpGrpc;
#[cfg(feature = "otlp-http")]
pub use otlp_http::OtlpHttp;
#[cfg(feature = "otlp-http")]
pub(crate) use otlp_http::PRODUCT as OTLP_PRODUCT;
pub use signal::Signal;
#[cfg(feature = "otlp-http")]
pub use tls::Tls;
#[cfg(feature = "otlp-http")]
pub use zipkin::Zipkin;

pub(crate) use text::one_line;

use crate::finished::FinishedSpan;
use crate::scope::Scope;
use bytes::Bytes;
use std::{fmt, future::Future, pin::Pin, sync::Arc, time::Duration};

/// Spans of one scope, encoded: OTLP `ScopeSpans.spans` fields (tag, length, `Span`) back to back.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub(crate) scope: &'static Scope,
    pub(crate) spans: Bytes,
    pub(crate) count: usize,
    /// Pipelines, as bits by their place, that had no room for these spans and have counted them.
    pub(crate) refused: u64,
}

impl Run {
    /// Whether the pipeline at this place takes these spans.
    pub(crate) fn is_for(&self, place: usize) -> bool {
        let place = u32::try_from(place).unwrap_or(u32::MAX);
        self.refused.checked_shr(place).unwrap_or(0) & 1 == 0
    }
}

/// Finished spans of one resource, in the order they were published.
#[derive(Clone, Debug)]
pub struct Batch {
    /// The fields of OTLP `ResourceSpans` before `scope_spans`: `resource`; `schema_url` too.
    pub(crate) resource: Arc<[u8]>,
    pub(crate) runs: Vec<Run>,
    pub(crate) signal: Signal,
}

impl Batch {
    /// What it is a batch of.
    #[must_use]
    pub fn signal(&self) -> Signal {
        self.signal
    }

    /// Number of spans, log records or metrics.
    #[must_use]
    pub fn span_count(&self) -> usize {
        self.runs.iter().map(|run| run.count).sum()
    }

    /// The spans, decoded, for an exporter that does not send OTLP.
    #[must_use]
    pub fn to_spans(&self) -> Vec<FinishedSpan> {
        FinishedSpan::decode_batch(self)
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
#[non_exhaustive]
pub enum ExportError {
    /// Try the same batch again, not before `after` if given.
    Retryable {
        /// What happened, without credentials.
        message: String,
        /// The destination's wish (Retry-After).
        after: Option<Duration>,
    },
    /// Too large for the destination: its spans are tried again in smaller batches, and one that is
    /// too large by itself is tried again with its largest attribute cut.
    TooLarge {
        /// What happened, without credentials.
        message: String,
        /// The most encoded bytes that the destination takes at once, if it said so.
        limit: Option<usize>,
    },
    /// The destination does not take anything from this sender (HTTP 401 and 403, gRPC
    /// `UNAUTHENTICATED` and `PERMISSION_DENIED`): the batch is given up and counted, and those that
    /// follow wait for a while.
    Denied {
        /// What happened, without credentials.
        message: String,
    },
    /// Never send this batch again.
    Permanent {
        /// What happened, without credentials.
        message: String,
    },
}

impl ExportError {
    /// An error after which the same batch may be tried again.
    pub fn retryable(message: impl Into<String>) -> Self {
        Self::Retryable {
            message: message.into(),
            after: None,
        }
    }

    /// An error after which the batch is split; for a destination that names no limit.
    pub fn too_large(message: impl Into<String>) -> Self {
        Self::TooLarge {
            message: message.into(),
            limit: None,
        }
    }

    /// An error after which the batch is given up and the sender pauses.
    pub fn denied(message: impl Into<String>) -> Self {
        Self::Denied {
            message: message.into(),
        }
    }

    /// An error after which the batch is given up.
    pub fn permanent(message: impl Into<String>) -> Self {
        Self::Permanent {
            message: message.into(),
        }
    }

    /// What happened, without credentials.
    #[must_use]
    pub fn message(&self) -> &str {
        match self {
            Self::Retryable { message, .. }
            | Self::TooLarge { message, .. }
            | Self::Denied { message }
            | Self::Permanent { message } => message,
        }
    }
}

impl fmt::Display for ExportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}

impl std::error::Error for ExportError {}

/// The answer to an export, awaited in the worker thread.
pub type ExportFuture<'a> = Pin<Box<dyn Future<Output = Result<Accepted, ExportError>> + 'a>>;

/// An exporter's end, awaited in the worker thread.
pub type EndFuture<'a> = Pin<Box<dyn Future<Output = ()> + 'a>>;

/// Where finished spans go. Built, called and dropped in the worker thread only; calls never overlap.
pub trait Exporter {
    /// Sends one batch. The caller cancels it (drops the future) at the export timeout.
    fn export<'a>(&'a mut self, batch: &'a Batch) -> ExportFuture<'a>;

    /// Called when a flush has handed over everything. An exporter that holds something back gives
    /// it out now; must not block.
    fn flush(&mut self) {}

    /// Called once, last; must not block: all pipelines of the process would stand still. One that
    /// has something to wait for does so in [`Exporter::end`].
    fn shutdown(&mut self) {}

    /// The exporter's end, awaited before it is dropped: unless it is overridden, its `shutdown`. At
    /// the deadline of the pipeline's shutdown nobody waits for it any more, and half a second later
    /// it is cancelled (the future is dropped); other pipelines go on meanwhile.
    fn end(&mut self) -> EndFuture<'_> {
        Box::pin(async { self.shutdown() })
    }
}

/// Makes an exporter, once in each process (again after a fork), in the worker thread.
pub type ExporterFactory = Arc<dyn Fn() -> Result<Box<dyn Exporter>, ExportError> + Send + Sync>;
