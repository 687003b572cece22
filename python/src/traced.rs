//! The callable that `@traced` puts in place of a synchronous function.
//!
//! It is modelled on `functools.lru_cache`: a vectorcall object that binds like a function, holds
//! whatever `functools.update_wrapper` gives it, and adds no frame to a traceback. A span per call
//! is made after a pending template span.

use crate::cpython::{Vectorcall, cpython};
use crate::object::{
    Args, SetAside, Slot, forever, getter, method, new_type, offset_member, raise,
};
use crate::runtime::is_configured;
use crate::span::{Span, enter, exit, fresh, option};
use pyo3::exceptions::{PyMemoryError, PyRuntimeError, PyTypeError};
use pyo3::ffi::{self, PyObject};
use pyo3::prelude::{PyAnyMethods, PyModule, PyModuleMethods};
use pyo3::types::PyString;
use pyo3::{Borrowed, Bound, PyAny, PyResult, Python, intern, pyfunction};
use std::cell::Cell;
use std::ffi::{c_int, c_ulong, c_void};
use std::mem::offset_of;
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

/// `Py_TPFLAGS_HAVE_VECTORCALL` and `Py_TPFLAGS_METHOD_DESCRIPTOR`: CPython knows both from 3.8 on,
/// the stable ABI names them only later.
const HAVE_VECTORCALL: c_ulong = 1 << 11;
const METHOD_DESCRIPTOR: c_ulong = 1 << 17;

/// The memory of a traced function.
#[repr(C)]
struct Traced {
    base: PyObject,
    vectorcall: Vectorcall,
    /// `__dict__` and weak references, managed by CPython.
    dict: Slot,
    weak: Cell<*mut PyObject>,
    function: Slot,
    template: Slot,
}

static TYPE: AtomicPtr<ffi::PyTypeObject> = AtomicPtr::new(ptr::null_mut());

fn body<'a>(object: Borrowed<'a, '_, PyAny>) -> &'a Traced {
    let traced: *mut Traced = object.as_ptr().cast();
    // SAFETY: only called for objects of the type, which are `Traced` and alive for `'a`.
    unsafe { &*traced }
}

/// Wraps a synchronous callable; `template` is a span that has not started.
#[pyfunction]
pub(crate) fn wrap<'py>(
    function: Bound<'py, PyAny>,
    template: Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = function.py();
    if Span::cast(template.as_borrowed()).is_none() {
        return Err(PyTypeError::new_err("wrap() needs a span as template"));
    }
    // SAFETY: the type was made with the size of `Traced` and the collector's flag.
    let made: *mut Traced = unsafe { ffi::PyObject_GC_New(TYPE.load(Ordering::Relaxed)) };
    if made.is_null() {
        return Err(PyMemoryError::new_err("no memory for a traced function"));
    }
    // SAFETY: an object begins with its base, which is initialised and kept as it is.
    let base = unsafe { made.cast::<PyObject>().read() };
    let traced = Traced {
        base,
        vectorcall: call,
        dict: Slot::empty(),
        weak: Cell::new(ptr::null_mut()),
        function: Slot::empty(),
        template: Slot::empty(),
    };
    traced.function.put(function);
    traced.template.put(template);
    // SAFETY: valid for writes, nothing to drop.
    unsafe { made.write(traced) };
    // SAFETY: a complete object that the collector does not know yet.
    unsafe { ffi::PyObject_GC_Track(made.cast()) };
    // SAFETY: the first reference, owned by us.
    Ok(unsafe { Bound::from_owned_ptr(py, made.cast()) })
}

