//! The callable in front of a function. A span per call is made after a pending template span.
//!
//! It is modelled on `functools.lru_cache`: a vectorcall object that binds like a function and
//! holds whatever `functools.update_wrapper` gives it. What does not bind when it is the attribute
//! of a class (a partial, a callable object) does not bind here either.

use super::native::{self, Body, Head, Type, WEAK_OFFSET, common_slots};
use super::record::{self, Ending};
use super::{Kind, drive};
use crate::config::is_ready;
use crate::cpython::{OFFSET_FLAG, Vectorcall, cpython};
use crate::object::{
    Args, SetAside, Slot, forever, getter, method, new_type, offset_member, raise,
};
use crate::span::{Span, enter, exit, fresh, option};
use crate::value::is_describing;
use pyo3::exceptions::{PyRuntimeError, PyTypeError};
use pyo3::ffi::{self, PyObject};
use pyo3::prelude::PyAnyMethods;
use pyo3::{Borrowed, Bound, PyAny, PyResult, Python, intern, pyfunction};
use std::ffi::{CStr, c_ulong, c_void};
use std::mem::offset_of;
use std::ptr;

/// `Py_TPFLAGS_HAVE_VECTORCALL` and `Py_TPFLAGS_METHOD_DESCRIPTOR`: CPython knows both from 3.8 on,
/// the stable ABI names them only later.
const HAVE_VECTORCALL: c_ulong = 1 << 11;
const METHOD_DESCRIPTOR: c_ulong = 1 << 17;

/// Binds to an instance, as a function does.
pub(super) static BOUND: Type = Type::empty();
/// Does not.
pub(super) static FREE: Type = Type::empty();

/// The memory of a traced function.
#[repr(C)]
struct Traced {
    head: Head,
    vectorcall: Vectorcall,
    dict: Slot,
    template: Slot,
    /// The [`Parameters`](super::parameters::Parameters), where they are known.
    parameters: Slot,
    kind: Kind,
}

// SAFETY: `#[repr(C)]`, and the head comes first.
unsafe impl Body for Traced {
    fn head(&self) -> &Head {
        &self.head
    }

    fn others(&self) -> impl Iterator<Item = &Slot> {
        [&self.dict, &self.template, &self.parameters].into_iter()
    }
}

/// # Safety
///
/// The object is of one of this file's types, as CPython sees to for their slots and methods.
unsafe fn body<'a>(this: Borrowed<'a, '_, PyAny>) -> &'a Traced {
    // SAFETY: as the caller promises.
    unsafe { native::body(this) }
}

/// Wraps a callable; `template` is a span that has not started, `kind` what a call returns. Where
/// arguments are logged, `parameters_of` finds their names.
#[pyfunction]
#[pyo3(signature = (function, template, kind=0, *, binds=true, parameters_of=None))]
pub(crate) fn wrap<'py>(
    function: Bound<'py, PyAny>,
    template: &Bound<'py, PyAny>,
    kind: u8,
    binds: bool,
    parameters_of: Option<Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let kind = Kind::try_from(kind)?;
    let Some(span) = Span::cast(template.as_borrowed()) else {
        return Err(PyTypeError::new_err("wrap() needs a span as template"));
    };
    let parameters = parameters_of
        .filter(|_| span.has(option::LOG_ARGS))
        .map(|parameters_of| parameters_of.call1((&function,)))
        .transpose()?
        .filter(|parameters| !parameters.is_none());
    let made = if binds { &BOUND } else { &FREE };
    native::new(made, function, |head| {
        let traced = Traced {
            head,
            vectorcall: call,
            dict: Slot::empty(),
            template: Slot::empty(),
            parameters: Slot::empty(),
            kind,
        };
        traced.template.put(template.clone());
        if let Some(parameters) = parameters {
            traced.parameters.put(parameters);
        }
        traced
    })
}

