//! What a thread keeps for itself: its ids, its free slots, its chunks, its stack of current spans.
//!
//! One state per thread and process. [`enter`] is the only way in: it notices a fork (the state is
//! of another runtime), a re-entrant call (a signal handler) and a thread whose locals are gone.

use crate::clock;
use crate::current::Stack;
use crate::errno::Saved;
use crate::id::{RandomIds, TraceId};
use crate::logs::{LogRecords, Scratch};
use crate::memory;
use crate::pipeline::producers::Producers;
use crate::runtime::{Runtime, runtime, runtime_if_built};
use crate::value::ValueBuilder;
use crate::wire::buf::Buf;
use std::cell::{Cell, UnsafeCell};
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering, compiler_fence};
use std::sync::{MutexGuard, PoisonError};

/// A thread's own data; see the fields' types for each.
#[derive(Debug)]
pub(crate) struct ThreadState {
    pub(crate) runtime: &'static Runtime,
    pub(crate) ids: RandomIds,
    /// Slots for the next spans, last freed first.
    pub(crate) free_slots: Vec<u32>,
    pub(crate) producers: Producers,
    pub(crate) log_producers: Producers<LogRecords>,
    pub(crate) stack: Stack,
    anchors: [(TraceId, u64); ANCHORS],
    pub(crate) scratch: Buf,
    pub(crate) attributes: ValueBuilder,
    pub(crate) log_record: Scratch,
}

/// Traces per thread whose wall-clock offset is remembered.
const ANCHORS: usize = 8;

impl ThreadState {
    fn new(runtime: &'static Runtime) -> Self {
        Self {
            runtime,
            ids: RandomIds::seeded(),
            free_slots: Vec::new(),
            producers: Producers::default(),
            log_producers: Producers::default(),
            stack: Stack::default(),
            anchors: [(TraceId::default(), 0); ANCHORS],
            scratch: Buf::default(),
            attributes: ValueBuilder::new(),
            log_record: Scratch::default(),
        }
    }

    /// What turns monotonic time into Unix time for spans of `trace`: taken once per trace.
    #[inline]
    pub(crate) fn wall_offset(&mut self, trace: TraceId) -> u64 {
        // As a number: taken out as a byte, it would take the id apart all along the start of a span.
        let place = u128::from_be_bytes(trace.0) % ANCHORS as u128;
        let place = usize::try_from(place).ok();
        let Some((known, offset)) = place.and_then(|place| self.anchors.get_mut(place)) else {
            return clock::wall_offset();
        };
        if *known != trace {
            *known = trace;
            *offset = clock::wall_offset();
        }
        *offset
    }

    /// Gives everything back that other threads can use.
    fn retire(&mut self) {
        self.producers.retire();
        self.log_producers.retire();
        let budget = &self.runtime.budget;
        self.runtime
            .slots
            .give_back(&mut self.free_slots, 0, budget);
    }
}

/// A state with the flag that tells a re-entrant call.
struct Entry {
    runtime: &'static Runtime,
    busy: AtomicBool,
    state: UnsafeCell<ThreadState>,
}

thread_local! {
    static ENTRY: Cell<*mut Entry> = const { Cell::new(ptr::null_mut()) };
    static AT_EXIT: AtThreadExit = const { AtThreadExit };
    /// Names the thread in the orphan state; 0 = not yet.
    static ORPHAN: Cell<u64> = const { Cell::new(0) };
}

impl Entry {
    fn of(state: ThreadState) -> Self {
        Self {
            runtime: state.runtime,
            busy: AtomicBool::new(false),
            state: UnsafeCell::new(state),
        }
    }
}

/// The thread's locals are being destroyed: its calls go to the shared orphan state.
const GONE: *mut Entry = ptr::without_provenance_mut(1);
/// As `GONE`, within such a call.
const GONE_BUSY: *mut Entry = ptr::without_provenance_mut(2);

