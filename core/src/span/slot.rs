//! One slot of the table: a span while it is open.

use crate::limits::SpanLimits;
use crate::pipeline::budget::Budget;
use crate::provider::ProviderState;
use crate::scope::Scope;
use crate::wire::buf::Buf;
use crate::wire::keys::KeyIndex;
use crate::wire::record::Record;
use std::cell::UnsafeCell;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering, compiler_fence};

/// A slot. The atomics may be read by any thread at any time; `state` belongs to who holds the live
/// handle and `lock`: which threads of a shared span wait for, and which tells the one writer of
/// another that it interrupts itself, in a signal handler.
#[derive(Debug)]
#[repr(align(64))]
pub(crate) struct Slot {
    generation: AtomicU64,
    lock: AtomicBool,
    /// The provider that counts the span as open, for readers of statistics; 0 = none.
    account: AtomicU32,
    /// Turns monotonic into Unix time; children take it over.
    wall_offset: AtomicU64,
    state: UnsafeCell<SpanState>,
}

// SAFETY: `state` is only reached through `with`, under the rules of the type's comment.
unsafe impl Sync for Slot {}

/// What is known of an open span.
#[derive(Debug, Default)]
pub(crate) struct SpanState {
    pub(crate) provider: Option<&'static ProviderState>,
    pub(crate) scope: Option<&'static Scope>,
    /// Its provider's, if it is recorded.
    pub(crate) limits: Option<&'static SpanLimits>,
    pub(crate) trace_id: [u8; 16],
    pub(crate) span_id: [u8; 8],
    pub(crate) parent_span_id: [u8; 8],
    pub(crate) parent_is_remote: bool,
    pub(crate) trace_flags: u8,
    pub(crate) recording: bool,
    pub(crate) sampled: bool,
    pub(crate) kind: u8,
    pub(crate) status: u8,
    pub(crate) start_ns: u64,
    pub(crate) wall_offset: u64,
    pub(crate) dropped_attributes: u32,
    pub(crate) events: u32,
    pub(crate) dropped_events: u32,
    pub(crate) links: u32,
    pub(crate) dropped_links: u32,
    pub(crate) name: Buf,
    pub(crate) status_message: Buf,
    pub(crate) trace_state: Buf,
    pub(crate) body: Buf,
    pub(crate) keys: KeyIndex,
}

/// Memory of a body that a free slot keeps for its next span.
const KEPT_BODY: usize = 4096;