/// The vectorcall slot: a span around the function, when tracing is configured.
unsafe extern "C-unwind" fn call(
    this: *mut PyObject,
    args: *const *mut PyObject,
    count: usize,
    names: *mut PyObject,
) -> *mut PyObject {
    // SAFETY: CPython calls with the GIL held.
    let py = unsafe { Python::assume_attached() };
    // SAFETY: CPython keeps the callee alive for the call.
    let this = unsafe { Borrowed::from_ptr(py, this) };
    // SAFETY: a slot of this file's types.
    let traced = unsafe { body(this) };
    let Some(function) = traced.head.inner.get(py) else {
        let text = "this traced function has been collected";
        return raise(py, PyRuntimeError::new_err(text));
    };
    // SAFETY: the very arguments CPython gave us, for the function they are meant for.
    let run = || unsafe { cpython().vectorcall(function.as_ptr(), args, count, names) };
    let Some(template) = wanted(traced, py) else {
        return run();
    };
    // SAFETY: CPython keeps the arguments alive for the call.
    let args = unsafe { Args::new(py, args, (count & !OFFSET_FLAG).cast_signed(), names) };
    if traced.kind != Kind::Function {
        // SAFETY: an owned reference, or NULL with an exception set.
        let made = unsafe { Bound::from_owned_ptr_or_opt(py, run()) };
        return made.map_or(ptr::null_mut(), |made| {
            driven(traced, made, &template, &args).into_ptr()
        });
    }
    match around(&template) {
        Some(span) => finish(&span, run(), traced, &args),
        None => run(),
    }
}

/// What a call returned, with the span of a run around it, which keeps the arguments for its record.
#[inline]
fn driven<'py>(
    traced: &Traced,
    made: Bound<'py, PyAny>,
    template: &Bound<'py, PyAny>,
    args: &Args<'_, 'py>,
) -> Bound<'py, PyAny> {
    let py = made.py();
    let logged = Span::cast(template.as_borrowed()).filter(|span| record::is_wanted(*span));
    let kept = logged.and_then(|_| {
        let output = matches!(traced.kind, Kind::Generator | Kind::AsyncGenerator).then_some(&made);
        record::keep(py, traced.parameters.get(py).as_ref(), output, args).ok()
    });
    drive(traced.kind, made, template, kept)
}

/// The template of this call's span; none while tracing is off.
#[inline]
fn wanted<'py>(traced: &Traced, py: Python<'py>) -> Option<Bound<'py, PyAny>> {
    let template = traced.template.get(py)?;
    let gated = Span::cast(template.as_borrowed())?.has(option::GATED);
    ((!gated || is_ready(py)) && !is_describing()).then_some(template)
}

/// The span of this call, current; none when no span can be made.
#[inline]
fn around<'py>(template: &Bound<'py, PyAny>) -> Option<Bound<'py, PyAny>> {
    let made = fresh(Span::cast(template.as_borrowed())?).ok()?;
    enter(Span::cast(made.as_borrowed())?).ok()?;
    Some(made)
}

/// Ends the span of a call with the outcome of the function.
#[inline]
fn finish(
    span: &Bound<'_, PyAny>,
    result: *mut PyObject,
    traced: &Traced,
    args: &Args<'_, '_>,
) -> *mut PyObject {
    if let Some(span) = Span::cast(span.as_borrowed()) {
        if result.is_null() {
            failed(span, traced, args);
        } else {
            if record::is_wanted(span) {
                // SAFETY: the result is ours for the call.
                let result = unsafe { Borrowed::from_ptr(span.py(), result) };
                log(span, traced, args, Ending::Returned(result));
            }
            exit(span, None);
        }
    }
    result
}

#[cold]
fn log(span: Span<'_, '_>, traced: &Traced, args: &Args<'_, '_>, ending: Ending<'_, '_>) {
    let parameters = traced.parameters.get(span.py());
    record::emit(span, parameters.as_ref(), args, ending);
}