/// The vectorcall slot: a span around the function, when tracing is configured.
unsafe extern "C" fn call(
    this: *mut PyObject,
    args: *const *mut PyObject,
    count: usize,
    names: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: CPython calls with the GIL held.
    let py = unsafe { Python::assume_attached() };
    // SAFETY: CPython keeps the callee alive for the call.
    let traced = body(unsafe { Borrowed::from_ptr(py, this) });
    let Some(function) = traced.function.get(py) else {
        return raise(
            py,
            PyRuntimeError::new_err("this traced function has been collected"),
        );
    };
    // SAFETY: the very arguments CPython gave us, for the function they are meant for.
    let run = || unsafe { (cpython().vectorcall)(function.as_ptr(), args, count, names) };
    match around(traced, py) {
        Some(span) => finish(&span, run()),
        None => run(),
    }
}

/// The span of this call, current; none when tracing is off or no span can be made.
#[inline]
fn around<'py>(traced: &Traced, py: Python<'py>) -> Option<Bound<'py, PyAny>> {
    let template = traced.template.get(py)?;
    let template = Span::cast(template.as_borrowed())?;
    if template.has(option::GATED) && !is_configured() {
        return None;
    }
    let made = fresh(template).ok()?;
    enter(Span::cast(made.as_borrowed())?).ok()?;
    Some(made)
}

/// Ends the span of a call with the outcome of the function.
#[inline]
fn finish(span: &Bound<'_, PyAny>, result: *mut PyObject) -> *mut PyObject {
    if let Some(span) = Span::cast(span.as_borrowed()) {
        if result.is_null() {
            failed(span);
        } else {
            exit(span, None);
        }
    }
    result
}

/// The function raised: the exception is set aside while the span takes note of it.
#[cold]
fn failed(span: Span<'_, '_>) {
    let py = span.py();
    let raised = SetAside::new(py);
    exit(span, raised.exception());
}

/// `tp_descr_get`: binds to an instance, as a function does.
unsafe extern "C" fn bind(
    this: *mut PyObject,
    instance: *mut PyObject,
    _class: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: reading the singleton's address has no precondition.
    let none = unsafe { ffi::Py_None() };
    if instance.is_null() || instance == none {
        // SAFETY: CPython keeps the object alive for the call.
        return unsafe { ffi::Py_NewRef(this) };
    }
    // SAFETY: two live objects, with the GIL held.
    unsafe { (cpython().method_new)(this, instance) }
}

unsafe extern "C" fn dealloc(this: *mut PyObject) {
    // SAFETY: CPython calls with the GIL held and the last reference to a tracked object.
    unsafe { ffi::PyObject_GC_UnTrack(this.cast()) };
    // SAFETY: as above.
    let py = unsafe { Python::assume_attached() };
    // SAFETY: the object is complete still.
    let traced = body(unsafe { Borrowed::from_ptr(py, this) });
    if !traced.weak.get().is_null() {
        // SAFETY: as above.
        unsafe { ffi::PyObject_ClearWeakRefs(this) };
    }
    for slot in [&traced.function, &traced.template, &traced.dict] {
        drop(slot.take(py));
    }
    // SAFETY: memory from the collector's allocator that nobody uses any more.
    unsafe { ffi::PyObject_GC_Del(this.cast()) };
    // SAFETY: an instance of a heap type owns a reference to it.
    unsafe { ffi::Py_DECREF(TYPE.load(Ordering::Relaxed).cast()) };
}

unsafe extern "C" fn traverse(
    this: *mut PyObject,
    visit: ffi::visitproc,
    argument: *mut c_void,
) -> c_int {
    let traced: *mut Traced = this.cast();
    // SAFETY: the collector calls with a live object of the type.
    let traced = unsafe { &*traced };
    for slot in [&traced.function, &traced.template, &traced.dict] {
        let result = slot.visit(visit, argument);
        if result != 0 {
            return result;
        }
    }
    // SAFETY: the collector's own function; instances of heap types visit their type.
    unsafe { visit(TYPE.load(Ordering::Relaxed).cast(), argument) }
}

