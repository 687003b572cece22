//! A value that is replaced now and then and never freed: readers take no lock, and neither does a
//! child that was forked while it changed.

use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

/// The latest of a chain of leaked values.
#[derive(Debug)]
pub(crate) struct Latest<T: 'static>(AtomicPtr<Link<T>>);

#[derive(Debug)]
struct Link<T: 'static> {
    value: T,
    /// Keeps the older ones reachable, for leak checkers.
    _older: Option<&'static Self>,
}

impl<T> Latest<T> {
    pub(crate) fn new(value: T) -> Self {
        let first = Link {
            value,
            _older: None,
        };
        Self(AtomicPtr::new(ptr::from_mut(Box::leak(Box::new(first)))))
    }

    /// The value now.
    pub(crate) fn get(&self) -> &'static T {
        &self.link().value
    }

    fn link(&self) -> &'static Link<T> {
        // Acquire pairs with the release in `update`.
        let link = self.0.load(Ordering::Acquire);
        // SAFETY: never null; a leaked link, published with release or made by `new`.
        unsafe { &*link }
    }

    /// Replaces the value by what `next` makes of it; called again if another thread was faster.
    pub(crate) fn update(&self, next: impl Fn(&T) -> T) {
        loop {
            let older = self.link();
            let link = Link {
                value: next(&older.value),
                _older: Some(older),
            };
            let known = ptr::from_ref(older).cast_mut();
            let link = Box::into_raw(Box::new(link));
            // Release pairs with the acquire in `link`.
            match self
                .0
                .compare_exchange(known, link, Ordering::Release, Ordering::Relaxed)
            {
                Ok(_) => return,
                // SAFETY: made above, and nobody else has seen it.
                Err(_) => drop(unsafe { Box::from_raw(link) }),
            }
        }
    }
}

impl<T: Default> Default for Latest<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

#[cfg(test)]
mod tests {
    use super::Latest;
    use std::thread;

    #[test]
    fn every_update_of_several_threads_counts_and_old_values_stay() {
        let list = Latest::<Vec<u32>>::default();
        let empty = list.get();
        thread::scope(|scope| {
            for number in 0..4 {
                let list = &list;
                scope.spawn(move || {
                    for _ in 0..50 {
                        list.update(|known| [known.as_slice(), &[number]].concat());
                    }
                });
            }
        });
        for number in 0..4 {
            let count = list.get().iter().filter(|other| **other == number).count();
            assert_eq!(count, 50);
        }
        assert!(empty.is_empty());
    }
}
