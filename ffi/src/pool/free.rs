//! Free places, by number: the list of each thread, and a stack that all share.
//!
//! No lock is waited for, so that a forked child is not left with one that another thread held: a
//! list that is in use is passed by, and the stack needs none.

use std::cell::UnsafeCell;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};

/// Lists, so that threads seldom want the same.
const LISTS: usize = 16;
/// Places that rest in a list: one serves again when so many more were freed there. One that finds its
/// list in use does not rest.
const RESTING: usize = 64;
/// Places that go to the stack, and come from it, at a time.
const CHAIN: usize = 32;

/// What a free place says of others; 0 = none.
#[derive(Debug)]
pub(super) struct Link {
    /// The next of a chain.
    next: AtomicU32,
    /// The chain below, of the first in a chain on the stack.
    below: AtomicU32,
}

/// Where the links are.
pub(super) trait Links {
    /// The link of a place that was made; none for 0.
    fn of(&self, number: u32) -> Option<&Link>;
}

/// The free places of a type.
pub(super) struct Free {
    lists: [List; LISTS],
    /// The number of the upper chain's first place, below a count that grows with every change: no
    /// exchange takes an earlier state for the present one.
    stack: AtomicU64,
}

#[repr(align(64))]
struct List {
    is_in_use: AtomicBool,
    held: UnsafeCell<Held>,
}

/// What a list holds.
struct Held {
    resting: [u32; RESTING],
    /// Where the next one rests.
    turn: usize,
    /// The first of the chain that is used now; it has `count` places at most.
    ready: u32,
    count: usize,
    /// The first of a chain that has become too long to go on with.
    full: u32,
}

// SAFETY: a list is entered by one thread at a time.
unsafe impl Sync for List {}

impl List {
    const fn new() -> Self {
        Self {
            is_in_use: AtomicBool::new(false),
            held: UnsafeCell::new(Held {
                resting: [0; RESTING],
                turn: 0,
                ready: 0,
                count: 0,
                full: 0,
            }),
        }
    }

    /// Runs `work` on what it holds, unless another thread is at it.
    fn enter<R>(&self, work: impl FnOnce(&mut Held) -> R) -> Option<R> {
        // Pairs with the release below: what was done with a place is seen by the next to take it.
        if self.is_in_use.swap(true, Ordering::Acquire) {
            return None;
        }
        // SAFETY: whoever set it is the only one here, until it is unset.
        let result = work(unsafe { &mut *self.held.get() });
        self.is_in_use.store(false, Ordering::Release);
        Some(result)
    }
}

impl Held {
    /// Takes a place that serves again; 0 = there is none.
    fn take(&mut self, links: &impl Links) -> u32 {
        if self.ready == 0 {
            self.ready = std::mem::take(&mut self.full);
            self.count = if self.ready == 0 { 0 } else { CHAIN };
        }
        let taken = self.ready;
        if let Some(link) = links.of(taken) {
            self.ready = link.next.load(Ordering::Relaxed);
            self.count -= 1;
        }
        taken
    }

    /// Puts a place to rest. The first of a chain that is too many here; 0 = none.
    fn give(&mut self, links: &impl Links, number: u32) -> u32 {
        self.turn = (self.turn + 1) % RESTING;
        let bed = self.resting.get_mut(self.turn);
        let rested = bed.map_or(number, |bed| std::mem::replace(bed, number));
        let Some(link) = links.of(rested) else {
            return 0;
        };
        link.next.store(self.ready, Ordering::Relaxed);
        self.ready = rested;
        self.count += 1;
        if self.count < CHAIN {
            return 0;
        }
        let chain = std::mem::take(&mut self.ready);
        self.count = 0;
        std::mem::replace(&mut self.full, chain)
    }
}

impl Free {
    pub(super) const fn new() -> Self {
        Self {
            lists: [const { List::new() }; LISTS],
            stack: AtomicU64::new(0),
        }
    }

    /// Takes a place that serves again; 0 = there is none.
    pub(super) fn take(&self, links: &impl Links) -> u32 {
        let list = self.lists.get(here());
        let held = list.and_then(|list| list.enter(|held| held.take(links)));
        if let Some(taken @ 1..) = held {
            return taken;
        }
        let first = self.pop(links);
        let rest = links
            .of(first)
            .map_or(0, |link| link.next.load(Ordering::Relaxed));
        // Another thread of the same list may have filled it since.
        let replaced =
            list.and_then(|list| list.enter(|held| std::mem::replace(&mut held.full, rest)));
        self.push(links, replaced.unwrap_or(rest));
        first
    }

    /// Gives a place back.
    pub(super) fn give(&self, links: &impl Links, number: u32) {
        let list = self.lists.get(here());
        let chain = list.and_then(|list| list.enter(|held| held.give(links, number)));
        let chain = chain.unwrap_or_else(|| {
            if let Some(link) = links.of(number) {
                link.next.store(0, Ordering::Relaxed);
            }
            number
        });
        self.push(links, chain);
    }

