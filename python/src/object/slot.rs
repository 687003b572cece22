//! References to Python objects held in cells of ours.

use pyo3::ffi::{self, PyObject};
use pyo3::{Bound, PyAny, Python};
use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::ptr;

/// A reference to a Python object, or none, inside a Python object of ours.
///
/// It does not release its object when dropped: the owner's `tp_dealloc` calls [`Slot::take`].
pub(crate) struct Slot(Cell<*mut PyObject>);

impl Slot {
    /// Holds nothing.
    pub(crate) const fn empty() -> Self {
        Self(Cell::new(ptr::null_mut()))
    }

    /// The object, with a reference of the caller's own.
    #[inline]
    pub(crate) fn get<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyAny>> {
        // SAFETY: the slot owns a reference to what it holds, so it is alive.
        unsafe { Bound::from_borrowed_ptr_or_opt(py, self.0.get()) }
    }

    /// Stores `object` and releases what was there.
    #[inline]
    pub(crate) fn put(&self, object: Bound<'_, PyAny>) {
        let py = object.py();
        let old = self.0.replace(object.into_ptr());
        release(py, old);
    }

    /// Empties the slot.
    #[inline]
    pub(crate) fn take<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyAny>> {
        let old = self.0.replace(ptr::null_mut());
        // SAFETY: the slot's own reference, which is no longer in the slot.
        unsafe { Bound::from_owned_ptr_or_opt(py, old) }
    }

    /// Whether the slot holds an object.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.0.get().is_null()
    }

    /// Shows the object to the collector; for `tp_traverse`.
    pub(crate) fn visit(&self, visit: ffi::visitproc, argument: *mut c_void) -> c_int {
        let object = self.0.get();
        if object.is_null() {
            return 0;
        }
        // SAFETY: the collector's own function, called as it asks to be, on a live object.
        unsafe { visit(object, argument) }
    }
}

fn release(py: Python<'_>, object: *mut PyObject) {
    // SAFETY: an owned reference or NULL.
    drop(unsafe { Bound::from_owned_ptr_or_opt(py, object) });
}
