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

/// What C makes and frees.
pub(crate) trait Object: Sized + 'static {
    /// Where all of this type are.
    const POOL: &'static Pool<Self>;

    /// Lets go of what it holds. What is left is what a use after its free finds.
    fn empty(&mut self);
}

/// Where an object is: at the very start.
#[repr(C)]
struct Place<T> {
    object: UnsafeCell<MaybeUninit<T>>,
    /// Whether C owns it and has not freed it yet.
    is_live: AtomicBool,
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

    /// Puts an object into a place that is free. None if memory is refused.
    fn put(&self, object: T) -> Option<*mut T> {
        let place = if let Some(place) = self.place(self.free.take(self)) {
            // SAFETY: it was filled before and is nobody else's now.
            unsafe { *place.object.get().cast() = object };
            place
        } else {
            let place = self.fresh()?;
            // SAFETY: nobody has had it.
            unsafe { (*place.object.get()).write(object) };
            place
        };
        place.is_live.store(true, Ordering::Release);
        Some(place.object.get().cast())
    }

    /// A place that nobody has had.
    fn fresh(&self) -> Option<&Place<T>> {
        let next = |made: u32| (made < LAST).then_some(made + 1);
        let made = self
            .made
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, next);
        let number = made.ok()? + 1;
        let (segment, _, places) = position(number);
        let first = self.segments.get(segment)?;
        if first.load(Ordering::Acquire).is_null() {
            begin(first, places)?;
        }
        self.place(number)
    }

    /// The place of a number that was made; none for 0.
    fn place(&self, number: u32) -> Option<&Place<T>> {
        let (segment, offset, _) = position(number);
        let start = self.segments.get(segment)?.load(Ordering::Acquire);
        // SAFETY: within the segment.
        let place = (!start.is_null()).then(|| unsafe { start.add(offset) })?;
        // SAFETY: segments are zeroed, which a place may be, and never unmapped.
        Some(unsafe { &*place })
    }

    /// The number of the place of an object; none for what is in none.
    fn number(&self, object: *const T) -> Option<u32> {
        let mut before = 0;
        let sizes = (0..).map(|doubled| FIRST << doubled);
        for (segment, places) in self.segments.iter().zip(sizes) {
            let start = segment.load(Ordering::Acquire);
            let offset = object.addr().wrapping_sub(start.addr());
            let place = u32::try_from(offset / size_of::<Place<T>>()).unwrap_or(u32::MAX);
            if !start.is_null() && place < places {
                let is_a_start = offset % size_of::<Place<T>>() == 0;
                return is_a_start.then_some(before + place + 1);
            }
            before += places;
        }
        None
    }

    /// Whether C owns an object and has not freed it yet.
    pub(crate) fn is_live(&self, object: *const T) -> bool {
        let place = self.number(object).and_then(|number| self.place(number));
        place.is_some_and(|place| place.is_live.load(Ordering::Relaxed))
    }
}

impl<T> free::Links for Pool<T> {
    fn of(&self, number: u32) -> Option<&free::Link> {
        self.place(number).map(|place| &place.link)
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
fn begin<T>(first: &AtomicPtr<Place<T>>, places: usize) -> Option<()> {
    let _errno = SavedErrno::now();
    let layout = Layout::array::<Place<T>>(places).ok()?;
    // SAFETY: a place is not of no size.
    let made = unsafe { alloc_zeroed(layout) }.cast::<Place<T>>();
    if made.is_null() {
        return None;
    }
    let other = first.compare_exchange(null_mut(), made, Ordering::AcqRel, Ordering::Relaxed);
    if other.is_err() {
        // SAFETY: made above, and seen by nobody.
        unsafe { dealloc(made.cast(), layout) };
    }
    Some(())
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
    T::POOL.put(object).unwrap_or(null_mut())
}

/// Takes an object back from C: what `take` makes of it, and it is freed. None for NULL and for what
/// C does not own, such as what it has freed before or was only lent, which is counted.
pub(crate) fn take<T: Object, R>(object: *mut T, take: impl FnOnce(&mut T) -> R) -> Option<R> {
    if object.is_null() {
        return None;
    }
    let number = T::POOL.number(object);
    let owned = number.and_then(|number| Some((number, T::POOL.place(number)?)));
    // Acquire: of all that free it, one gets further, and sees what was done with it.
    let owned = owned.filter(|(_, place)| place.is_live.swap(false, Ordering::Acquire));
    let Some((number, place)) = owned else {
        count_misuse(MisuseKind::Stale);
        return None;
    };
    // SAFETY: it was put there, and is this call's alone.
    let object = unsafe { &mut *place.object.get().cast::<T>() };
    let taken = take(object);
    object.empty();
    T::POOL.free.give(T::POOL, number);
    Some(taken)
}

/// Frees an object of C's. NULL is allowed; what C does not own is counted.
pub(crate) fn free<T: Object>(object: *mut T) {
    record(|| {
        take(object, |_| ());
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default)]
    struct Thing(Option<Box<usize>>);

    static THINGS: Pool<Thing> = Pool::new();

    impl Object for Thing {
        const POOL: &'static Pool<Self> = &THINGS;

        fn empty(&mut self) {
            *self = Self::default();
        }
    }

    fn taken(object: *mut Thing) -> Option<usize> {
        take(object, |thing| thing.0.as_deref().copied()).flatten()
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
    fn an_object_is_found_by_its_address_and_nothing_else_is() {
        let pool = Pool::new();
        for number in 1..100 {
            let object = pool.put(0_u64).unwrap();
            assert_eq!(pool.number(object), Some(number));
            assert!(pool.is_live(object));
            let within = object.wrapping_byte_add(1);
            assert_eq!(pool.number(within), None);
        }
        assert_eq!(pool.number(&0), None);
        assert!(!pool.is_live(null_mut()));
    }

    #[test]
    fn a_second_free_is_counted_and_what_is_left_is_empty() {
        let stale = || libtracer::diagnostics().stale;
        let given = give(|| Thing(Some(Box::new(1))));
        let before = stale();
        assert_eq!(taken(given), Some(1));
        assert_eq!(taken(null_mut()), None);
        assert_eq!(stale(), before);
        assert_eq!(taken(given), None);
        assert_eq!(stale(), before + 1);
        // SAFETY: what was given is never unmapped.
        assert!(unsafe { &*given }.0.is_none());
        assert!(!THINGS.is_live(given));
        let mut lent = Thing::default();
        assert_eq!(taken(&raw mut lent), None);
        assert_eq!(stale(), before + 2);
    }
}
