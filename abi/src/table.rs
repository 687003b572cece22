//! The function table for language bindings: the calls a binding makes per span, with every length
//! given and every text already valid UTF-8. Cold calls go through the C ABI by name.

use crate::{tracer_context_value, tracer_emit, tracer_span, tracer_type, tracer_value};
use core::ffi::{c_char, c_void};

/// Asks a language what is current on the calling thread (without blocking, without raising).
///
/// Writes the context and, when the span is one of this runtime's, its handle (else the zero span).
/// Returns 1 when known (also when there is none: all zero), 0 when the language has no say on this
/// thread, -1 when it cannot tell (counted `unknown_parent`: no parent rather than a wrong one);
/// then `span_id` may identify the language's context, to tell it from others on the same thread.
/// `trace_state` must stay valid until the thread next runs code of that language.
pub type tracer_current_hook =
    unsafe extern "C" fn(out_context: *mut tracer_context_value, out_span: *mut tracer_span) -> i32;

/// What to start: input of `tracer_table.span_start`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct tracer_start {
    /// Instrumentation scope (`tracer_scope *`), NULL = the default one.
    pub scope: *const c_void,
    /// Name, UTF-8.
    pub name: *const c_char,
    /// Bytes in `name`.
    pub name_len: usize,
    /// The parent; all zero = a root span.
    pub parent: tracer_context_value,
    /// The parent's handle if it is a span of this runtime, else the zero span.
    pub parent_span: tracer_span,
    /// `TRACER_START_*` bits.
    pub flags: u32,
    /// `SpanKind`; 0 = INTERNAL.
    pub kind: i32,
    /// Unix nanoseconds; 0 = now.
    pub start_unix_ns: u64,
}

/// What a binding has decided about a span, by samplers and id generators of its language.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct tracer_verdict {
    /// The trace of a root; all zero = to be drawn. A child is in its parent's.
    pub trace_id: [u8; 16],
    /// The id of the span; all zero = to be drawn.
    pub span_id: [u8; 8],
    /// W3C `tracestate` text that takes the place of the parent's; borrowed for the call.
    pub trace_state: *const c_char,
    /// Bytes in `trace_state`.
    pub trace_state_len: u32,
    /// `TRACER_DECISION_*`.
    pub decision: i32,
    /// 1 if `trace_id` is random.
    pub random: u8,
    /// 1 if `trace_state` counts, even if it is empty.
    pub has_trace_state: u8,
    /// Zero.
    pub reserved: [u8; 6],
}

/// `tracer_start.flags`: `parent` is what is current in the calling language; a native span entered
/// since then on this thread takes its place.
pub const TRACER_START_MERGE_NATIVE: u32 = 1;

/// What was started: output of `tracer_table.span_start`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct tracer_started {
    /// The span; zero when nothing is recorded (no provider, shut down, over a limit).
    pub span: tracer_span,
    /// Its context; `trace_state` is borrowed until the span ends. When `span` is zero: the parent's.
    pub context: tracer_context_value,
    /// The parent used, after `TRACER_START_MERGE_NATIVE`; all zero for a root.
    pub parent: tracer_context_value,
    /// 1 when attributes and the rest are recorded.
    pub recording: u8,
}

/// An attribute that is not nested: input of `tracer_table.span_set_plain`.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct tracer_plain {
    /// Key, UTF-8.
    pub key: *const c_char,
    /// Bytes in `key`.
    pub key_len: usize,
    /// The text, UTF-8, or the bytes.
    pub data: *const c_char,
    /// Bytes in `data`; of the other types the value: 0 or 1, the integer, the bits of the double.
    pub bits: u64,
    /// `TRACER_STRING`, `_BOOL`, `_INT`, `_DOUBLE` or `_BYTES`; any other = null.
    pub r#type: tracer_type,
    /// Zero.
    pub reserved: u32,
}

