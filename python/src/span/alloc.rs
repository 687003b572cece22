//! Memory of span objects: a free list, the collector's view, and deallocation.

use super::object::{Span, SpanBody, SpanObject, State};
use crate::object::Slot;
use pyo3::exceptions::PyMemoryError;
use pyo3::ffi::{self, PyObject, PyTypeObject};
use pyo3::{Borrowed, Bound, PyAny, PyResult, Python};
use std::cell::Cell;
use std::ffi::{c_int, c_void};
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

/// Span objects kept for reuse.
const MAX_FREE: usize = 64;
/// Bytes of an encoding that a kept object may hold on to.
const MAX_KEPT_BYTES: usize = 1_024;

/// The type of spans; set once, at import.
pub(super) static SPAN_TYPE: AtomicPtr<PyTypeObject> = AtomicPtr::new(ptr::null_mut());

/// The free list: blank objects linked through their `weak` field. The GIL orders access to it.
struct FreeList {
    first: Cell<*mut SpanObject>,
    len: Cell<usize>,
}

// SAFETY: touched only by functions that run with the GIL held (the module demands a GIL).
unsafe impl Sync for FreeList {}

static FREE: FreeList = FreeList {
    first: Cell::new(ptr::null_mut()),
    len: Cell::new(0),
};

