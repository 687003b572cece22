//! One native OpenTelemetry tracing runtime that every language in a process shares.

mod config;
mod error;
mod export;
mod finished;
mod limits;
mod pipeline;
mod resource;
mod sampler;
mod scope;

#[cfg(feature = "otel")]
pub mod otel;

pub use config::{BatchSettings, Config};
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
pub use limits::SpanLimits;
pub use sampler::{Decision, ParentBased, Ratio, Sampler};
