//! One step of an asynchronous generator: what `__anext__`, `asend`, `athrow` and `aclose` return
//! to be awaited. The generator's span is current from its first resumption to its last.

use super::native::{self, Body, Head, Type, WEAK_OFFSET, common_slots};
use super::run::{self, Outcome, State};
use super::stream::{self, Stream};
use crate::cpython::call_method;
use crate::object::{
    Args, SetAside, Slot, forever, getter, method, missing, new_type, offset_member,
};
use pyo3::exceptions::PyStopIteration;
use pyo3::ffi::{self, PyObject, PySendResult};
use pyo3::{Borrowed, Bound, PyAny, PyResult, Python, intern};
use std::cell::Cell;
use std::ffi::c_void;

pub(super) static TYPE: Type = Type::empty();

/// What a step does to its generator.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Forward,
    Throw,
    Close,
}

/// Where a step is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    New,
    /// Its generator's span is current.
    Active,
    /// Over, or none of ours: the generator is over or in another step.
    Passive,
}

/// The memory of a step.
#[repr(C)]
struct Step {
    head: Head,
    owner: Slot,
    phase: Cell<Phase>,
    way: Way,
}

// SAFETY: `#[repr(C)]`, and the head comes first.
unsafe impl Body for Step {
    fn head(&self) -> &Head {
        &self.head
    }

    fn others(&self) -> impl Iterator<Item = &Slot> {
        std::iter::once(&self.owner)
    }

    fn abandoned(&self, py: Python<'_>) {
        drop(self.head.inner.take(py));
        self.leave(py);
    }
}

/// A step of `owner`, around what the generator itself gave to be awaited.
pub(super) fn new<'py>(
    owner: Borrowed<'_, 'py, PyAny>,
    awaitable: Bound<'py, PyAny>,
    way: Way,
) -> PyResult<Bound<'py, PyAny>> {
    native::new(&TYPE, awaitable, |head| {
        let step = Step {
            head,
            owner: Slot::empty(),
            phase: Cell::new(Phase::New),
            way,
        };
        step.owner.put(owner.to_owned());
        step
    })
}

impl Step {
    /// Runs `resume` as a part of the step.
    #[inline]
    fn run(&self, py: Python<'_>, resume: impl FnOnce() -> Outcome) -> Outcome {
        let Some(owner) = self.owner.get(py) else {
            return resume();
        };
        // SAFETY: `new` is given a stream.
        let stream = unsafe { stream::body(owner.as_borrowed()) };
        if self.phase.get() == Phase::New {
            self.begin(stream, py);
        }
        let outcome = resume();
        if self.phase.get() == Phase::Active && outcome.0 != PySendResult::PYGEN_NEXT {
            self.phase.set(Phase::Passive);
            self.end(stream, outcome, py);
        }
        outcome
    }

    fn begin(&self, stream: &Stream, py: Python<'_>) {
        self.phase.set(Phase::Passive);
        if stream.run.state() == State::New && self.way != Way::Forward {
            stream.run.close(py); // its code never runs
        } else if stream.run.begin(py, false).is_some() {
            self.phase.set(Phase::Active);
        }
    }

    /// An item is what the step returns; everything else is the end of the generator.
    fn end(&self, stream: &Stream, outcome: Outcome, py: Python<'_>) {
        let Some(span) = stream.run.span.get(py) else {
            return;
        };
        let is_item = outcome.0 == PySendResult::PYGEN_RETURN
            || outcome.1.is_null() && native::is_raised::<PyStopIteration>(py);
        if !is_item {
            return stream.run.fail(&span);
        }
        let raised = outcome.1.is_null().then(|| SetAside::new(py));
        if self.way == Way::Close {
            stream.run.end(&span, None);
        } else {
            stream.run.pause(&span, false);
        }
        drop(raised);
    }

    /// The step was given up. The generator stays where it is, unless that has ended it.
    fn leave(&self, py: Python<'_>) {
        if self.phase.replace(Phase::Passive) != Phase::Active {
            return;
        }
        let Some(owner) = self.owner.get(py) else {
            return;
        };
        // SAFETY: `new` is given a stream.
        let stream = unsafe { stream::body(owner.as_borrowed()) };
        if let Some(span) = stream.run.span.get(py) {
            native::unraisable(py, || {
                if stream.is_over(py) {
                    stream.run.end(&span, None);
                } else {
                    stream.run.pause(&span, false);
                }
                Ok(())
            });
        }
    }
}