/// `tp_clear`: the function stays callable for whatever still runs; its `__dict__` goes.
unsafe extern "C" fn clear(this: *mut PyObject) -> c_int {
    // SAFETY: CPython calls with the GIL held.
    let py = unsafe { Python::assume_attached() };
    // SAFETY: a live object for the duration of the call.
    let traced = body(unsafe { Borrowed::from_ptr(py, this) });
    for slot in [&traced.dict, &traced.template, &traced.function] {
        drop(slot.take(py));
    }
    0
}

unsafe extern "C" fn repr(this: *mut PyObject) -> *mut PyObject {
    // SAFETY: CPython calls slots with the GIL held.
    let py = unsafe { Python::assume_attached() };
    // SAFETY: CPython keeps the object alive for the call.
    let traced = body(unsafe { Borrowed::from_ptr(py, this) });
    crate::object::finish(py, || {
        let function = traced.function.get(py).map_or_else(
            || Ok(String::new()),
            |function| function.repr().map(|text| text.to_string()),
        )?;
        Ok(PyString::new(py, &format!("<traced {function}>")).into_any())
    })
}

/// `__reduce__`: pickles by name, as a function does.
fn reduce<'py>(
    this: Borrowed<'_, 'py, PyAny>,
    _args: Args<'_, 'py>,
) -> PyResult<Bound<'py, PyAny>> {
    this.getattr(intern!(this.py(), "__qualname__"))
}

/// `__dict__`
fn dict<'py>(this: Borrowed<'_, 'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    // SAFETY: an object whose type says where its dict is.
    let dict = unsafe { ffi::PyObject_GenericGetDict(this.as_ptr(), ptr::null_mut()) };
    // SAFETY: an owned reference, or NULL with an exception set.
    unsafe { Bound::from_owned_ptr_or_err(this.py(), dict) }
}

/// Adds the type to the module, making it at the first import.
pub(crate) fn add_to(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let existing = TYPE.load(Ordering::Relaxed).cast();
    // SAFETY: NULL, or a type that we own a reference to for ever.
    let made = match unsafe { Bound::from_borrowed_ptr_or_opt(module.py(), existing) } {
        Some(made) => made,
        None => make_type(module.py())?,
    };
    module.add("TracedFunction", made)
}

fn make_type(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    let members = vec![
        offset_member(c"__vectorcalloffset__", offset_of!(Traced, vectorcall)),
        offset_member(c"__dictoffset__", offset_of!(Traced, dict)),
        offset_member(c"__weaklistoffset__", offset_of!(Traced, weak)),
        ffi::PyMemberDef::default(),
    ];
    let methods = vec![
        method!(
            c"__reduce__",
            c"__reduce__($self)\n--\n\nPickle by name, as functions are.",
            reduce
        ),
        ffi::PyMethodDef::zeroed(),
    ];
    let properties = vec![
        getter!(c"__dict__", c"The attributes of the function.", dict),
        ffi::PyGetSetDef::default(),
    ];
    let slot = |slot, pfunc| ffi::PyType_Slot { slot, pfunc };
    let slots = vec![
        slot(ffi::Py_tp_dealloc, dealloc as *mut c_void),
        slot(ffi::Py_tp_traverse, traverse as *mut c_void),
        slot(ffi::Py_tp_clear, clear as *mut c_void),
        slot(ffi::Py_tp_call, cpython().vectorcall_call as *mut c_void),
        slot(ffi::Py_tp_repr, repr as *mut c_void),
        slot(ffi::Py_tp_descr_get, bind as *mut c_void),
        slot(ffi::Py_tp_members, forever(members).cast()),
        slot(ffi::Py_tp_methods, forever(methods).cast()),
        slot(ffi::Py_tp_getset, forever(properties).cast()),
    ];
    let flags = ffi::Py_TPFLAGS_HAVE_GC | HAVE_VECTORCALL | METHOD_DESCRIPTOR;
    let name = c"libtracer.TracedFunction";
    let made = new_type(py, name, size_of::<Traced>(), flags, slots)?;
    TYPE.store(made.clone().into_ptr().cast(), Ordering::Relaxed);
    Ok(made)
}
