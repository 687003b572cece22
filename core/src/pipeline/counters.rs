//! How spans leave one pipeline. Every span a pipeline takes leaves it through exactly one of these
//! counters; what has not left yet is queued. So this holds at any time, whatever a destination does:
//! `taken = exported + rejected + failed + queue_full + shutdown + queued`.

use std::sync::{
    Mutex, PoisonError,
    atomic::{AtomicU64, Ordering},
};

/// Longest error text kept: enough for a status line and the start of a body.
const MAX_ERROR_CHARS: usize = 300;

/// The exits of one pipeline; written by the worker thread, read by anyone.
#[derive(Debug, Default)]
pub(crate) struct PipelineCounters {
    exported: AtomicU64,
    rejected: AtomicU64,
    failed: AtomicU64,
    queue_full: AtomicU64,
    shutdown: AtomicU64,
    last_error: Mutex<String>,
}

/// The exits of one pipeline at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Exits {
    /// Accepted by the destination.
    pub(crate) exported: u64,
    /// Refused within an accepted request (partial success).
    pub(crate) rejected: u64,
    /// In a batch refused for good.
    pub(crate) failed: u64,
    /// Dropped on arrival: the pipeline's share of memory was full.
    pub(crate) queue_full: u64,
    /// Left over when the pipeline was shut down.
    pub(crate) shutdown: u64,
}

impl Exits {
    /// All spans that left.
    pub(crate) fn total(&self) -> u64 {
        self.exported + self.rejected + self.failed + self.queue_full + self.shutdown
    }

    /// The spans that left without being accepted.
    pub(crate) fn lost(&self) -> u64 {
        self.total() - self.exported
    }
}

impl PipelineCounters {
    /// The exits so far. Read it before the number of published spans, so that what is derived as
    /// queued is never negative.
    pub(crate) fn exits(&self) -> Exits {
        // Acquire pairs with the Release of `add`: who sees a span leave also sees it published.
        let read = |counter: &AtomicU64| counter.load(Ordering::Acquire);
        Exits {
            exported: read(&self.exported),
            rejected: read(&self.rejected),
            failed: read(&self.failed),
            queue_full: read(&self.queue_full),
            shutdown: read(&self.shutdown),
        }
    }

    /// The latest error of the destination; empty if there was none.
    pub(crate) fn last_error(&self) -> String {
        self.last_error
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// A request was accepted except for `rejected` of its spans.
    pub(super) fn count_accepted(&self, spans: u64, rejected: u64) {
        let rejected = rejected.min(spans);
        add(&self.rejected, rejected);
        add(&self.exported, spans - rejected);
    }

    pub(super) fn count_failed(&self, spans: u64) {
        add(&self.failed, spans);
    }

    pub(super) fn count_queue_full(&self, spans: u64) {
        add(&self.queue_full, spans);
    }

    pub(crate) fn count_shutdown(&self, spans: u64) {
        add(&self.shutdown, spans);
    }

    /// Keeps the text as one short printable line.
    pub(super) fn set_last_error(&self, message: &str) {
        let line: String = message
            .chars()
            .take(MAX_ERROR_CHARS)
            .map(|c| if c.is_control() { ' ' } else { c })
            .collect();
        *self
            .last_error
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = line;
    }
}

/// A number of spans as the counters hold it.
pub(super) fn count(spans: usize) -> u64 {
    u64::try_from(spans).unwrap_or(u64::MAX)
}

fn add(counter: &AtomicU64, spans: u64) {
    if spans > 0 {
        // Release pairs with the Acquire of `exits`.
        counter.fetch_add(spans, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_exit_is_in_the_total_and_only_exported_is_not_lost() {
        let counters = PipelineCounters::default();
        counters.count_accepted(10, 3);
        counters.count_failed(4);
        counters.count_queue_full(5);
        counters.count_shutdown(6);
        let exits = counters.exits();
        assert_eq!((exits.exported, exits.rejected), (7, 3));
        assert_eq!((exits.total(), exits.lost()), (25, 18));
    }

    #[test]
    fn a_destination_cannot_reject_more_than_it_was_sent() {
        let counters = PipelineCounters::default();
        counters.count_accepted(2, 9);
        assert_eq!(
            counters.exits(),
            Exits {
                rejected: 2,
                ..Exits::default()
            }
        );
    }

    #[test]
    fn the_last_error_is_one_short_line() {
        let counters = PipelineCounters::default();
        counters.set_last_error(&format!("bad\r\n{}", "x".repeat(1000)));
        let text = counters.last_error();
        assert!(text.starts_with("bad  x"));
        assert_eq!(text.chars().count(), MAX_ERROR_CHARS);
    }
}