    /// Takes the upper chain of the stack; 0 = there is none.
    fn pop(&self, links: &impl Links) -> u32 {
        let mut top = self.stack.load(Ordering::Acquire);
        loop {
            let Some(link) = links.of(chain(top)) else {
                return 0;
            };
            let below = link.below.load(Ordering::Relaxed);
            match self.exchange(top, below) {
                Ok(()) => return chain(top),
                Err(other) => top = other,
            }
        }
    }

    /// Puts a chain on the stack; 0 is none.
    fn push(&self, links: &impl Links, first: u32) {
        let Some(link) = links.of(first) else {
            return;
        };
        let mut top = self.stack.load(Ordering::Relaxed);
        loop {
            link.below.store(chain(top), Ordering::Relaxed);
            match self.exchange(top, first) {
                Ok(()) => return,
                Err(other) => top = other,
            }
        }
    }

    /// Puts another chain on top, if nothing has changed since `top` was read.
    fn exchange(&self, top: u64, first: u32) -> Result<(), u64> {
        let count = (top >> 32).wrapping_add(1);
        let new = count << 32 | u64::from(first);
        // Release and acquire: what was done with a place is seen by the next to take it.
        self.stack
            .compare_exchange_weak(top, new, Ordering::AcqRel, Ordering::Acquire)
            .map(drop)
    }
}

/// The first of the upper chain in a state of the stack.
#[expect(clippy::cast_possible_truncation, reason = "the lower half is meant")]
const fn chain(top: u64) -> u32 {
    top as u32
}

/// The calling thread's list: threads that live at once have their own memory.
fn here() -> usize {
    thread_local! {
        static HERE: u8 = const { 0 };
    }
    /// Spreads what differs in the middle of an address over the upper bits.
    const SPREAD: usize = 0x9e37_79b9_7f4a_7c15;
    let address = HERE.try_with(|here| std::ptr::from_ref(here).addr());
    let spread = (address.unwrap_or(0) >> 6).wrapping_mul(SPREAD);
    spread >> (usize::BITS - LISTS.ilog2())
}

#[cfg(test)]
mod tests {
    use crate::pool::Pool;
    use std::collections::HashSet;
    use std::sync::atomic::Ordering;
    use std::thread;

    /// A number in a place of a pool.
    fn put(pool: &'static Pool<usize>, number: usize) -> *mut usize {
        pool.put(number).unwrap()
    }

    /// The number in a place, which is free from here.
    fn freed(pool: &'static Pool<usize>, place: *mut usize) -> usize {
        // SAFETY: put there, and this thread's.
        let number = unsafe { *place };
        pool.free.give(pool, pool.number(place).unwrap());
        number
    }

    fn pool() -> &'static Pool<usize> {
        Box::leak(Box::new(Pool::new()))
    }

    #[test]
    fn a_free_place_rests_and_then_serves_again() {
        let pool = pool();
        let first = put(pool, 0);
        freed(pool, first);
        for number in 0..super::RESTING {
            let other = put(pool, number);
            assert_ne!(other, first);
            freed(pool, other);
        }
        assert_eq!(put(pool, 0), first);
    }

    #[test]
    fn threads_never_have_the_same_place() {
        const KEPT: usize = 200;
        const ROUNDS: usize = if cfg!(miri) { 2 } else { 300 };
        let pool = pool();
        let work = |thread: usize| {
            for round in 0..ROUNDS {
                let number = |index: usize| (thread * ROUNDS + round) * KEPT + index;
                let kept: Vec<_> = (0..KEPT).map(|index| put(pool, number(index))).collect();
                assert_eq!(kept.iter().collect::<HashSet<_>>().len(), KEPT);
                for (index, place) in kept.into_iter().enumerate() {
                    assert_eq!(freed(pool, place), number(index));
                }
            }
        };
        thread::scope(|scope| {
            for thread in 0..4 {
                scope.spawn(move || work(thread));
            }
        });
        // Memory follows what lives at once, not how much is made: what four lists hold comes on top.
        let most = 4 * (KEPT + super::RESTING + 2 * super::CHAIN);
        let made = pool.made.load(Ordering::Relaxed) as usize;
        assert!(made <= most, "{made} of {most}");
    }

    #[test]
    fn what_one_thread_makes_and_another_frees_comes_back() {
        const ROUNDS: usize = if cfg!(miri) { 500 } else { 100_000 };
        let pool = pool();
        let (hand_over, handed_over) = std::sync::mpsc::sync_channel(16);
        thread::scope(|scope| {
            scope.spawn(move || {
                for number in 0..ROUNDS {
                    hand_over
                        .send((number, put(pool, number).expose_provenance()))
                        .unwrap();
                }
            });
            for (number, place) in handed_over {
                let place = std::ptr::with_exposed_provenance_mut(place);
                assert_eq!(freed(pool, place), number);
            }
        });
        let made = pool.made.load(Ordering::Relaxed);
        assert!(made <= 300, "{made}");
    }
}
