//! The types of libtracer's stable C ABI, and nothing else.
//!
//! `libtracer-ffi` implements this ABI; a binding (the Python extension) is written against it and
//! reaches the one runtime of the process through [`tracer_table`]. Types are spelled as C spells
//! them, so that one search finds both sides. Everything here is append-only: see `docs/abi.md`.
#![no_std]
#![expect(non_camel_case_types, reason = "C and Rust spell each ABI type alike")]

mod decision;
mod diagnostics;
mod log;
mod log_view;
mod metrics;
mod table;
mod view;

pub use decision::{
    TRACER_DECISION_ASK, TRACER_DECISION_DROP, TRACER_DECISION_RECORD_AND_SAMPLE,
    TRACER_DECISION_RECORD_ONLY, tracer_decision,
};
pub use diagnostics::{
    TRACER_LEVEL_DEBUG, TRACER_LEVEL_ERROR, TRACER_LEVEL_INFO, TRACER_LEVEL_NONE,
    TRACER_LEVEL_WARN, tracer_level,
};
pub use log::{
    TRACER_SEVERITY_DEBUG, TRACER_SEVERITY_ERROR, TRACER_SEVERITY_FATAL, TRACER_SEVERITY_INFO,
    TRACER_SEVERITY_TRACE, TRACER_SEVERITY_WARN, tracer_emit, tracer_log_stats, tracer_severity,
};
pub use metrics::{tracer_llm_call, tracer_metric_stats};
pub use table::{
    TRACER_START_MERGE_NATIVE, tracer_current_hook, tracer_plain, tracer_start, tracer_started,
    tracer_table, tracer_verdict,
};

pub use log_view::tracer_log_view;
pub use view::{tracer_event_view, tracer_link_view, tracer_span_view};

use core::ffi::c_char;

/// The version of this ABI, equal to the number in the SONAME.
pub const TRACER_ABI_VERSION: u32 = 1;

/// What a set-up call returns. Zero is success; numbers never change meaning; detail by
/// `tracer_last_error`.
pub type tracer_status = i32;
/// The call did what it says.
pub const TRACER_OK: tracer_status = 0;
/// An argument is NULL or out of range.
pub const TRACER_INVALID_ARGUMENT: tracer_status = 1;
/// An option's value is not usable; `tracer_last_error` names the option, the value and the cure.
pub const TRACER_INVALID_CONFIG: tracer_status = 2;
/// The deadline passed first; what was not exported stays queued.
pub const TRACER_TIMEOUT: tracer_status = 3;
/// A panic was contained; the call had no effect.
pub const TRACER_INTERNAL: tracer_status = 255;

/// A span, by value: two registers, nothing to free. The zero span is a valid no-op span; a stale,
/// ended or made-up handle is a counted no-op.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct tracer_span {
    /// Which slot of the runtime's table; 0 = no span.
    pub slot: u64,
    /// Which use of that slot.
    pub generation: u64,
}

/// `SpanKind`, with OTLP's numbers (OpenTelemetry trace API, `SpanKind`).
pub type tracer_span_kind = i32;
/// An operation inside an application (the default).
pub const TRACER_KIND_INTERNAL: tracer_span_kind = 1;
/// Handles a request of a remote client.
pub const TRACER_KIND_SERVER: tracer_span_kind = 2;
/// Makes a request to a remote service.
pub const TRACER_KIND_CLIENT: tracer_span_kind = 3;
/// Hands a message to a queue.
pub const TRACER_KIND_PRODUCER: tracer_span_kind = 4;
/// Handles a message from a queue.
pub const TRACER_KIND_CONSUMER: tracer_span_kind = 5;

/// A span's status, with OTLP's numbers (OpenTelemetry trace API, `SetStatus`).
pub type tracer_span_status = i32;
/// Nothing was said (the default).
pub const TRACER_STATUS_UNSET: tracer_span_status = 0;
/// The operation is declared successful; final.
pub const TRACER_STATUS_OK: tracer_span_status = 1;
/// The operation failed.
pub const TRACER_STATUS_ERROR: tracer_span_status = 2;

