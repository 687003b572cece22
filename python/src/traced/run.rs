//! One run of traced code: its span is made at the first step, current while the code runs, and
//! ended with the outcome.

use super::native::is_raised;
use super::record::{self, Ending};
use crate::cpython::{call_method, cpython};
use crate::object::{Args, SetAside, Slot};
use crate::span::{Span, enter, exit, fresh, leave};
use pyo3::exceptions::{PyStopAsyncIteration, PyStopIteration};
use pyo3::ffi::{PyObject, PySendResult};
use pyo3::prelude::PyAnyMethods;
use pyo3::types::PyString;
use pyo3::{Borrowed, Bound, PyAny, PyErr, PyResult, Python};
use std::cell::Cell;
use std::ptr;

/// Where a run is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Nothing has run, and there is no span yet.
    New,
    /// Between two steps.
    Suspended,
    /// In a step.
    Running,
    /// Over; the span has ended.
    Done,
}

/// What a step gave: a value, a result, or an exception that is set.
#[derive(Clone, Copy)]
pub(super) struct Outcome(pub(super) PySendResult, pub(super) *mut PyObject);

impl Outcome {
    /// That of a call which gives an item or raises.
    pub(super) fn of_call(py: Python<'_>, result: PyResult<Bound<'_, PyAny>>) -> Self {
        match result {
            Ok(item) => Self(PySendResult::PYGEN_NEXT, item.into_ptr()),
            Err(error) => {
                error.restore(py);
                Self(PySendResult::PYGEN_ERROR, ptr::null_mut())
            }
        }
    }

    /// What `tp_iternext` returns: the end is a NULL, its value goes with a `StopIteration`.
    pub(super) fn next(self, py: Python<'_>) -> *mut PyObject {
        if self.0 != PySendResult::PYGEN_RETURN {
            return self.1;
        }
        // SAFETY: the result is ours.
        let value = unsafe { Bound::from_owned_ptr(py, self.1) };
        if !value.is_none() {
            stop(&value);
        }
        ptr::null_mut()
    }

    /// What `send` and `throw` return: the end is always a `StopIteration`.
    pub(super) fn item(self, py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
        let next = self.next(py);
        if next.is_null() && self.0 == PySendResult::PYGEN_RETURN && !PyErr::occurred(py) {
            return Err(PyStopIteration::new_err(()));
        }
        // SAFETY: an owned reference, or NULL with an exception set.
        unsafe { Bound::from_owned_ptr_or_err(py, next) }
    }
}

/// Raises `StopIteration` with a value. An instance, for CPython would take a tuple apart.
fn stop(value: &Bound<'_, PyAny>) {
    let made = value.py().get_type::<PyStopIteration>().call1((value,));
    match made {
        Ok(stop) => PyErr::from_value(stop).restore(value.py()),
        Err(error) => error.restore(value.py()),
    }
}

/// Resumes the object by the iterator protocol.
#[inline]
pub(super) fn send(object: &Bound<'_, PyAny>, value: *mut PyObject) -> Outcome {
    let mut result = ptr::null_mut();
    // SAFETY: two live objects and a valid out-pointer, with the GIL held.
    let status = unsafe { cpython().iter_send(object.as_ptr(), value, &raw mut result) };
    Outcome(status, result)
}

/// The span of a run: the template of it, until the first step.
pub(super) struct Run {
    pub(super) span: Slot,
    /// What its record needs, where there is to be one.
    pub(super) call: Slot,
    state: Cell<State>,
}

impl Run {
    pub(super) fn new(template: &Bound<'_, PyAny>, kept: Option<Bound<'_, PyAny>>) -> Self {
        let (span, call) = (Slot::empty(), Slot::empty());
        span.put(template.clone());
        if let Some(kept) = kept {
            call.put(kept);
        }
        Self {
            span,
            call,
            state: Cell::new(State::New),
        }
    }

    /// That of a span which has started elsewhere.
    pub(super) fn suspended(span: &Bound<'_, PyAny>, kept: Option<Bound<'_, PyAny>>) -> Self {
        let run = Self::new(span, kept);
        run.state.set(State::Suspended);
        run
    }

    /// What it holds.
    pub(super) fn slots(&self) -> impl Iterator<Item = &Slot> {
        [&self.span, &self.call].into_iter()
    }

