//! Metrics (OpenTelemetry metrics SDK): `opentelemetry_sdk` aggregates, our worker collects.
//!
//! There is no thread of their own: a provider's reader (`reader`) is one more source of the worker,
//! which collects when the interval is over and at every flush, and sends the result through
//! pipelines like those of spans. `meters` keeps a panicking callback from taking the others with it,
//! `state` is what a provider has of all this in one process, `own` measures this library, `llm`
//! counts calls of language models; `text` is all of it for Prometheus.

mod account;
pub(crate) mod console;
mod llm;
mod meters;
mod own;
#[cfg(feature = "otlp-http")]
mod pushgateway;
mod reader;
pub(crate) mod state;
mod text;

pub use account::MetricStats;
pub use llm::{LlmCall, record_llm_call};
pub use meters::MeterProvider;
#[cfg(feature = "otlp-http")]
pub(crate) use pushgateway::target as pushgateway_target;

use crate::tracer::TracerProvider;

impl TracerProvider {
    /// The meters of this provider, with the metrics exporters, interval and temporality of its
    /// configuration ([`crate::Config::otlp_metrics`] and its like).
    ///
    /// ```
    /// use libtracer::{Config, TracerProvider};
    /// use opentelemetry::metrics::MeterProvider;
    ///
    /// let provider = TracerProvider::new(&Config::new())?;
    /// let meters = provider.meter_provider();
    /// meters.meter("shop").u64_counter("orders").build().add(3, &[]);
    /// assert!(meters.prometheus_text().contains("orders_total{otel_scope_name=\"shop\"} 3"));
    /// # Ok::<(), libtracer::ConfigError>(())
    /// ```
    ///
    /// The first call in a process starts the exporter thread if something is exported. A forked
    /// child asks again: instruments made before the fork belong to the parent's provider, and what
    /// they count in the child is not exported.
    #[must_use]
    pub fn meter_provider(&self) -> MeterProvider {
        MeterProvider::new(self.inner().state().meters())
    }
}
