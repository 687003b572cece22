//! Log records: their severity, their account, and how a binding emits them.

use crate::{tracer_context_value, tracer_value};
use core::ffi::{c_char, c_void};

/// How severe a log record is: 1 to 24, OTLP's numbers; 0 = unspecified. Those between the ones below
/// are finer steps, the higher the more severe (OpenTelemetry logs, `SeverityNumber`).
pub type tracer_severity = i32;
/// Fine-grained debugging.
pub const TRACER_SEVERITY_TRACE: tracer_severity = 1;
/// Debugging.
pub const TRACER_SEVERITY_DEBUG: tracer_severity = 5;
/// Something happened.
pub const TRACER_SEVERITY_INFO: tracer_severity = 9;
/// Not an error, but more than information.
pub const TRACER_SEVERITY_WARN: tracer_severity = 13;
/// Something went wrong.
pub const TRACER_SEVERITY_ERROR: tracer_severity = 17;
/// The program or a part of it cannot go on.
pub const TRACER_SEVERITY_FATAL: tracer_severity = 21;

/// The account of a provider's first pipeline of log records, since the process began:
/// `emitted = exported + dropped + queued`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct tracer_log_stats {
    /// Set by the caller to `sizeof(tracer_log_stats)`.
    pub struct_size: usize,
    /// Log records emitted.
    pub emitted: u64,
    /// Records the exporter delivered.
    pub exported: u64,
    /// Records lost, the sum of the causes below.
    pub dropped: u64,
    /// Records in memory.
    pub queued: u64,
    /// Lost: memory bound or queue size reached.
    pub dropped_queue_full: u64,
    /// Lost: the destination refused for good.
    pub dropped_export_failed: u64,
    /// Lost: the destination accepted the request but not the record (partial success).
    pub dropped_rejected: u64,
    /// Lost: emitted after shutdown, or not delivered by its deadline.
    pub dropped_shutdown: u64,
    /// Lost: emitted in a signal handler that interrupted libtracer.
    pub dropped_reentrant: u64,
    /// Lost: the system refused memory.
    pub dropped_no_memory: u64,
    /// Lost: no exporter of log records is configured.
    pub dropped_no_exporter: u64,
}

/// What to emit: input of `tracer_table.log_emit`. Texts are valid UTF-8; all is borrowed for the call.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct tracer_emit {
    /// Instrumentation scope (`tracer_scope *`), NULL = the default one.
    pub scope: *const c_void,
    /// The body, a value of any kind; NULL = `text`.
    pub body: *const tracer_value,
    /// The body, a text.
    pub text: *const c_char,
    /// Bytes in `text`.
    pub text_len: usize,
    /// A map value or NULL.
    pub attributes: *const tracer_value,
    /// The span it belongs to, all zero = none; NULL = what is current.
    pub context: *const tracer_context_value,
    /// The severity as its source spells it.
    pub severity_text: *const c_char,
    /// Bytes in `severity_text`.
    pub severity_text_len: usize,
    /// The kind of event it is.
    pub event_name: *const c_char,
    /// Bytes in `event_name`.
    pub event_name_len: usize,
    /// Unix nanoseconds; 0 = now.
    pub unix_ns: u64,
    /// Unix nanoseconds; 0 = now.
    pub observed_unix_ns: u64,
    /// Its severity.
    pub severity: tracer_severity,
    /// Zero.
    pub reserved: u32,
}