    pub(super) fn state(&self) -> State {
        self.state.get()
    }

    /// Makes the span current for a step. None when there is nothing to trace: the run is over, or
    /// in a step already.
    #[inline]
    pub(super) fn begin<'py>(&self, py: Python<'py>, current: bool) -> Option<Bound<'py, PyAny>> {
        let span = match self.state.get() {
            State::New => self.first(py)?,
            State::Suspended => {
                let span = self.span.get(py)?;
                if !current {
                    enter(Span::cast(span.as_borrowed())?).ok();
                }
                span
            }
            State::Running | State::Done => return None,
        };
        self.state.set(State::Running);
        Some(span)
    }

    /// Starts the span. Without one, for what reason ever, the code runs all the same.
    fn first<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyAny>> {
        self.state.set(State::Done);
        let template = self.span.take(py)?;
        let span = fresh(Span::cast(template.as_borrowed())?).ok()?;
        enter(Span::cast(span.as_borrowed())?).ok()?;
        self.span.put(span.clone());
        Some(span)
    }

    /// After a step that is not the last one; the span stays current where it is awaited.
    #[inline]
    pub(super) fn pause(&self, span: &Bound<'_, PyAny>, current: bool) {
        self.state.set(State::Suspended);
        if let Some(span) = Span::cast(span.as_borrowed()).filter(|_| !current) {
            leave(span);
        }
    }

    /// After the last step, which gave a result unless it was given up.
    #[inline]
    pub(super) fn end(&self, span: &Bound<'_, PyAny>, result: Option<Borrowed<'_, '_, PyAny>>) {
        let kept = self.call.take(span.py());
        self.close(span.py());
        if let Some(span) = Span::cast(span.as_borrowed()) {
            if let Some(kept) = kept {
                let ending = result.map_or(Ending::Nothing, Ending::Returned);
                record::emit_kept(span, &kept, ending);
            }
            exit(span, None);
        }
    }

    /// After the last step, which raised; that an iteration stopped is no error.
    #[cold]
    pub(super) fn fail(&self, span: &Bound<'_, PyAny>) {
        let py = span.py();
        let natural = is_raised::<PyStopIteration>(py) || is_raised::<PyStopAsyncIteration>(py);
        let raised = SetAside::new(py);
        let kept = self.call.take(py);
        self.close(py);
        if let Some(span) = Span::cast(span.as_borrowed()) {
            let exception = raised.exception().filter(|_| !natural);
            if let Some(kept) = kept {
                let ending = exception.map_or(Ending::Nothing, Ending::Raised);
                record::emit_kept(span, &kept, ending);
            }
            exit(span, exception);
        }
    }

    /// Nothing more is to be traced.
    pub(super) fn close(&self, py: Python<'_>) {
        self.state.set(State::Done);
        drop((self.span.take(py), self.call.take(py)));
    }

    /// Runs one step, with the span current.
    #[inline]
    pub(super) fn step(
        &self,
        py: Python<'_>,
        current: bool,
        run: impl FnOnce() -> Outcome,
    ) -> Outcome {
        let Some(span) = self.begin(py, current) else {
            return run();
        };
        let outcome = run();
        match outcome.0 {
            PySendResult::PYGEN_NEXT => self.pause(&span, current),
            PySendResult::PYGEN_RETURN => {
                // SAFETY: the result is ours still, or NULL.
                self.end(&span, unsafe { Borrowed::from_ptr_or_opt(py, outcome.1) });
            }
            PySendResult::PYGEN_ERROR => self.fail(&span),
        }
        outcome
    }
}

/// The arguments of `throw`, passed on as they came.
pub(super) fn throw<'py>(
    inner: &Bound<'py, PyAny>,
    method: &Bound<'py, PyString>,
    args: &Args<'_, 'py>,
) -> PyResult<Bound<'py, PyAny>> {
    match (args.get(0), args.get(1), args.get(2)) {
        (Some(kind), Some(value), Some(trace)) => {
            call_method(inner, method, [&*kind, &*value, &*trace])
        }
        (Some(kind), Some(value), None) => call_method(inner, method, [&*kind, &*value]),
        (Some(kind), None, _) => call_method(inner, method, [&*kind]),
        (None, ..) => call_method(inner, method, []),
    }
}
