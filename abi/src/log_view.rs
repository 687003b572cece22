//! A captured log record as C reads it; as `view`.

use crate::{tracer_attribute, tracer_severity};
use core::ffi::c_char;

/// A captured log record. Read only, any thread may; who lends it says for how long. Texts are
/// NUL-terminated and never NULL, those of attributes too.
#[repr(C)]
#[expect(missing_debug_implementations, reason = "points to C unions")]
pub struct tracer_log_view {
    /// `sizeof(tracer_log_view)` of the library.
    pub struct_size: usize,
    /// How severe it is.
    pub severity: tracer_severity,
    /// W3C flags of the span it belongs to: 1 = sampled.
    pub trace_flags: u8,
    /// The trace it belongs to, 16 bytes; all zero for none.
    pub trace_id: [u8; 16],
    /// The span it belongs to, 8 bytes; all zero for none.
    pub span_id: [u8; 8],
    /// The trace as hex digits and NUL; empty for none.
    pub trace_id_hex: [c_char; 33],
    /// The span as hex digits and NUL; empty for none.
    pub span_id_hex: [c_char; 17],
    /// The severity as its source spells it.
    pub severity_text: *const c_char,
    /// The kind of event that it is; empty for other records.
    pub event_name: *const c_char,
    /// What it says, of any type, with an empty key.
    pub body: *const tracer_attribute,
    /// When it happened: Unix nanoseconds.
    pub unix_ns: u64,
    /// When it was noticed: Unix nanoseconds.
    pub observed_unix_ns: u64,
    /// Its attributes, in the order in which they were first set.
    pub attributes: *const tracer_attribute,
    /// Their number.
    pub attribute_count: usize,
    /// Attributes that did not fit the limits or had no key.
    pub dropped_attribute_count: u32,
    /// The instrumentation scope's name.
    pub scope_name: *const c_char,
    /// The scope's version.
    pub scope_version: *const c_char,
    /// Attributes of the resource, such as `service.name`.
    pub resource_attributes: *const tracer_attribute,
    /// Their number.
    pub resource_attribute_count: usize,
}
