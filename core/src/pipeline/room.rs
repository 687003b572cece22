//! Where threads wait until there is room for a finished span: only in the blocking mode, which a
//! program asks for. Who makes room pays one load while nobody waits.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering, fence};
use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Instant;

/// The place to wait at.
#[derive(Debug, Default)]
pub(crate) struct Room {
    waiting: AtomicUsize,
    /// Grows whenever room was made while somebody waited.
    made: AtomicU64,
    lock: Mutex<()>,
    news: Condvar,
}

/// Someone who waits; from here on no news is missed.
#[derive(Debug)]
pub(crate) struct Waiter<'a>(&'a Room);

impl Room {
    /// Begins to wait: the caller looks for room after this and before each [`Waiter::sleep`].
    pub(crate) fn waiter(&self) -> Waiter<'_> {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        // Pairs with the fence in `made`: either that sees the waiter, or the waiter sees the room.
        fence(Ordering::SeqCst);
        Waiter(self)
    }

    /// There is room where there may have been none.
    #[inline]
    pub(crate) fn made(&self) {
        fence(Ordering::SeqCst);
        if self.waiting.load(Ordering::Relaxed) > 0 {
            self.tell();
        }
    }

    #[cold]
    fn tell(&self) {
        let lock = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        // Release pairs with the load in `news`: who knows of this sees the room.
        self.made.fetch_add(1, Ordering::Release);
        drop(lock);
        self.news.notify_all();
    }
}

impl Waiter<'_> {
    /// What has happened so far; asked before looking for room.
    pub(crate) fn news(&self) -> u64 {
        self.0.made.load(Ordering::Acquire)
    }

    /// Sleeps until more than `known` has happened; false if the deadline passes first.
    pub(crate) fn sleep(&self, known: u64, deadline: Instant) -> bool {
        let lock = self.0.lock.lock().unwrap_or_else(PoisonError::into_inner);
        let left = deadline.saturating_duration_since(Instant::now());
        let still = |(): &mut ()| self.news() == known;
        let (_lock, waited) = self
            .0
            .news
            .wait_timeout_while(lock, left, still)
            .unwrap_or_else(PoisonError::into_inner);
        !waited.timed_out()
    }
}

impl Drop for Waiter<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn room_made_after_a_look_is_not_missed() {
        let room = Room::default();
        let waiter = room.waiter();
        let known = waiter.news();
        room.made();
        assert!(waiter.sleep(known, Instant::now() + Duration::from_secs(60)));
    }

    #[test]
    fn whoever_waits_for_nothing_stops_at_the_deadline() {
        let room = Room::default();
        room.made();
        let waiter = room.waiter();
        assert!(!waiter.sleep(waiter.news(), Instant::now()));
    }

    #[test]
    fn all_who_wait_are_woken() {
        let room = Room::default();
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    let waiter = room.waiter();
                    let known = waiter.news();
                    assert!(waiter.sleep(known, Instant::now() + Duration::from_secs(60)));
                });
            }
            while room.waiting.load(Ordering::Relaxed) < 3 {
                std::thread::yield_now();
            }
            while room.waiting.load(Ordering::Relaxed) > 0 {
                room.made();
                std::thread::yield_now();
            }
        });
    }
}
