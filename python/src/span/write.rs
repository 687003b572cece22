//! What a program may say about a span. Arguments are converted before the span is touched.

use super::life::ensure_started;
use super::object::{Span, State, option};
use crate::context::Parent;
use crate::object::{Args, missing};
use crate::value;
use pyo3::prelude::PyAnyMethods;
use pyo3::types::PyString;
use pyo3::{Borrowed, Bound, PyAny, PyResult, intern};

/// OTLP's numbers of the status codes.
const STATUS_OK: i32 = 1;
const STATUS_ERROR: i32 = 2;

/// Whether the runtime wants to hear about the span.
#[inline]
fn records(span: Span<'_, '_>) -> PyResult<bool> {
    ensure_started(span)?;
    Ok(span.state.get() == State::Live && span.has(option::RECORDING))
}

/// An argument that was given and is not None.
#[inline]
fn given<'py>(argument: Option<Borrowed<'_, 'py, PyAny>>) -> Option<Bound<'py, PyAny>> {
    argument
        .filter(|object| !object.is_none())
        .map(Borrowed::to_owned)
}

/// A time in nanoseconds since 1970; 0 when absent or not an int.
fn time_of(argument: Option<Borrowed<'_, '_, PyAny>>) -> u64 {
    argument.and_then(|time| time.extract().ok()).unwrap_or(0)
}

/// Records the attributes and links a span starts with.
pub(super) fn initial(span: Span<'_, '_>) {
    let py = span.py();
    let (attributes, links) = (span.attributes.take(py), span.links.take(py));
    if !span.has(option::RECORDING) {
        return;
    }
    if let Some(attributes) = attributes {
        value::set_attributes(span.handle.get(), &attributes);
    }
    for link in links
        .iter()
        .filter_map(|links| links.try_iter().ok())
        .flatten()
        .flatten()
    {
        let to = link.getattr(intern!(py, "context"));
        let attributes = link.getattr(intern!(py, "attributes")).ok();
        if let Ok(to) = to {
            link_to(span, &to, attributes.as_ref());
        }
    }
}

fn link_to(span: Span<'_, '_>, to: &Bound<'_, PyAny>, attributes: Option<&Bound<'_, PyAny>>) {
    if let Ok(target) = Parent::of_span_context(to) {
        value::with_map(attributes, |map| {
            span.handle.get().add_link(&target.context, map);
        });
    }
}

/// `set_attribute(key, value)`
#[inline]
pub(super) fn set_attribute<'py>(
    this: Span<'_, 'py>,
    args: Args<'_, 'py>,
) -> PyResult<Bound<'py, PyAny>> {
    const NAME: &str = "set_attribute";
    let [key, value] = args.parse(NAME, ["key", "value"], 2)?;
    let key = key.ok_or_else(|| missing(NAME, "key"))?;
    let value = value.ok_or_else(|| missing(NAME, "value"))?;
    if records(this)? {
        value::set_attribute(this.handle.get(), &key, &value);
    }
    Ok(this.to_owned())
}

/// `set_attributes(attributes)`
pub(super) fn set_attributes<'py>(
    this: Span<'_, 'py>,
    args: Args<'_, 'py>,
) -> PyResult<Bound<'py, PyAny>> {
    let [attributes] = args.parse("set_attributes", ["attributes"], 1)?;
    if let Some(attributes) = given(attributes)
        && records(this)?
    {
        value::set_attributes(this.handle.get(), &attributes);
    }
    Ok(this.to_owned())
}

/// `add_event(name, attributes=None, timestamp=None)`
pub(super) fn add_event<'py>(
    this: Span<'_, 'py>,
    args: Args<'_, 'py>,
) -> PyResult<Bound<'py, PyAny>> {
    const NAME: &str = "add_event";
    let [name, attributes, timestamp] = args.parse(NAME, ["name", "attributes", "timestamp"], 3)?;
    let name = name.ok_or_else(|| missing(NAME, "name"))?.to_owned();
    if records(this)? {
        event(this, &name, given(attributes).as_ref(), time_of(timestamp));
    }
    Ok(this.to_owned())
}

/// Adds an event to a span that records.
pub(super) fn event(
    span: Span<'_, '_>,
    name: &Bound<'_, PyAny>,
    attributes: Option<&Bound<'_, PyAny>>,
    unix_ns: u64,
) {
    let name = value::any_text(name);
    value::with_map(attributes, |map| {
        span.handle.get().add_event(&name, unix_ns, map);
    });
}

