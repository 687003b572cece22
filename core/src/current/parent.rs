//! The parent of a new span in parts, as languages hand it over.

use super::Current;
use crate::context::{Context, SpanContext, TraceFlags, TraceState};
use crate::id::{SpanId, TraceId};
use crate::span::SpanHandle;

/// The parent of a new span as the recorder wants it, borrowed.
#[derive(Clone, Copy, Debug)]
pub struct Parent<'a> {
    /// The trace; all zero = no parent.
    pub trace_id: TraceId,
    /// The parent span.
    pub span_id: SpanId,
    /// Its flags.
    pub trace_flags: TraceFlags,
    /// Whether it came from another process.
    pub is_remote: bool,
    /// W3C `tracestate`.
    pub trace_state: &'a str,
    /// Its handle if it is a span of this runtime.
    pub handle: SpanHandle,
}

impl Parent<'_> {
    /// No parent: a root span.
    pub const NONE: Self = Self {
        trace_id: TraceId([0; 16]),
        span_id: SpanId([0; 8]),
        trace_flags: TraceFlags(0),
        is_remote: false,
        trace_state: "",
        handle: SpanHandle::NONE,
    };

    pub(crate) fn is_valid(&self) -> bool {
        self.trace_id.is_valid() && self.span_id.is_valid()
    }

    /// A copy of its own.
    pub(crate) fn to_context(self) -> SpanContext {
        SpanContext {
            trace_id: self.trace_id,
            span_id: self.span_id,
            trace_flags: self.trace_flags,
            is_remote: self.is_remote,
            trace_state: TraceState::from_header(self.trace_state),
        }
    }
}

impl<'a> From<&'a Current> for Parent<'a> {
    fn from(current: &'a Current) -> Self {
        Self {
            handle: current.handle,
            ..Self::from(&current.context)
        }
    }
}

impl<'a> From<&'a SpanContext> for Parent<'a> {
    fn from(context: &'a SpanContext) -> Self {
        Self {
            trace_id: context.trace_id,
            span_id: context.span_id,
            trace_flags: context.trace_flags,
            is_remote: context.is_remote,
            trace_state: context.trace_state.as_str(),
            handle: SpanHandle::NONE,
        }
    }
}

impl<'a> From<&'a Context> for Parent<'a> {
    fn from(context: &'a Context) -> Self {
        Self::from(&context.current)
    }
}
