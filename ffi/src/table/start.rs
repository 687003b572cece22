//! How a binding starts spans, and contexts as it has them.

use crate::boundary::record;
use crate::context::{handle, span};
use crate::provider::{tracer_of, tracer_scope};
use crate::ptr;
use crate::recording::kind;
use libtracer::binding::{Decided, Parent, Started, current_native};
use libtracer::{Decision, SpanBuilder, SpanHandle, SpanId, TraceFlags, TraceId};
use libtracer_abi::{
    TRACER_DECISION_DROP, TRACER_DECISION_RECORD_AND_SAMPLE, TRACER_DECISION_RECORD_ONLY,
    TRACER_START_MERGE_NATIVE, tracer_context_value, tracer_start, tracer_started, tracer_verdict,
};
use std::ptr::null;

pub(super) const NO_CONTEXT: tracer_context_value = tracer_context_value {
    trace_id: [0; 16],
    span_id: [0; 8],
    trace_flags: 0,
    is_remote: 0,
    reserved: [0; 2],
    trace_state_len: 0,
    trace_state: null(),
};

/// # Safety
/// The trace state is as the ABI says and lives for `'a`.
pub(super) unsafe fn parent<'a>(context: &tracer_context_value, handle: SpanHandle) -> Parent<'a> {
    Parent {
        trace_id: TraceId(context.trace_id),
        span_id: SpanId(context.span_id),
        trace_flags: TraceFlags(context.trace_flags),
        is_remote: context.is_remote != 0,
        // SAFETY: as the caller vouches.
        trace_state: unsafe {
            ptr::valid_text(context.trace_state, context.trace_state_len as usize)
        },
        handle,
    }
}

/// The context by value; the trace state is borrowed from `parent`'s.
pub(super) fn value_of(parent: &Parent<'_>) -> tracer_context_value {
    let mut value = tracer_context_value {
        trace_id: parent.trace_id.0,
        span_id: parent.span_id.0,
        trace_flags: parent.trace_flags.0,
        is_remote: u8::from(parent.is_remote),
        ..NO_CONTEXT
    };
    set_trace_state(&mut value, parent.trace_state);
    value
}

#[inline]
fn set_trace_state(context: &mut tracer_context_value, state: &str) {
    context.trace_state_len = u32::try_from(state.len()).unwrap_or(0);
    context.trace_state = if state.is_empty() {
        null()
    } else {
        state.as_ptr().cast()
    };
}

pub(super) unsafe extern "C" fn span_start(start: *const tracer_start, out: *mut tracer_started) {
    // SAFETY: the table's contract.
    unsafe { start_by(start, undecided, None, out) };
}

#[inline]
fn undecided(builder: SpanBuilder<'_>) -> Started {
    builder.start_unowned()
}

pub(super) unsafe extern "C" fn span_start_decided(
    start: *const tracer_start,
    verdict: *const tracer_verdict,
    out: *mut tracer_started,
) {
    // SAFETY: the binding passes a valid verdict, borrowed for this call.
    let verdict = unsafe { &*verdict };
    // SAFETY: the table's contract: valid UTF-8, valid for this call.
    let decided = unsafe { decided(verdict) };
    let begin = |builder: SpanBuilder<'_>| builder.start_decided(&decided);
    // SAFETY: the table's contract.
    unsafe { start_by(start, begin, decided.trace_state, out) };
}

/// # Safety
/// The trace state is valid UTF-8 and lives for `'a`.
unsafe fn decided<'a>(verdict: &tracer_verdict) -> Decided<'a> {
    let len = verdict.trace_state_len as usize;
    // SAFETY: as the caller vouches.
    let trace_state = unsafe { ptr::valid_text(verdict.trace_state, len) };
    let (trace_id, span_id) = (TraceId(verdict.trace_id), SpanId(verdict.span_id));
    Decided {
        trace: trace_id
            .is_valid()
            .then_some((trace_id, verdict.random != 0)),
        span_id: span_id.is_valid().then_some(span_id),
        decision: match verdict.decision {
            TRACER_DECISION_DROP => Some(Decision::Drop),
            TRACER_DECISION_RECORD_ONLY => Some(Decision::RecordOnly),
            TRACER_DECISION_RECORD_AND_SAMPLE => Some(Decision::RecordAndSample),
            _ => None,
        },
        trace_state: (verdict.has_trace_state != 0).then_some(trace_state),
    }
}

/// Starts a span by `begin`; `trace_state` is shown in place of the parent's.
///
/// # Safety
/// As the table says of `span_start`.
#[inline]
unsafe fn start_by(
    start: *const tracer_start,
    begin: impl FnOnce(SpanBuilder<'_>) -> Started,
    trace_state: Option<&str>,
    out: *mut tracer_started,
) {
    record(|| {
        // SAFETY: the binding passes a valid start, borrowed for this call.
        let start = unsafe { &*start };
        // SAFETY: the binding passes its own scope or NULL.
        let scope = unsafe { start.scope.cast::<tracer_scope>().as_ref() };
        // SAFETY: the table's contract: valid UTF-8, valid for this call.
        let name = unsafe { ptr::valid_text(start.name, start.name_len) };
        // SAFETY: as above.
        let given = unsafe { parent(&start.parent, handle(start.parent_span)) };
        let native = (start.flags & TRACER_START_MERGE_NATIVE != 0)
            .then(|| current_native(given.span_id))
            .flatten();
        let used = match &native {
            Some((context, handle)) => Parent {
                handle: *handle,
                ..Parent::from(context)
            },
            None => given,
        };
        let builder = tracer_of(scope)
            .span(name)
            .below(used)
            .kind(kind(start.kind))
            .shared();
        let started = begin(builder.start_time(start.start_unix_ns));
        // A native parent's trace state dies with this call; the binding reads it from the span.
        let shown = if native.is_some() {
            Parent {
                trace_state: "",
                ..used
            }
        } else {
            used
        };
        let mut result = started_of(&started, &shown);
        if let Some(trace_state) = trace_state.filter(|_| started.handle != SpanHandle::NONE) {
            set_trace_state(&mut result.context, trace_state);
        }
        // SAFETY: the binding passes writable memory.
        unsafe { out.write(result) };
    });
}

fn started_of(started: &Started, parent: &Parent<'_>) -> tracer_started {
    tracer_started {
        span: span(started.handle),
        context: tracer_context_value {
            trace_id: started.trace_id.0,
            span_id: started.span_id.0,
            trace_flags: started.trace_flags.0,
            // What was started is of this process; without it the context is the parent's.
            is_remote: u8::from(parent.is_remote && started.handle == SpanHandle::NONE),
            ..value_of(parent)
        },
        parent: value_of(parent),
        recording: u8::from(started.recording),
    }
}
