//! The border to CPython's object protocol for our own types: references held in cells, arguments
//! of a fast call, and the adapter that turns a safe function into a method.
//!
//! The invariant: every function in here runs with the GIL held, which makes a `Cell` in a Python
//! object as good as one in a single-threaded program, as long as nobody keeps a Rust reference
//! into a cell while Python code may run. `Slot` hands out owned references only.

use pyo3::exceptions::{PyRuntimeError, PyTypeError};
use pyo3::ffi::{self, PyObject};
use pyo3::prelude::PyTupleMethods;
use pyo3::types::{PyString, PyStringMethods, PyTuple};
use pyo3::{Borrowed, Bound, PyAny, PyErr, PyResult, Python};
use std::cell::Cell;
use std::ffi::{CStr, c_int, c_void};
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};
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

/// The arguments of a call by `METH_FASTCALL | METH_KEYWORDS`, borrowed from the caller.
#[derive(Clone, Copy)]
pub(crate) struct Args<'a, 'py> {
    values: *const *mut PyObject,
    positional: usize,
    names: Option<Borrowed<'a, 'py, PyAny>>,
    py: Python<'py>,
    caller: PhantomData<&'a PyAny>,
}

impl<'a, 'py> Args<'a, 'py> {
    /// The positional argument at `index`.
    #[inline]
    pub(crate) fn get(&self, index: usize) -> Option<Borrowed<'a, 'py, PyAny>> {
        (index < self.positional).then(|| self.value(index))
    }

    #[inline]
    fn value(&self, index: usize) -> Borrowed<'a, 'py, PyAny> {
        // SAFETY: callers stay below the number of values the call came with.
        let place = unsafe { self.values.add(index) };
        // SAFETY: in bounds, as above.
        let object = unsafe { *place };
        // SAFETY: the caller of the method keeps its arguments alive for the call, `'a`.
        unsafe { Borrowed::from_ptr(self.py, object) }
    }

    /// Assigns the arguments to `names`; of these only the first `by_position` may be positional.
    #[inline]
    pub(crate) fn parse<const N: usize>(
        &self,
        function: &str,
        names: [&str; N],
        by_position: usize,
    ) -> PyResult<[Option<Borrowed<'a, 'py, PyAny>>; N]> {
        let mut found = [None; N];
        if self.positional > by_position {
            return Err(too_many(function, by_position, self.positional));
        }
        for (index, place) in found.iter_mut().enumerate().take(self.positional) {
            *place = Some(self.value(index));
        }
        if let Some(given) = self.names {
            self.parse_keywords(function, &names, &mut found, given)?;
        }
        Ok(found)
    }

    fn parse_keywords(
        &self,
        function: &str,
        names: &[&str],
        found: &mut [Option<Borrowed<'a, 'py, PyAny>>],
        given: Borrowed<'a, 'py, PyAny>,
    ) -> PyResult<()> {
        for (index, name) in given.cast::<PyTuple>()?.iter_borrowed().enumerate() {
            let text = name.cast::<PyString>()?;
            let text = text.to_str()?;
            let place = names.iter().position(|name| *name == text);
            match place.and_then(|place| found.get_mut(place)) {
                None => return Err(unexpected(function, text)),
                Some(Some(_)) => return Err(twice(function, text)),
                Some(empty) => *empty = Some(self.value(self.positional.saturating_add(index))),
            }
        }
        Ok(())
    }
}

#[cold]
fn too_many(function: &str, allowed: usize, given: usize) -> PyErr {
    PyTypeError::new_err(format!(
        "{function}() takes at most {allowed} positional arguments ({given} given)"
    ))
}

#[cold]
fn unexpected(function: &str, name: &str) -> PyErr {
    PyTypeError::new_err(format!(
        "{function}() got an unexpected keyword argument '{name}'"
    ))
}

#[cold]
fn twice(function: &str, name: &str) -> PyErr {
    PyTypeError::new_err(format!(
        "{function}() got multiple values for argument '{name}'"
    ))
}

/// The error for a call without a required argument.
#[cold]
pub(crate) fn missing(function: &str, name: &str) -> PyErr {
    PyTypeError::new_err(format!("{function}() missing required argument: '{name}'"))
}

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
    // SAFETY: NULL or a tuple that the caller keeps alive for the call.
    let names = unsafe { Borrowed::from_ptr_or_opt(py, names) };
    let positional = usize::try_from(count).unwrap_or(0);
    let args = Args {
        values,
        positional,
        names,
        py,
        caller: PhantomData,
    };
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

/// The definition of a method or function with a safe body.
macro_rules! method {
    ($name:literal, $body:path) => {{
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
            ml_doc: std::ptr::null(),
        }
    }};
}

/// The definition of a read-only property with a safe body.
macro_rules! getter {
    ($name:literal, $body:path) => {{
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
            doc: std::ptr::null(),
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
