//! The table of live spans: slots found by index, checked by generation.
//!
//! Slots live in segments that are never unmapped, so that any handle, however old or invented, can
//! be looked up safely. A slot's generation is odd while it holds a span and grows with every start
//! and end; it starts from the runtime's epoch, so that no handle outlives a fork.

use crate::errno::Saved;
use crate::memory::dispensable;
use crate::pipeline::budget::Budget;
use crate::span::slot::Slot;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::{Mutex, PoisonError};

const SEGMENT: usize = 64;
const MAX_SEGMENTS: usize = 16 * 1024;
/// Free slots that a thread keeps, and how many move at a time beyond that.
pub(crate) const KEPT_FREE: usize = 64;
const MOVED: usize = 32;

type Segment = [Slot; SEGMENT];

/// All slots of a process.
#[derive(Debug)]
pub(crate) struct SlotTable {
    segments: Box<[AtomicPtr<Segment>]>,
    shared: Mutex<Shared>,
    first_generation: u64,
}

#[derive(Debug, Default)]
struct Shared {
    free: Vec<u32>,
    segments: usize,
}

impl SlotTable {
    pub(crate) fn new(epoch: u64) -> Self {
        let segments = (0..MAX_SEGMENTS)
            .map(|_| AtomicPtr::new(ptr::null_mut()))
            .collect();
        Self {
            segments,
            shared: Mutex::default(),
            first_generation: epoch << 40,
        }
    }

    /// The slot of an index, if there is one.
    #[inline]
    pub(crate) fn get(&self, index: u32) -> Option<&Slot> {
        let index = index as usize;
        let segment = self.segments.get(index / SEGMENT)?.load(Ordering::Acquire);
        // SAFETY: null or a leaked segment, published with release.
        let segment = unsafe { segment.as_ref() }?;
        segment.get(index % SEGMENT)
    }

    /// Moves free slots to a thread's list, from new memory if need be. False if there are none.
    #[cold]
    pub(crate) fn refill(&self, list: &mut Vec<u32>, budget: &Budget) -> bool {
        let _errno = Saved::now();
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        if shared.free.is_empty() && !self.grow(&mut shared, budget) {
            return false;
        }
        if list.try_reserve(KEPT_FREE).is_err() {
            return false;
        }
        let start = shared.free.len().saturating_sub(MOVED);
        list.extend(shared.free.drain(start..));
        true
    }

    fn grow(&self, shared: &mut Shared, budget: &Budget) -> bool {
        let Some(place) = self.segments.get(shared.segments) else {
            return false;
        };
        let mut slots = Vec::new();
        if shared.free.try_reserve(SEGMENT).is_err()
            || dispensable(|| slots.try_reserve_exact(SEGMENT)).is_err()
            || !budget.take_slots(size_of::<Segment>())
        {
            return false;
        }
        let generation = self.first_generation;
        slots.extend((0..SEGMENT).map(|_| Slot::new(generation)));
        let Ok(segment) = Box::<Segment>::try_from(slots.into_boxed_slice()) else {
            return false;
        };
        // Pairs with the acquire load in `get`.
        place.store(Box::into_raw(segment), Ordering::Release);
        let first = shared.segments * SEGMENT;
        shared.segments += 1;
        // The first of all is left out: 0 in a handle means none.
        let slots = (first.max(1)..first + SEGMENT)
            .rev()
            .filter_map(|index| u32::try_from(index).ok());
        shared.free.extend(slots);
        true
    }

    /// Takes a thread's surplus back, down to `keep`, and frees what those slots hold: idle slots
    /// must not use up what open spans may hold.
    #[cold]
    pub(crate) fn give_back(&self, list: &mut Vec<u32>, keep: usize, budget: &Budget) {
        let _errno = Saved::now();
        let surplus = list.get(keep..).unwrap_or_default();
        for slot in surplus.iter().filter_map(|index| self.get(*index)) {
            slot.release(budget);
        }
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        // Room was reserved when the slots were made, for each is in one list at most.
        if shared.free.try_reserve(list.len()).is_ok() {
            shared.free.extend(list.drain(keep.min(list.len())..));
        }
    }

    /// A freed slot for the thread's list; every so often the surplus goes back.
    #[expect(clippy::inline_always, reason = "a few instructions of each span")]
    #[inline(always)]
    pub(crate) fn recycle(&self, index: u32, list: &mut Vec<u32>, budget: &Budget) {
        if list.len() < list.capacity().min(KEPT_FREE) {
            list.push(index);
        } else {
            self.recycle_beyond(index, list, budget);
        }
    }

    #[cold]
    fn recycle_beyond(&self, index: u32, list: &mut Vec<u32>, budget: &Budget) {
        if list.len() >= KEPT_FREE {
            self.give_back(list, KEPT_FREE - MOVED, budget);
        }
        if list.len() < list.capacity() || list.try_reserve(KEPT_FREE).is_ok() {
            list.push(index);
        }
    }

    /// Sampled spans of a provider that are open now.
    pub(crate) fn count_open(&self, provider: u32) -> u64 {
        let segments = self
            .shared
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .segments;
        let indices = (0..segments * SEGMENT).filter_map(|index| u32::try_from(index).ok());
        let open = indices.filter_map(|index| self.get(index));
        open.map(|slot| u64::from(slot.is_open_of(provider))).sum()
    }
}