/// A built-in sampler (OpenTelemetry trace SDK, Built-in samplers).
pub type tracer_sampler = i32;
/// `ParentBased(AlwaysOn)`, the default.
pub const TRACER_SAMPLER_PARENT_ALWAYS_ON: tracer_sampler = 0;
/// `AlwaysOn`.
pub const TRACER_SAMPLER_ALWAYS_ON: tracer_sampler = 1;
/// `AlwaysOff`.
pub const TRACER_SAMPLER_ALWAYS_OFF: tracer_sampler = 2;
/// `ParentBased(AlwaysOff)`.
pub const TRACER_SAMPLER_PARENT_ALWAYS_OFF: tracer_sampler = 3;
/// `TraceIdRatioBased(ratio)`.
pub const TRACER_SAMPLER_RATIO: tracer_sampler = 4;
/// `ParentBased(TraceIdRatioBased(ratio))`.
pub const TRACER_SAMPLER_PARENT_RATIO: tracer_sampler = 5;
/// A share of all traces that travels in `tracestate` (`ProbabilitySampler(ratio)`).
pub const TRACER_SAMPLER_PROBABILITY: tracer_sampler = 6;
/// The same for roots; children as their parent's `tracestate` or flag says.
pub const TRACER_SAMPLER_PARENT_PROBABILITY: tracer_sampler = 7;
/// By `tracer_config_add_sampling_rule`; `ratio` is for what no rule is for.
pub const TRACER_SAMPLER_RULES: tracer_sampler = 8;
/// The same for roots; children as their parent's `tracestate` or flag says.
pub const TRACER_SAMPLER_PARENT_RULES: tracer_sampler = 9;

/// A kind of parent, for `tracer_config_set_parent_sampler`.
pub type tracer_parent = i32;
/// Of another process, sampled.
pub const TRACER_PARENT_REMOTE_SAMPLED: tracer_parent = 0;
/// Of another process, not sampled.
pub const TRACER_PARENT_REMOTE_NOT_SAMPLED: tracer_parent = 1;
/// Of this process, sampled.
pub const TRACER_PARENT_LOCAL_SAMPLED: tracer_parent = 2;
/// Of this process, not sampled.
pub const TRACER_PARENT_LOCAL_NOT_SAMPLED: tracer_parent = 3;

/// In a `tracer_limits`: no limit.
pub const TRACER_LIMIT_UNLIMITED: usize = usize::MAX;
/// In a `tracer_limits`: not one.
pub const TRACER_LIMIT_ZERO: usize = usize::MAX - 1;

/// How much one span may hold; what is over is dropped and counted on the span. 0 = the default,
/// else a number or a `TRACER_LIMIT_*`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct tracer_limits {
    /// Set by the caller to `sizeof(tracer_limits)`.
    pub struct_size: usize,
    /// Attributes of a span (128).
    pub attributes: usize,
    /// Characters of a text, bytes of a bytes value (unlimited).
    pub attribute_value_length: usize,
    /// Events of a span (128).
    pub events: usize,
    /// Links of a span (128).
    pub links: usize,
    /// Attributes of an event (128).
    pub attributes_per_event: usize,
    /// Attributes of a link (128).
    pub attributes_per_link: usize,
    /// As `attribute_value_length`, of values in events and links; 0 = the same.
    pub event_value_length: usize,
    /// 1: over a count the oldest gives way to the newest; 0: what comes too late is discarded.
    pub keep_newest: usize,
    /// Arrays and maps inside each other (64); what is deeper becomes an empty value.
    pub depth: usize,
}

/// A span context by value (OpenTelemetry trace API, `SpanContext`). All zero = no valid context.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct tracer_context_value {
    /// Trace id, big-endian bytes.
    pub trace_id: [u8; 16],
    /// Span id, big-endian bytes.
    pub span_id: [u8; 8],
    /// W3C trace flags: 1 = sampled, 2 = random trace id.
    pub trace_flags: u8,
    /// 1 if it came from another process.
    pub is_remote: u8,
    /// Zero.
    pub reserved: [u8; 2],
    /// Bytes in `trace_state`.
    pub trace_state_len: u32,
    /// W3C `tracestate` text or NULL; borrowed for the call it is passed to.
    pub trace_state: *const c_char,
}

