//! What OpenTelemetry's `RuntimeContext` is made of once we have taken over: `get_current`,
//! `attach` and `detach` on the same `ContextVar`, and our own `get_current_span`.

use super::{Access, Binding, attached, binding, current, reset_variable, set_variable, span_in};
use crate::object::{Args, missing};
use crate::span::Span;
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::ffi;
use pyo3::prelude::{PyAnyMethods, PyDictMethods};
use pyo3::types::PyDict;
use pyo3::{Borrowed, Bound, Py, PyAny, PyErr, PyResult, Python};
use std::sync::atomic::{AtomicBool, Ordering};

/// Spans looked through for the context below them; more than any program nests.
const MAX_CHAIN: usize = 100_000;

fn none(py: Python<'_>) -> Bound<'_, PyAny> {
    py.None().into_bound(py)
}

/// `get_current_span()`: the span that is current here, whoever made it, or None.
pub(crate) fn get_current_span<'py>(
    module: Borrowed<'_, 'py, PyAny>,
    _args: Args<'_, 'py>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = module.py();
    let binding = binding(py)?;
    let Some(value) = current(binding, py) else {
        return Ok(none(py));
    };
    if let Some(span) = Span::cast(value.as_borrowed()) {
        return Ok(span.shown());
    }
    let found = span_in(&value, binding).unwrap_or_else(|| none(py));
    Ok(match Span::cast(found.as_borrowed()) {
        Some(span) => span.shown(),
        None => found,
    })
}

/// `get_current()`: the current context as a real `Context`.
pub(crate) fn get_current<'py>(
    module: Borrowed<'_, 'py, PyAny>,
    _args: Args<'_, 'py>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = module.py();
    current_context(binding(py)?, py)
}

fn current_context<'py>(binding: &Binding, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
    let Access::Direct { context_class, .. } = &binding.access else {
        return Ok(current(binding, py).unwrap_or_else(|| none(py)));
    };
    let Some(value) = current(binding, py) else {
        return context_class.bind(py).call0();
    };
    match Span::cast(value.as_borrowed()) {
        Some(span) => materialise(span, context_class, binding),
        None => Ok(value),
    }
}

/// The `Context` in which a span is current: what was current before it, plus the span.
fn materialise<'py>(
    span: Span<'_, 'py>,
    context_class: &Py<PyAny>,
    binding: &Binding,
) -> PyResult<Bound<'py, PyAny>> {
    let py = span.py();
    if let Some(made) = span.own_context.get(py) {
        return Ok(made);
    }
    let made = context_of(span, context_class, binding, base_of(span))?;
    span.own_context.put(made.clone());
    Ok(made)
}

/// A new `Context`: the items of another one, and a span.
fn context_of<'py>(
    span: Span<'_, 'py>,
    context_class: &Py<PyAny>,
    binding: &Binding,
    base: Option<Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let made = context_class.bind(span.py()).call0()?;
    let items = made.cast::<PyDict>()?;
    if let Some(base) = base {
        merge(items, base.cast::<PyDict>()?)?;
    }
    set_item(items, binding.span_key.bind(span.py()), span.object())?;
    Ok(made)
}

/// The current `Context` with this span in it.
pub(super) fn with_span<'py>(
    binding: &Binding,
    span: Span<'_, 'py>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = span.py();
    match &binding.access {
        Access::Direct { context_class, .. } => {
            let base = current_context(binding, py)?;
            let base = base.is_instance_of::<PyDict>().then_some(base);
            context_of(span, context_class, binding, base)
        }
        Access::Public { with_span, .. } => with_span.bind(py).call1((span.to_owned(),)),
    }
}

/// The nearest real `Context` below a span.
fn base_of<'py>(span: Span<'_, 'py>) -> Option<Bound<'py, PyAny>> {
    let py = span.py();
    let mut next = span.previous.get(py);
    for _ in 0..MAX_CHAIN {
        let object = next?;
        let Some(below) = Span::cast(object.as_borrowed()) else {
            return object.is_instance_of::<PyDict>().then_some(object);
        };
        if let Some(made) = below.own_context.get(py) {
            return Some(made);
        }
        next = below.previous.get(py);
    }
    None
}

/// Copies items; `Context` forbids its own `update`.
fn merge(into: &Bound<'_, PyDict>, from: &Bound<'_, PyDict>) -> PyResult<()> {
    if from.is_empty() {
        return Ok(());
    }
    // SAFETY: two live dicts, with the GIL held.
    let status = unsafe { ffi::PyDict_Update(into.as_ptr(), from.as_ptr()) };
    if status < 0 {
        Err(PyErr::fetch(into.py()))
    } else {
        Ok(())
    }
}

/// Sets an item; `Context` forbids its own `__setitem__`.
fn set_item(
    map: &Bound<'_, PyDict>,
    key: &Bound<'_, PyAny>,
    value: Borrowed<'_, '_, PyAny>,
) -> PyResult<()> {
    // SAFETY: a live dict, key and value, with the GIL held.
    let status = unsafe { ffi::PyDict_SetItem(map.as_ptr(), key.as_ptr(), value.as_ptr()) };
    if status < 0 {
        Err(PyErr::fetch(map.py()))
    } else {
        Ok(())
    }
}

/// `attach(context)`: makes a `Context` current and returns the token that undoes it.
pub(crate) fn attach<'py>(
    module: Borrowed<'_, 'py, PyAny>,
    args: Args<'_, 'py>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = module.py();
    let context = args
        .get(0)
        .ok_or_else(|| missing("attach", "context"))?
        .to_owned();
    attach_context(binding(py)?, context)
}

/// Makes a `Context` current.
pub(super) fn attach_context<'py>(
    binding: &Binding,
    context: Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = context.py();
    match &binding.access {
        Access::Direct { variable, .. } => {
            let value = attached::wrap(context, binding)?;
            set_variable(variable, value.as_ptr(), py)
        }
        Access::Public { attach, .. } => attach.bind(py).call1((context,)),
    }
}

/// `detach(token)`: undoes an `attach`.
pub(crate) fn detach<'py>(
    module: Borrowed<'_, 'py, PyAny>,
    args: Args<'_, 'py>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = module.py();
    let token = args
        .get(0)
        .ok_or_else(|| missing("detach", "token"))?
        .to_owned();
    let binding = binding(py)?;
    match &binding.access {
        Access::Direct { variable, .. } => {
            if reset_variable(variable, &token) {
                Ok(none(py))
            } else {
                refused(PyErr::fetch(py), py)
            }
        }
        Access::Public { detach, .. } => detach.bind(py).call1((token,)),
    }
}

/// The answer to a `detach` that changed nothing: a token of another context (a generator closed
/// elsewhere), or one used before. OpenTelemetry logs the exception with a traceback, at each span of
/// such a program; each cause is raised once.
#[cold]
fn refused(error: PyErr, py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    static TOLD: [AtomicBool; 2] = [AtomicBool::new(false), AtomicBool::new(false)];
    let [elsewhere, twice] = &TOLD;
    let told = if error.is_instance_of::<PyValueError>(py) {
        elsewhere
    } else if error.is_instance_of::<PyRuntimeError>(py) {
        twice
    } else {
        return Err(error);
    };
    if told.swap(true, Ordering::Relaxed) {
        Ok(none(py))
    } else {
        Err(error)
    }
}