/// The type, if it is made already.
pub(super) fn existing_type(py: Python<'_>) -> Option<Bound<'_, PyAny>> {
    // SAFETY: NULL, or a type that we own a reference to for ever.
    unsafe { Bound::from_borrowed_ptr_or_opt(py, SPAN_TYPE.load(Ordering::Relaxed).cast()) }
}

/// Remembers the type.
pub(super) fn set_type(made: Bound<'_, PyAny>) -> Bound<'_, PyAny> {
    SPAN_TYPE.store(made.clone().into_ptr().cast(), Ordering::Relaxed);
    made
}

/// A new pending span without a name.
#[inline]
pub(super) fn new(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    let first = FREE.first.get();
    let object = if first.is_null() {
        allocate(py)?
    } else {
        reuse(first)
    };
    let object: *mut PyObject = object.cast();
    // SAFETY: a complete object that the collector does not know yet.
    unsafe { ffi::PyObject_GC_Track(object.cast()) };
    // SAFETY: the first reference, owned by us.
    Ok(unsafe { Bound::from_owned_ptr(py, object) })
}

fn reuse(first: *mut SpanObject) -> *mut SpanObject {
    // SAFETY: what is on the list is a valid blank object.
    let weak = unsafe { &(*first).weak };
    FREE.first.set(weak.replace(ptr::null_mut()).cast());
    FREE.len.set(FREE.len.get().saturating_sub(1));
    // SAFETY: memory of the type's size, from the type's own allocator.
    unsafe { ffi::PyObject_Init(first.cast(), SPAN_TYPE.load(Ordering::Relaxed)) };
    first
}

fn allocate(_py: Python<'_>) -> PyResult<*mut SpanObject> {
    // SAFETY: the type was made with the size of `SpanObject` and the collector's flag.
    let object: *mut SpanObject =
        unsafe { ffi::PyObject_GC_New(SPAN_TYPE.load(Ordering::Relaxed)) };
    if object.is_null() {
        return Err(PyMemoryError::new_err("no memory for a span"));
    }
    // SAFETY: fresh memory for a `SpanObject`; only its base is initialised so far.
    let weak = unsafe { &raw mut (*object).weak };
    // SAFETY: as above: valid for writes, nothing to drop.
    unsafe { weak.write(Cell::new(ptr::null_mut())) };
    // SAFETY: as above.
    let body = unsafe { &raw mut (*object).body };
    // SAFETY: as above.
    unsafe { body.write(SpanBody::blank()) };
    Ok(object)
}

/// `tp_dealloc`.
pub(super) unsafe extern "C" fn dealloc(object: *mut PyObject) {
    // SAFETY: CPython calls with the GIL held and the last reference to a tracked span.
    unsafe { ffi::PyObject_GC_UnTrack(object.cast()) };
    // SAFETY: as above.
    let py = unsafe { Python::assume_attached() };
    let span: *mut SpanObject = object.cast();
    // SAFETY: a valid object of our type, of which nobody else holds a reference.
    let weak = unsafe { &(*span).weak };
    // SAFETY: as above; a different field.
    let body = unsafe { &mut (*span).body };
    if !weak.get().is_null() {
        // SAFETY: the object is complete still.
        unsafe { ffi::PyObject_ClearWeakRefs(object) };
        weak.set(ptr::null_mut());
    }
    blank(py, body);
    if FREE.len.get() < MAX_FREE {
        weak.set(FREE.first.replace(span).cast());
        FREE.len.set(FREE.len.get().saturating_add(1));
    } else {
        // SAFETY: the body is dropped once, and the memory is released right after.
        unsafe { ptr::drop_in_place(body) };
        // SAFETY: memory from the collector's allocator that nobody uses any more.
        unsafe { ffi::PyObject_GC_Del(object.cast()) };
    }
    // SAFETY: an instance of a heap type owns a reference to it.
    unsafe { ffi::Py_DECREF(SPAN_TYPE.load(Ordering::Relaxed).cast()) };
}

/// Ends a span that was left open, releases what the body holds and leaves it blank.
fn blank(py: Python<'_>, body: &mut SpanBody) {
    let mut bytes = body.bytes.take();
    if body.state.replace(State::Pending) == State::Live {
        body.handle.get().end(0, &mut bytes);
    }
    bytes.clear();
    if bytes.capacity() <= MAX_KEPT_BYTES {
        body.bytes.set(bytes);
    }
    body.options.set(0);
    body.start_unix_ns.set(0);
    body.end_unix_ns.set(0);
    body.trace_state.take();
    body.decoded.take();
    release_chain(py, body);
    for slot in body.slots() {
        drop(slot.take(py));
    }
}

/// Releases the spans that were current before one another, or are one another's parents, without
/// recursion.
fn release_chain(py: Python<'_>, body: &SpanBody) {
    let mut next = body.previous.take(py);
    let mut others = Vec::new();
    put_off(py, &body.context, &mut others);
    while let Some(object) = next.or_else(|| others.pop()) {
        next = only(&object).and_then(|span| {
            put_off(py, &span.context, &mut others);
            span.previous.take(py)
        });
    }
}

/// Releases what the slot holds, or notes it to be released later if it is the last of a span.
fn put_off<'py>(py: Python<'py>, slot: &Slot, others: &mut Vec<Bound<'py, PyAny>>) {
    if let Some(object) = slot.take(py)
        && only(&object).is_some()
    {
        others.push(object);
    }
}

/// The span, if this is the last reference to one.
fn only<'a, 'py>(object: &'a Bound<'py, PyAny>) -> Option<Span<'a, 'py>> {
    // SAFETY: a live object, with the GIL held.
    let is_last = unsafe { ffi::Py_REFCNT(object.as_ptr()) } == 1;
    Span::cast(object.as_borrowed()).filter(|_| is_last)
}

/// `tp_traverse`.
pub(super) unsafe extern "C" fn traverse(
    object: *mut PyObject,
    visit: ffi::visitproc,
    argument: *mut c_void,
) -> c_int {
    let span: *mut SpanObject = object.cast();
    // SAFETY: the collector calls with a live object of our type.
    let body = unsafe { &(*span).body };
    for slot in body.slots() {
        let result = slot.visit(visit, argument);
        if result != 0 {
            return result;
        }
    }
    // SAFETY: the collector's own function; instances of heap types visit their type.
    unsafe { visit(SPAN_TYPE.load(Ordering::Relaxed).cast(), argument) }
}

/// `tp_clear`: breaks cycles; ids and encoding stay.
pub(super) unsafe extern "C" fn clear(object: *mut PyObject) -> c_int {
    // SAFETY: CPython calls with the GIL held.
    let py = unsafe { Python::assume_attached() };
    // SAFETY: a live object for the duration of the call.
    let object = unsafe { Borrowed::from_ptr(py, object) };
    // SAFETY: CPython calls the slot with objects of the type.
    let span = unsafe { Span::of_method(object) };
    for slot in span.slots() {
        drop(slot.take(py));
    }
    0
}
