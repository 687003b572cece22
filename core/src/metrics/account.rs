//! The account of metrics: each that was collected is exported, dropped for a named cause, or queued.

use super::state::MetricState;
use crate::tracer::TracerProvider;
use std::sync::atomic::Ordering;

/// What one pipeline has done with the metrics of its provider since the process began. A metric
/// counts once for each time that it was collected, however many points it has.
///
/// `collected = exported + dropped() + queued`, exactly when nothing is moving.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MetricStats {
    /// The exporter's name.
    pub pipeline: String,
    /// Metrics collected.
    pub collected: u64,
    /// Metrics the exporter delivered.
    pub exported: u64,
    /// Metrics in memory.
    pub queued: u64,
    /// Lost: memory bound reached.
    pub dropped_queue_full: u64,
    /// Lost: the destination refused for good.
    pub dropped_export_failed: u64,
    /// Lost: refused within an accepted request, in which points are counted; so this is the most
    /// that it can be.
    pub dropped_rejected: u64,
    /// Lost: not delivered by the deadline of the shutdown.
    pub dropped_shutdown: u64,
    /// What the exporter last complained of, without credentials.
    pub last_error: String,
}

impl MetricStats {
    /// Metrics lost, of all causes.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped_queue_full
            + self.dropped_export_failed
            + self.dropped_rejected
            + self.dropped_shutdown
    }

    /// Whether the equation holds.
    #[must_use]
    pub fn is_balanced(&self) -> bool {
        self.collected == self.exported + self.dropped() + self.queued
    }
}

impl TracerProvider {
    /// The account of metrics for each pipeline in this process; empty if none is exported, or no
    /// meter was asked for yet.
    #[must_use]
    pub fn metric_stats(&self) -> Vec<MetricStats> {
        let metrics = &self.inner().state().metrics;
        metrics.made().map(MetricState::stats).unwrap_or_default()
    }
}

impl MetricState {
    fn stats(&self) -> Vec<MetricStats> {
        let of_pipeline = |(name, counters): &super::state::Exit| {
            // Exits are read before entries, so that a moving queue never reads below zero.
            let exits = counters.exits();
            let collected = self.collected.load(Ordering::Acquire);
            MetricStats {
                pipeline: name.clone(),
                collected,
                exported: exits.exported,
                queued: collected.saturating_sub(exits.total()),
                dropped_queue_full: exits.queue_full,
                dropped_export_failed: exits.failed,
                dropped_rejected: exits.rejected,
                dropped_shutdown: exits.shutdown,
                last_error: counters.last_error(),
            }
        };
        self.exits.iter().map(of_pipeline).collect()
    }
}
