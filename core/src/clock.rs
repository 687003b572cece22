//! Time: a monotonic clock for durations, anchored to wall time once per trace.
//!
//! [`monotonic`] counts nanoseconds on the line of `CLOCK_MONOTONIC`. Where the kernel itself trusts
//! the processor's invariant time-stamp counter, it is read directly (16 ns against 27-41, see
//! `docs/adr/0002-clock.md`), with the rate calibrated against `CLOCK_MONOTONIC`, never against the
//! wall clock, which may be stepped. A span's wall time is `monotonic() + offset`, where the offset
//! is taken once per trace: durations are never negative.

use std::fmt;

/// A clock of your own, for [`Config::clock`](crate::Config::clock): tests with fixed times.
///
/// Asked for each start, event and end without a time of its own, on the thread concerned; it must
/// not start or write spans.
pub trait Clock: fmt::Debug + Send + Sync {
    /// The time: nanoseconds since 1970.
    fn unix_ns(&self) -> u64;
}

/// Nanoseconds of `clock`.
fn read(clock: libc::clockid_t) -> u64 {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `time` is a valid, writable timespec; an unknown clock id only returns an error.
    unsafe { libc::clock_gettime(clock, &raw mut time) };
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    seconds
        .wrapping_mul(1_000_000_000)
        .wrapping_add(u64::try_from(time.tv_nsec).unwrap_or(0))
}

/// Unix nanoseconds by the wall clock.
pub(crate) fn wall() -> u64 {
    read(libc::CLOCK_REALTIME)
}

/// What turns monotonic time into Unix time, now.
pub(crate) fn wall_offset() -> u64 {
    wall().wrapping_sub(monotonic())
}

/// Nanoseconds since some fixed moment before this process, never going back.
#[inline]
pub(crate) fn monotonic() -> u64 {
    #[cfg(all(target_arch = "x86_64", target_os = "linux", not(miri)))]
    {
        let rate = tsc::RATE.load(std::sync::atomic::Ordering::Acquire);
        if rate > tsc::PENDING {
            return tsc::to_nanoseconds(rate);
        }
        tsc::calibrating(rate)
    }
    #[cfg(not(all(target_arch = "x86_64", target_os = "linux", not(miri))))]
    read(libc::CLOCK_MONOTONIC)
}

#[cfg(all(target_arch = "x86_64", target_os = "linux", not(miri)))]
mod tsc {
    //! The time-stamp counter, once it is known to be sound and its rate is known.

    use super::read;
    use std::sync::atomic::{AtomicU64, Ordering};

    /// Nanoseconds per tick, times 2^32; or one of the three states below, none a possible rate.
    pub(super) static RATE: AtomicU64 = AtomicU64::new(UNKNOWN);
    const UNKNOWN: u64 = 0;
    const UNUSABLE: u64 = 1;
    pub(super) const PENDING: u64 = 2;

    /// The moment of the first reading, by both clocks.
    static FIRST_TICKS: AtomicU64 = AtomicU64::new(0);
    static FIRST_NS: AtomicU64 = AtomicU64::new(0);

    /// How long to watch both clocks: an error of 100 ns a reading is then below 5 in a million.
    const WATCH_NS: u64 = 20_000_000;

    fn ticks() -> u64 {
        // SAFETY: every x86-64 processor has the instruction; Linux leaves it enabled for users.
        unsafe { core::arch::x86_64::_rdtsc() }
    }

    #[inline]
    pub(super) fn to_nanoseconds(rate: u64) -> u64 {
        let passed = ticks().wrapping_sub(FIRST_TICKS.load(Ordering::Relaxed));
        let scaled = (u128::from(passed) * u128::from(rate)) >> 32;
        #[expect(
            clippy::cast_possible_truncation,
            reason = "five centuries of nanoseconds fit"
        )]
        let scaled = scaled as u64;
        FIRST_NS.load(Ordering::Relaxed).wrapping_add(scaled)
    }

    /// Both clocks at one moment: the tightest of several tries.
    fn pair() -> (u64, u64) {
        let mut best = (u64::MAX, 0, 0);
        for _ in 0..8 {
            let before = ticks();
            let now = read(libc::CLOCK_MONOTONIC);
            let after = ticks();
            let width = after.wrapping_sub(before);
            if width < best.0 {
                best = (width, before.wrapping_add(width / 2), now);
            }
        }
        (best.1, best.2)
    }

    /// The kernel has checked that the counter is invariant and equal on all processors.
    fn kernel_trusts_it() -> bool {
        const SOURCE: &str = "/sys/devices/system/clocksource/clocksource0/current_clocksource";
        std::fs::read(SOURCE).is_ok_and(|name| name.trim_ascii() == b"tsc")
    }

    /// The system's clock, and on the way the two readings from which the rate follows.
    #[cold]
    pub(super) fn calibrating(state: u64) -> u64 {
        let _errno = crate::errno::Saved::now();
        if state == UNKNOWN {
            let next = if kernel_trusts_it() {
                PENDING
            } else {
                UNUSABLE
            };
            let (first_ticks, first_ns) = pair();
            if RATE
                .compare_exchange(UNKNOWN, UNUSABLE, Ordering::AcqRel, Ordering::Relaxed)
                .is_ok()
            {
                FIRST_TICKS.store(first_ticks, Ordering::Relaxed);
                FIRST_NS.store(first_ns, Ordering::Relaxed);
                // Pairs with the acquire load in `monotonic`: the first reading is seen with it.
                RATE.store(next, Ordering::Release);
            }
        } else if state == PENDING {
            let now = read(libc::CLOCK_MONOTONIC);
            if now.wrapping_sub(FIRST_NS.load(Ordering::Relaxed)) < WATCH_NS {
                return now;
            }
            let (ticks, ns) = pair();
            let passed_ns = ns.wrapping_sub(FIRST_NS.load(Ordering::Relaxed));
            let passed_ticks = ticks
                .wrapping_sub(FIRST_TICKS.load(Ordering::Relaxed))
                .max(1);
            let rate = (u128::from(passed_ns) << 32) / u128::from(passed_ticks);
            let rate = u64::try_from(rate).ok().filter(|rate| *rate > PENDING);
            RATE.store(rate.unwrap_or(UNUSABLE), Ordering::Release);
        }
        read(libc::CLOCK_MONOTONIC)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn follows_the_monotonic_clock_before_and_after_calibration() {
        let start = read(libc::CLOCK_MONOTONIC);
        let mut last = 0;
        while read(libc::CLOCK_MONOTONIC) < start + 60_000_000 {
            let before = read(libc::CLOCK_MONOTONIC);
            let now = monotonic();
            let after = read(libc::CLOCK_MONOTONIC);
            assert!(
                now + 20_000 >= before && now <= after + 20_000,
                "{before} {now} {after}"
            );
            assert!(now + 20_000 >= last);
            last = now;
        }
    }

    #[test]
    fn the_offset_gives_wall_time() {
        let now = monotonic().wrapping_add(wall_offset());
        assert!(now.abs_diff(wall()) < 50_000_000);
    }
}
