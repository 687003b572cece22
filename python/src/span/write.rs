//! What a program may say about a span. Arguments are converted before the span is touched.

use super::life::ensure_started;
use super::object::{Span, State, option};
use super::watched;
use crate::context::Parent;
use crate::notice::{Cause, notice};
use crate::object::{Args, missing, settle};
use crate::value::{self, Rules};
use pyo3::prelude::PyAnyMethods;
use pyo3::types::PyFloat;
use pyo3::{Borrowed, Bound, PyAny, PyResult, intern};

/// Whether the runtime wants to hear about the span from `method`.
#[inline]
pub(super) fn records(span: Span<'_, '_>, method: &str) -> PyResult<bool> {
    ensure_started(span)?;
    if span.state.get() != State::Live || span.end_unix_ns.get() != 0 {
        too_late(span, method);
        return Ok(false);
    }
    Ok(span.has(option::RECORDING))
}

#[cold]
fn too_late(span: Span<'_, '_>, method: &str) {
    if span.has(option::RECORDING) {
        notice(span.py(), Cause::Ended, method);
    }
}

/// The rules by which the span takes values.
#[inline]
pub(super) fn rules(span: Span<'_, '_>) -> Rules {
    if span.has(option::SDK) {
        Rules::Sdk
    } else {
        Rules::Own
    }
}

/// An argument that was given and is not None.
#[inline]
pub(super) fn given<'py>(argument: Option<Borrowed<'_, 'py, PyAny>>) -> Option<Bound<'py, PyAny>> {
    argument
        .filter(|object| !object.is_none())
        .map(Borrowed::to_owned)
}

/// A time in nanoseconds since 1970; 0, for now, when it is absent or none.
pub(super) fn time_of(argument: Option<Borrowed<'_, '_, PyAny>>) -> u64 {
    given(argument).map_or(0, |time| {
        let exact = time.extract();
        exact.unwrap_or_else(|_| {
            let whole = rounded(&time).extract().unwrap_or_else(|_| {
                let shown = value::any_text(&time);
                notice(time.py(), Cause::Time, &shown);
                0
            });
            settle(time.py());
            whole
        })
    })
}

/// A float without its fraction; anything else as it is.
fn rounded<'py>(time: &Bound<'py, PyAny>) -> Bound<'py, PyAny> {
    let whole = time
        .cast::<PyFloat>()
        .map_err(Into::into)
        .and_then(|time| time.call_method0(intern!(time.py(), "__int__")));
    whole.unwrap_or_else(|_| time.clone())
}

/// Records the attributes and links a span starts with.
pub(super) fn initial(span: Span<'_, '_>) {
    let py = span.py();
    let (attributes, links) = (span.attributes.take(py), span.links.take(py));
    if !span.has(option::RECORDING) {
        return;
    }
    if let Some(attributes) = attributes.filter(|given| !given.is_none()) {
        value::set_attributes(span.handle.get(), &attributes, rules(span));
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
    let attributes = attributes.filter(|given| !given.is_none());
    if let Ok(target) = Parent::of_span_context(to) {
        value::with_map(attributes, rules(span), |map| {
            span.handle.get().add_link(&target.context, map);
        });
    } else {
        settle(span.py());
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
    if records(this, NAME)? {
        value::set_attribute(this.handle.get(), &key, &value, rules(this));
    }
    Ok(this.to_owned())
}

/// `set_attributes(attributes)`
pub(super) fn set_attributes<'py>(
    this: Span<'_, 'py>,
    args: Args<'_, 'py>,
) -> PyResult<Bound<'py, PyAny>> {
    const NAME: &str = "set_attributes";
    let [attributes] = args.parse(NAME, ["attributes"], 1)?;
    if records(this, NAME)?
        && let Some(attributes) = given(attributes)
    {
        value::set_attributes(this.handle.get(), &attributes, rules(this));
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
    if records(this, NAME)? {
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
    let unix_ns = if unix_ns == 0 && span.has(option::WATCHED) {
        watched::now(span)
    } else {
        unix_ns
    };
    value::with_map(attributes, rules(span), |map| {
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
    if records(this, NAME)? {
        link_to(this, &context, given(attributes).as_ref());
    }
    Ok(this.to_owned())
}

/// `update_name(name)`
pub(super) fn update_name<'py>(
    this: Span<'_, 'py>,
    args: Args<'_, 'py>,
) -> PyResult<Bound<'py, PyAny>> {
    const NAME: &str = "update_name";
    let [name] = args.parse(NAME, ["name"], 1)?;
    let name = name.ok_or_else(|| missing(NAME, "name"))?.to_owned();
    if records(this, NAME)? {
        this.handle.get().set_name(&value::any_text(&name));
        this.name.put(name);
    }
    Ok(this.to_owned())
}

/// `start(start_time=None, parent_context=None)`: opentelemetry-sdk's; tracers start their spans.
pub(super) fn start<'py>(this: Span<'_, 'py>, args: Args<'_, 'py>) -> PyResult<Bound<'py, PyAny>> {
    const NAME: &str = "start";
    let [time, parent] = args.parse(NAME, ["start_time", "parent_context"], 2)?;
    if this.state.get() == State::Pending {
        this.start_unix_ns.set(time_of(time));
        if let Some(parent) = given(parent) {
            this.context.put(parent);
        }
        ensure_started(this)?;
    } else if this.has(option::RECORDING) {
        notice(this.py(), Cause::StartedTwice, NAME);
    }
    Ok(this.py().None().into_bound(this.py()))
}

/// `end(end_time=None)`
pub(super) fn end<'py>(this: Span<'_, 'py>, args: Args<'_, 'py>) -> PyResult<Bound<'py, PyAny>> {
    const NAME: &str = "end";
    let [time] = args.parse(NAME, ["end_time"], 1)?;
    ensure_started(this)?;
    if this.state.get() == State::Ended {
        ended_twice(this, NAME);
    } else {
        super::life::end(this, time_of(time));
    }
    Ok(this.py().None().into_bound(this.py()))
}

#[cold]
fn ended_twice(span: Span<'_, '_>, method: &str) {
    if span.has(option::RECORDING) {
        notice(span.py(), Cause::EndedTwice, method);
    }
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