/// # Safety
///
/// The object is a step, as CPython sees to for its slots and methods.
unsafe fn body<'a>(this: Borrowed<'a, '_, PyAny>) -> &'a Step {
    // SAFETY: as the caller promises.
    unsafe { native::body(this) }
}

#[inline]
fn resume(this: Borrowed<'_, '_, PyAny>, value: *mut PyObject) -> Outcome {
    let py = this.py();
    // SAFETY: only used in slots and methods of the type.
    let step = unsafe { body(this) };
    match step.head.inner.get(py) {
        Some(inner) => step.run(py, || run::send(&inner, value)),
        None => Outcome::of_call(py, Err(PyStopIteration::new_err(()))),
    }
}

/// `am_await` and `tp_iter`
unsafe extern "C" fn itself(this: *mut PyObject) -> *mut PyObject {
    // SAFETY: CPython keeps the object alive for the call.
    unsafe { ffi::Py_NewRef(this) }
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
    let outcome = resume(unsafe { Borrowed::from_ptr(py, this) }, value);
    // SAFETY: CPython gives a valid out-pointer.
    unsafe { result.write(outcome.1) };
    outcome.0
}

/// `tp_iternext`
unsafe extern "C" fn next(this: *mut PyObject) -> *mut PyObject {
    // SAFETY: CPython calls slots with the GIL held.
    let py = unsafe { Python::assume_attached() };
    // SAFETY: reading the singleton's address has no precondition.
    let none = unsafe { ffi::Py_None() };
    // SAFETY: CPython keeps the object alive for the call.
    resume(unsafe { Borrowed::from_ptr(py, this) }, none).next(py)
}

/// `send(value)`
fn send<'py>(this: Borrowed<'_, 'py, PyAny>, args: Args<'_, 'py>) -> PyResult<Bound<'py, PyAny>> {
    let value = args.get(0).ok_or_else(|| missing("send", "value"))?;
    resume(this, value.as_ptr()).item(this.py())
}

/// `throw(exception)`
fn throw<'py>(this: Borrowed<'_, 'py, PyAny>, args: Args<'_, 'py>) -> PyResult<Bound<'py, PyAny>> {
    let py = this.py();
    // SAFETY: a method of the type.
    let step = unsafe { body(this) };
    let outcome = match step.head.inner.get(py) {
        Some(inner) => step.run(py, || {
            Outcome::of_call(py, run::throw(&inner, intern!(py, "throw"), &args))
        }),
        None => Outcome::of_call(py, Err(PyStopIteration::new_err(()))),
    };
    outcome.item(py)
}

/// `close()`
fn close<'py>(this: Borrowed<'_, 'py, PyAny>, args: Args<'_, 'py>) -> PyResult<Bound<'py, PyAny>> {
    args.parse("close", [], 0)?;
    let py = this.py();
    // SAFETY: a method of the type.
    let step = unsafe { body(this) };
    let closed = match step.head.inner.get(py) {
        Some(inner) => call_method(&inner, intern!(py, "close"), []),
        None => Ok(py.None().into_bound(py)),
    };
    step.leave(py);
    closed
}

pub(super) fn make_type(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
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
        method!(c"close", c"close($self)\n--\n\nGive it up.", close),
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
    let mut slots = common_slots::<Step>();
    slots.extend([
        slot(ffi::Py_am_await, itself as *mut c_void),
        slot(ffi::Py_tp_iter, itself as *mut c_void),
        slot(ffi::Py_tp_iternext, next as *mut c_void),
        slot(ffi::Py_am_send, am_send as *mut c_void),
        slot(ffi::Py_tp_methods, forever(methods).cast()),
        slot(ffi::Py_tp_members, forever(members).cast()),
        slot(ffi::Py_tp_getset, forever(properties).cast()),
    ]);
    let (name, flags) = (c"libtracer.TracedStep", ffi::Py_TPFLAGS_HAVE_GC);
    new_type(py, name, size_of::<Step>(), flags, slots)
}
