//! What built-in objects hold, read without running foreign code.

use pyo3::types::PyDict;
use pyo3::{Bound, PyAny, ffi};

/// The value of an int; `None` when it does not fit 64 bits.
#[inline]
pub(crate) fn int_value(number: &Bound<'_, PyAny>) -> Option<i64> {
    let mut overflow = 0;
    // SAFETY: a live object, checked to be an int by every caller; the out-pointer is valid. Of
    // another object the call would set an exception, never touch memory it must not.
    let value = unsafe { ffi::PyLong_AsLongLongAndOverflow(number.as_ptr(), &raw mut overflow) };
    (overflow == 0).then_some(value)
}

/// Visits the items of a dict. Python code may change it meanwhile: then items may be missed, as
/// with any iteration, and no more.
pub(crate) fn each_item<'py>(
    map: &Bound<'py, PyDict>,
    mut visit: impl FnMut(Bound<'py, PyAny>, Bound<'py, PyAny>),
) {
    each_item_while(map, |key, value| {
        visit(key, value);
        true
    });
}

/// As [`each_item`], until `visit` says false.
pub(crate) fn each_item_while<'py>(
    map: &Bound<'py, PyDict>,
    mut visit: impl FnMut(Bound<'py, PyAny>, Bound<'py, PyAny>) -> bool,
) {
    let py = map.py();
    let mut position = 0;
    let mut key = std::ptr::null_mut();
    let mut value = std::ptr::null_mut();
    loop {
        // SAFETY: a live dict and valid out-pointers; CPython checks `position` on every call.
        let more = unsafe {
            ffi::PyDict_Next(
                map.as_ptr(),
                &raw mut position,
                &raw mut key,
                &raw mut value,
            )
        };
        if more == 0 {
            return;
        }
        // SAFETY: a borrowed reference from the dict, made our own before anything else runs.
        let key = unsafe { Bound::from_borrowed_ptr(py, key) };
        // SAFETY: as above.
        let value = unsafe { Bound::from_borrowed_ptr(py, value) };
        if !visit(key, value) {
            return;
        }
    }
}
