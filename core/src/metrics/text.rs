//! Metrics in the Prometheus text format (version 0.0.4).

use super::llm::{SERIES, Series};
use super::state::MetricState;
use crate::tracer::TracerProvider;
use prometheus::proto::MetricFamily;
use prometheus::{Registry, TextEncoder};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Says what the resource is, also where nothing is measured.
const TARGET_INFO: &str = "target_info";

impl TracerProvider {
    /// Everything that is measured as it is now, in the Prometheus text format (version 0.0.4); serve
    /// it as `text/plain; version=0.0.4`. Calls of language models
    /// ([`crate::Config::llm_metrics`]) are always in it, other metrics as
    /// [`prometheus_text`](crate::otel::MeterProvider::prometheus_text) says. Collected in this thread.
    #[must_use]
    pub fn metrics_text(&self) -> String {
        let provider = self.inner();
        if provider.metrics.of_llm_calls {
            return provider.state().meters().text();
        }
        let made = provider.state().metrics.made();
        made.map(MetricState::text).unwrap_or_default()
    }
}

impl MetricState {
    /// See [`TracerProvider::metrics_text`].
    pub(super) fn text(&self) -> String {
        let llm = self.llm.as_ref().map(|series| {
            let families = gathered(series.registry());
            introduced(&families) + &encoded(&families)
        });
        let own = self.registry.as_ref().map(gathered).filter(|families| {
            let says_more = |family: &MetricFamily| family.name() != TARGET_INFO;
            families.iter().any(says_more)
        });
        llm.unwrap_or_default() + &encoded(&own.unwrap_or_default())
    }
}

/// The headers of series without points, so that who looks sees that they are there.
fn introduced(families: &[MetricFamily]) -> String {
    let is_missing = |series: &&Series| families.iter().all(|it| it.name() != series.name);
    let header = |Series { name, help, kind }: &Series| {
        format!("# HELP {name} {help}\n# TYPE {name} {kind}\n")
    };
    SERIES.into_iter().filter(is_missing).map(header).collect()
}

/// The text of one registry.
pub(super) fn of_registry(registry: &Registry) -> String {
    encoded(&gathered(registry))
}

/// Collects; none where a callback panics.
fn gathered(registry: &Registry) -> Vec<MetricFamily> {
    catch_unwind(AssertUnwindSafe(|| registry.gather())).unwrap_or_default()
}

fn encoded(families: &[MetricFamily]) -> String {
    let text = catch_unwind(|| TextEncoder::new().encode_to_string(families));
    text.map(Result::unwrap_or_default).unwrap_or_default()
}
