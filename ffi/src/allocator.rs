//! The library's allocator: the system's, with a reserve for two moments at which that cannot serve.
//!
//! When the system refuses memory, what a recording call cannot do without (a thread's first entry,
//! a context) comes out of the reserve; what it can do without fails as it should. And in a signal
//! handler that interrupts an allocation of this library on the same thread, the system's allocator
//! must not be entered again. The reserve is lock-free and never grows.

use libtracer::binding::{errno_place, is_dispensable};
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::{Cell, UnsafeCell};
use std::ptr;
use std::sync::atomic::{AtomicU64, Ordering, compiler_fence};

#[global_allocator]
static ALLOCATOR: Allocator = Allocator;

struct Allocator;

/// Blocks of a size, a bit of a word for each.
struct Class {
    size: usize,
    words: usize,
}

/// Smallest first. Untouched pages take no memory.
const CLASSES: [Class; 4] = [
    Class {
        size: 64,
        words: 32,
    },
    Class {
        size: 256,
        words: 8,
    },
    Class {
        size: 1024,
        words: 4,
    },
    Class {
        size: 8192,
        words: 1,
    },
];
const BLOCKS_OF_A_WORD: usize = 64;
const WORDS: usize = {
    let [tiny, small, middle, large] = &CLASSES;
    tiny.words + small.words + middle.words + large.words
};
const BYTES: usize = {
    let [tiny, small, middle, large] = &CLASSES;
    let of_a_place = tiny.size * tiny.words
        + small.size * small.words
        + middle.size * middle.words
        + large.size * large.words;
    of_a_place * BLOCKS_OF_A_WORD
};
/// Of every block; what wants more does not come from here.
const ALIGNMENT: usize = 64;

#[repr(align(64))]
struct Memory(UnsafeCell<[u8; BYTES]>);

// SAFETY: each block is handed to one owner; the array itself is never read or written here.
unsafe impl Sync for Memory {}

static MEMORY: Memory = Memory(UnsafeCell::new([0; BYTES]));
/// Which blocks are taken.
static TAKEN: [AtomicU64; WORDS] = [const { AtomicU64::new(0) }; WORDS];

fn start() -> *mut u8 {
    MEMORY.0.get().cast()
}

/// The words of all classes with the size of their blocks and the first one's offset.
fn words() -> impl Iterator<Item = (&'static AtomicU64, usize, usize)> {
    let sizes = CLASSES
        .iter()
        .flat_map(|class| std::iter::repeat_n(class.size, class.words));
    let mut next = 0;
    TAKEN.iter().zip(sizes).map(move |(word, size)| {
        let first = next;
        next += size * BLOCKS_OF_A_WORD;
        (word, size, first)
    })
}

fn offset_of(block: *const u8) -> Option<usize> {
    let offset = block.addr().checked_sub(start().addr());
    offset.filter(|offset| *offset < BYTES)
}

/// A block of the reserve, or null.
#[cold]
fn take(layout: Layout) -> *mut u8 {
    if layout.align() > ALIGNMENT || is_dispensable() {
        return ptr::null_mut();
    }
    for (word, size, first) in words() {
        if size < layout.size() {
            continue;
        }
        let mut place = 0;
        // Acquire: with the release of `give_back`, so that its last owner has finished.
        let taken = word.fetch_update(Ordering::Acquire, Ordering::Relaxed, |taken| {
            place = taken.trailing_ones();
            1_u64.checked_shl(place).map(|bit| taken | bit)
        });
        if taken.is_ok() {
            return start().wrapping_add(first + size * place as usize);
        }
    }
    ptr::null_mut()
}

#[cold]
fn give_back(offset: usize) {
    for (word, size, first) in words() {
        let Some(place) = offset.checked_sub(first).map(|within| within / size) else {
            return;
        };
        if place < BLOCKS_OF_A_WORD {
            word.fetch_and(!(1 << place), Ordering::Release);
            return;
        }
    }
}

thread_local! {
    static ALLOCATING: Cell<bool> = const { Cell::new(false) };
}

/// The thread is in the system's allocator until this is dropped.
struct InSystem {
    errno: i32,
}

impl InSystem {
    /// `None` in a signal handler that interrupts it there.
    #[inline]
    fn enter() -> Option<Self> {
        if ALLOCATING.replace(true) {
            return None;
        }
        compiler_fence(Ordering::SeqCst);
        // SAFETY: this thread's.
        let errno = unsafe { errno_place().read() };
        Some(Self { errno })
    }

    /// Forgets what the refusal did to `errno`.
    #[cold]
    fn refused(&self) {
        // SAFETY: this thread's.
        unsafe { errno_place().write(self.errno) };
    }
}

impl Drop for InSystem {
    #[inline]
    fn drop(&mut self) {
        compiler_fence(Ordering::SeqCst);
        ALLOCATING.set(false);
    }
}

/// `by_system`'s memory if it can be asked and has some, else the reserve's, else null.
#[inline]
fn first(layout: Layout, by_system: impl FnOnce() -> *mut u8) -> *mut u8 {
    if let Some(in_system) = InSystem::enter() {
        let memory = by_system();
        if !memory.is_null() {
            return memory;
        }
        in_system.refused();
    }
    take(layout)
}

// SAFETY: blocks come from the system's allocator or are disjoint parts of the reserve, as long and
// as aligned as asked for; each goes back to where it came from. Nothing here unwinds.
unsafe impl GlobalAlloc for Allocator {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as the caller vouches.
        first(layout, || unsafe { System.alloc(layout) })
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        let mut by_system = false;
        let memory = first(layout, || {
            by_system = true;
            // SAFETY: as the caller vouches.
            unsafe { System.alloc_zeroed(layout) }
        });
        if !memory.is_null() && (!by_system || offset_of(memory).is_some()) {
            // SAFETY: a block of the reserve, of that size.
            unsafe { memory.write_bytes(0, layout.size()) };
        }
        memory
    }

    #[inline]
    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        if let Some(offset) = offset_of(memory) {
            give_back(offset);
        } else if let Some(_in_system) = InSystem::enter() {
            // SAFETY: not of the reserve, so of the system; the rest as the caller vouches.
            unsafe { System.dealloc(memory, layout) };
        }
        // Else it is lost: it cannot be given back from within the allocator that it belongs to.
    }

    #[inline]
    unsafe fn realloc(&self, old: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let of_system = offset_of(old).is_none();
        if let Some(in_system) = of_system.then(InSystem::enter).flatten() {
            // SAFETY: not of the reserve, so of the system; the rest as the caller vouches.
            let memory = unsafe { System.realloc(old, layout, size) };
            if !memory.is_null() {
                return memory;
            }
            in_system.refused();
        }
        // SAFETY: of the old layout's alignment, and of a size that the caller vouches for.
        let wanted = unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
        // SAFETY: as the caller vouches.
        let memory = unsafe { self.alloc(wanted) };
        if !memory.is_null() {
            let len = layout.size().min(size);
            // SAFETY: two blocks of at least this length, one of them new.
            unsafe { memory.copy_from_nonoverlapping(old, len) };
            // SAFETY: as the caller vouches.
            unsafe { self.dealloc(old, layout) };
        }
        memory
    }
}
