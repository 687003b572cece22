//! What C owns by pointer: where it lies, and how it is freed.
//!
//! The memory of such an object is never given back to the allocator, so that a pointer can be looked
//! at after its object was freed: a second free is seen and counted, a use finds an object that is
//! empty. A freed place rests before it serves again (`free`), so that this holds for a while.

mod free;

use crate::boundary::{guard, record};
use free::Free;
use libtracer::binding::{MisuseKind, SavedErrno, count_misuse};
use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::cell::UnsafeCell;
use std::mem::MaybeUninit;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, Ordering};

/// Places of the first segment; each further one has twice as many as the one before.
const FIRST: u32 = 8;
const SEGMENTS: usize = 24;
/// The last place, counted from 1.
const LAST: u32 = FIRST * ((1 << SEGMENTS) - 1);

/// Whether C owns an object and has not freed it. What is only lent to C is not; nor is a clone.
#[derive(Debug, Default)]
pub(crate) struct Owned(AtomicBool);

impl Owned {
    /// Whether it may be written to.
    pub(crate) fn is_live(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Whether it was live: true for one of all that free it.
    fn end(&self) -> bool {
        self.0.swap(false, Ordering::AcqRel)
    }
}

impl Clone for Owned {
    fn clone(&self) -> Self {
        Self::default()
    }
}

/// What C makes and frees.
pub(crate) trait Object: Sized + 'static {
    /// Where all of this type are.
    const POOL: &'static Pool<Self>;

    fn owned(&self) -> &Owned;

    /// Lets go of what it holds. What is left is what a use after its free finds.
    fn empty(&mut self);
}

/// Where an object is. It comes first: a pointer to it is one to the place.
#[repr(C)]
struct Place<T> {
    object: UnsafeCell<MaybeUninit<T>>,
    /// Its number, from 1.
    number: u32,
    link: free::Link,
}

/// All places of a type.
pub(crate) struct Pool<T> {
    segments: [AtomicPtr<Place<T>>; SEGMENTS],
    /// Places in use at any time so far.
    made: AtomicU32,
    free: Free,
}

// SAFETY: a place is handed to one owner at a time; the header says which threads may use its object.
unsafe impl<T> Sync for Pool<T> {}

impl<T> Pool<T> {
    pub(crate) const fn new() -> Self {
        Self {
            segments: [const { AtomicPtr::new(null_mut()) }; SEGMENTS],
            made: AtomicU32::new(0),
            free: Free::new(),
        }
    }

    /// A place for an object. None if memory is refused.
    fn put(&self, object: T) -> Option<*mut T> {
        if let Some(place) = self.place(self.free.take(self)) {
            let at = place.cast::<T>();
            // SAFETY: it was filled before and is nobody else's now; the object comes first.
            unsafe { *at = object };
            return Some(at);
        }
        let (place, number) = self.fresh()?;
        // SAFETY: nobody else's, in zeroed memory, which a number may be.
        unsafe { (*place).number = number };
        let at = place.cast::<T>();
        // SAFETY: as above; the object comes first.
        unsafe { at.write(object) };
        Some(at)
    }

    /// A place that nobody has had, with its number.
    fn fresh(&self) -> Option<(*mut Place<T>, u32)> {
        let next = |made: u32| (made < LAST).then_some(made + 1);
        let made = self
            .made
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, next);
        let number = made.ok()? + 1;
        let (segment, offset, places) = position(number);
        let first = self.segments.get(segment)?;
        let mut start = first.load(Ordering::Acquire);
        if start.is_null() {
            start = begin(first, places)?;
        }
        // SAFETY: within the segment.
        Some((unsafe { start.add(offset) }, number))
    }

    /// The place of a number that was made; none for 0.
    fn place(&self, number: u32) -> Option<*mut Place<T>> {
        let (segment, offset, _) = position(number);
        let start = self.segments.get(segment)?.load(Ordering::Acquire);
        // SAFETY: within the segment.
        (!start.is_null()).then(|| unsafe { start.add(offset) })
    }
}

impl<T> free::Links for Pool<T> {
    fn of(&self, number: u32) -> Option<&free::Link> {
        // SAFETY: segments are zeroed, which a place may be, and never unmapped.
        self.place(number).map(|place| unsafe { &(*place).link })
    }
}

/// The segment of a number, its place there, and how many places that segment has.
fn position(number: u32) -> (usize, usize, usize) {
    let Some(place) = number.checked_sub(1) else {
        return (SEGMENTS, 0, 0); // of no place
    };
    let place = place + FIRST;
    let segment = place.ilog2() - FIRST.ilog2();
    let places = FIRST << segment;
    (segment as usize, (place - places) as usize, places as usize)
}

