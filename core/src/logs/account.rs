//! The account of log records: every one emitted is exported, dropped for a named cause, or queued.

use crate::pipeline::producer::Totals;
use crate::pipeline::worker::Source;
use crate::provider::{Provider, ProviderState};
use crate::thread::undisturbed;
use std::sync::atomic::Ordering;

/// What one pipeline has done with the log records of its provider since the process began.
///
/// `emitted = exported + dropped() + queued`, exactly when nothing is moving.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LogStats {
    /// The exporter's name; empty if none is configured.
    pub pipeline: String,
    /// Log records emitted.
    pub emitted: u64,
    /// Records the exporter delivered.
    pub exported: u64,
    /// Records in memory.
    pub queued: u64,
    /// Lost: memory bound or queue size reached.
    pub dropped_queue_full: u64,
    /// Lost: the destination refused for good.
    pub dropped_export_failed: u64,
    /// Lost: refused within an accepted request.
    pub dropped_rejected: u64,
    /// Lost: emitted after shutdown, or not delivered by its deadline.
    pub dropped_shutdown: u64,
    /// Lost: emitted in a signal handler that interrupted this library on its thread.
    pub dropped_reentrant: u64,
    /// Lost: the system refused memory.
    pub dropped_no_memory: u64,
    /// Lost: no exporter for logs is configured.
    pub dropped_no_exporter: u64,
    /// What the exporter last complained of, without credentials.
    pub last_error: String,
}

impl LogStats {
    /// Records lost, of all causes.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped_queue_full
            + self.dropped_export_failed
            + self.dropped_rejected
            + self.dropped_shutdown
            + self.dropped_reentrant
            + self.dropped_no_memory
            + self.dropped_no_exporter
    }

    /// Whether the equation holds.
    #[must_use]
    pub fn is_balanced(&self) -> bool {
        self.emitted == self.exported + self.dropped() + self.queued
    }
}

impl LogStats {
    /// What threads have counted.
    fn of(totals: &Totals, reentrant: u64) -> Self {
        Self {
            emitted: totals.started + reentrant,
            dropped_queue_full: totals.queue_full,
            dropped_shutdown: totals.shutdown,
            dropped_reentrant: reentrant,
            dropped_no_memory: totals.no_memory,
            dropped_no_exporter: totals.no_exporter,
            ..Self::default()
        }
    }
}

impl Provider {
    /// The account of each pipeline; one without a name if there is none.
    pub(crate) fn log_stats(&'static self) -> Vec<LogStats> {
        undisturbed(|| self.state().log_stats())
    }
}

impl ProviderState {
    /// Records in the batch that each pipeline exports now.
    #[cfg(feature = "metrics")]
    pub(crate) fn logs_in_flight(&self) -> Vec<u64> {
        let exits = self.records.ways.all().exits.iter();
        exits.map(|exit| exit.counters.in_flight()).collect()
    }

    fn log_stats(&self) -> Vec<LogStats> {
        self.bury();
        let records = &self.records;
        // Exits are read before entries, so that a moving queue never reads below zero.
        let exits = records.ways.all().exits.iter();
        let exits: Vec<_> = exits.map(|exit| (exit, exit.counters.exits())).collect();
        let totals = records.logs.totals();
        let reentrant = records.reentrant.load(Ordering::Relaxed);
        let reentrant = reentrant.saturating_sub(records.reentrant_before);
        if exits.is_empty() {
            return vec![LogStats {
                pipeline: if records.keeps() { "memory" } else { "" }.to_owned(),
                exported: totals.kept,
                ..LogStats::of(&totals, reentrant)
            }];
        }
        let of_pipeline = exits.into_iter().map(|(exit, exits)| {
            let own = totals.since(&exit.before);
            let common = LogStats::of(&own, reentrant);
            LogStats {
                pipeline: exit.name.clone(),
                // What was kept without a pipeline is in nobody's account.
                emitted: common.emitted.saturating_sub(own.kept),
                exported: exits.exported,
                dropped_rejected: exits.rejected,
                dropped_export_failed: exits.failed,
                dropped_queue_full: common.dropped_queue_full + exits.queue_full,
                dropped_shutdown: common.dropped_shutdown + exits.shutdown,
                queued: own.published.saturating_sub(exits.total()),
                last_error: exit.counters.last_error(),
                ..common
            }
        });
        of_pipeline.collect()
    }

    /// Counts the records that were published too late for the worker, and frees them.
    pub(crate) fn bury_logs(&self) {
        let mut late = Vec::new();
        self.records.logs.drain(&mut late);
        self.records.ways.all().count_late(&late);
    }
}
