//! One native OpenTelemetry tracing runtime that every language in a process shares.

mod config;
mod error;
mod export;
mod finished;
mod pipeline;
mod resource;
mod scope;

#[cfg(feature = "otel")]
pub mod otel;

pub use error::{ConfigError, Timeout};
#[cfg(feature = "otlp-http")]
pub use export::OtlpHttp;
pub use export::{
    Accepted, Batch, Console, ExportError, ExportFuture, Exporter, ExporterFactory, render_tree,
};
pub use finished::{
    FinishedEvent, FinishedLink, FinishedResource, FinishedScope, FinishedSpan, FinishedStatus,
    OwnedValue, SpanKind,
};
