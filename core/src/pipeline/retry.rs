//! How long to wait before a batch is sent again: exponential with jitter, or the destination's
//! wish, and never longer than what remains of a flush or shutdown.

use std::time::Duration;

/// First wait; doubles with each failure.
const FIRST: Duration = Duration::from_millis(100);

/// Longest wait of our own choice.
const LONGEST: Duration = Duration::from_secs(30);

/// Longest wish of a destination (Retry-After) that is followed.
const LONGEST_WISH: Duration = Duration::from_secs(300);

/// The waits of one pipeline; reset when a batch leaves.
#[derive(Debug)]
pub(super) struct Backoff {
    step: Duration,
    random: u64,
}

impl Backoff {
    /// The seed only spreads the waits of many processes; zero is fine.
    pub(super) fn new(seed: u64) -> Self {
        Self {
            step: FIRST,
            random: seed | 1,
        }
    }

    /// Begins again with the first wait.
    pub(super) fn reset(&mut self) {
        self.step = FIRST;
    }

    /// The wait after one more failure.
    pub(super) fn next(&mut self, wish: Option<Duration>) -> Duration {
        let step = self.step;
        self.step = (step * 2).min(LONGEST);
        match wish {
            // A little later than asked, never earlier.
            Some(wish) => {
                let wish = wish.clamp(FIRST, LONGEST_WISH);
                wish + self.part_of(wish / 10)
            }
            None => step / 2 + self.part_of(step / 2),
        }
    }

    /// A random part of the duration.
    fn part_of(&mut self, whole: Duration) -> Duration {
        // xorshift64: spread is all that is asked of it.
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        let thousandths = u32::try_from(self.random % 1001).unwrap_or(0);
        whole / 1000 * thousandths
    }
}

/// The wait when only `remaining` is left: short enough for a few more attempts, no busy loop.
pub(super) fn under_deadline(wait: Duration, remaining: Duration) -> Duration {
    wait.min((remaining / 3).max(FIRST))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_with_jitter_up_to_the_longest() {
        let mut backoff = Backoff::new(7);
        let mut step = FIRST;
        for _ in 0..20 {
            let wait = backoff.next(None);
            assert!(wait >= step / 2 && wait <= step, "{wait:?} for {step:?}");
            step = (step * 2).min(LONGEST);
        }
        backoff.reset();
        assert!(backoff.next(None) <= FIRST);
    }

    #[test]
    fn a_wish_is_honoured_up_to_five_minutes() {
        let mut backoff = Backoff::new(0);
        let ten = Duration::from_secs(10);
        let wait = backoff.next(Some(ten));
        assert!(wait >= ten && wait <= ten * 11 / 10);
        assert!(backoff.next(Some(Duration::MAX)) <= LONGEST_WISH * 11 / 10);
        assert!(backoff.next(Some(Duration::ZERO)) >= FIRST);
    }

    #[test]
    fn a_deadline_shortens_the_wait_but_never_to_a_busy_loop() {
        let second = Duration::from_secs(1);
        assert_eq!(under_deadline(second * 30, second * 3), second);
        assert_eq!(under_deadline(second * 30, Duration::ZERO), FIRST);
        assert_eq!(under_deadline(FIRST / 5, second), FIRST / 5);
    }
}
