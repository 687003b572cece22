//! How long to wait before a batch is sent again: exponential with jitter, or the destination's
//! wish, and never longer than what remains of a flush or shutdown.

use std::time::Duration;

/// First wait; doubles with each failure.
const FIRST: Duration = Duration::from_millis(100);

/// Longest wait of our own choice.
const LONGEST: Duration = Duration::from_secs(30);

/// First pause after a destination would take nothing from this sender; doubles too. Each attempt
/// costs a batch, and credentials are mended by people.
const FIRST_DENIED: Duration = Duration::from_secs(5);

/// Longest wish of a destination (Retry-After) that is followed.
const LONGEST_WISH: Duration = Duration::from_secs(300);

/// The waits of one pipeline; reset when a batch leaves.
#[derive(Debug)]
pub(super) struct Backoff {
    step: Duration,
    denied: Duration,
    random: u64,
}

/// How long not to send, and for whose sake.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wait {
    /// Our own choice: whoever is in a hurry may shorten it.
    Own(Duration),
    /// The destination asked for it.
    Asked(Duration),
    /// It takes nothing from us: nobody waits for the end of that.
    Denied(Duration),
}

impl Wait {
    /// The time, whatever the reason.
    pub(super) fn duration(self) -> Duration {
        match self {
            Self::Own(time) | Self::Asked(time) | Self::Denied(time) => time,
        }
    }
}

impl Backoff {
    /// The seed only spreads the waits of many processes; zero is fine.
    pub(super) fn new(seed: u64) -> Self {
        Self {
            step: FIRST,
            denied: FIRST_DENIED,
            random: seed | 1,
        }
    }

    /// A batch left: begins again with the first wait.
    pub(super) fn reset(&mut self) {
        self.step = FIRST;
    }

    /// The destination takes our batches: a later denial begins with the first pause.
    pub(super) fn welcome(&mut self) {
        self.denied = FIRST_DENIED;
    }

    /// Whether the destination took nothing from us when it was last asked.
    pub(super) fn is_denied(&self) -> bool {
        self.denied > FIRST_DENIED
    }

    /// The wait after one more failure.
    pub(super) fn next(&mut self, wish: Option<Duration>) -> Wait {
        let step = self.step;
        self.step = (step * 2).min(LONGEST);
        match wish {
            Some(wish) => Wait::Asked(self.a_little_over(wish.clamp(FIRST, LONGEST_WISH))),
            None => Wait::Own(step / 2 + self.part_of(step / 2)),
        }
    }

    /// The pause after one more denial.
    pub(super) fn denied(&mut self) -> Wait {
        let pause = self.denied;
        self.denied = (pause * 2).min(LONGEST_WISH);
        Wait::Denied(self.a_little_over(pause))
    }

    /// A little later than asked, never earlier.
    fn a_little_over(&mut self, asked: Duration) -> Duration {
        asked + self.part_of(asked / 10)
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
            let Wait::Own(wait) = backoff.next(None) else {
                panic!("nobody asked")
            };
            assert!(wait >= step / 2 && wait <= step, "{wait:?} for {step:?}");
            step = (step * 2).min(LONGEST);
        }
        backoff.reset();
        assert!(backoff.next(None).duration() <= FIRST);
    }

    #[test]
    fn pauses_after_denials_grow_to_five_minutes_until_a_batch_is_taken() {
        let mut backoff = Backoff::new(3);
        let mut step = FIRST_DENIED;
        for round in 0..10 {
            assert_eq!(backoff.is_denied(), round > 0);
            let pause = backoff.denied().duration();
            assert!(pause >= step && pause <= step * 11 / 10, "{pause:?}");
            step = (step * 2).min(LONGEST_WISH);
        }
        backoff.welcome();
        assert!(!backoff.is_denied());
    }

    #[test]
    fn a_wish_is_honoured_up_to_five_minutes() {
        let mut backoff = Backoff::new(0);
        let ten = Duration::from_secs(10);
        let wait = backoff.next(Some(ten)).duration();
        assert!(wait >= ten && wait <= ten * 11 / 10);
        assert!(backoff.next(Some(Duration::MAX)).duration() <= LONGEST_WISH * 11 / 10);
        assert!(backoff.next(Some(Duration::ZERO)).duration() >= FIRST);
    }

    #[test]
    fn a_deadline_shortens_the_wait_but_never_to_a_busy_loop() {
        let second = Duration::from_secs(1);
        assert_eq!(under_deadline(second * 30, second * 3), second);
        assert_eq!(under_deadline(second * 30, Duration::ZERO), FIRST);
        assert_eq!(under_deadline(FIRST / 5, second), FIRST / 5);
    }
}
