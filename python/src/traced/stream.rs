//! Asynchronous generators with a span around them, current during their steps only.

use super::native::{self, Body, Head, Type, WEAK_OFFSET, common_slots};
use super::run::{self, Run, State};
use super::step::{self, Way};
use crate::object::{Args, Slot, forever, getter, method, missing, new_type, offset_member};
use pyo3::exceptions::PyRuntimeError;
use pyo3::ffi::{self, PyObject};
use pyo3::prelude::PyAnyMethods;
use pyo3::{Borrowed, Bound, PyAny, PyResult, Python, intern};
use std::ffi::c_void;

pub(super) static TYPE: Type = Type::empty();

/// The memory of a traced asynchronous generator.
#[repr(C)]
pub(super) struct Stream {
    head: Head,
    pub(super) run: Run,
    /// The event loop's function that closes what was abandoned.
    finalizer: Slot,
}

// SAFETY: `#[repr(C)]`, and the head comes first.
unsafe impl Body for Stream {
    fn head(&self) -> &Head {
        &self.head
    }

    fn others(&self) -> impl Iterator<Item = &Slot> {
        self.run.slots().chain([&self.finalizer])
    }

    /// The event loop closes it, as it does those of the program; the span ends then.
    fn abandoned(&self, py: Python<'_>) {
        if self.run.state() == State::Suspended {
            native::unraisable(py, || bury(self, py));
        }
    }
}

/// Puts a span around an asynchronous generator.
pub(super) fn new<'py>(
    inner: Bound<'py, PyAny>,
    template: &Bound<'py, PyAny>,
    kept: Option<Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    native::new(&TYPE, inner, |head| Stream {
        head,
        run: Run::new(template, kept),
        finalizer: Slot::empty(),
    })
}

/// The event loop gets an heir to close: a new object with our generator and our span. Where no loop
/// asked for it, the span ends here and CPython closes the generator.
fn bury(stream: &Stream, py: Python<'_>) -> PyResult<()> {
    let Some(span) = stream.run.span.get(py) else {
        return Ok(());
    };
    let finalizer = stream.finalizer.take(py);
    let inner = stream.head.inner.get(py);
    if let (Some(finalizer), Some(inner)) = (finalizer, inner)
        && !stream.is_over(py)
    {
        let heir = native::new(&TYPE, inner, |head| Stream {
            head,
            run: Run::suspended(&span, stream.run.call.take(py)),
            finalizer: Slot::empty(),
        })?;
        return finalizer.call1((heir,)).map(drop);
    }
    stream.run.end(&span, None);
    Ok(())
}

impl Stream {
    /// Whether the generator has run to its end.
    pub(super) fn is_over(&self, py: Python<'_>) -> bool {
        let inner = self.head.inner.get(py);
        let frame = inner.and_then(|inner| inner.getattr(intern!(py, "ag_frame")).ok());
        frame.is_none_or(|frame| frame.is_none())
    }
}

/// # Safety
///
/// The object is a traced asynchronous generator, as CPython sees to for its slots and methods.
pub(super) unsafe fn body<'a>(this: Borrowed<'a, '_, PyAny>) -> &'a Stream {
    // SAFETY: as the caller promises.
    unsafe { native::body(this) }
}

/// What is inside. Before anything ran, it is found out how the event loop closes generators.
fn inner<'py>(this: Borrowed<'_, 'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let py = this.py();
    // SAFETY: only used in slots and methods of the type.
    let stream = unsafe { body(this) };
    if stream.run.state() == State::New {
        let hooks = py
            .import(intern!(py, "sys"))?
            .call_method0(intern!(py, "get_asyncgen_hooks"))?;
        let finalizer = hooks.getattr(intern!(py, "finalizer"))?;
        if !finalizer.is_none() {
            stream.finalizer.put(finalizer);
        }
    }
    let gone = || PyRuntimeError::new_err("this has been collected");
    stream.head.inner.get(py).ok_or_else(gone)
}

/// `am_aiter`
unsafe extern "C" fn itself(this: *mut PyObject) -> *mut PyObject {
    // SAFETY: CPython keeps the object alive for the call.
    unsafe { ffi::Py_NewRef(this) }
}

/// `am_anext`
unsafe extern "C" fn anext(this: *mut PyObject) -> *mut PyObject {
    // SAFETY: CPython calls slots with the GIL held.
    let py = unsafe { Python::assume_attached() };
    // SAFETY: CPython keeps the object alive for the call.
    let this = unsafe { Borrowed::from_ptr(py, this) };
    crate::object::finish(py, || {
        let awaitable = inner(this)?.call_method0(intern!(py, "__anext__"))?;
        step::new(this, awaitable, Way::Forward)
    })
}

/// `asend(value)`
fn asend<'py>(this: Borrowed<'_, 'py, PyAny>, args: Args<'_, 'py>) -> PyResult<Bound<'py, PyAny>> {
    let value = args.get(0).ok_or_else(|| missing("asend", "value"))?;
    let awaitable = inner(this)?.call_method1(intern!(this.py(), "asend"), (value,))?;
    step::new(this, awaitable, Way::Forward)
}

/// `athrow(exception)`
fn athrow<'py>(this: Borrowed<'_, 'py, PyAny>, args: Args<'_, 'py>) -> PyResult<Bound<'py, PyAny>> {
    let awaitable = run::throw(&inner(this)?, intern!(this.py(), "athrow"), &args)?;
    step::new(this, awaitable, Way::Throw)
}

/// `aclose()`
fn aclose<'py>(this: Borrowed<'_, 'py, PyAny>, args: Args<'_, 'py>) -> PyResult<Bound<'py, PyAny>> {
    args.parse("aclose", [], 0)?;
    let awaitable = inner(this)?.call_method0(intern!(this.py(), "aclose"))?;
    step::new(this, awaitable, Way::Close)
}

pub(super) fn make_type(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    let methods = vec![
        method!(
            c"asend",
            c"asend($self, value, /)\n--\n\nResume with a value, when awaited.",
            asend
        ),
        method!(
            c"athrow",
            c"athrow($self, exception, /, *more)\n--\n\nResume with an exception, when awaited.",
            athrow
        ),
        method!(
            c"aclose",
            c"aclose($self)\n--\n\nEnd it, when awaited.",
            aclose
        ),
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
    let mut slots = common_slots::<Stream>();
    slots.extend([
        slot(ffi::Py_am_aiter, itself as *mut c_void),
        slot(ffi::Py_am_anext, anext as *mut c_void),
        slot(ffi::Py_tp_methods, forever(methods).cast()),
        slot(ffi::Py_tp_members, forever(members).cast()),
        slot(ffi::Py_tp_getset, forever(properties).cast()),
    ]);
    let (name, flags) = (c"libtracer.TracedAsyncGenerator", ffi::Py_TPFLAGS_HAVE_GC);
    new_type(py, name, size_of::<Stream>(), flags, slots)
}
