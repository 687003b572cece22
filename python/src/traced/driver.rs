//! Coroutines and generators with a span around them.
//!
//! A coroutine's span is current from its first step to its last: the context of the task that
//! awaits it is its own. A generator's is current during its steps only, for between them its
//! consumer runs in the same context.

use super::Kind;
use super::native::{self, Body, Head, Type, WEAK_OFFSET, common_slots};
use super::run::{self, Outcome, Run, State};
use crate::cpython::call_method;
use crate::object::{Args, Slot, forever, getter, method, missing, new_type, offset_member};
use pyo3::exceptions::PyRuntimeError;
use pyo3::ffi::{self, PyObject, PySendResult};
use pyo3::prelude::PyAnyMethods;
use pyo3::{Borrowed, Bound, PyAny, PyResult, Python, intern};
use std::ffi::{CStr, c_void};
use std::ptr;

pub(super) static COROUTINE: Type = Type::empty();
pub(super) static GENERATOR: Type = Type::empty();
pub(super) static AWAITABLE: Type = Type::empty();

/// The memory of a driver.
#[repr(C)]
struct Driver {
    head: Head,
    run: Run,
    /// Whether the span stays current between steps.
    stays_current: bool,
}

// SAFETY: `#[repr(C)]`, and the head comes first.
unsafe impl Body for Driver {
    fn head(&self) -> &Head {
        &self.head
    }

    fn others(&self) -> impl Iterator<Item = &Slot> {
        self.run.slots()
    }

    /// What was begun is closed, as dropping it would.
    fn abandoned(&self, py: Python<'_>) {
        if self.run.state() == State::Suspended {
            native::unraisable(py, || close_inner(self, py).map(drop));
        }
    }
}

/// Puts a span around a coroutine or a generator.
pub(super) fn new<'py>(
    kind: Kind,
    inner: Bound<'py, PyAny>,
    template: &Bound<'py, PyAny>,
    kept: Option<Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let made = match kind {
        Kind::Generator => &GENERATOR,
        Kind::Awaitable => &AWAITABLE,
        _ => &COROUTINE,
    };
    native::new(made, inner, |head| Driver {
        head,
        run: Run::new(template, kept),
        stays_current: kind != Kind::Generator,
    })
}

/// # Safety
///
/// The object is one of this file's types, as CPython sees to for their slots and methods.
unsafe fn body<'a>(this: Borrowed<'a, '_, PyAny>) -> &'a Driver {
    // SAFETY: as the caller promises.
    unsafe { native::body(this) }
}

/// Resumes what is inside with a value.
#[inline]
fn resume(driver: &Driver, py: Python<'_>, value: *mut PyObject) -> Outcome {
    let Some(inner) = driver.head.inner.get(py) else {
        return collected(py);
    };
    driver
        .run
        .step(py, driver.stays_current, || run::send(&inner, value))
}

#[cold]
fn collected(py: Python<'_>) -> Outcome {
    Outcome::of_call(py, Err(PyRuntimeError::new_err("this has been collected")))
}

/// `am_send`
unsafe extern "C" fn am_send(
    this: *mut PyObject,
    value: *mut PyObject,
    result: *mut *mut PyObject,
) -> PySendResult {
    // SAFETY: CPython calls slots with the GIL held.
    let py = unsafe { Python::assume_attached() };
    // SAFETY: CPython keeps the object alive for the call.
    let this = unsafe { Borrowed::from_ptr(py, this) };
    // SAFETY: a slot of this file's types.
    let outcome = resume(unsafe { body(this) }, py, value);
    // SAFETY: CPython gives a valid out-pointer.
    unsafe { result.write(outcome.1) };
    outcome.0
}

/// `tp_iternext`
unsafe extern "C" fn next(this: *mut PyObject) -> *mut PyObject {
    // SAFETY: CPython calls slots with the GIL held.
    let py = unsafe { Python::assume_attached() };
    // SAFETY: CPython keeps the object alive for the call.
    let this = unsafe { Borrowed::from_ptr(py, this) };
    // SAFETY: reading the singleton's address has no precondition.
    let none = unsafe { ffi::Py_None() };
    // SAFETY: a slot of this file's types.
    resume(unsafe { body(this) }, py, none).next(py)
}

/// `tp_iter`, and `am_await` before anything ran.
unsafe extern "C" fn itself(this: *mut PyObject) -> *mut PyObject {
    // SAFETY: CPython keeps the object alive for the call.
    unsafe { ffi::Py_NewRef(this) }
}

/// `am_await`: what is being awaited already cannot be awaited again.
unsafe extern "C" fn am_await(this: *mut PyObject) -> *mut PyObject {
    // SAFETY: CPython calls slots with the GIL held.
    let py = unsafe { Python::assume_attached() };
    // SAFETY: CPython keeps the object alive for the call.
    let object = unsafe { Borrowed::from_ptr(py, this) };
    // SAFETY: a slot of this file's types.
    let driver = unsafe { body(object) };
    if driver.run.state() != State::New && is_awaited(driver, py) {
        let text = "coroutine is being awaited already";
        return crate::object::raise(py, PyRuntimeError::new_err(text));
    }
    // SAFETY: as above.
    unsafe { itself(this) }
}

