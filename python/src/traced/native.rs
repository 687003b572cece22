//! The common ground of this module's types: an object that stands for another one.
//!
//! Each begins with a [`Head`]; CPython's slots that need no more than that are here. An attribute
//! it lacks is that of the other object, so that whoever looks at a traced function, coroutine or
//! generator sees what there would be without us.

use crate::object::{SetAside, Slot, forget_error};
use pyo3::exceptions::{PyAttributeError, PyMemoryError};
use pyo3::ffi::{self, PyObject, PyTypeObject};
use pyo3::prelude::PyAnyMethods;
use pyo3::{Borrowed, Bound, PyAny, PyResult, Python, intern};
use std::cell::Cell;
use std::ffi::{CStr, c_int, c_void};
use std::mem::offset_of;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

/// A type, made at the first import and kept for ever.
pub(super) struct Type(AtomicPtr<PyTypeObject>);

impl Type {
    pub(super) const fn empty() -> Self {
        Self(AtomicPtr::new(ptr::null_mut()))
    }

    /// Makes the type unless it is there: objects of it may outlive a second import.
    pub(super) fn ensure<'py>(
        &self,
        py: Python<'py>,
        make: fn(Python<'py>) -> PyResult<Bound<'py, PyAny>>,
    ) -> PyResult<()> {
        if self.as_ptr().is_null() {
            self.0.store(make(py)?.into_ptr().cast(), Ordering::Relaxed);
        }
        Ok(())
    }

    /// The type as an object.
    pub(super) fn get<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyAny>> {
        // SAFETY: NULL, or a type that we own a reference to for ever.
        unsafe { Bound::from_borrowed_ptr_or_opt(py, self.as_ptr().cast()) }
    }

    /// Whether the object is exactly of this type.
    #[inline]
    pub(super) fn is_of(&self, object: &Bound<'_, PyAny>) -> bool {
        // SAFETY: a live object; reading its type is always allowed.
        unsafe { ffi::Py_TYPE(object.as_ptr()) == self.as_ptr() }
    }

    fn as_ptr(&self) -> *mut PyTypeObject {
        self.0.load(Ordering::Relaxed)
    }
}

/// What each object begins with.
#[repr(C)]
pub(super) struct Head {
    base: PyObject,
    /// CPython's list of weak references.
    weak: Cell<*mut PyObject>,
    /// What it stands for.
    pub(super) inner: Slot,
}

/// Where CPython finds the list of weak references.
pub(super) const WEAK_OFFSET: usize = offset_of!(Head, weak);

/// The memory of an object.
///
/// # Safety
///
/// The type is `#[repr(C)]` and begins with its [`Head`].
pub(super) unsafe trait Body: Sized {
    /// What it begins with.
    fn head(&self) -> &Head;
    /// The references it owns besides.
    fn others(&self) -> impl Iterator<Item = &Slot>;
    /// What remains to be done when nobody holds it any more.
    fn abandoned(&self, _py: Python<'_>) {}
}

/// The body of an object that is known to be of a type with this body.
///
/// # Safety
///
/// The object was made by [`new`] with a `T`.
pub(super) unsafe fn body<'a, T: Body>(object: Borrowed<'a, '_, PyAny>) -> &'a T {
    let body: *mut T = object.as_ptr().cast();
    // SAFETY: as the caller promises, and the object is alive for `'a`.
    unsafe { &*body }
}

/// A new object that stands for `inner`.
pub(super) fn new<'py, T: Body>(
    kind: &Type,
    inner: Bound<'py, PyAny>,
    fill: impl FnOnce(Head) -> T,
) -> PyResult<Bound<'py, PyAny>> {
    let py = inner.py();
    // SAFETY: each type is made with the size of its body and the collector's flag.
    let made: *mut T = unsafe { ffi::PyObject_GC_New(kind.as_ptr()) };
    if made.is_null() {
        forget_error(py);
        return Err(PyMemoryError::new_err("no memory for a traced call"));
    }
    // SAFETY: an object begins with its base, which is initialised and kept as it is.
    let base = unsafe { made.cast::<PyObject>().read() };
    let head = Head {
        base,
        weak: Cell::new(ptr::null_mut()),
        inner: Slot::empty(),
    };
    head.inner.put(inner);
    // SAFETY: valid for writes, nothing to drop.
    unsafe { made.write(fill(head)) };
    // SAFETY: a complete object that the collector does not know yet.
    unsafe { ffi::PyObject_GC_Track(made.cast()) };
    // SAFETY: the first reference, owned by us.
    Ok(unsafe { Bound::from_owned_ptr(py, made.cast()) })
}

/// Whether the object has an attribute.
#[inline]
pub(super) fn has(object: &Bound<'_, PyAny>, name: &CStr) -> bool {
    // SAFETY: a live object and a NUL-terminated name; errors are swallowed by the call.
    unsafe { ffi::PyObject_HasAttrString(object.as_ptr(), name.as_ptr()) == 1 }
}

