//! Exceptions at the border: raising one, dropping one, setting one aside.

use pyo3::ffi::{self, PyObject};
use pyo3::{Borrowed, PyAny, PyErr, Python};
use std::ptr;

/// Hands an error to CPython as the result of a call.
#[cold]
pub(crate) fn raise(py: Python<'_>, error: PyErr) -> *mut PyObject {
    error.restore(py);
    ptr::null_mut()
}

/// Drops the exception that is set, if any.
pub(crate) fn forget_error(_py: Python<'_>) {
    // SAFETY: the GIL is held, as `_py` shows.
    unsafe { ffi::PyErr_Clear() }
}

/// Frees what our own functions have dropped of `PyO3`'s errors: it keeps those until it attaches.
#[cold]
pub(crate) fn settle(_py: Python<'_>) {
    Python::try_attach(|_| ());
}

/// The exception on its way through us, out of the way of our own calls until this is dropped;
/// then it goes on unchanged.
pub(crate) struct SetAside<'py> {
    kind: *mut PyObject,
    value: *mut PyObject,
    traceback: *mut PyObject,
    py: Python<'py>,
}

impl<'py> SetAside<'py> {
    /// Sets aside what is set, if anything is.
    pub(crate) fn new(py: Python<'py>) -> Self {
        let (mut kind, mut value) = (ptr::null_mut(), ptr::null_mut());
        let mut traceback = ptr::null_mut();
        // SAFETY: valid out-pointers, with the GIL held.
        unsafe { ffi::PyErr_Fetch(&raw mut kind, &raw mut value, &raw mut traceback) };
        if !kind.is_null() {
            // SAFETY: what was just fetched; makes `value` an instance of `kind`.
            unsafe {
                ffi::PyErr_NormalizeException(&raw mut kind, &raw mut value, &raw mut traceback);
            }
        }
        if !value.is_null() && !traceback.is_null() {
            // SAFETY: an exception and a traceback, both live.
            unsafe { ffi::PyException_SetTraceback(value, traceback) };
        }
        Self {
            kind,
            value,
            traceback,
            py,
        }
    }

    /// The exception, with its traceback.
    pub(crate) fn exception(&self) -> Option<Borrowed<'_, 'py, PyAny>> {
        // SAFETY: NULL or an object this value owns.
        unsafe { Borrowed::from_ptr_or_opt(self.py, self.value) }
    }
}

impl Drop for SetAside<'_> {
    fn drop(&mut self) {
        // SAFETY: gives back what `new` fetched, or clears what our own calls left.
        unsafe { ffi::PyErr_Restore(self.kind, self.value, self.traceback) }
    }
}