/// Whether the thread has an entry of its own.
#[inline]
fn is_entry(entry: *const Entry) -> bool {
    entry.addr() > GONE_BUSY.addr()
}

struct AtThreadExit;

impl Drop for AtThreadExit {
    fn drop(&mut self) {
        let entry = ENTRY.replace(GONE);
        if !is_entry(entry) {
            return;
        }
        // SAFETY: made by `Box::into_raw` for this thread, and unreachable after the replace.
        let mut entry = unsafe { Box::from_raw(entry) };
        if crate::runtime::runtime_if_built().is_some_and(|now| ptr::eq(now, entry.runtime)) {
            entry.state.get_mut().retire();
        } else {
            // Made before a fork: what it points to belongs to the parent.
            Box::leak(entry);
        }
    }
}

/// Clears the flag on every way out.
struct Busy<'a>(&'a AtomicBool);

impl Drop for Busy<'_> {
    fn drop(&mut self) {
        compiler_fence(Ordering::SeqCst);
        self.0.store(false, Ordering::Relaxed);
    }
}

/// Runs `work` with the calling thread's state. `None` (counted) if this call interrupts another.
///
/// `work` is called in one place, and what finds the state on the rare ways knows nothing of it: so
/// that what it captures stays in registers.
#[expect(
    clippy::inline_always,
    reason = "the closure of every recording call: keep it in registers"
)]
#[inline(always)]
pub(crate) fn enter<R>(work: impl FnOnce(&mut ThreadState) -> R) -> Option<R> {
    let runtime = runtime();
    let mut entry = ENTRY.get().cast_const();
    let mut lent = Lent(ManuallyDrop::new(None));
    // SAFETY: made by `Box::into_raw` for this thread; freed only after `ENTRY` says `GONE`.
    if !is_entry(entry) || !ptr::eq(unsafe { (*entry).runtime }, runtime) {
        let found = find_entry(runtime)?;
        entry = found.0;
        *lent.0 = found.1;
    }
    // SAFETY: as above, or found to be what `find_entry` says.
    let entry = unsafe { &*entry };
    // Only this thread and its signal handlers see the flag: no other ordering is needed.
    if entry.busy.load(Ordering::Relaxed) {
        return count_reentrant(entry);
    }
    entry.busy.store(true, Ordering::Relaxed);
    compiler_fence(Ordering::SeqCst);
    let _busy = Busy(&entry.busy);
    // SAFETY: the flag admits one caller at a time on the only thread that has this entry.
    Some(work(unsafe { &mut *entry.state.get() }))
}

