//! The border to CPython's object protocol for our own types: references held in cells, arguments
//! of a fast call, and the adapter that turns a safe function into a method.
//!
//! The invariant: every function in here runs with the GIL held, which makes a `Cell` in a Python
//! object as good as one in a single-threaded program, as long as nobody keeps a Rust reference
//! into a cell while Python code may run. `Slot` hands out owned references only.

mod args;
mod plain;
mod raised;
mod slot;

use pyo3::exceptions::PyRuntimeError;
use pyo3::ffi::{self, PyMethodDef, PyObject};
use pyo3::{Borrowed, Bound, PyAny, PyErr, PyResult, Python};
use std::ffi::{CStr, c_int};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;

pub(crate) use args::{Args, missing};
pub(crate) use plain::{each_item, each_item_while, int_value};
pub(crate) use raised::{SetAside, forget_error, raise, settle};
pub(crate) use slot::Slot;

/// What every method of ours is underneath.
pub(crate) type Method =
    for<'a, 'py> fn(Borrowed<'a, 'py, PyAny>, Args<'a, 'py>) -> PyResult<Bound<'py, PyAny>>;

/// Runs a method for CPython: errors are raised, a panic becomes a `RuntimeError`.
///
/// # Safety
///
/// The arguments must be those of a call by `METH_FASTCALL | METH_KEYWORDS`, with the GIL held.
#[inline]
pub(crate) unsafe fn call(
    this: *mut PyObject,
    values: *const *mut PyObject,
    count: ffi::Py_ssize_t,
    names: *mut PyObject,
    method: Method,
) -> *mut PyObject {
    // SAFETY: CPython calls methods with the GIL held.
    let py = unsafe { Python::assume_attached() };
    // SAFETY: CPython keeps the callee alive for the call.
    let this = unsafe { Borrowed::from_ptr(py, this) };
    // SAFETY: as our own caller promises.
    let args = unsafe { Args::new(py, values, count, names) };
    finish(py, || method(this, args))
}

/// Runs `body` and hands its result to CPython.
#[inline]
pub(crate) fn finish<'py>(
    py: Python<'py>,
    body: impl FnOnce() -> PyResult<Bound<'py, PyAny>>,
) -> *mut PyObject {
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(object)) => object.into_ptr(),
        Ok(Err(error)) => raise(py, error),
        Err(_) => raise(
            py,
            PyRuntimeError::new_err("libtracer: internal error, please report it"),
        ),
    }
}

/// The definition of a method or function with a safe body. The doc string begins with the
/// signature, as CPython reads it.
macro_rules! method {
    ($name:literal, $doc:literal, $body:path) => {{
        unsafe extern "C" fn adapter(
            this: *mut pyo3::ffi::PyObject,
            values: *const *mut pyo3::ffi::PyObject,
            count: pyo3::ffi::Py_ssize_t,
            names: *mut pyo3::ffi::PyObject,
        ) -> *mut pyo3::ffi::PyObject {
            // SAFETY: CPython calls as METH_FASTCALL | METH_KEYWORDS below promises.
            unsafe { $crate::object::call(this, values, count, names, $body) }
        }
        pyo3::ffi::PyMethodDef {
            ml_name: $name.as_ptr(),
            ml_meth: pyo3::ffi::PyMethodDefPointer {
                PyCFunctionFastWithKeywords: adapter,
            },
            ml_flags: pyo3::ffi::METH_FASTCALL | pyo3::ffi::METH_KEYWORDS,
            ml_doc: $doc.as_ptr(),
        }
    }};
}

/// The definition of a read-only property with a safe body.
macro_rules! getter {
    ($name:literal, $doc:literal, $body:path) => {{
        unsafe extern "C" fn adapter(
            this: *mut pyo3::ffi::PyObject,
            _closure: *mut std::ffi::c_void,
        ) -> *mut pyo3::ffi::PyObject {
            // SAFETY: CPython calls getters with the GIL held.
            let py = unsafe { pyo3::Python::assume_attached() };
            // SAFETY: CPython keeps the object alive for the call.
            let this = unsafe { pyo3::Borrowed::from_ptr(py, this) };
            $crate::object::finish(py, || $body(this))
        }
        pyo3::ffi::PyGetSetDef {
            name: $name.as_ptr(),
            get: Some(adapter),
            set: None,
            doc: $doc.as_ptr(),
            closure: std::ptr::null_mut(),
        }
    }};
}

pub(crate) use {getter, method};

/// A table CPython reads for the life of the process.
pub(crate) fn forever<T>(items: Vec<T>) -> *mut T {
    Box::leak(items.into_boxed_slice()).as_mut_ptr()
}

/// A hidden member by which a type tells CPython where it keeps something.
pub(crate) fn offset_member(name: &'static CStr, offset: usize) -> ffi::PyMemberDef {
    ffi::PyMemberDef {
        name: name.as_ptr(),
        type_code: ffi::Py_T_PYSSIZET,
        offset: offset.cast_signed(),
        flags: ffi::Py_READONLY,
        doc: ptr::null(),
    }
}

/// Makes a type from its slots; the name, as CPython keeps it, has the module in front.
pub(crate) fn new_type<'py>(
    py: Python<'py>,
    name: &'static CStr,
    size: usize,
    flags: std::ffi::c_ulong,
    mut slots: Vec<ffi::PyType_Slot>,
) -> PyResult<Bound<'py, PyAny>> {
    slots.push(ffi::PyType_Slot {
        slot: 0,
        pfunc: ptr::null_mut(),
    });
    let all = ffi::Py_TPFLAGS_DEFAULT | ffi::Py_TPFLAGS_DISALLOW_INSTANTIATION | flags;
    let mut spec = ffi::PyType_Spec {
        name: name.as_ptr(),
        basicsize: c_int::try_from(size)?,
        itemsize: 0,
        flags: std::ffi::c_uint::try_from(all)?,
        slots: slots.as_mut_ptr(),
    };
    // SAFETY: a complete specification, whose tables live for ever and whose slots end with zero.
    let made = unsafe { ffi::PyType_FromSpec(&raw mut spec) };
    // SAFETY: an owned reference, or NULL with an exception set.
    unsafe { Bound::from_owned_ptr_or_err(py, made) }
}

/// Adds functions to a module.
pub(crate) fn add_functions(
    module: &Bound<'_, pyo3::types::PyModule>,
    mut functions: Vec<PyMethodDef>,
) -> PyResult<()> {
    functions.push(PyMethodDef::zeroed());
    // SAFETY: a live module and a complete table that lives for ever.
    let status = unsafe { ffi::PyModule_AddFunctions(module.as_ptr(), forever(functions)) };
    if status < 0 {
        Err(PyErr::fetch(module.py()))
    } else {
        Ok(())
    }
}
