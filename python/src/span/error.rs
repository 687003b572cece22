//! Exceptions on a span: the event, and the status they leave behind.

use super::object::{Span, State, option};
use super::write;
use crate::value;
use pyo3::exceptions::PyException;
use pyo3::prelude::{PyAnyMethods, PyDictMethods, PyTypeMethods};
use pyo3::types::{PyDict, PyList, PyString, PyStringMethods};
use pyo3::{Bound, PyAny, PyResult, intern};

/// An exception leaves the span's block: event and status, as the span was asked to do. What is
/// not an `Exception` (a cancellation, an exit) is no error of the operation.
#[cold]
pub(super) fn escaping(span: Span<'_, '_>, exception: &Bound<'_, PyAny>) {
    let records = span.state.get() == State::Live && span.has(option::RECORDING);
    if !records || !exception.is_instance_of::<PyException>() {
        return;
    }
    if span.has(option::RECORD_EXCEPTION) {
        record(span, exception, None, 0, false);
    }
    if span.has(option::SET_STATUS) && !span.has(option::DESCRIBED) {
        write::error_text(span, &status_text(exception));
    }
}

/// Adds the exception as an event, unless it is the one recorded last.
pub(super) fn record(
    span: Span<'_, '_>,
    exception: &Bound<'_, PyAny>,
    more: Option<&Bound<'_, PyAny>>,
    unix_ns: u64,
    escaped: bool,
) {
    let py = span.py();
    if span
        .exception
        .get(py)
        .is_some_and(|last| last.is(exception))
    {
        return;
    }
    span.exception.put(exception.clone());
    let attributes = PyDict::new(py);
    let described = describe(exception, &attributes, escaped)
        .and_then(|()| more.map_or(Ok(()), |more| attributes.update(more.cast()?)));
    if described.is_err() {
        value::CONVERTED.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    }
    let name = intern!(py, "exception");
    write::event(span, name.as_any(), Some(attributes.as_any()), unix_ns);
}

/// The attributes of OpenTelemetry's conventions for exceptions.
fn describe(
    exception: &Bound<'_, PyAny>,
    attributes: &Bound<'_, PyDict>,
    escaped: bool,
) -> PyResult<()> {
    let py = exception.py();
    attributes.set_item(intern!(py, "exception.type"), type_name(exception)?)?;
    attributes.set_item(intern!(py, "exception.message"), message(exception))?;
    let escaped = if escaped {
        intern!(py, "True")
    } else {
        intern!(py, "False")
    };
    attributes.set_item(intern!(py, "exception.escaped"), escaped)?;
    let lines = py
        .import(intern!(py, "traceback"))?
        .call_method1(intern!(py, "format_exception"), (exception,))?;
    let text =
        PyString::new(py, "").call_method1(intern!(py, "join"), (lines.cast::<PyList>()?,))?;
    attributes.set_item(intern!(py, "exception.stacktrace"), text)
}

/// The type's name, with its module unless it is a built-in one.
fn type_name(exception: &Bound<'_, PyAny>) -> PyResult<String> {
    let kind = exception.get_type();
    let name = kind.qualname()?;
    let name = name.to_string_lossy();
    let module = kind.module()?;
    let module = module.to_string_lossy();
    Ok(if module == "builtins" {
        name.into_owned()
    } else {
        format!("{module}.{name}")
    })
}

/// `str(exception)`, or what can be said when that fails.
fn message(exception: &Bound<'_, PyAny>) -> String {
    exception.str().map_or_else(
        |_| "<exception without a usable str>".to_owned(),
        |text| value::text_of(&text).into_owned(),
    )
}

/// `Type: message`, the description of the ERROR status.
fn status_text(exception: &Bound<'_, PyAny>) -> String {
    let name = exception.get_type().name();
    let name = name.as_ref().map(value::text_of).unwrap_or_default();
    format!("{name}: {}", message(exception))
}