fn is_awaited(driver: &Driver, py: Python<'_>) -> bool {
    let inner = driver.head.inner.get(py);
    inner
        .and_then(|inner| inner.getattr(intern!(py, "cr_await")).ok())
        .is_some_and(|awaited| !awaited.is_none())
}

/// `send(value)`
fn send<'py>(this: Borrowed<'_, 'py, PyAny>, args: Args<'_, 'py>) -> PyResult<Bound<'py, PyAny>> {
    let value = args.get(0).ok_or_else(|| missing("send", "value"))?;
    // SAFETY: a method of this file's types.
    let driver = unsafe { body(this) };
    resume(driver, this.py(), value.as_ptr()).item(this.py())
}

/// `throw(exception)`
fn throw<'py>(this: Borrowed<'_, 'py, PyAny>, args: Args<'_, 'py>) -> PyResult<Bound<'py, PyAny>> {
    let py = this.py();
    // SAFETY: a method of this file's types.
    let driver = unsafe { body(this) };
    let Some(inner) = driver.head.inner.get(py) else {
        return collected(py).item(py);
    };
    let throw = || Outcome::of_call(py, run::throw(&inner, intern!(py, "throw"), &args));
    if driver.run.state() == State::New {
        driver.run.close(py); // its code never runs
    }
    driver.run.step(py, driver.stays_current, throw).item(py)
}

/// `close()`
fn close<'py>(this: Borrowed<'_, 'py, PyAny>, args: Args<'_, 'py>) -> PyResult<Bound<'py, PyAny>> {
    args.parse("close", [], 0)?;
    // SAFETY: a method of this file's types.
    close_inner(unsafe { body(this) }, this.py())
}

fn close_inner<'py>(driver: &Driver, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
    let Some(inner) = driver.head.inner.get(py) else {
        return Ok(py.None().into_bound(py));
    };
    if driver.run.state() == State::New {
        driver.run.close(py);
    }
    let mut closed = None;
    let outcome = driver.run.step(py, driver.stays_current, || {
        match call_method(&inner, intern!(py, "close"), []) {
            Ok(value) => {
                closed = Some(value);
                Outcome(PySendResult::PYGEN_RETURN, ptr::null_mut())
            }
            Err(error) => Outcome::of_call(py, Err(error)),
        }
    });
    match closed {
        Some(value) => Ok(value),
        None => outcome.item(py),
    }
}

pub(super) fn make_coroutine(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    make(py, c"libtracer.TracedCoroutine", vec![awaited()])
}

pub(super) fn make_generator(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    make(py, c"libtracer.TracedGenerator", vec![iterated()])
}

pub(super) fn make_awaitable(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    let name = c"libtracer.TracedAwaitable";
    make(py, name, vec![awaited(), iterated()])
}

fn awaited() -> ffi::PyType_Slot {
    ffi::PyType_Slot {
        slot: ffi::Py_am_await,
        pfunc: am_await as *mut c_void,
    }
}

fn iterated() -> ffi::PyType_Slot {
    ffi::PyType_Slot {
        slot: ffi::Py_tp_iter,
        pfunc: itself as *mut c_void,
    }
}

fn make<'py>(
    py: Python<'py>,
    name: &'static CStr,
    mut slots: Vec<ffi::PyType_Slot>,
) -> PyResult<Bound<'py, PyAny>> {
    let methods = vec![
        method!(
            c"send",
            c"send($self, value, /)\n--\n\nResume with a value.",
            send
        ),
        method!(
            c"throw",
            c"throw($self, exception, /, *more)\n--\n\nResume with an exception.",
            throw
        ),
        method!(c"close", c"close($self)\n--\n\nEnd it here.", close),
        ffi::PyMethodDef::zeroed(),
    ];
    let members = vec![
        offset_member(c"__weaklistoffset__", WEAK_OFFSET),
        ffi::PyMemberDef::default(),
    ];
    let properties = vec![
        getter!(c"__class__", c"The class without us.", native::class),
        ffi::PyGetSetDef::default(),
    ];
    let slot = |slot, pfunc| ffi::PyType_Slot { slot, pfunc };
    slots.extend(common_slots::<Driver>());
    slots.extend([
        slot(ffi::Py_tp_iternext, next as *mut c_void),
        slot(ffi::Py_am_send, am_send as *mut c_void),
        slot(ffi::Py_tp_methods, forever(methods).cast()),
        slot(ffi::Py_tp_members, forever(members).cast()),
        slot(ffi::Py_tp_getset, forever(properties).cast()),
    ]);
    new_type(
        py,
        name,
        size_of::<Driver>(),
        ffi::Py_TPFLAGS_HAVE_GC,
        slots,
    )
}