/// Makes a segment, unless another thread is faster. None if memory is refused.
#[cold]
fn begin<T>(first: &AtomicPtr<Place<T>>, places: usize) -> Option<*mut Place<T>> {
    let _errno = SavedErrno::now();
    let layout = Layout::array::<Place<T>>(places).ok()?;
    // SAFETY: a place is not of no size.
    let made = unsafe { alloc_zeroed(layout) }.cast::<Place<T>>();
    if made.is_null() {
        return None;
    }
    match first.compare_exchange(null_mut(), made, Ordering::AcqRel, Ordering::Acquire) {
        Ok(_) => Some(made),
        Err(other) => {
            // SAFETY: made above, and seen by nobody.
            unsafe { dealloc(made.cast(), layout) };
            Some(other)
        }
    }
}

/// Gives C an object of its own. NULL if `work` makes none, or memory is refused.
pub(crate) fn give<T: Object, M: Into<Option<T>>>(work: impl FnOnce() -> M) -> *mut T {
    guard(null_mut(), || {
        let made = work().into();
        made.map_or(null_mut(), hand)
    })
}

/// [`give`] within `contain`, of an object whose making leaves `errno` as it is.
#[inline]
pub(crate) fn hand<T: Object>(object: T) -> *mut T {
    let Some(pointer) = T::POOL.put(object) else {
        return null_mut();
    };
    // SAFETY: put there above.
    unsafe { &*pointer }
        .owned()
        .0
        .store(true, Ordering::Release);
    pointer
}

/// Takes an object back from C: what `take` makes of it, and it is freed. None for NULL and for what
/// C does not own, such as what it has freed before, which is counted.
///
/// # Safety
/// `pointer` is NULL, came from [`give`], or is lent to C and lives.
pub(crate) unsafe fn take<T: Object, R>(
    pointer: *mut T,
    take: impl FnOnce(&mut T) -> R,
) -> Option<R> {
    // SAFETY: as the caller vouches; what was given is never unmapped.
    let is_live = unsafe { pointer.as_ref() }?.owned().end();
    if !is_live {
        count_misuse(MisuseKind::Stale);
        return None;
    }
    // SAFETY: of all that free it, one gets here.
    let object = unsafe { &mut *pointer };
    let taken = take(object);
    object.empty();
    // SAFETY: it was given, so that it is in a place.
    let place = unsafe { &*pointer.cast::<Place<T>>() };
    T::POOL.free.give(T::POOL, place.number);
    Some(taken)
}

/// Frees an object of C's. NULL is allowed; what C does not own is counted.
///
/// # Safety
/// As for [`take`].
pub(crate) unsafe fn free<T: Object>(pointer: *mut T) {
    record(|| {
        // SAFETY: as the caller vouches.
        unsafe { take(pointer, |_| ()) };
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default)]
    struct Thing {
        holds: Option<Box<usize>>,
        owned: Owned,
    }

    static THINGS: Pool<Thing> = Pool::new();

    impl Object for Thing {
        const POOL: &'static Pool<Self> = &THINGS;

        fn owned(&self) -> &Owned {
            &self.owned
        }

        fn empty(&mut self) {
            *self = Self::default();
        }
    }

    fn taken(pointer: *mut Thing) -> Option<usize> {
        // SAFETY: given, or lent and alive.
        unsafe { take(pointer, |thing| thing.holds.as_deref().copied()) }.flatten()
    }

    #[test]
    fn places_follow_each_other_through_the_segments() {
        let places = (0..4).flat_map(|segment| {
            let places = (FIRST as usize) << segment;
            (0..places).map(move |offset| (segment, offset, places))
        });
        for (number, place) in (1..).zip(places) {
            assert_eq!(position(number), place);
        }
        let (segment, offset, places) = position(LAST);
        assert_eq!((segment, offset), (SEGMENTS - 1, places - 1));
    }

    #[test]
    fn a_second_free_is_counted_and_what_is_left_is_empty() {
        let stale = || libtracer::diagnostics().stale;
        let given = give(|| Thing {
            holds: Some(Box::new(1)),
            ..Thing::default()
        });
        let before = stale();
        assert_eq!(taken(given), Some(1));
        assert_eq!(taken(null_mut()), None);
        assert_eq!(stale(), before);
        assert_eq!(taken(given), None);
        assert_eq!(stale(), before + 1);
        // SAFETY: what was given is never unmapped.
        let after = unsafe { &*given };
        assert!(after.holds.is_none() && !after.owned().is_live());
        let mut lent = Thing::default();
        assert_eq!(taken(&raw mut lent), None);
        assert_eq!(stale(), before + 2);
    }
}