/// `tp_dealloc`
pub(super) unsafe extern "C" fn dealloc<T: Body>(this: *mut PyObject) {
    // SAFETY: CPython calls with the GIL held and the last reference to a tracked object.
    unsafe { ffi::PyObject_GC_UnTrack(this.cast()) };
    // SAFETY: as above.
    let py = unsafe { Python::assume_attached() };
    // SAFETY: reading the type of a live object.
    let kind = unsafe { ffi::Py_TYPE(this) };
    // SAFETY: the object is complete still.
    let object = unsafe { Borrowed::from_ptr(py, this) };
    // SAFETY: the slot belongs to types whose body is `T`.
    let body: &T = unsafe { body(object) };
    if !body.head().weak.get().is_null() {
        // SAFETY: as above.
        unsafe { ffi::PyObject_ClearWeakRefs(this) };
    }
    body.abandoned(py);
    drop(body.head().inner.take(py));
    for slot in body.others() {
        drop(slot.take(py));
    }
    // SAFETY: memory from the collector's allocator that nobody uses any more.
    unsafe { ffi::PyObject_GC_Del(this.cast()) };
    // SAFETY: an instance of a heap type owns a reference to it.
    unsafe { ffi::Py_DECREF(kind.cast()) };
}

/// `tp_traverse`
pub(super) unsafe extern "C" fn traverse<T: Body>(
    this: *mut PyObject,
    visit: ffi::visitproc,
    argument: *mut c_void,
) -> c_int {
    let body: *mut T = this.cast();
    // SAFETY: the collector calls with a live object of a type whose body is `T`.
    let body = unsafe { &*body };
    for slot in std::iter::once(&body.head().inner).chain(body.others()) {
        let result = slot.visit(visit, argument);
        if result != 0 {
            return result;
        }
    }
    // SAFETY: reading the type of a live object.
    let kind = unsafe { ffi::Py_TYPE(this) };
    // SAFETY: the collector's own function; instances of heap types visit their type.
    unsafe { visit(kind.cast(), argument) }
}

/// `tp_clear`
pub(super) unsafe extern "C" fn clear<T: Body>(this: *mut PyObject) -> c_int {
    // SAFETY: CPython calls with the GIL held.
    let py = unsafe { Python::assume_attached() };
    // SAFETY: a live object for the duration of the call.
    let object = unsafe { Borrowed::from_ptr(py, this) };
    // SAFETY: the slot belongs to types whose body is `T`.
    let body: &T = unsafe { body(object) };
    for slot in body.others() {
        drop(slot.take(py));
    }
    drop(body.head().inner.take(py));
    0
}

/// The object that `this` stands for; none once the collector has cleared it.
fn inner_of<'py>(this: Borrowed<'_, 'py, PyAny>) -> Option<Bound<'py, PyAny>> {
    let head: *mut Head = this.as_ptr().cast();
    // SAFETY: only used in slots and getters of this module's types, which begin with a head.
    unsafe { &*head }.inner.get(this.py())
}

/// `tp_getattro`: what we lack, the other object may have.
pub(super) unsafe extern "C" fn getattro(
    this: *mut PyObject,
    name: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: CPython's own lookup, with the arguments it gave us.
    let found = unsafe { ffi::PyObject_GenericGetAttr(this, name) };
    // SAFETY: CPython calls slots with the GIL held.
    let py = unsafe { Python::assume_attached() };
    if !found.is_null() || !is_raised::<PyAttributeError>(py) {
        return found;
    }
    // SAFETY: CPython keeps the object alive for the call.
    let Some(inner) = inner_of(unsafe { Borrowed::from_ptr(py, this) }) else {
        return found;
    };
    forget_error(py);
    // SAFETY: two live objects, with the GIL held.
    unsafe { ffi::PyObject_GetAttr(inner.as_ptr(), name) }
}

/// Whether an exception of this kind is set.
pub(super) fn is_raised<T: pyo3::PyTypeInfo>(py: Python<'_>) -> bool {
    let kind = py.get_type::<T>();
    // SAFETY: the GIL is held and an exception may be set.
    unsafe { ffi::PyErr_ExceptionMatches(kind.as_ptr()) != 0 }
}

/// `tp_repr`: that of the other object.
pub(super) unsafe extern "C" fn repr(this: *mut PyObject) -> *mut PyObject {
    // SAFETY: CPython calls slots with the GIL held.
    let py = unsafe { Python::assume_attached() };
    // SAFETY: CPython keeps the object alive for the call.
    let this = unsafe { Borrowed::from_ptr(py, this) };
    crate::object::finish(py, || match inner_of(this) {
        Some(inner) => Ok(inner.repr()?.into_any()),
        None => Ok(intern!(py, "<collected>").clone().into_any()),
    })
}

/// `__class__`: that of the other object, for `isinstance`. Of a class it is our own: an object that
/// says it is a class must be one.
pub(super) fn class<'py>(this: Borrowed<'_, 'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    match inner_of(this) {
        Some(inner) if !inner.is_instance_of::<pyo3::types::PyType>() => {
            inner.getattr(intern!(this.py(), "__class__"))
        }
        _ => Ok(this.get_type().into_any()),
    }
}

/// The slots every type here has.
pub(super) fn common_slots<T: Body>() -> Vec<ffi::PyType_Slot> {
    let slot = |slot, pfunc| ffi::PyType_Slot { slot, pfunc };
    vec![
        slot(ffi::Py_tp_dealloc, dealloc::<T> as *mut c_void),
        slot(ffi::Py_tp_traverse, traverse::<T> as *mut c_void),
        slot(ffi::Py_tp_clear, clear::<T> as *mut c_void),
        slot(ffi::Py_tp_getattro, getattro as *mut c_void),
        slot(ffi::Py_tp_repr, repr as *mut c_void),
    ]
}

/// Runs what may raise when nobody can be told: the exception goes where CPython sends those of
/// finalizers, and one that was set before stays.
pub(super) fn unraisable(py: Python<'_>, run: impl FnOnce() -> PyResult<()>) {
    let raised = SetAside::new(py);
    if let Err(error) = run() {
        error.write_unraisable(py, None);
    }
    drop(raised);
}
