//! A finished span as C reads it. All of it belongs to the library and is read only; new members are
//! added behind the last, `struct_size` says what is there.

use crate::{tracer_attribute, tracer_span_kind, tracer_span_status};
use core::ffi::c_char;

/// An event of a finished span. Read only; lives as long as the span's view.
#[repr(C)]
#[expect(missing_debug_implementations, reason = "points to C unions")]
pub struct tracer_event_view {
    /// `sizeof(tracer_event_view)` of the library.
    pub struct_size: usize,
    /// What happened, NUL-terminated.
    pub name: *const c_char,
    /// When: Unix nanoseconds.
    pub unix_ns: u64,
    /// Its attributes.
    pub attributes: *const tracer_attribute,
    /// Their number.
    pub attribute_count: usize,
    /// Attributes that did not fit the limits or had no key.
    pub dropped_attribute_count: u32,
}

/// A link of a finished span. Read only; lives as long as the span's view.
#[repr(C)]
#[expect(missing_debug_implementations, reason = "points to C unions")]
pub struct tracer_link_view {
    /// `sizeof(tracer_link_view)` of the library.
    pub struct_size: usize,
    /// The other span's trace, 16 bytes.
    pub trace_id: [u8; 16],
    /// The other span's id, 8 bytes.
    pub span_id: [u8; 8],
    /// The trace as hex digits and NUL.
    pub trace_id_hex: [c_char; 33],
    /// The id as hex digits and NUL.
    pub span_id_hex: [c_char; 17],
    /// The other span's W3C flags: 1 = sampled.
    pub trace_flags: u8,
    /// Whether the other span is of another process.
    pub is_remote: bool,
    /// The other span's `tracestate`, NUL-terminated.
    pub trace_state: *const c_char,
    /// Attributes of the link.
    pub attributes: *const tracer_attribute,
    /// Their number.
    pub attribute_count: usize,
    /// Attributes that did not fit the limits or had no key.
    pub dropped_attribute_count: u32,
}

/// A finished span. Read only, any thread may; who lends it says for how long. Texts are
/// NUL-terminated and never NULL, those of attributes too. A null attribute is a `TRACER_NESTED`.
#[repr(C)]
#[expect(missing_debug_implementations, reason = "points to C unions")]
pub struct tracer_span_view {
    /// `sizeof(tracer_span_view)` of the library.
    pub struct_size: usize,
    /// What the operation is called.
    pub name: *const c_char,
    /// Its trace, 16 bytes.
    pub trace_id: [u8; 16],
    /// Its id, 8 bytes.
    pub span_id: [u8; 8],
    /// Its parent's id; all zero for a root.
    pub parent_span_id: [u8; 8],
    /// The trace as hex digits and NUL.
    pub trace_id_hex: [c_char; 33],
    /// The id as hex digits and NUL.
    pub span_id_hex: [c_char; 17],
    /// The parent's id as hex digits and NUL; empty for a root.
    pub parent_span_id_hex: [c_char; 17],
    /// W3C flags: 1 = sampled.
    pub trace_flags: u8,
    /// Whether the parent is of another process.
    pub parent_is_remote: bool,
    /// `TRACER_KIND_*`.
    pub kind: tracer_span_kind,
    /// W3C `tracestate`.
    pub trace_state: *const c_char,
    /// When it began: Unix nanoseconds.
    pub start_unix_ns: u64,
    /// When it ended: Unix nanoseconds.
    pub end_unix_ns: u64,
    /// `TRACER_STATUS_*`.
    pub status: tracer_span_status,
    /// Why it failed; empty unless it did.
    pub status_description: *const c_char,
    /// Its attributes, in the order in which they were first set.
    pub attributes: *const tracer_attribute,
    /// Their number.
    pub attribute_count: usize,
    /// Attributes that did not fit the limits or had no key.
    pub dropped_attribute_count: u32,
    /// Events that did not fit the limits.
    pub dropped_event_count: u32,
    /// Links that did not fit the limits.
    pub dropped_link_count: u32,
    /// Its events, by pointers.
    pub events: *const *const tracer_event_view,
    /// Their number.
    pub event_count: usize,
    /// Its links, by pointers.
    pub links: *const *const tracer_link_view,
    /// Their number.
    pub link_count: usize,
    /// The instrumentation scope's name.
    pub scope_name: *const c_char,
    /// The scope's version.
    pub scope_version: *const c_char,
    /// The scope's schema URL.
    pub scope_schema_url: *const c_char,
    /// Attributes of the scope.
    pub scope_attributes: *const tracer_attribute,
    /// Their number.
    pub scope_attribute_count: usize,
    /// Attributes of the resource, such as `service.name`.
    pub resource_attributes: *const tracer_attribute,
    /// Their number.
    pub resource_attribute_count: usize,
    /// The resource's schema URL.
    pub resource_schema_url: *const c_char,
}
