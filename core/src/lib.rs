//! One native OpenTelemetry tracing runtime that every language in a process shares.
//!
//! A [`TracerProvider`] is made from a [`Config`], gives [`Tracer`]s, and those start [`Span`]s:
//!
//! ```
//! use libtracer::{Config, MemoryExporter, Status, TracerProvider};
//! use std::time::Duration;
//!
//! let finished = MemoryExporter::new();
//! let provider = TracerProvider::new(&Config::new().service_name("shop").memory(&finished))?;
//! let tracer = provider.tracer("checkout");
//!
//! let order = tracer.start("order").enter(); // current on this thread until dropped
//! order.set("items", 3);
//! {
//!     let payment = tracer.start("payment"); // a child of what is current; ends when dropped
//!     payment.set("amount", 9.5).set_status(Status::Error("declined"));
//! }
//! drop(order);
//!
//! let spans = finished.spans();
//! assert_eq!(spans[0].name, "payment");
//! assert_eq!(spans[0].parent_span_id, Some(spans[1].span_id));
//! assert!(provider.stats()[0].is_balanced());
//! provider.shutdown(Duration::from_secs(2)).ok();
//! # Ok::<(), libtracer::ConfigError>(())
//! ```
//!
//! * **Set-up may fail, recording never does.** [`Config`] and [`TracerProvider::new`] say what is
//!   wrong; spans only count what they cannot keep, in [`Stats`] and [`Diagnostics`].
//! * **Between threads and processes**: a [`Context`] is what is current, with its [`Baggage`]: take
//!   it here and attach it there. [`inject`] and [`extract`] carry it in headers or the environment,
//!   in the formats of [`Config::propagators`].
//! * **Configuration** is code, `OTEL_*` variables ([`Config::from_env`]) or a file
//!   ([`Config::from_file`]).
//! * **Exporters**: [`OtlpHttp`], [`Zipkin`], [`JaegerThrift`], [`OtlpFile`], [`Console`],
//!   [`MemoryExporter`], your own [`Exporter`], and through [`mod@otel`] any of `opentelemetry_sdk`'s.
//! * **In a process with Python, C or C++** this crate must not be linked a second time: Rust pieces
//!   there use the C ABI of `libtracer.so.1`.
//!
//! # Functions
//!
//! `#[traced]` (feature `macros`, on by default) makes the calls of a function spans, be it
//! asynchronous or not:
//!
//! ```
//! # #[cfg(feature = "macros")] {
//! use libtracer::traced;
//!
//! #[traced(kind = "client", args(amount), err)]
//! async fn pay(amount: f64) -> Result<(), std::fmt::Error> {
//!     tokio::task::yield_now().await;
//!     Ok(())
//! }
//! # }
//! ```
//!
//! # Futures
//!
//! A future keeps its span wherever it is polled, and gives it to no other task:
//! [`FutureExt::in_span`], [`FutureExt::with_context`], [`FutureExt::with_current_context`].
//!
//! ```
//! # use libtracer::{FutureExt, tracer};
//! # async fn receive() {}
//! # async fn run() {
//! let worker = receive().in_span(tracer("shop").start("receive"));
//! tokio::spawn(worker).await.ok();
//! # }
//! ```
//!
//! # `tracing`
//!
//! The layer `TracingLayer` (feature `tracing`) records what `tracing` says with a tracer; its spans,
//! native ones and those of other languages nest in each other.
//!
//! ```
//! # #[cfg(feature = "tracing")] {
//! use tracing_subscriber::layer::SubscriberExt;
//!
//! let layer = libtracer::TracingLayer::new(libtracer::tracer("shop"));
//! let subscriber = tracing_subscriber::registry().with(layer);
//! # }
//! ```
//!
//! # Log records and metrics
//!
//! A provider has loggers too, and meters (feature `metrics`, on by default). Both leave only where
//! the configuration says so, in pipelines like those of spans: [`Config::otlp_logs`],
//! [`Config::logs_exporters`], `Config::otlp_metrics`, `OTEL_LOGS_EXPORTER`, `OTEL_METRICS_EXPORTER`.
//! Their accounts are [`TracerProvider::log_stats`] and `TracerProvider::metric_stats`. Calls of
//! language models are counted by `TracerProvider::record_llm_call`, where `Config::llm_metrics` asks
//! for it; `Config::metrics_endpoint` sends metrics to Prometheus and Pushgateways too.
//!
//! ```
//! # use libtracer::{Config, Severity, TracerProvider};
//! # let provider = TracerProvider::new(&Config::new())?;
//! let logger = provider.logger("shop");
//! logger.record(Severity::Warn, "stock is low").attribute("sku", 4711).emit();
//! # Ok::<(), libtracer::ConfigError>(())
//! ```
//!
//! # The `opentelemetry` API
//!
//! Libraries that are instrumented through that API record here, and its current span is ours
//! (feature `otel`, on by default, module [`mod@otel`]):
//!
//! ```
//! # #[cfg(feature = "otel")] {
//! # let provider = libtracer::TracerProvider::new(&libtracer::Config::new())?;
//! opentelemetry::global::set_tracer_provider(libtracer::otel::TracerProvider::from(provider));
//! # }
//! # Ok::<(), libtracer::ConfigError>(())
//! ```
//!
//! How it works is told in the repository's ARCHITECTURE.md.

