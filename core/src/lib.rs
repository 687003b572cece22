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
pub use export::{Accepted, Batch, ExportError, ExportFuture, Exporter, ExporterFactory};
