//! How spans leave one pipeline. Every span a pipeline takes leaves it through exactly one of these
//! counters; what has not left yet is queued. So this holds at any time, whatever a destination does:
//! `taken = exported + rejected + failed + queue_full + shutdown + queued`.
//!
//! Where a queue size was asked for, the spans that the pipeline has room for are counted in and out
//! here too, by one shared word: in by the thread that ends a span, out together with the exits.

use super::room::Room;
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
    /// Of what has not left yet: in the batch that is being exported.
    in_flight: AtomicU64,
    last_error: Mutex<String>,
    limit: Option<QueueLimit>,
    /// The progress at which somebody waited in vain, plus one; 0 = nobody did.
    hopeless_at: AtomicU64,
}

/// An exact bound on the spans that one pipeline holds.
#[derive(Debug)]
struct QueueLimit {
    most: u64,
    /// Each time that so many more are held, the worker has something to do.
    batch: u64,
    held: AtomicU64,
    room: &'static Room,
}

/// What a pipeline's queue size means for one more span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    /// It is held from now on.
    Held,
    /// It is held, and with it a batch is full.
    Fills,
    /// There is no room.
    Refused,
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
    /// The counters of a pipeline that holds at most `most` spans and sends `batch` of them at once;
    /// `room` is told when there is room again.
    pub(crate) fn limited(most: usize, batch: usize, room: &'static Room) -> Self {
        Self {
            limit: Some(QueueLimit {
                most: count(most),
                batch: count(batch).max(1),
                held: AtomicU64::new(0),
                room,
            }),
            ..Self::default()
        }
    }

    /// Whether it has a queue size.
    pub(crate) fn is_limited(&self) -> bool {
        self.limit.is_some()
    }

    /// Counts one more span in, if the queue size leaves room for it.
    pub(crate) fn admit(&self) -> Admission {
        let Some(limit) = &self.limit else {
            return Admission::Held;
        };
        let more = |held: u64| (held < limit.most).then_some(held + 1);
        // Relaxed: only the number matters; the span itself is published elsewhere.
        match limit
            .held
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, more)
        {
            Ok(held) if (held + 1) % limit.batch == 0 || held + 1 == limit.most => Admission::Fills,
            Ok(_) => Admission::Held,
            Err(_) => Admission::Refused,
        }
    }

    /// Takes an admission back: the span was not queued after all.
    pub(crate) fn take_back(&self) {
        self.release(1);
    }

    /// Somebody waited in vain for room.
    pub(crate) fn give_hope_up(&self) {
        self.hopeless_at
            .store(self.progress() + 1, Ordering::Relaxed);
    }

    /// Whether somebody waited in vain, and the destination has taken nothing since.
    pub(crate) fn is_hopeless(&self) -> bool {
        self.hopeless_at.load(Ordering::Relaxed) == self.progress() + 1
    }

    /// Spans that the destination has dealt with, one way or the other.
    fn progress(&self) -> u64 {
        let exits = self.exits();
        exits.exported + exits.rejected + exits.failed
    }

    fn release(&self, spans: u64) {
        if let Some(limit) = &self.limit
            && spans > 0
        {
            // Saturating: a thread that was ending a span as the pipeline joined did not count it in.
            let less = |held: u64| Some(held.saturating_sub(spans));
            let _ = limit
                .held
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
            limit.room.made();
        }
    }

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
        self.release(spans);
    }

    /// The batch that is being exported has so many.
    pub(super) fn set_in_flight(&self, spans: u64) {
        self.in_flight.store(spans, Ordering::Relaxed);
    }

    /// In the batch that is being exported.
    #[cfg(feature = "metrics")]
    pub(crate) fn in_flight(&self) -> u64 {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// What memory was refused for, outside of a thread's log.
    #[cfg(feature = "metrics")]
    pub(crate) fn count_no_room(&self, spans: u64) {
        self.count_queue_full(spans);
    }

    pub(super) fn count_failed(&self, spans: u64) {
        add(&self.failed, spans);
        self.release(spans);
    }

    pub(super) fn count_queue_full(&self, spans: u64) {
        add(&self.queue_full, spans);
        self.release(spans);
    }

    /// A span that was refused admission reaches other pipelines only.
    pub(crate) fn count_refused(&self) {
        add(&self.queue_full, 1);
    }

    pub(crate) fn count_shutdown(&self, spans: u64) {
        add(&self.shutdown, spans);
        self.release(spans);
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

    #[test]
    fn what_was_not_counted_in_leaves_no_more_room_than_there_is() {
        let room: &'static Room = Box::leak(Box::default());
        let counters = PipelineCounters::limited(2, 1, room);
        counters.admit();
        counters.count_failed(3);
        assert_eq!(counters.admit(), Admission::Fills);
        assert_eq!(counters.admit(), Admission::Fills);
        assert_eq!(counters.admit(), Admission::Refused);
    }
}
