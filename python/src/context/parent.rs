//! Parents: a span context taken from whatever stands for one in Python.

use super::{Binding, binding, span_in};
use crate::span::{Ids, Span, State, option, start_now};
use libtracer_abi::{TRACER_START_MERGE_NATIVE, tracer_context_value, tracer_span};
use pyo3::prelude::PyAnyMethods;
use pyo3::types::{PyString, PyStringMethods};
use pyo3::{Bound, PyAny, PyResult, intern};

/// A parent as the runtime takes it. It keeps alive what its context points to.
pub(crate) struct Parent<'py> {
    pub(crate) context: tracer_context_value,
    pub(crate) span: tracer_span,
    /// `tracer_start.flags`.
    pub(crate) flags: u32,
    owner: Option<Bound<'py, PyAny>>,
    /// The `SpanContext` that it was read from, when that is not ours to make.
    seen: Option<Bound<'py, PyAny>>,
}

impl<'py> Parent<'py> {
    /// No parent, also not a native one.
    pub(crate) fn root() -> Self {
        Self {
            context: Ids::default().with_trace_state(""),
            span: tracer_span::default(),
            flags: 0,
            owner: None,
            seen: None,
        }
    }

    /// The parent that is current, unless a native span was entered since.
    #[inline]
    pub(crate) fn current(current: &Bound<'py, PyAny>) -> PyResult<Self> {
        let mut parent = match Span::cast(current.as_borrowed()) {
            Some(span) => Self::of_span(span)?,
            None => Self::in_context(current, binding(current.py())?)?,
        };
        parent.flags = TRACER_START_MERGE_NATIVE;
        Ok(parent)
    }

    /// A parent the program names: a `Context`, a span or a `SpanContext`.
    pub(crate) fn given(given: &Bound<'py, PyAny>) -> PyResult<Self> {
        if let Some(span) = Span::cast(given.as_borrowed()) {
            return Self::of_span(span);
        }
        if given.is_instance_of::<pyo3::types::PyDict>() {
            return Self::in_context(given, binding(given.py())?);
        }
        Ok(Self::of_foreign(given)
            .or_else(|_| Self::of_span_context(given))
            .unwrap_or_else(|_| Self::root()))
    }

    /// The span that a `Context` holds.
    pub(super) fn in_context(context: &Bound<'py, PyAny>, binding: &Binding) -> PyResult<Self> {
        let Some(object) = span_in(context, binding) else {
            return Ok(Self::root());
        };
        match Span::cast(object.as_borrowed()) {
            Some(span) => Self::of_span(span),
            None => Ok(Self::of_foreign(&object).unwrap_or_else(|_| Self::root())),
        }
    }

    /// What a child shows its parent by: a span of ours, or a `SpanContext`.
    #[inline]
    pub(crate) fn shown(&self) -> Option<&Bound<'py, PyAny>> {
        self.seen.as_ref().or(self.owner.as_ref())
    }

    /// The object that keeps the context's trace state alive.
    pub(super) fn into_owner(self) -> Option<Bound<'py, PyAny>> {
        self.owner
    }

    #[inline]
    pub(super) fn of_span(span: Span<'_, 'py>) -> PyResult<Self> {
        if span.state.get() == State::Pending && !started_as_parent(span)? {
            return Ok(Self::root());
        }
        Ok(Self {
            context: span.context_value(),
            span: span.handle.get().0,
            flags: 0,
            owner: Some(span.to_owned()),
            seen: None,
        })
    }

    /// A span of another library.
    #[cold]
    pub(super) fn of_foreign(span: &Bound<'py, PyAny>) -> PyResult<Self> {
        let py = span.py();
        Self::of_span_context(&span.call_method0(intern!(py, "get_span_context"))?)
    }

    /// A `SpanContext`, or anything shaped like one.
    pub(crate) fn of_span_context(context: &Bound<'py, PyAny>) -> PyResult<Self> {
        let py = context.py();
        let trace_id: u128 = context.getattr(intern!(py, "trace_id"))?.extract()?;
        let span_id: u64 = context.getattr(intern!(py, "span_id"))?.extract()?;
        let flags: u8 = context.getattr(intern!(py, "trace_flags"))?.extract()?;
        let remote = context.getattr(intern!(py, "is_remote"))?.is_truthy()?;
        let ids = Ids {
            trace_id: trace_id.to_be_bytes(),
            span_id: span_id.to_be_bytes(),
            trace_flags: flags,
            is_remote: u8::from(remote),
        };
        let header = header_of(context);
        let text = match &header {
            Some(text) => text
                .cast::<PyString>()
                .map_or("", |text| text.to_str().unwrap_or("")),
            None => "",
        };
        let value = ids.with_trace_state(text);
        Ok(Self {
            context: value,
            span: tracer_span::default(),
            flags: 0,
            owner: header,
            seen: Some(context.clone()),
        })
    }
}

/// Starts a pending span that is to be a parent; false when that is being done already: the span is
/// its own ancestor, in a context that was attached before it started.
#[cold]
fn started_as_parent(span: Span<'_, '_>) -> PyResult<bool> {
    if span.has(option::STARTING) {
        return Ok(false);
    }
    span.mark(option::STARTING);
    start_now(span)?;
    Ok(true)
}

/// The trace state as its header text, when there is one.
fn header_of<'py>(context: &Bound<'py, PyAny>) -> Option<Bound<'py, PyAny>> {
    let py = context.py();
    let state = context.getattr(intern!(py, "trace_state")).ok()?;
    if !state.is_truthy().ok()? {
        return None;
    }
    state.call_method0(intern!(py, "to_header")).ok()
}

/// The trace state the runtime gave with a context.
pub(crate) fn trace_state_text(context: &tracer_context_value) -> String {
    let len = usize::try_from(context.trace_state_len).unwrap_or(0);
    if context.trace_state.is_null() || len == 0 {
        return String::new();
    }
    // SAFETY: the runtime gives that many bytes, valid until the span ends.
    let bytes = unsafe { std::slice::from_raw_parts(context.trace_state.cast::<u8>(), len) };
    String::from_utf8_lossy(bytes).into_owned()
}
