//! Reading a span, live or ended: ids and name from the object, the rest from its encoding.

use super::life::ensure_started;
use super::object::{Ids, Span, SpanBody, State, option};
use crate::decode::{self, proto};
use prost::Message;
use pyo3::prelude::PyAnyMethods;
use pyo3::types::{PyBool, PyString};
use pyo3::{Borrowed, Bound, IntoPyObject, PyAny, PyResult};

/// A property or a method without arguments.
type Read<'py> = PyResult<Bound<'py, PyAny>>;

/// The span behind a method's or getter's object, started.
#[inline]
fn started<'a, 'py>(this: Borrowed<'a, 'py, PyAny>) -> PyResult<Span<'a, 'py>> {
    // SAFETY: only used by methods and getters of the type.
    let span = unsafe { Span::of_method(this) };
    ensure_started(span)?;
    Ok(span)
}

/// Shows the encoding of the span to `show`: as it is now, or as it was when it ended.
fn with_record<R>(span: Span<'_, '_>, show: impl FnOnce(&proto::Span) -> R) -> R {
    if span.state.get() == State::Ended {
        return show(ended_record(&span));
    }
    let bytes = if span.has(option::RECORDING) {
        span.handle.get().read()
    } else {
        Vec::new()
    };
    show(&proto::Span::decode(bytes.as_slice()).unwrap_or_default())
}

fn ended_record(body: &SpanBody) -> &proto::Span {
    body.decoded.get_or_init(|| {
        let bytes = body.bytes.take();
        let record = proto::Span::decode(bytes.as_slice()).unwrap_or_default();
        Box::new(record)
    })
}

/// `name`
#[expect(clippy::unnecessary_wraps, reason = "the shape of a getter")]
pub(super) fn name<'py>(this: Borrowed<'_, 'py, PyAny>) -> Read<'py> {
    // SAFETY: a getter of the type.
    let span = unsafe { Span::of_method(this) };
    Ok(span
        .name
        .get(this.py())
        .unwrap_or_else(|| PyString::new(this.py(), "").into_any()))
}

/// `get_span_context()`
pub(super) fn span_context<'py>(this: Borrowed<'_, 'py, PyAny>) -> Read<'py> {
    let span = started(this)?;
    if let Some(made) = span.span_context.get(this.py()) {
        return Ok(made);
    }
    let made = decode::span_context(this.py(), &span.ids.get(), span.trace_state())?;
    span.span_context.put(made.clone());
    Ok(made)
}

/// `parent`
pub(super) fn parent<'py>(this: Borrowed<'_, 'py, PyAny>) -> Read<'py> {
    let span = started(this)?;
    let parent = span.parent.get();
    if !parent.is_valid() {
        return Ok(this.py().None().into_bound(this.py()));
    }
    decode::span_context(this.py(), &parent, span.trace_state())
}

/// `is_recording()`
pub(super) fn is_recording<'py>(this: Borrowed<'_, 'py, PyAny>) -> Read<'py> {
    let span = started(this)?;
    let live = span.state.get() == State::Live && span.has(option::RECORDING);
    let recording = live && span.handle.get().is_recording();
    Ok(PyBool::new(this.py(), recording).to_owned().into_any())
}

/// `kind`
pub(super) fn kind<'py>(this: Borrowed<'_, 'py, PyAny>) -> Read<'py> {
    // SAFETY: a getter of the type.
    let span = unsafe { Span::of_method(this) };
    decode::kind(this.py(), span.kind.get())
}

/// `attributes`
pub(super) fn attributes<'py>(this: Borrowed<'_, 'py, PyAny>) -> Read<'py> {
    with_record(started(this)?, |span| {
        decode::attributes(this.py(), &span.attributes)
    })
}

/// `events`
pub(super) fn events<'py>(this: Borrowed<'_, 'py, PyAny>) -> Read<'py> {
    with_record(started(this)?, |span| decode::events(this.py(), span))
}

/// `links`
pub(super) fn links<'py>(this: Borrowed<'_, 'py, PyAny>) -> Read<'py> {
    with_record(started(this)?, |span| decode::links(this.py(), span))
}

/// `status`
pub(super) fn status<'py>(this: Borrowed<'_, 'py, PyAny>) -> Read<'py> {
    with_record(started(this)?, |span| decode::status(this.py(), span))
}

/// `start_time`
pub(super) fn start_time<'py>(this: Borrowed<'_, 'py, PyAny>) -> Read<'py> {
    with_record(started(this)?, |span| {
        decode::time(this.py(), span.start_time_unix_nano)
    })
}

/// `end_time`
pub(super) fn end_time<'py>(this: Borrowed<'_, 'py, PyAny>) -> Read<'py> {
    with_record(started(this)?, |span| {
        decode::time(this.py(), span.end_time_unix_nano)
    })
}

/// `dropped_attributes`
pub(super) fn dropped_attributes<'py>(this: Borrowed<'_, 'py, PyAny>) -> Read<'py> {
    with_record(started(this)?, |span| {
        decode::count(this.py(), span.dropped_attributes_count)
    })
}

/// `dropped_events`
pub(super) fn dropped_events<'py>(this: Borrowed<'_, 'py, PyAny>) -> Read<'py> {
    with_record(started(this)?, |span| {
        decode::count(this.py(), span.dropped_events_count)
    })
}

/// `dropped_links`
pub(super) fn dropped_links<'py>(this: Borrowed<'_, 'py, PyAny>) -> Read<'py> {
    with_record(started(this)?, |span| {
        decode::count(this.py(), span.dropped_links_count)
    })
}

/// `trace_id`
pub(super) fn trace_id<'py>(this: Borrowed<'_, 'py, PyAny>) -> Read<'py> {
    Ok(decode::hex(this.py(), &started(this)?.ids.get().trace_id))
}

/// `span_id`
pub(super) fn span_id<'py>(this: Borrowed<'_, 'py, PyAny>) -> Read<'py> {
    Ok(decode::hex(this.py(), &started(this)?.ids.get().span_id))
}

/// `parent_id`
pub(super) fn parent_id<'py>(this: Borrowed<'_, 'py, PyAny>) -> Read<'py> {
    let parent = started(this)?.parent.get();
    Ok(if parent.is_valid() {
        decode::hex(this.py(), &parent.span_id)
    } else {
        this.py().None().into_bound(this.py())
    })
}

/// `__class__`
pub(super) fn class<'py>(this: Borrowed<'_, 'py, PyAny>) -> Read<'py> {
    match super::FACADE.get(this.py()) {
        Some(class_of) => class_of.bind(this.py()).call0(),
        None => Ok(this.get_type().into_any()),
    }
}

/// `repr(span)`
pub(super) fn repr(span: Span<'_, '_>) -> String {
    let name = span.name.get(span.py());
    let name = name
        .as_ref()
        .map(crate::value::any_text)
        .unwrap_or_default();
    let Ids {
        trace_id, span_id, ..
    } = span.ids.get();
    let state = match span.state.get() {
        State::Pending => "not started",
        State::Live => "live",
        State::Ended => "ended",
        State::Void => "no-op",
    };
    format!(
        "<Span {name:?} {state} trace_id={:032x} span_id={:016x}>",
        u128::from_be_bytes(trace_id),
        u64::from_be_bytes(span_id)
    )
}

/// The text of `repr(span)` as a Python object.
pub(super) fn repr_object<'py>(this: Borrowed<'_, 'py, PyAny>) -> Read<'py> {
    // SAFETY: a slot of the type.
    let span = unsafe { Span::of_method(this) };
    Ok(repr(span).into_pyobject(this.py())?.into_any())
}