mod baggage;
mod clock;
mod config;
mod context;
mod current;
mod errno;
mod error;
mod export;
mod finished;
mod future;
mod id;
#[cfg(feature = "tracing")]
mod layer;
mod limits;
mod logs;
mod memory;
#[cfg(feature = "metrics")]
mod metrics;
mod pipeline;
mod processor;
mod propagate;
mod provider;
mod rendezvous;
mod resource;
mod runtime;
mod sampler;
mod scope;
mod span;
mod stats;
mod sync;
mod testing;
mod thread;
mod tracer;
mod value;
mod wire;

#[cfg(feature = "macros")]
#[doc(hidden)]
#[path = "traced.rs"]
pub mod __traced;
pub mod binding;
#[doc(hidden)]
#[cfg(any(all(test, feature = "otlp-grpc"), feature = "fuzzing"))]
pub mod fuzzing;
#[cfg(feature = "otel")]
pub mod otel;

pub use baggage::Baggage;
pub use clock::Clock;
#[cfg(feature = "metrics")]
pub use config::MetricTemporality;
pub use config::{BatchSettings, Config};
pub use context::{Context, SpanContext, TraceFlags, TraceState, TraceStateError};
pub use current::{Attachment, attach_context, current_context, current_span};
pub use error::{ConfigError, Timeout};
#[cfg(feature = "otlp-grpc")]
pub use export::OtlpGrpc;
pub use export::{
    Accepted, Batch, BlockingExporter, Console, EndFuture, ExportError, ExportFuture, Exporter,
    ExporterFactory, Signal, blocking_exporter, render_tree,
};
#[cfg(feature = "otlp-http")]
pub use export::{Compression, JaegerThrift, OtlpFile, OtlpHttp, Tls, Zipkin};
pub use finished::{
    FinishedEvent, FinishedLink, FinishedResource, FinishedScope, FinishedSpan, FinishedStatus,
    OwnedValue,
};
pub use future::{FutureExt, InSpan, WithContext};
pub use id::{IdGenerator, SpanId, TraceId};
#[cfg(feature = "tracing")]
pub use layer::TracingLayer;
#[cfg(feature = "macros")]
pub use libtracer_macros::traced;
pub use limits::SpanLimits;
pub use logs::{
    FinishedLog, LogRecord, LogStats, Logger, LoggerBuilder, Severity, log_stats, logger,
    logger_builder,
};
#[cfg(feature = "metrics")]
pub use metrics::{LlmCall, MetricStats, record_llm_call};
pub use pipeline::diagnose::{DiagnosticLevel, set_diagnostic_handler, set_diagnostic_level};
pub use processor::{EndedSpan, Processor};
pub use propagate::{
    B3, BaggagePropagator, CompositePropagator, Environment, Extractor, Injector, Jaeger,
    Propagator, TraceContext, extract, inject, propagator, set_propagator,
};
pub use resource::Detector;
pub use sampler::{
    Composable, CustomComposable, CustomSampler, Decision, ParentBased, Predicate, Ratio, Sampler,
    SamplingInput, SamplingIntent, SamplingOutput,
};
pub use span::{Entered, Link, Span, SpanHandle, SpanKind, Status};
pub use stats::{Diagnostics, Stats, diagnostics};
pub use testing::{Capture, MemoryExporter};
pub use tracer::{
    SpanBuilder, Tracer, TracerBuilder, TracerProvider, flush, is_configured, shutdown, stats,
    tracer, tracer_builder, tracer_with,
};
pub use value::{Value, ValueBuilder};