/// The type of a `tracer_attribute`'s value.
pub type tracer_type = i32;
/// `value.text`, UTF-8.
pub const TRACER_STRING: tracer_type = 0;
/// `value.boolean`.
pub const TRACER_BOOL: tracer_type = 1;
/// `value.integer`.
pub const TRACER_INT: tracer_type = 2;
/// `value.number`.
pub const TRACER_DOUBLE: tracer_type = 3;
/// `value.text`, any bytes.
pub const TRACER_BYTES: tracer_type = 4;
/// `value.nested`: an array, a map or null.
pub const TRACER_NESTED: tracer_type = 5;

/// Pointer and length: bytes borrowed for the call.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct tracer_text {
    /// First byte, or NULL when `len` is 0.
    pub data: *const c_char,
    /// Number of bytes.
    pub len: usize,
}

/// An array, map or null under construction; made by `tracer_value_new`.
#[derive(Debug)]
pub struct tracer_value {
    _opaque: (),
}

/// The value of a `tracer_attribute`; `tracer_attribute.type` says which member holds.
#[repr(C)]
#[derive(Clone, Copy)]
#[expect(
    missing_debug_implementations,
    reason = "a C union cannot say which member holds"
)]
pub union tracer_attribute_value {
    /// For `TRACER_STRING` and `TRACER_BYTES`.
    pub text: tracer_text,
    /// For `TRACER_BOOL`.
    pub boolean: bool,
    /// For `TRACER_INT`.
    pub integer: i64,
    /// For `TRACER_DOUBLE`.
    pub number: f64,
    /// For `TRACER_NESTED`; borrowed.
    pub nested: *const tracer_value,
}

/// One attribute; everything it points to is copied before the call returns.
#[repr(C)]
#[derive(Clone, Copy)]
#[expect(missing_debug_implementations, reason = "holds a C union")]
pub struct tracer_attribute {
    /// Key, UTF-8, NUL-terminated, not empty.
    pub key: *const c_char,
    /// Which member of `value` holds.
    pub r#type: tracer_type,
    /// The value.
    pub value: tracer_attribute_value,
}

/// The account of the default provider's first pipeline, in spans since the process began:
/// `started = exported + dropped + queued + spooled + open`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct tracer_stats {
    /// Set by the caller to `sizeof(tracer_stats)`.
    pub struct_size: usize,
    /// Sampled spans started.
    pub started: u64,
    /// Spans the exporter delivered.
    pub exported: u64,
    /// Spans lost, the sum of the causes below.
    pub dropped: u64,
    /// Finished spans in memory.
    pub queued: u64,
    /// Finished spans on disk.
    pub spooled: u64,
    /// Started and not ended.
    pub open: u64,
    /// Lost: memory bound or queue size reached.
    pub dropped_queue_full: u64,
    /// Lost: open spans alone hold half the memory bound.
    pub dropped_open_limit: u64,
    /// Lost: the destination refused for good.
    pub dropped_export_failed: u64,
    /// Lost: the destination accepted the request but not the span (partial success).
    pub dropped_rejected: u64,
    /// Lost: ended after shutdown, or not delivered by its deadline.
    pub dropped_shutdown: u64,
    /// Lost: made in a signal handler that interrupted libtracer.
    pub dropped_reentrant: u64,
    /// Lost: the system refused memory.
    pub dropped_no_memory: u64,
    /// Lost: no exporter is configured.
    pub dropped_no_exporter: u64,
    /// Spans the sampler dropped.
    pub unsampled: u64,
    /// Spans recorded for processors only.
    pub record_only: u64,
    /// Calls with a stale, ended or made-up handle, or on what was freed; frees of what is no object.
    pub stale: u64,
    /// Texts with invalid UTF-8, mended with U+FFFD.
    pub invalid_utf8: u64,
    /// Detaches in the wrong order, repaired.
    pub detach_order: u64,
    /// Spans started without a known parent because the caller did not hold its language's lock.
    pub unknown_parent: u64,
    /// Attributes not recorded for their type or empty key.
    pub invalid_attribute: u64,
    /// Panics contained at the ABI.
    pub panics: u64,
    /// Bytes of memory held now: chunks, bodies, requests.
    pub memory_bytes: u64,
}