/// `add_link(context, attributes=None)`
pub(super) fn add_link<'py>(
    this: Span<'_, 'py>,
    args: Args<'_, 'py>,
) -> PyResult<Bound<'py, PyAny>> {
    const NAME: &str = "add_link";
    let [context, attributes] = args.parse(NAME, ["context", "attributes"], 2)?;
    let context = context.ok_or_else(|| missing(NAME, "context"))?.to_owned();
    if records(this)? {
        link_to(this, &context, given(attributes).as_ref());
    }
    Ok(this.to_owned())
}

/// `set_status(status, description=None)`; takes a `Status`, a `StatusCode`, "ok" or "error".
pub(super) fn set_status<'py>(
    this: Span<'_, 'py>,
    args: Args<'_, 'py>,
) -> PyResult<Bound<'py, PyAny>> {
    const NAME: &str = "set_status";
    let [status, description] = args.parse(NAME, ["status", "description"], 2)?;
    let status = status.ok_or_else(|| missing(NAME, "status"))?.to_owned();
    if records(this)? {
        let (code, text) = status_of(&status, given(description));
        let text = text.as_ref().map(value::any_text).unwrap_or_default();
        status_text(this, code, &text);
        if code == STATUS_OK || code == STATUS_ERROR && !text.is_empty() {
            this.mark(option::DESCRIBED);
        }
    }
    Ok(this.to_owned())
}

/// Sets the status of a span that records.
pub(super) fn status_text(span: Span<'_, '_>, code: i32, text: &str) {
    span.handle.get().set_status(code, text);
}

/// Sets the status to ERROR.
pub(super) fn error_text(span: Span<'_, '_>, text: &str) {
    status_text(span, STATUS_ERROR, text);
}

/// The number and the description of whatever form a status was given in.
fn status_of<'py>(
    status: &Bound<'py, PyAny>,
    description: Option<Bound<'py, PyAny>>,
) -> (i32, Option<Bound<'py, PyAny>>) {
    let py = status.py();
    if let Ok(text) = status.cast::<PyString>() {
        let text = value::text_of(text).to_ascii_lowercase();
        let code = match text.as_str() {
            "ok" => STATUS_OK,
            "error" => STATUS_ERROR,
            _ => 0,
        };
        return (code, description);
    }
    let (code, description) = match status.getattr(intern!(py, "status_code")) {
        Ok(code) => (code, status.getattr(intern!(py, "description")).ok()),
        Err(_) => (status.clone(), description),
    };
    let number = code
        .getattr(intern!(py, "value"))
        .and_then(|number| number.extract());
    (
        number.unwrap_or(0),
        description.filter(|text| !text.is_none()),
    )
}

/// `update_name(name)`
pub(super) fn update_name<'py>(
    this: Span<'_, 'py>,
    args: Args<'_, 'py>,
) -> PyResult<Bound<'py, PyAny>> {
    const NAME: &str = "update_name";
    let [name] = args.parse(NAME, ["name"], 1)?;
    let name = name.ok_or_else(|| missing(NAME, "name"))?.to_owned();
    if records(this)? {
        this.handle.get().set_name(&value::any_text(&name));
        this.name.put(name);
    }
    Ok(this.to_owned())
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
    if records(this)? {
        let escaped = escaped.is_some_and(|escaped| escaped.is_truthy().unwrap_or(false));
        let more = given(attributes);
        super::error::record(this, &exception, more.as_ref(), time_of(timestamp), escaped);
    }
    Ok(this.to_owned())
}

/// `end(end_time=None)`
pub(super) fn end<'py>(this: Span<'_, 'py>, args: Args<'_, 'py>) -> PyResult<Bound<'py, PyAny>> {
    let [time] = args.parse("end", ["end_time"], 1)?;
    ensure_started(this)?;
    super::life::end(this, time_of(time));
    Ok(this.py().None().into_bound(this.py()))
}

/// `__enter__()`
#[inline]
pub(super) fn enter<'py>(this: Span<'_, 'py>, _args: Args<'_, 'py>) -> PyResult<Bound<'py, PyAny>> {
    super::life::enter(this)?;
    Ok(this.to_owned())
}

/// `__exit__(type, exception, traceback)`
#[inline]
#[expect(clippy::unnecessary_wraps, reason = "the shape of a method")]
pub(super) fn exit<'py>(this: Span<'_, 'py>, args: Args<'_, 'py>) -> PyResult<Bound<'py, PyAny>> {
    let exception = args.get(1).filter(|exception| !exception.is_none());
    super::life::exit(this, exception);
    Ok(super::methods::false_object(this.py()))
}

/// `span(function)`: the span as a decorator.
pub(super) fn decorate<'py>(
    this: Span<'_, 'py>,
    args: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    let py = this.py();
    let function = args
        .get_item(0)
        .map_err(|_| missing("__call__", "function"))?;
    let module = py.import(intern!(py, "libtracer._traced"))?;
    module.call_method1(intern!(py, "decorate"), (function, this.to_owned()))
}
