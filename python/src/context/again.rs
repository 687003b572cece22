//! A span that is entered while it is entered: in the same context, or in another at the same time.
//!
//! Rare, so it costs the ordinary span one look at a slot. Each entering has a token, and a token
//! belongs to the context it was made in; what is left is the newest entering of the context at hand.

use super::{Access, Binding, reset_variable, runtime_context};
use crate::object::forget_error;
use crate::span::Span;
use pyo3::prelude::PyAnyMethods;
use pyo3::types::{PyList, PyListMethods};
use pyo3::{Bound, PyAny, PyResult};

/// Makes an entered span current again, on top of whatever is current here.
#[cold]
pub(super) fn push(binding: &Binding, span: Span<'_, '_>) -> PyResult<()> {
    let py = span.py();
    let context = runtime_context::with_span(binding, span)?;
    let token = runtime_context::attach_context(binding, context)?;
    if let Some(tokens) = span.more_tokens.get(py) {
        return tokens.cast::<PyList>()?.append(token);
    }
    span.more_tokens.put(PyList::new(py, [token])?.into_any());
    Ok(())
}

/// Undoes the newest entering of this context, or else, changing nothing, the newest of all.
#[cold]
pub(super) fn pop(binding: &Binding, span: Span<'_, '_>, tokens: &Bound<'_, PyAny>) {
    let py = span.py();
    let Ok(tokens) = tokens.cast::<PyList>() else {
        return;
    };
    for index in (0..tokens.len()).rev() {
        if let Ok(token) = tokens.get_item(index)
            && undone(binding, &token)
        {
            return remove(span, tokens, index);
        }
    }
    if let Some(token) = span.token.take(py) {
        if undone(binding, &token) {
            return;
        }
        span.token.put(token);
    }
    remove(span, tokens, tokens.len().saturating_sub(1));
}

fn undone(binding: &Binding, token: &Bound<'_, PyAny>) -> bool {
    match &binding.access {
        Access::Direct { variable, .. } => {
            let done = reset_variable(variable, token);
            if !done {
                forget_error(token.py());
            }
            done
        }
        Access::Public { detach, .. } => detach.bind(token.py()).call1((token,)).is_ok(),
    }
}

fn remove(span: Span<'_, '_>, tokens: &Bound<'_, PyList>, index: usize) {
    tokens.del_item(index).ok();
    if tokens.is_empty() {
        drop(span.more_tokens.take(span.py()));
    }
}
