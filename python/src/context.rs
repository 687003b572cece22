//! The current span, kept in OpenTelemetry's own context.
//!
//! Normally OpenTelemetry's `ContextVar` holds our span object itself, and a real `Context` is
//! made only for whoever asks (`get_current`); one that is attached is held in an `Attached`, which
//! native code without the GIL can read. Should a release of the API look different inside,
//! `libtracer._context` binds its public `attach` and `detach` instead. Nothing else in this
//! extension knows which of the two holds.

mod again;
mod attached;
mod hook;
mod parent;
mod runtime_context;
mod unlocked;

use crate::cpython::{CollectorOff, cpython};
use crate::object::forget_error;
use crate::span::Span;
use pyo3::ffi::PyObject;
use pyo3::prelude::{PyAnyMethods, PyModule};
use pyo3::sync::PyOnceLock;
use pyo3::types::PyDict;
use pyo3::{Bound, Py, PyAny, PyResult, Python, intern, pyfunction};
use std::ptr;

pub(crate) use parent::{Parent, trace_state_text};
pub(crate) use runtime_context::{attach, detach, get_current, get_current_span};

/// How we reach OpenTelemetry's context.
pub(crate) struct Binding {
    /// The key under which a `Context` holds the current span.
    span_key: Py<PyAny>,
    access: Access,
}

enum Access {
    /// The `ContextVar` behind OpenTelemetry's context, and its class `Context`.
    Direct {
        variable: Py<PyAny>,
        context_class: Py<PyAny>,
    },
    /// `get_current`, `attach`, `detach` and `set_span_in_context` of the API.
    Public {
        current: Py<PyAny>,
        attach: Py<PyAny>,
        detach: Py<PyAny>,
        with_span: Py<PyAny>,
    },
}

static BINDING: PyOnceLock<Binding> = PyOnceLock::new();

/// Our side of OpenTelemetry's context; the first call imports its API.
#[inline]
pub(crate) fn binding(py: Python<'_>) -> PyResult<&'static Binding> {
    match BINDING.get(py) {
        Some(binding) => Ok(binding),
        None => take_over(py),
    }
}

#[cold]
fn take_over(py: Python<'_>) -> PyResult<&'static Binding> {
    py.import(intern!(py, "libtracer._context"))?
        .call_method0(intern!(py, "take_over"))?;
    BINDING.get(py).ok_or_else(|| {
        pyo3::exceptions::PyRuntimeError::new_err("libtracer: OpenTelemetry's context is not bound")
    })
}

/// Binds the `ContextVar` that holds OpenTelemetry's context, and at once has `install` put our
/// runtime context in place; the first binding stays.
#[pyfunction]
pub(crate) fn bind_context(
    py: Python<'_>,
    variable: Py<PyAny>,
    context_class: Py<PyAny>,
    span_key: Py<PyAny>,
    install: &Bound<'_, PyAny>,
) -> PyResult<()> {
    let access = Access::Direct {
        variable,
        context_class,
    };
    attached::make_type(py)?;
    let bound = BINDING.get_or_init(py, || Binding { span_key, access });
    install.call0()?;
    if let Access::Direct { variable, .. } = &bound.access {
        unlocked::learn(variable.bind(py))?;
    }
    hook::install();
    Ok(())
}

/// Binds the public functions of OpenTelemetry's API; the first binding stays.
#[pyfunction]
pub(crate) fn bind_public_context(
    py: Python<'_>,
    current: Py<PyAny>,
    attach: Py<PyAny>,
    detach: Py<PyAny>,
    with_span: Py<PyAny>,
    span_key: Py<PyAny>,
) {
    let access = Access::Public {
        current,
        attach,
        detach,
        with_span,
    };
    BINDING.get_or_init(py, || Binding { span_key, access });
    hook::install();
}

/// Whether the context is bound.
#[pyfunction]
pub(crate) fn is_bound(py: Python<'_>) -> bool {
    BINDING.get(py).is_some()
}

/// What is current here: a span of ours, a `Context`, or nothing.
#[inline]
pub(crate) fn current<'py>(binding: &Binding, py: Python<'py>) -> Option<Bound<'py, PyAny>> {
    match &binding.access {
        Access::Direct { variable, .. } => {
            let mut value = ptr::null_mut();
            // SAFETY: a live `ContextVar` and a valid out-pointer, with the GIL held.
            let status = unsafe {
                (cpython().contextvar_get)(variable.as_ptr(), ptr::null_mut(), &raw mut value)
            };
            if status < 0 {
                forget_error(py);
            }
            // SAFETY: an owned reference or NULL.
            let value = unsafe { Bound::from_owned_ptr_or_opt(py, value) }?;
            if Span::cast(value.as_borrowed()).is_some() {
                return Some(value);
            }
            attached::unwrap(value)
        }
        Access::Public { current, .. } => current.bind(py).call0().ok(),
    }
}