/// The function raised: the exception is set aside while the span takes note of it.
#[cold]
fn failed(span: Span<'_, '_>, traced: &Traced, args: &Args<'_, '_>) {
    let py = span.py();
    let raised = SetAside::new(py);
    if let Some(exception) = raised.exception().filter(|_| record::is_wanted(span)) {
        log(span, traced, args, Ending::Raised(exception));
    }
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

/// `__reduce__`, `__copy__` and `__deepcopy__` are cold: `libtracer._traced` has them.
fn in_python<'py>(
    name: &str,
    this: Borrowed<'_, 'py, PyAny>,
    more: Option<Borrowed<'_, 'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = this.py();
    // SAFETY: a method of this file's types.
    let template = unsafe { body(this) }.template.get(py);
    let module = py.import(intern!(py, "libtracer._traced"))?;
    match more {
        Some(more) => module.call_method1(name, (this, template, more)),
        None => module.call_method1(name, (this, template)),
    }
}

fn reduce<'py>(this: Borrowed<'_, 'py, PyAny>, args: Args<'_, 'py>) -> PyResult<Bound<'py, PyAny>> {
    args.parse("__reduce__", [], 0)?;
    in_python("reduce", this, None)
}

fn deepcopy<'py>(
    this: Borrowed<'_, 'py, PyAny>,
    args: Args<'_, 'py>,
) -> PyResult<Bound<'py, PyAny>> {
    in_python("deepcopy", this, args.get(0))
}

/// `__copy__`: a copy of a function is the function.
#[expect(clippy::unnecessary_wraps, reason = "the shape of a method")]
fn copy<'py>(this: Borrowed<'_, 'py, PyAny>, _args: Args<'_, 'py>) -> PyResult<Bound<'py, PyAny>> {
    Ok(this.to_owned())
}

/// `__dict__`
fn dict<'py>(this: Borrowed<'_, 'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    // SAFETY: an object whose type says where its dict is.
    let dict = unsafe { ffi::PyObject_GenericGetDict(this.as_ptr(), ptr::null_mut()) };
    // SAFETY: an owned reference, or NULL with an exception set.
    unsafe { Bound::from_owned_ptr_or_err(this.py(), dict) }
}

pub(super) fn make_bound(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    let slots = vec![ffi::PyType_Slot {
        slot: ffi::Py_tp_descr_get,
        pfunc: bind as *mut c_void,
    }];
    make(py, c"libtracer.TracedFunction", METHOD_DESCRIPTOR, slots)
}

pub(super) fn make_free(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    make(py, c"libtracer.TracedCallable", 0, Vec::new())
}

fn make<'py>(
    py: Python<'py>,
    name: &'static CStr,
    flags: c_ulong,
    mut slots: Vec<ffi::PyType_Slot>,
) -> PyResult<Bound<'py, PyAny>> {
    let members = vec![
        offset_member(c"__vectorcalloffset__", offset_of!(Traced, vectorcall)),
        offset_member(c"__dictoffset__", offset_of!(Traced, dict)),
        offset_member(c"__weaklistoffset__", WEAK_OFFSET),
        ffi::PyMemberDef::default(),
    ];
    let methods = vec![
        method!(
            c"__reduce__",
            c"__reduce__($self)\n--\n\nPickle by name, as functions are, or else by parts.",
            reduce
        ),
        method!(
            c"__copy__",
            c"__copy__($self)\n--\n\nThe function itself.",
            copy
        ),
        method!(
            c"__deepcopy__",
            c"__deepcopy__($self, memo, /)\n--\n\nAs the function is copied.",
            deepcopy
        ),
        ffi::PyMethodDef::zeroed(),
    ];
    let properties = vec![
        getter!(c"__class__", c"The class without us.", native::class),
        getter!(c"__dict__", c"The attributes of the function.", dict),
        ffi::PyGetSetDef::default(),
    ];
    let slot = |slot, pfunc| ffi::PyType_Slot { slot, pfunc };
    slots.extend(common_slots::<Traced>());
    slots.extend([
        slot(ffi::Py_tp_call, cpython().vectorcall_call as *mut c_void),
        slot(ffi::Py_tp_members, forever(members).cast()),
        slot(ffi::Py_tp_methods, forever(methods).cast()),
        slot(ffi::Py_tp_getset, forever(properties).cast()),
    ]);
    let flags = ffi::Py_TPFLAGS_HAVE_GC | HAVE_VECTORCALL | flags;
    new_type(py, name, size_of::<Traced>(), flags, slots)
}
