//! Reading a span, live or ended: ids and name from the object, the rest from its encoding.

use super::life::ensure_started;
use super::object::{Ids, Span, SpanBody, State, option};
use crate::decode::{self, proto};
use crate::sdk;
use prost::Message;
use pyo3::prelude::PyAnyMethods;
use pyo3::types::{PyBool, PyString};
use pyo3::{Borrowed, Bound, IntoPyObject, PyAny, PyResult};

/// A property or a method without arguments.
pub(super) type Read<'py> = PyResult<Bound<'py, PyAny>>;

/// The span behind a method's or getter's object, started.
#[inline]
pub(super) fn started<'a, 'py>(this: Borrowed<'a, 'py, PyAny>) -> PyResult<Span<'a, 'py>> {
    // SAFETY: only used by methods and getters of the type.
    let span = unsafe { Span::of_method(this) };
    ensure_started(span)?;
    Ok(span)
}

/// Shows the encoding of the span to `show`: as it is now, or as it was when it ended.
pub(super) fn with_record<R>(span: Span<'_, '_>, show: impl FnOnce(&proto::Span) -> R) -> R {
    if span.state.get() == State::Ended {
        return show(ended_record(&span));
    }
    let bytes = if span.has(option::RECORDING) {
        span.handle.get().read()
    } else {
        Vec::new()
    };
    let mut record = proto::Span::decode(bytes.as_slice()).unwrap_or_default();
    record.end_time_unix_nano = span.end_unix_ns.get();
    show(&record)
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
    own_context(started(this)?)
}

/// The span's `SpanContext`, always the same object.
pub(super) fn own_context<'py>(span: Span<'_, 'py>) -> Read<'py> {
    if let Some(made) = span.span_context.get(span.py()) {
        return Ok(made);
    }
    let made = decode::span_context(span.py(), &span.ids.get(), span.trace_state())?;
    span.span_context.put(made.clone());
    Ok(made)
}

/// `parent`
pub(super) fn parent<'py>(this: Borrowed<'_, 'py, PyAny>) -> Read<'py> {
    let span = started(this)?;
    let (py, ids) = (this.py(), span.parent.get());
    if !ids.is_valid() {
        return Ok(py.None().into_bound(py));
    }
    let kept = span.context.get(py);
    let made = match kept
        .as_ref()
        .map(|kept| (Span::cast(kept.as_borrowed()), kept))
    {
        Some((Some(parent), _)) if same(&parent.ids.get(), &ids) => own_context(parent)?,
        Some((None, kept)) => return Ok(kept.clone()),
        _ => decode::span_context(py, &ids, span.trace_state())?,
    };
    span.context.put(made.clone());
    Ok(made)
}

fn same(ids: &Ids, other: &Ids) -> bool {
    ids.trace_id == other.trace_id && ids.span_id == other.span_id
}

/// `is_recording()`
pub(super) fn is_recording<'py>(this: Borrowed<'_, 'py, PyAny>) -> Read<'py> {
    let span = started(this)?;
    let live = span.state.get() == State::Live && span.end_unix_ns.get() == 0;
    let recording = live && span.has(option::RECORDING) && span.handle.get().is_recording();
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

/// `_attributes`
pub(super) fn bounded_attributes<'py>(this: Borrowed<'_, 'py, PyAny>) -> Read<'py> {
    with_record(started(this)?, |span| {
        let values = decode::dict(this.py(), &span.attributes)?;
        sdk::bounded(values, span.dropped_attributes_count)
    })
}

/// `events`
pub(super) fn events<'py>(this: Borrowed<'_, 'py, PyAny>) -> Read<'py> {
    let span = started(this)?;
    let sdk = span
        .has(option::SDK)
        .then(|| sdk::loaded(this.py()))
        .flatten();
    with_record(span, |span| match sdk {
        Some(sdk) => sdk::events(&sdk, span),
        None => decode::events(this.py(), span),
    })
}

/// `links`
pub(super) fn links<'py>(this: Borrowed<'_, 'py, PyAny>) -> Read<'py> {
    with_record(started(this)?, |span| {
        decode::links(this.py(), span, sdk::bounded)
    })
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

fn count<'py>(this: Borrowed<'_, 'py, PyAny>, of: impl Fn(&proto::Span) -> u32) -> Read<'py> {
    let count = with_record(started(this)?, of);
    Ok(count.into_pyobject(this.py())?.into_any())
}

/// `dropped_attributes`
pub(super) fn dropped_attributes<'py>(this: Borrowed<'_, 'py, PyAny>) -> Read<'py> {
    count(this, |span| span.dropped_attributes_count)
}

/// `dropped_events`
pub(super) fn dropped_events<'py>(this: Borrowed<'_, 'py, PyAny>) -> Read<'py> {
    count(this, |span| span.dropped_events_count)
}

/// `dropped_links`
pub(super) fn dropped_links<'py>(this: Borrowed<'_, 'py, PyAny>) -> Read<'py> {
    count(this, |span| span.dropped_links_count)
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
        Some(class_of) => {
            // SAFETY: a getter of the type.
            let span = unsafe { Span::of_method(this) };
            let records = span.state.get() == State::Pending || span.has(option::RECORDING);
            class_of.bind(this.py()).call1((records,))
        }
        None => Ok(this.get_type().into_any()),
    }
}
