//! How large a request the destination takes: the setting, until one turns out to be too large; and
//! whether it takes more again, which is tried after a while.
//!
//! A refusal halves what is sent, or sets it to the limit that was named, at once and as often as need
//! be: nothing is lost by it. After five minutes a request twice as large is tried, once: a vain try
//! costs one request that is split again, and doubles the wait for the next, up to an hour. A try that
//! succeeds shows that the destination has changed, so that the next full request is twice as large
//! again, up to the setting, and a later limit is learned as the first was.

use std::cell::Cell;
use std::time::Duration;
use tokio::time::Instant;

/// How long a learned limit holds before a larger request is tried; doubles with each vain try.
const FIRST_TRY: Duration = Duration::from_secs(5 * 60);
const LONGEST_WAIT: Duration = Duration::from_secs(3600);

/// The size of requests to one destination, in encoded bytes.
#[derive(Debug)]
pub(super) struct Size {
    /// The setting: never more.
    most: usize,
    /// Most bytes of a batch. At least half of what the destination takes.
    now: Cell<usize>,
    /// The smallest request that was refused for its size.
    too_large: Cell<usize>,
    /// When `now` changed last, and how long it stays.
    since: Cell<Option<Instant>>,
    wait: Cell<Duration>,
    /// `now` is an attempt at more than was known to be taken.
    trying: Cell<bool>,
}

impl Size {
    pub(super) fn new(most: usize) -> Self {
        Self {
            most,
            now: Cell::new(most),
            too_large: Cell::new(usize::MAX),
            since: Cell::new(None),
            wait: Cell::new(FIRST_TRY),
            trying: Cell::new(false),
        }
    }

    /// Most bytes of a batch.
    pub(super) fn batch(&self) -> usize {
        self.now.get()
    }

    /// What a request of one span should be cut to before it is sent, if it is known that it would
    /// be refused otherwise.
    pub(super) fn known_limit(&self, bytes: usize) -> Option<usize> {
        (bytes >= self.too_large.get()).then(|| self.now.get().min(bytes / 2))
    }

    /// A request of so many bytes was too large; `limit` is what the destination takes, if it said.
    pub(super) fn refused(&self, bytes: usize, limit: Option<usize>) {
        let less = limit.filter(|limit| *limit < bytes).unwrap_or(bytes / 2);
        self.too_large.set(self.too_large.get().min(bytes));
        self.now.set(self.now.get().min(less).max(1));
        self.since.set(Some(Instant::now()));
        if self.trying.replace(false) {
            self.wait.set((self.wait.get() * 2).min(LONGEST_WAIT));
        }
    }

    /// A request of so many bytes was taken. After a long time within a learned limit, larger ones
    /// are tried: the destination may have been changed.
    pub(super) fn taken(&self, bytes: usize) {
        let now = self.now.get();
        // Small requests say nothing about the limit.
        let grown = self.trying.get() && bytes > now / 2;
        if grown {
            self.trying.set(false);
            self.wait.set(FIRST_TRY);
        }
        if now >= self.most {
            return;
        }
        let long = self
            .since
            .get()
            .is_none_or(|since| since.elapsed() >= self.wait.get());
        if grown || (long && bytes >= now / 2) {
            self.now.set(now.saturating_mul(2).min(self.most));
            self.too_large.set(usize::MAX);
            self.since.set(Some(Instant::now()));
            self.trying.set(true);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sends full batches for so long; how many were refused.
    async fn send(size: &Size, takes: usize, time: Duration) -> u32 {
        let begun = Instant::now();
        let mut refused = 0;
        while begun.elapsed() < time {
            if size.batch() > takes {
                size.refused(size.batch(), None);
                refused += 1;
            } else {
                size.taken(size.batch());
                tokio::time::advance(Duration::from_secs(1)).await;
            }
        }
        refused
    }

    #[tokio::test(start_paused = true)]
    async fn a_limit_is_learned_kept_and_tried_again_ever_more_rarely() {
        let size = Size::new(4 << 20);
        let hour = Duration::from_secs(3600);
        assert_eq!(send(&size, 600_000, FIRST_TRY / 2).await, 3);
        assert_eq!(size.batch(), 1 << 19);
        let tries = send(&size, 600_000, 24 * hour).await;
        assert!((20..40).contains(&tries), "{tries}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_destination_that_takes_more_again_gets_more() {
        let size = Size::new(4 << 20);
        send(&size, 100_000, FIRST_TRY / 2).await;
        assert!(size.batch() <= 100_000);
        assert_eq!(send(&size, usize::MAX, Duration::from_secs(7200)).await, 0);
        assert_eq!(size.batch(), 4 << 20);
    }

    #[tokio::test(start_paused = true)]
    async fn one_try_that_succeeds_is_enough() {
        let size = Size::new(4 << 20);
        // So long that tries have become rare.
        send(&size, 100_000, Duration::from_secs(6 * 3600)).await;
        assert_eq!(size.wait.get(), LONGEST_WAIT);
        tokio::time::advance(LONGEST_WAIT).await;
        assert_eq!(send(&size, usize::MAX, Duration::from_secs(10)).await, 0);
        assert_eq!(size.batch(), 4 << 20);
        assert_eq!(size.wait.get(), FIRST_TRY);
    }

    #[tokio::test(start_paused = true)]
    async fn small_requests_raise_nothing() {
        let size = Size::new(1000);
        size.refused(1000, None);
        tokio::time::advance(LONGEST_WAIT).await;
        size.taken(100);
        assert_eq!(size.batch(), 500);
    }

    #[tokio::test(start_paused = true)]
    async fn a_limit_that_is_named_is_used_and_a_senseless_one_is_not() {
        let size = Size::new(1000);
        size.refused(900, Some(700));
        assert_eq!(size.batch(), 700);
        size.refused(650, Some(5000));
        assert_eq!(size.batch(), 325);
        assert_eq!(size.known_limit(649), None);
        assert_eq!(size.known_limit(10_000), Some(325));
        size.refused(1, None);
        assert_eq!(size.batch(), 1);
    }
}
