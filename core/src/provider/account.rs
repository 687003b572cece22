//! A provider's account in this process, and what comes after its end.

use super::ProviderState;
use crate::pipeline::worker::Source;
use crate::stats::Stats;
use std::sync::atomic::Ordering;

impl ProviderState {
    pub(super) fn stats(&self) -> Vec<Stats> {
        self.bury();
        // Exits are read before entries, so that a moving queue never reads below zero.
        let exits: Vec<_> = self
            .exits
            .iter()
            .map(|(name, counters)| (name, counters, counters.exits()))
            .collect();
        let open = crate::span::count_open(self.id);
        let totals = self.logs.totals();
        let reentrant = self
            .reentrant
            .load(Ordering::Relaxed)
            .saturating_sub(self.reentrant_before);
        let mut common = Stats {
            open,
            ..Stats::of_threads(&totals)
        };
        common.started += reentrant;
        common.dropped_reentrant = reentrant;
        if exits.is_empty() {
            common.exported = totals.kept;
            let name = match (self.memory.is_empty(), self.keeps()) {
                (false, _) => "memory",
                (true, true) => "processors",
                (true, false) => "",
            };
            common.pipeline = name.into();
            return vec![common];
        }
        exits
            .into_iter()
            .map(|(name, counters, exits)| Stats {
                pipeline: name.clone(),
                exported: exits.exported,
                dropped_rejected: exits.rejected,
                dropped_export_failed: exits.failed,
                dropped_queue_full: common.dropped_queue_full + exits.queue_full,
                dropped_shutdown: common.dropped_shutdown + exits.shutdown,
                queued: totals.published.saturating_sub(exits.total()),
                last_error: counters.last_error(),
                ..common.clone()
            })
            .collect()
    }

    /// Spans in the batch that each pipeline exports now.
    #[cfg(feature = "metrics")]
    pub(crate) fn in_flight(&self) -> Vec<u64> {
        let exits = self.exits.iter();
        exits.map(|(_, counters)| counters.in_flight()).collect()
    }

    /// The worker has answered a shutdown: it takes nothing more of this provider.
    pub(super) fn end(&self) {
        self.ended.store(true, Ordering::Release);
        self.bury();
    }

    /// Whether it is shut down and the worker has forgotten it.
    pub(crate) fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }

    /// Counts what was published too late for the worker, and frees it. Spans may end on other
    /// threads at the very moment of a shutdown.
    #[cold]
    pub(crate) fn bury(&self) {
        if !self.has_ended() {
            return;
        }
        let mut late = Vec::new();
        self.logs.drain(&mut late);
        for (place, (_, counters)) in self.exits.iter().enumerate() {
            let left = late.iter().filter(|run| run.is_for(place));
            counters.count_shutdown(left.map(|run| run.count as u64).sum());
        }
        self.bury_logs();
    }
}
