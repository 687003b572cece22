//! What OpenTelemetry's `ContextVar` holds for a `Context` that was attached: the `Context`, and
//! its span's identity for native code that runs without the GIL and may not look into a dict.

use super::{Binding, span_in};
use crate::object::{Slot, new_type};
use crate::runtime::Handle;
use crate::span::{Ids, Span, State};
use libtracer_abi::{tracer_context_value, tracer_span};
use pyo3::exceptions::PyMemoryError;
use pyo3::ffi::{self, PyObject, PyTypeObject};
use pyo3::{Borrowed, Bound, PyAny, PyResult, Python};
use std::ffi::{c_int, c_void};
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicPtr, Ordering};

static TYPE: AtomicPtr<PyTypeObject> = AtomicPtr::new(ptr::null_mut());

/// What is current where a `Context` is.
pub(super) enum Known {
    Nothing,
    /// A span of another library, whose ids only its own code could tell, or one not started yet.
    Foreign,
    Span(tracer_context_value, tracer_span),
}

/// The span of a `Context`, as it was when that was attached. Never changed: read without the GIL.
#[derive(Clone, Copy)]
enum Held {
    Nothing,
    Foreign,
    Span {
        ids: Ids,
        handle: Handle,
        /// Of the span, which `Attached` keeps.
        trace_state: *const str,
    },
}

#[repr(C)]
struct Attached {
    base: PyObject,
    held: Held,
    context: Slot,
    span: Slot,
}

impl Attached {
    fn slots(&self) -> [&Slot; 2] {
        [&self.context, &self.span]
    }
}

/// The value for a `Context` that is attached.
pub(super) fn wrap<'py>(
    context: Bound<'py, PyAny>,
    binding: &Binding,
) -> PyResult<Bound<'py, PyAny>> {
    let py = context.py();
    let (held, span) = look_into(&context, binding);
    // SAFETY: the type was made with the size of `Attached` and the collector's flag.
    let object: *mut Attached = unsafe { ffi::PyObject_GC_New(TYPE.load(Ordering::Relaxed)) };
    if object.is_null() {
        return Err(PyMemoryError::new_err("no memory for a context"));
    }
    // SAFETY: fresh memory for an `Attached`; only its base is initialised so far.
    let place = unsafe { &raw mut (*object).held };
    // SAFETY: as above: valid for writes, nothing to drop.
    unsafe { place.write(held) };
    // SAFETY: as above.
    let place = unsafe { &raw mut (*object).context };
    // SAFETY: as above.
    unsafe { place.write(Slot::empty()) };
    // SAFETY: as above.
    let place = unsafe { &raw mut (*object).span };
    // SAFETY: as above.
    unsafe { place.write(Slot::empty()) };
    let object: *mut PyObject = object.cast();
    // SAFETY: the first reference, owned by us.
    let made = unsafe { Bound::from_owned_ptr(py, object) };
    // SAFETY: a complete object that the collector does not know yet.
    unsafe { ffi::PyObject_GC_Track(object.cast()) };
    if let Some(attached) = cast(made.as_borrowed()) {
        attached.context.put(context);
        if let Some(span) = span {
            attached.span.put(span);
        }
    }
    Ok(made)
}

fn look_into<'py>(
    context: &Bound<'py, PyAny>,
    binding: &Binding,
) -> (Held, Option<Bound<'py, PyAny>>) {
    let Some(object) = span_in(context, binding) else {
        return (Held::Nothing, None);
    };
    let held = match Span::cast(object.as_borrowed()) {
        Some(span) if span.state.get() != State::Pending => Held::Span {
            ids: span.ids.get(),
            handle: span.handle.get(),
            trace_state: ptr::from_ref(span.trace_state()),
        },
        _ => Held::Foreign,
    };
    (held, Some(object))
}

