//! The memory bound of the process, in bytes: chunks, what is in flight, and open spans.
//!
//! Taken and given back in large pieces on cold paths, so that one shared counter suffices.

use super::room::Room;
use crate::memory::dispensable;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

/// Bytes held, and the bound on them.
#[derive(Debug)]
pub(crate) struct Budget {
    used: AtomicUsize,
    open: AtomicUsize,
    slots: AtomicUsize,
    limit: AtomicUsize,
    half_for_open: AtomicBool,
    /// Memory of freed chunks, kept to spare the page faults of new memory.
    pool: Mutex<Vec<Box<[u8]>>>,
    /// For threads that wait until something is given back.
    pub(crate) room: Room,
}

/// The default bound of a process.
pub(crate) const DEFAULT_LIMIT: usize = 32 * 1024 * 1024;

/// Bytes of a thread's first chunk, and of the usual one.
pub(super) const FIRST_CHUNK: usize = 8 * 1024;
pub(super) const CHUNK: usize = 64 * 1024;

/// Freed chunks that are kept: 1 MiB.
const POOLED: usize = 16;

impl Budget {
    pub(crate) fn new() -> Self {
        Self {
            used: AtomicUsize::new(0),
            open: AtomicUsize::new(0),
            slots: AtomicUsize::new(0),
            limit: AtomicUsize::new(DEFAULT_LIMIT),
            half_for_open: AtomicBool::new(false),
            pool: Mutex::default(),
            room: Room::default(),
        }
    }

    pub(crate) fn set_limit(&self, bytes: usize) {
        self.limit.store(bytes, Ordering::Relaxed);
    }

    pub(crate) fn limit(&self) -> usize {
        self.limit.load(Ordering::Relaxed)
    }

    /// Bytes held now.
    pub(crate) fn used(&self) -> usize {
        self.used.load(Ordering::Relaxed)
    }

    /// Whether half of the bound is held.
    pub(crate) fn is_half_used(&self) -> bool {
        self.used() >= self.limit() / 2
    }

    /// Finished spans leave half of the bound to open ones from here on: threads that wait for room at
    /// the end of a span must not keep others from starting one.
    pub(crate) fn keep_half_for_open(&self) {
        self.half_for_open.store(true, Ordering::Relaxed);
    }

    /// Takes `bytes` for finished spans, if the bound allows.
    pub(crate) fn take(&self, bytes: usize) -> bool {
        if self.half_for_open.load(Ordering::Relaxed) {
            let open = self.open.load(Ordering::Relaxed);
            if self.used().saturating_sub(open) + bytes > self.limit() / 2 {
                return false;
            }
        }
        take_up_to(&self.used, bytes, self.limit())
    }

    /// Gives back what [`Budget::take`] took.
    pub(crate) fn give(&self, bytes: usize) {
        self.used.fetch_sub(bytes, Ordering::Relaxed);
        self.room.made();
    }

    /// Takes `bytes` for open spans, which together may hold half the bound.
    pub(crate) fn take_open(&self, bytes: usize) -> bool {
        if !take_up_to(&self.open, bytes, self.limit() / 2) {
            return false;
        }
        let fits = take_up_to(&self.used, bytes, self.limit());
        if !fits {
            self.open.fetch_sub(bytes, Ordering::Relaxed);
        }
        fits
    }

    /// Takes `bytes` for slots of open spans. Those are never given back, so they get half of what
    /// open spans get: after a burst of open spans there is still room for what spans hold.
    pub(crate) fn take_slots(&self, bytes: usize) -> bool {
        if !take_up_to(&self.slots, bytes, self.limit() / 4) {
            return false;
        }
        let fits = self.take_open(bytes);
        if !fits {
            self.slots.fetch_sub(bytes, Ordering::Relaxed);
        }
        fits
    }

    /// Gives back what [`Budget::take_open`] took.
    pub(crate) fn give_open(&self, bytes: usize) {
        self.open.fetch_sub(bytes, Ordering::Relaxed);
        self.give(bytes);
    }

    /// Memory for a chunk: pooled or new, `None` if the system refuses.
    pub(crate) fn memory(&self, bytes: usize) -> Option<Box<[u8]>> {
        let mut pool = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = pool.iter().position(|memory| memory.len() == bytes) {
            return Some(pool.swap_remove(at));
        }
        drop(pool);
        let mut memory = Vec::new();
        dispensable(|| memory.try_reserve_exact(bytes)).ok()?;
        memory.resize(bytes, 0);
        Some(memory.into_boxed_slice())
    }

    /// Takes back a chunk's memory. Only the usual sizes are worth keeping: an oversize span's chunk
    /// may be as large as the bound, and would hardly ever fit another one.
    pub(crate) fn recycle(&self, memory: Box<[u8]>) {
        if !matches!(memory.len(), FIRST_CHUNK | CHUNK) {
            return;
        }
        let mut pool = self.pool.lock().unwrap_or_else(PoisonError::into_inner);
        if pool.len() < POOLED {
            pool.push(memory);
        }
    }
}

/// Adds to a counter unless that takes it above `limit`; readers never see it there.
fn take_up_to(counter: &AtomicUsize, bytes: usize, limit: usize) -> bool {
    let add = |held: usize| {
        held.checked_add(bytes)
            .filter(|together| *together <= limit)
    };
    counter
        .fetch_update(Ordering::Relaxed, Ordering::Relaxed, add)
        .is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slots_leave_room_for_what_open_spans_hold() {
        let budget = Budget::new();
        budget.set_limit(1000);
        assert!(budget.take_slots(250));
        assert!(!budget.take_slots(1));
        assert!(budget.take_open(250));
        assert_eq!(budget.used(), 500);
    }

    #[test]
    fn where_threads_wait_for_room_finished_spans_leave_half_to_open_ones() {
        let budget = Budget::new();
        budget.set_limit(1000);
        budget.keep_half_for_open();
        assert!(budget.take(500));
        assert!(!budget.take(1));
        assert!(budget.take_slots(250) && budget.take_open(250));
        budget.give(500);
        assert!(budget.take(500));
    }

    #[test]
    fn only_chunks_of_the_usual_sizes_are_kept() {
        let budget = Budget::new();
        for bytes in [FIRST_CHUNK, 16 << 20, CHUNK, 70_000] {
            budget.recycle(vec![0; bytes].into_boxed_slice());
        }
        let kept: Vec<_> = budget
            .pool
            .lock()
            .unwrap()
            .iter()
            .map(|m| m.len())
            .collect();
        assert_eq!(kept, [FIRST_CHUNK, CHUNK]);
    }

    #[test]
    fn open_spans_get_half_and_finished_spans_the_rest() {
        let budget = Budget::new();
        budget.set_limit(1000);
        assert!(budget.take_open(500));
        assert!(!budget.take_open(1));
        assert!(budget.take(500));
        assert!(!budget.take(1));
        budget.give_open(500);
        assert!(budget.take(500));
        assert_eq!(budget.used(), 1000);
    }
}
