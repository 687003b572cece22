//! A provider's account in this process, and what comes after its end.

use super::ProviderState;
use super::ways::Exit;
use crate::pipeline::counters::Exits;
use crate::pipeline::producer::Totals;
use crate::pipeline::worker::Source;
use crate::stats::Stats;
use std::sync::atomic::Ordering;

impl ProviderState {
    pub(super) fn stats(&self) -> Vec<Stats> {
        self.bury();
        // Exits are read before entries, so that a moving queue never reads below zero.
        let ways = self.ways.all();
        let exits = ways.exits.iter();
        let exits: Vec<_> = exits.map(|exit| (exit, exit.counters.exits())).collect();
        let open = crate::span::count_open(self.id);
        let totals = self.logs.totals();
        let reentrant = self
            .reentrant
            .load(Ordering::Relaxed)
            .saturating_sub(self.reentrant_before);
        let common = |totals: &Totals| Stats {
            open,
            started: totals.started + reentrant,
            dropped_reentrant: reentrant,
            ..Stats::of_threads(totals)
        };
        if exits.is_empty() {
            let name = match (ways.memory.is_empty(), self.keeps()) {
                (false, _) => "memory",
                (true, true) => "processors",
                (true, false) => "",
            };
            return vec![Stats {
                pipeline: name.into(),
                exported: totals.kept,
                ..common(&totals)
            }];
        }
        let of_pipeline = |(exit, exits): (&Exit, Exits)| {
            let own = totals.since(&exit.before);
            let common = common(&own);
            Stats {
                pipeline: exit.name.clone(),
                // What was kept without a pipeline is in nobody's account.
                started: common.started.saturating_sub(own.kept),
                exported: exits.exported,
                dropped_rejected: exits.rejected,
                dropped_export_failed: exits.failed,
                dropped_queue_full: common.dropped_queue_full + exits.queue_full,
                dropped_shutdown: common.dropped_shutdown + exits.shutdown,
                queued: own.published.saturating_sub(exits.total()),
                last_error: exit.counters.last_error(),
                ..common
            }
        };
        exits.into_iter().map(of_pipeline).collect()
    }

    /// Spans in the batch that each pipeline exports now.
    #[cfg(feature = "metrics")]
    pub(crate) fn in_flight(&self) -> Vec<u64> {
        let exits = self.ways.all().exits.iter();
        exits.map(|exit| exit.counters.in_flight()).collect()
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
        self.ways.all().count_late(&late);
        self.bury_logs();
    }
}