fn cast<'a>(object: Borrowed<'a, '_, PyAny>) -> Option<&'a Attached> {
    // SAFETY: a live object; reading its type is always allowed.
    let kind = unsafe { ffi::Py_TYPE(object.as_ptr()) };
    // SAFETY: an object of the type is an `Attached`, alive for `'a`, and nobody writes to it but
    // through its cells.
    (kind == TYPE.load(Ordering::Relaxed)).then(|| unsafe { &*object.as_ptr().cast::<Attached>() })
}

/// The `Context` behind a value of the variable, or the value itself.
pub(super) fn unwrap(value: Bound<'_, PyAny>) -> Option<Bound<'_, PyAny>> {
    let py = value.py();
    match cast(value.as_borrowed()) {
        Some(attached) => attached.context.get(py),
        None => Some(value),
    }
}

/// What a value of the variable says, asked without the GIL; `None` when it is no `Attached`.
///
/// # Safety
///
/// `value` must stay alive during the call and for as long as the answer is used.
pub(super) unsafe fn peek(value: NonNull<PyObject>) -> Option<Known> {
    // SAFETY: alive, as the caller promises.
    let kind = unsafe { ffi::Py_TYPE(value.as_ptr()) };
    if kind != TYPE.load(Ordering::Relaxed) {
        return None;
    }
    // SAFETY: of our type, as just seen; this field is never changed.
    let held = unsafe { value.cast::<Attached>().as_ref().held };
    Some(match held {
        Held::Nothing => Known::Nothing,
        Held::Foreign => Known::Foreign,
        Held::Span {
            ids,
            handle,
            trace_state,
        } => {
            // SAFETY: `value` keeps the span, and the span its text.
            let trace_state = unsafe { &*trace_state };
            Known::Span(ids.with_trace_state(trace_state), handle.0)
        }
    })
}

/// Makes the type, once.
pub(super) fn make_type(py: Python<'_>) -> PyResult<()> {
    if !TYPE.load(Ordering::Relaxed).is_null() {
        return Ok(());
    }
    let slot = |slot, pfunc| ffi::PyType_Slot { slot, pfunc };
    let slots = vec![
        slot(ffi::Py_tp_dealloc, dealloc as *mut c_void),
        slot(ffi::Py_tp_traverse, traverse as *mut c_void),
        slot(ffi::Py_tp_clear, clear as *mut c_void),
    ];
    let flags = ffi::Py_TPFLAGS_HAVE_GC;
    let size = size_of::<Attached>();
    let made = new_type(py, c"libtracer._native.Attached", size, flags, slots)?;
    TYPE.store(made.into_ptr().cast(), Ordering::Relaxed);
    Ok(())
}

unsafe extern "C" fn dealloc(object: *mut PyObject) {
    // SAFETY: CPython calls with the GIL held and the last reference to a tracked object.
    unsafe { ffi::PyObject_GC_UnTrack(object.cast()) };
    // SAFETY: as `clear` itself.
    unsafe { clear(object) };
    // SAFETY: memory from the collector's allocator that nobody uses any more; the slots are empty.
    unsafe { ffi::PyObject_GC_Del(object.cast()) };
    // SAFETY: an instance of a heap type owns a reference to it.
    unsafe { ffi::Py_DECREF(TYPE.load(Ordering::Relaxed).cast()) };
}

unsafe extern "C" fn traverse(
    object: *mut PyObject,
    visit: ffi::visitproc,
    argument: *mut c_void,
) -> c_int {
    // SAFETY: the collector calls with a live object of our type.
    let attached = unsafe { &*object.cast::<Attached>() };
    for slot in attached.slots() {
        let result = slot.visit(visit, argument);
        if result != 0 {
            return result;
        }
    }
    // SAFETY: the collector's own function; instances of heap types visit their type.
    unsafe { visit(TYPE.load(Ordering::Relaxed).cast(), argument) }
}

unsafe extern "C" fn clear(object: *mut PyObject) -> c_int {
    // SAFETY: CPython calls with the GIL held.
    let py = unsafe { Python::assume_attached() };
    // SAFETY: CPython calls the slot with objects of the type.
    let attached = unsafe { &*object.cast::<Attached>() };
    for slot in attached.slots() {
        drop(slot.take(py));
    }
    0
}
