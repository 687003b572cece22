//! Exceptions on a span: the event, and the status they leave behind.

use super::object::{Span, State, option};
use super::status;
use super::write::{event, given, records, time_of};
use crate::cpython::str_of;
use crate::object::{Args, missing, settle};
use crate::value;
use pyo3::exceptions::PyException;
use pyo3::prelude::{PyAnyMethods, PyDictMethods, PyTypeMethods};
use pyo3::types::{PyDict, PyList, PyMapping, PyString};
use pyo3::{Bound, PyAny, PyResult, intern};

/// An exception leaves the span's block: event and status, as the span was asked to do. What is
/// not an `Exception` (a cancellation, an exit) is no error of the operation, except to a span
/// entered as opentelemetry-sdk's `start_span` gives it, which makes no such difference.
#[cold]
pub(super) fn escaping(span: Span<'_, '_>, exception: &Bound<'_, PyAny>) {
    let records = span.state.get() == State::Live && span.has(option::RECORDING);
    let passive = span.has(option::PASSIVE);
    if !records || !passive && !exception.is_instance_of::<PyException>() {
        return;
    }
    if span.has(option::RECORD_EXCEPTION) && !is_last(span, exception) {
        let escaped = if passive { "True" } else { "False" };
        record(span, exception, None, 0, escaped);
    }
    let own_text = span.has(option::DESCRIBED) && !span.has(option::SDK);
    if span.has(option::SET_STATUS) && !own_text {
        status::set_error(span, &status_text(exception));
    }
}

/// `record_exception(exception, attributes=None, timestamp=None, escaped=False)`
pub(super) fn record_exception<'py>(
    this: Span<'_, 'py>,
    args: Args<'_, 'py>,
) -> PyResult<Bound<'py, PyAny>> {
    const NAME: &str = "record_exception";
    let [exception, attributes, timestamp, escaped] =
        args.parse(NAME, ["exception", "attributes", "timestamp", "escaped"], 4)?;
    let exception = exception
        .ok_or_else(|| missing(NAME, "exception"))?
        .to_owned();
    if records(this, NAME)? && (this.has(option::SDK) || !is_last(this, &exception)) {
        let escaped = escaped.and_then(|escaped| escaped.str().ok());
        let escaped = escaped.as_ref().map(value::text_of);
        let (more, time) = (given(attributes), time_of(timestamp));
        let escaped = escaped.as_deref().unwrap_or("False");
        record(this, &exception, more.as_ref(), time, escaped);
    }
    Ok(this.to_owned())
}

/// Whether the exception is the one recorded last.
fn is_last(span: Span<'_, '_>, exception: &Bound<'_, PyAny>) -> bool {
    let last = span.exception.get(span.py());
    last.is_some_and(|last| last.is(exception))
}

/// Adds the exception as an event.
fn record(
    span: Span<'_, '_>,
    exception: &Bound<'_, PyAny>,
    more: Option<&Bound<'_, PyAny>>,
    unix_ns: u64,
    escaped: &str,
) {
    let py = span.py();
    span.exception.put(exception.clone());
    let attributes = PyDict::new(py);
    let described = describe(exception, &attributes, escaped).and_then(|()| match more {
        Some(more) => attributes.update(more.cast::<PyMapping>()?),
        None => Ok(()),
    });
    if described.is_err() {
        settle(py);
        value::CONVERTED.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    }
    let name = intern!(py, "exception");
    event(span, name.as_any(), Some(attributes.as_any()), unix_ns);
}

/// The attributes of OpenTelemetry's conventions for exceptions.
fn describe(
    exception: &Bound<'_, PyAny>,
    attributes: &Bound<'_, PyDict>,
    escaped: &str,
) -> PyResult<()> {
    let py = exception.py();
    attributes.set_item(intern!(py, "exception.type"), full_name(exception))?;
    attributes.set_item(intern!(py, "exception.message"), message(exception))?;
    attributes.set_item(intern!(py, "exception.stacktrace"), stack_trace(exception))?;
    attributes.set_item(intern!(py, "exception.escaped"), escaped)
}

/// What the interpreter would print of the exception; empty if it cannot.
fn stack_trace<'py>(exception: &Bound<'py, PyAny>) -> Bound<'py, PyAny> {
    let py = exception.py();
    let formatted = || {
        let lines = py
            .import(intern!(py, "traceback"))?
            .call_method1(intern!(py, "format_exception"), (exception,))?;
        PyString::new(py, "").call_method1(intern!(py, "join"), (lines.cast::<PyList>()?,))
    };
    formatted().unwrap_or_else(|_| {
        settle(py);
        PyString::new(py, "").into_any()
    })
}

/// The type's name, with its module unless it is a built-in one.
pub(crate) fn full_name(exception: &Bound<'_, PyAny>) -> String {
    let kind = exception.get_type();
    let name = kind.qualname();
    let name = name.as_ref().map(value::text_of).unwrap_or_default();
    let module = kind.module();
    let module = module.as_ref().map(value::text_of).unwrap_or_default();
    if module.is_empty() || module == "builtins" {
        name.into_owned()
    } else {
        format!("{module}.{name}")
    }
}

/// `str(exception)`, or what can be said when that fails.
pub(crate) fn message(exception: &Bound<'_, PyAny>) -> String {
    str_of(exception).map_or_else(
        |_| {
            settle(exception.py());
            "<exception without a usable str>".to_owned()
        },
        |text| value::text_of(&text).into_owned(),
    )
}

/// `Type: message`, the description of the ERROR status.
fn status_text(exception: &Bound<'_, PyAny>) -> String {
    format!("{}: {}", value::type_name(exception), message(exception))
}