impl SpanState {
    /// The span as it would be exported, ended at `end_ns`.
    #[expect(clippy::inline_always, reason = "its fields stay where they are")]
    #[inline(always)]
    pub(crate) fn record(&self, end_ns: u64) -> Record<'_> {
        Record {
            trace_id: &self.trace_id,
            span_id: &self.span_id,
            parent_span_id: &self.parent_span_id,
            parent_is_remote: self.parent_is_remote,
            trace_flags: self.trace_flags,
            trace_state: self.trace_state.as_slice(),
            name: self.name.as_slice(),
            kind: self.kind,
            start_ns: self.start_ns,
            end_ns,
            body: self.body.as_slice(),
            dropped_attributes: self.dropped_attributes,
            dropped_events: self.dropped_events,
            dropped_links: self.dropped_links,
            status: self.status,
            status_message: self.status_message.as_slice(),
        }
    }

    /// The limits of its provider; a recorded span has one.
    #[inline]
    pub(super) fn limits(&self) -> &'static SpanLimits {
        self.limits.unwrap_or(&SpanLimits::DEFAULT)
    }

    /// Nothing has happened to it yet but its start.
    #[inline]
    pub(super) fn begin(&mut self, kind: u8, start_ns: u64) {
        self.kind = kind;
        self.start_ns = start_ns;
        self.status = 0;
        self.dropped_attributes = 0;
        self.events = 0;
        self.dropped_events = 0;
        self.links = 0;
        self.dropped_links = 0;
    }

    /// The time, on the clock of its trace.
    #[expect(clippy::inline_always, reason = "a few instructions of each span")]
    #[inline(always)]
    pub(crate) fn now(&self) -> u64 {
        crate::clock::monotonic().wrapping_add(self.wall_offset)
    }

    /// Its provider if ending it takes more than copying bytes: see [`crate::provider::hooks`].
    #[inline]
    pub(crate) fn special_provider(&self) -> Option<&'static ProviderState> {
        let provider = self.provider.filter(|_| self.recording)?;
        provider.is_special().then_some(provider)
    }

    /// Makes room for `count` more bytes in a buffer of this span, within the memory bound.
    #[inline]
    pub(crate) fn reserve(buf: &mut Buf, count: usize, budget: &Budget) -> bool {
        let growth = buf.growth(count);
        growth == 0 || Self::grow(buf, growth, budget)
    }

    #[cold]
    fn grow(buf: &mut Buf, growth: usize, budget: &Budget) -> bool {
        if !budget.take_open(growth) {
            return false;
        }
        let before = buf.capacity();
        let grown = buf.grow(growth);
        let real = buf.capacity() - before;
        if real < growth {
            budget.give_open(growth - real);
        }
        grown
    }

    /// Replaces a text of this span. False, with no text, if there is no room.
    #[inline]
    pub(crate) fn replace(buf: &mut Buf, text: &[u8], budget: &Budget) -> bool {
        buf.clear();
        Self::reserve(buf, text.len(), budget) && buf.set(text)
    }

    /// Empties what a usual span has written to, if none of it is large. False, and nothing done, if
    /// some is.
    #[expect(clippy::inline_always, reason = "a few instructions of each span")]
    #[inline(always)]
    pub(super) fn recycle_usual(&mut self) -> bool {
        let small = self.body.capacity() <= KEPT_BODY && self.name.capacity() <= KEPT_BODY;
        if small {
            self.body.clear();
            self.name.clear();
            self.keys.clear(KEPT_BODY);
        }
        small
    }

    /// Empties the buffers; large ones are given back.
    pub(crate) fn recycle(&mut self, budget: &Budget) {
        self.empty(KEPT_BODY, budget);
    }

    /// Empties the buffers and gives back those of more than `kept` bytes.
    #[inline]
    fn empty(&mut self, kept: usize, budget: &Budget) {
        self.keys.clear(kept);
        for buf in [
            &mut self.body,
            &mut self.name,
            &mut self.status_message,
            &mut self.trace_state,
        ] {
            buf.clear();
            if buf.capacity() > kept {
                budget.give_open(buf.capacity());
                buf.release();
            }
        }
    }
}

/// Unlocks on every way out.
struct Unlock<'a>(&'a AtomicBool);

impl Drop for Unlock<'_> {
    #[inline]
    fn drop(&mut self) {
        // Pairs with the acquire exchange in `lock_shared`; for a signal handler it comes last.
        self.0.store(false, Ordering::Release);
    }
}

/// A span in the hands of one who writes to it.
pub(super) struct Held<'a> {
    pub(super) state: &'a mut SpanState,
    _unlock: Unlock<'a>,
}

/// A free slot in the hands of one who fills it; dropped, it stays free.
pub(super) struct Vacant<'a> {
    pub(super) state: &'a mut SpanState,
    slot: &'a Slot,
}

impl Vacant<'_> {
    /// Makes the span live, open in the account of a provider or in none: its generation.
    #[expect(clippy::inline_always, reason = "a few instructions of each span")]
    #[inline(always)]
    pub(super) fn open(self, counted_for: Option<u32>, wall_offset: u64) -> u64 {
        let slot = self.slot;
        let generation = slot.generation.load(Ordering::Relaxed).wrapping_add(1);
        slot.wall_offset.store(wall_offset, Ordering::Relaxed);
        slot.account
            .store(counted_for.unwrap_or(0), Ordering::Relaxed);
        // Pairs with the acquire load in `holds`.
        slot.generation.store(generation, Ordering::Release);
        generation
    }
}

impl Slot {
    pub(crate) fn new(generation: u64) -> Self {
        Self {
            generation: AtomicU64::new(generation),
            lock: AtomicBool::new(false),
            account: AtomicU32::new(0),
            wall_offset: AtomicU64::new(0),
            state: UnsafeCell::default(),
        }
    }

    /// Whether it holds the live span of `generation`.
    #[inline]
    pub(crate) fn holds(&self, generation: u64) -> bool {
        generation & 1 == 1 && self.generation.load(Ordering::Acquire) == generation
    }