/// Makes a started span current; `current` is what was so far.
#[inline]
pub(crate) fn push<'py>(
    binding: &Binding,
    span: Span<'_, 'py>,
    current: Option<Bound<'py, PyAny>>,
) -> PyResult<()> {
    let py = span.py();
    if span.is_entered() {
        return again::push(binding, span);
    }
    match current {
        Some(current) if current.is(span.object()) => {}
        Some(current) => span.previous.put(current),
        None => drop(span.previous.take(py)),
    }
    let token = match &binding.access {
        Access::Direct { variable, .. } => set_variable(variable, span.object().as_ptr(), py)?,
        Access::Public {
            attach, with_span, ..
        } => {
            let context = with_span.bind(py).call1((span.to_owned(),))?;
            attach.bind(py).call1((context,))?
        }
    };
    span.token.put(token);
    Ok(())
}

fn set_variable<'py>(
    variable: &Py<PyAny>,
    value: *mut PyObject,
    py: Python<'py>,
) -> PyResult<Bound<'py, PyAny>> {
    let collector = CollectorOff::new(py);
    // SAFETY: a live `ContextVar` and a live value, with the GIL held.
    let token = unsafe { (cpython().contextvar_set)(variable.as_ptr(), value) };
    drop(collector);
    // SAFETY: an owned reference, or NULL with an exception set.
    unsafe { Bound::from_owned_ptr_or_err(py, token) }
}

/// Makes current what was current before `push`. A token of another context (a generator closed
/// elsewhere) changes nothing: that context is gone, and this one never had the span.
#[inline]
pub(crate) fn pop(span: Span<'_, '_>) {
    let py = span.py();
    let Ok(binding) = binding(py) else { return };
    if let Some(tokens) = span.more_tokens.get(py) {
        return again::pop(binding, span, &tokens);
    }
    let Some(token) = span.token.take(py) else {
        return;
    };
    match &binding.access {
        Access::Direct { variable, .. } => {
            if !reset_variable(variable, &token) {
                forget_error(py);
            }
        }
        Access::Public { detach, .. } => drop(detach.bind(py).call1((token,))),
    }
    drop(span.own_context.take(py));
}

/// False, with an exception set, when the token belongs to another context.
fn reset_variable(variable: &Py<PyAny>, token: &Bound<'_, PyAny>) -> bool {
    let collector = CollectorOff::new(token.py());
    // SAFETY: a live `ContextVar` and a live token, with the GIL held.
    let status = unsafe { (cpython().contextvar_reset)(variable.as_ptr(), token.as_ptr()) };
    drop(collector);
    status == 0
}

/// The object a `Context` holds as its span.
#[inline]
fn span_in<'py>(context: &Bound<'py, PyAny>, binding: &Binding) -> Option<Bound<'py, PyAny>> {
    use pyo3::prelude::PyDictMethods;
    let map = context.cast::<PyDict>().ok()?;
    if map.is_empty() {
        return None;
    }
    map.get_item(binding.span_key.bind(context.py()))
        .ok()
        .flatten()
}

/// Adds the helper by which `unlocked` finds its way, and nothing else.
pub(crate) fn add_to(module: &Bound<'_, PyModule>) -> PyResult<()> {
    unlocked::add_to(module)
}