/// The function table of the runtime, version 1. Append-only: `size` says how much of it is there.
/// All functions are safe from any thread; spans started here may be used by several at once.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct tracer_table {
    /// `TRACER_ABI_VERSION`.
    pub version: u32,
    /// `sizeof(tracer_table)` of the library.
    pub size: u32,
    /// Starts a span (always shared: usable by several threads). Does not make it current.
    pub span_start: unsafe extern "C" fn(start: *const tracer_start, out: *mut tracer_started),
    /// Ends a span at `end_unix_ns` (0 = now). Returns false when it had ended already.
    ///
    /// `copy`, if not NULL, is called once with the encoded span (OTLP `Span`) before this returns,
    /// sampled or recorded only.
    pub span_end: unsafe extern "C" fn(
        span: tracer_span,
        end_unix_ns: u64,
        copy: Option<unsafe extern "C" fn(argument: *mut c_void, bytes: *const u8, len: usize)>,
        argument: *mut c_void,
    ) -> bool,
    /// Gives `copy` the span as it is now, encoded as OTLP `Span` (end time 0). False when ended.
    pub span_read: unsafe extern "C" fn(
        span: tracer_span,
        copy: unsafe extern "C" fn(argument: *mut c_void, bytes: *const u8, len: usize),
        argument: *mut c_void,
    ) -> bool,
    /// Whether the span is live and recording.
    pub span_is_recording: unsafe extern "C" fn(span: tracer_span) -> bool,
    /// Sets a string attribute.
    pub span_set_string: unsafe extern "C" fn(
        span: tracer_span,
        key: *const c_char,
        key_len: usize,
        text: *const c_char,
        len: usize,
    ),
    /// Sets a boolean attribute.
    pub span_set_bool:
        unsafe extern "C" fn(span: tracer_span, key: *const c_char, key_len: usize, value: bool),
    /// Sets an integer attribute.
    pub span_set_int:
        unsafe extern "C" fn(span: tracer_span, key: *const c_char, key_len: usize, value: i64),
    /// Sets a double attribute.
    pub span_set_double:
        unsafe extern "C" fn(span: tracer_span, key: *const c_char, key_len: usize, value: f64),
    /// Sets a bytes attribute.
    pub span_set_bytes: unsafe extern "C" fn(
        span: tracer_span,
        key: *const c_char,
        key_len: usize,
        data: *const u8,
        len: usize,
    ),
    /// Sets a nested attribute.
    pub span_set_value: unsafe extern "C" fn(
        span: tracer_span,
        key: *const c_char,
        key_len: usize,
        value: *const tracer_value,
    ),
    /// Adds an event at `unix_ns` (0 = now); `attributes` is a map value or NULL.
    pub span_add_event: unsafe extern "C" fn(
        span: tracer_span,
        name: *const c_char,
        name_len: usize,
        unix_ns: u64,
        attributes: *const tracer_value,
    ),
    /// Adds a link; `attributes` is a map value or NULL.
    pub span_add_link: unsafe extern "C" fn(
        span: tracer_span,
        context: *const tracer_context_value,
        attributes: *const tracer_value,
    ),
    /// Sets the status: an UNSET is ignored, OK is final, a description is kept for ERROR only.
    pub span_set_status: unsafe extern "C" fn(
        span: tracer_span,
        status: i32,
        description: *const c_char,
        len: usize,
    ),
    /// Replaces the name.
    pub span_set_name:
        unsafe extern "C" fn(span: tracer_span, name: *const c_char, name_len: usize),
    /// Installs the language's answer to "what is current here"; NULL removes it. One per process.
    pub set_current_hook: unsafe extern "C" fn(
        hook: Option<
            unsafe extern "C" fn(
                out_context: *mut tracer_context_value,
                out_span: *mut tracer_span,
            ) -> i32,
        >,
    ),
    /// The native span that is current on this thread given the foreign context `foreign`: true and
    /// written when a native span was entered since `foreign` became current, else false.
    pub current_native: unsafe extern "C" fn(
        foreign: *const tracer_context_value,
        out_context: *mut tracer_context_value,
        out_span: *mut tracer_span,
    ) -> bool,
    /// As `span_start`, where the binding has decided some of it. `out` borrows its trace state.
    pub span_start_decided: unsafe extern "C" fn(
        start: *const tracer_start,
        verdict: *const tracer_verdict,
        out: *mut tracer_started,
    ),
    /// The time on the span's own clock, in Unix nanoseconds: what its end would be if it ended now.
    pub span_now: unsafe extern "C" fn(span: tracer_span) -> u64,
    /// Sets `count` attributes in order, as one call for each would.
    pub span_set_plain:
        unsafe extern "C" fn(span: tracer_span, first: *const tracer_plain, count: usize),
    /// Emits a log record.
    pub log_emit: unsafe extern "C" fn(emit: *const tracer_emit),
    /// Emits a log record, with the fields of an OTLP `AnyValue` in place of its body, and `count`
    /// attributes before those it has.
    pub log_emit_encoded: unsafe extern "C" fn(
        emit: *const tracer_emit,
        body: *const u8,
        len: usize,
        first: *const tracer_plain,
        count: usize,
    ),
}