    /// The span of `generation` to write to, `None` if the slot holds another or none, or this call
    /// interrupts another that uses it.
    #[expect(clippy::inline_always, reason = "a few instructions of every call")]
    #[inline(always)]
    pub(super) fn hold(&self, generation: u64, shared: bool) -> Option<Held<'_>> {
        // Asked before the lock of one writer, which a stale handle must leave alone.
        let unlock = match (shared, self.holds(generation)) {
            (true, _) => self.lock_shared(),
            (false, true) => self.lock_alone()?,
            (false, false) => return None,
        };
        if shared && !self.holds(generation) {
            return None;
        }
        Some(Held {
            // SAFETY: the generation is right, so that the caller holds the live handle; the contract is
            // one writer at a time unless it is shared, and the lock keeps signal handlers out.
            state: unsafe { &mut *self.state.get() },
            _unlock: unlock,
        })
    }

    /// Runs `work` on the span that [`Self::hold`] gives.
    #[expect(
        clippy::inline_always,
        reason = "the closure of every recording call: keep it in registers"
    )]
    #[inline(always)]
    pub(crate) fn with<R>(
        &self,
        generation: u64,
        shared: bool,
        work: impl FnOnce(&mut SpanState) -> R,
    ) -> Option<R> {
        let held = self.hold(generation, shared)?;
        Some(work(held.state))
    }

    /// Runs `look` on what never changes of the span of `generation`: on any thread, beside its writer.
    /// `None` if the slot holds another or none.
    #[inline]
    pub(crate) fn look<R>(
        &self,
        generation: u64,
        shared: bool,
        look: impl FnOnce(&SpanState) -> R,
    ) -> Option<R> {
        let _unlock = shared.then(|| self.lock_shared());
        if !self.holds(generation) {
            return None;
        }
        // SAFETY: the generation is right, so that the caller holds the live handle; the fields that
        // are looked at are not written to as long as it is live.
        Some(look(unsafe { &*self.state.get() }))
    }

    /// The lock for the one writer: only its own signal handlers can find it taken.
    #[inline]
    fn lock_alone(&self) -> Option<Unlock<'_>> {
        if self.lock.load(Ordering::Relaxed) {
            return None;
        }
        self.lock.store(true, Ordering::Relaxed);
        compiler_fence(Ordering::SeqCst);
        Some(Unlock(&self.lock))
    }

    #[inline]
    fn lock_shared(&self) -> Unlock<'_> {
        // Pairs with the release store in `Unlock`.
        while self
            .lock
            .compare_exchange_weak(false, true, Ordering::Acquire, Ordering::Relaxed)
            .is_err()
        {
            self.wait_for_lock();
        }
        Unlock(&self.lock)
    }

    /// The lock is held for a few copies at most; a holder that lost its processor needs ours.
    #[cold]
    fn wait_for_lock(&self) {
        for _ in 0..64 {
            if !self.lock.load(Ordering::Relaxed) {
                return;
            }
            std::hint::spin_loop();
        }
        std::thread::yield_now();
    }

    /// Frees what a free slot of the caller's own list holds.
    pub(crate) fn release(&self, budget: &Budget) {
        // SAFETY: a free slot belongs to who took it from the one list that it was in.
        let state = unsafe { &mut *self.state.get() };
        state.empty(0, budget);
    }

    /// A free slot, which the caller took from a free list, to be filled and opened.
    #[expect(clippy::inline_always, reason = "a few instructions of each span")]
    #[inline(always)]
    pub(super) fn vacant(&self) -> Vacant<'_> {
        Vacant {
            slot: self,
            // SAFETY: a free slot belongs to who took it from the one list that it was in.
            state: unsafe { &mut *self.state.get() },
        }
    }

    /// Ends the life of `generation`: handles are stale from here. Called within `with`.
    #[inline]
    pub(crate) fn retire(&self, generation: u64) {
        self.account.store(0, Ordering::Relaxed);
        self.generation
            .store(generation.wrapping_add(1), Ordering::Release);
    }

    /// Gives the live span a new generation: handles of the old one are stale from here. Called
    /// within `with`.
    pub(crate) fn renew(&self, generation: u64) -> u64 {
        let renewed = generation.wrapping_add(2);
        self.generation.store(renewed, Ordering::Release);
        renewed
    }

    /// The wall-clock offset of the span of `generation`, if it is live and has one: a span that is
    /// not recorded has none.
    #[inline]
    pub(crate) fn wall_offset_of(&self, generation: u64) -> Option<u64> {
        let offset = self.wall_offset.load(Ordering::Relaxed);
        (offset != 0 && self.generation.load(Ordering::Acquire) == generation).then_some(offset)
    }

    /// Whether it holds a counted span of `provider`.
    pub(crate) fn is_open_of(&self, provider: u32) -> bool {
        self.account.load(Ordering::Relaxed) == provider
    }
}
