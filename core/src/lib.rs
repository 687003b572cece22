//! One native OpenTelemetry tracing runtime that every language in a process shares.

mod clock;
mod config;
mod context;
mod current;
mod errno;
mod error;
mod export;
mod finished;
mod id;
mod limits;
mod pipeline;
mod provider;
mod resource;
mod runtime;
mod sampler;
mod scope;
mod span;
mod stats;
mod testing;
mod thread;
mod tracer;
mod value;
mod wire;

pub mod binding;
#[cfg(feature = "otel")]
pub mod otel;

pub use config::{BatchSettings, Config};
pub use context::{SpanContext, TraceFlags, TraceState};
pub use current::{Attachment, attach_context, current_context, current_span};
pub use error::{ConfigError, Timeout};
#[cfg(feature = "otlp-http")]
pub use export::OtlpHttp;
pub use export::{
    Accepted, Batch, Console, ExportError, ExportFuture, Exporter, ExporterFactory, render_tree,
};
pub use finished::{
    FinishedEvent, FinishedLink, FinishedResource, FinishedScope, FinishedSpan, FinishedStatus,
    OwnedValue,
};
pub use id::{SpanId, TraceId};
pub use limits::SpanLimits;
pub use sampler::{
    CustomSampler, Decision, ParentBased, Ratio, Sampler, SamplingInput, SamplingOutput,
};
pub use span::{Entered, Link, Span, SpanHandle, SpanKind, Status};
pub use stats::{Diagnostics, Stats, diagnostics};
pub use testing::{Capture, MemoryExporter};
pub use tracer::{
    SpanBuilder, Tracer, TracerProvider, flush, is_configured, shutdown, stats, tracer, tracer_with,
};
pub use value::{Value, ValueBuilder};