/// The calling thread's state, in the hands of one call.
pub(crate) struct Entered {
    pub(crate) state: &'static mut ThreadState,
    /// Not for other threads, either.
    _busy: (Busy<'static>, PhantomData<*mut ()>),
}

/// [`enter`] for a call that has it as most have. `None`, and nothing done or counted, if not.
///
/// What is returned must not outlive the call.
#[expect(clippy::inline_always, reason = "a few instructions of each span")]
#[inline(always)]
pub(crate) fn enter_quickly() -> Option<Entered> {
    let runtime = runtime_if_built()?;
    let entry = ENTRY.get().cast_const();
    if !is_entry(entry) {
        return None;
    }
    // SAFETY: made by `Box::into_raw` for this thread; freed only after `ENTRY` says `GONE`.
    let entry = unsafe { &*entry };
    if !ptr::eq(entry.runtime, runtime) || entry.busy.load(Ordering::Relaxed) {
        return None;
    }
    entry.busy.store(true, Ordering::Relaxed);
    compiler_fence(Ordering::SeqCst);
    Some(Entered {
        // SAFETY: the flag admits one caller at a time on the only thread that has this entry.
        state: unsafe { &mut *entry.state.get() },
        _busy: (Busy(&entry.busy), PhantomData),
    })
}

#[cold]
fn count_reentrant<R>(entry: &Entry) -> Option<R> {
    let reentrant = &entry.runtime.misuse.reentrant;
    reentrant.fetch_add(1, Ordering::Relaxed);
    None
}

/// Runs `work`, which takes locks that recording takes too: a signal handler that interrupts it on
/// this thread finds the thread busy rather than waiting for ever. `work` must not record.
pub(crate) fn undisturbed<R>(work: impl FnOnce() -> R) -> R {
    let entry = ENTRY.get();
    if !is_entry(entry) {
        return work();
    }
    // SAFETY: as in `enter`.
    let entry = unsafe { &*entry };
    if entry.busy.swap(true, Ordering::Relaxed) {
        return work();
    }
    compiler_fence(Ordering::SeqCst);
    let _busy = Busy(&entry.busy);
    work()
}

/// The entry of the first call of a thread, the first after a fork, and of calls of a thread at its
/// end: valid until the thread's end, or as long as what comes with it lives.
#[cold]
fn find_entry(runtime: &'static Runtime) -> Option<(*const Entry, Option<Held>)> {
    let errno = Saved::now();
    let old = ENTRY.get();
    if old == GONE_BUSY {
        runtime.misuse.reentrant.fetch_add(1, Ordering::Relaxed);
        return None;
    }
    if old.is_null() && !memory::is_left() {
        return None;
    }
    if old == GONE || AT_EXIT.try_with(|_| ()).is_err() {
        return Some(find_orphan(runtime, errno));
    }
    let mut state = ThreadState::new(runtime);
    if is_entry(old) {
        // SAFETY: this thread's entry of before the fork: still mapped, used by no other thread.
        let entry = unsafe { &*old };
        // SAFETY: as above; the parent's copy is in another process.
        state.stack = unsafe { &*entry.state.get() }.stack.clone();
    }
    let entry = Box::into_raw(Box::new(Entry::of(state)));
    ENTRY.set(entry);
    Some((entry, None))
}

/// The orphan state, if the call has it: given back on every way out.
struct Lent(ManuallyDrop<Option<Held>>);

impl Drop for Lent {
    #[inline]
    fn drop(&mut self) {
        if self.0.is_some() {
            self.give_back();
        }
    }
}

impl Lent {
    #[cold]
    fn give_back(&mut self) {
        // SAFETY: called once, as this is dropped.
        unsafe { ManuallyDrop::drop(&mut self.0) };
    }
}

/// What threads at their end share.
pub(crate) struct Orphan {
    entry: Entry,
    /// Whose stack it holds.
    owner: u64,
}

/// A call with the orphan state; its fields end in this order.
struct Held {
    _orphan: MutexGuard<'static, Option<Box<Orphan>>>,
    _not_busy: NotBusy,
    _errno: Saved,
}

/// Says that the call is over, on every way out.
struct NotBusy;

impl Drop for NotBusy {
    fn drop(&mut self) {
        ENTRY.set(GONE);
    }
}

/// The entry for a call of a thread whose locals are gone.
fn find_orphan(runtime: &'static Runtime, errno: Saved) -> (*const Entry, Option<Held>) {
    static LAST: AtomicU64 = AtomicU64::new(0);
    // Before the lock is taken, and until it is free again: a signal handler must not wait for it.
    ENTRY.set(GONE_BUSY);
    let not_busy = NotBusy;
    let mut owner = ORPHAN.get();
    if owner == 0 {
        owner = LAST.fetch_add(1, Ordering::Relaxed) + 1;
        ORPHAN.set(owner);
    }
    let mut held = runtime
        .orphan
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    let orphan = held.get_or_insert_with(|| {
        Box::new(Orphan {
            entry: Entry::of(ThreadState::new(runtime)),
            owner,
        })
    });
    if orphan.owner != owner {
        // What was current on one thread is not so on another.
        orphan.owner = owner;
        orphan.entry.state.get_mut().stack = Stack::default();
    }
    let entry = &raw const orphan.entry;
    let held = Held {
        _orphan: held,
        _not_busy: not_busy,
        _errno: errno,
    };
    (entry, Some(held))
}
