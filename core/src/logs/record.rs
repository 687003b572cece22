//! A log record as an OTLP `LogRecord`: the fixed fields around body and attributes, which are
//! encoded already.

use crate::wire::buf::Writer;
use crate::wire::{field_len, varint_len};

/// `ScopeLogs.log_records`, the same field as `ScopeSpans.spans`.
pub(super) const RECORD_TAG: u8 = crate::pipeline::chunk::SPAN_TAG;
/// `LogRecord.body`.
pub(super) const BODY_TAG: u8 = 0x2a;
/// `LogRecord.attributes`.
pub(super) const ATTRIBUTE_TAG: u8 = 0x32;

/// The span that a record belongs to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Origin<'a> {
    pub(super) trace_id: &'a [u8; 16],
    pub(super) span_id: &'a [u8; 8],
    pub(super) flags: u8,
}

/// Everything an OTLP `LogRecord` is made of.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record<'a> {
    pub(super) unix_ns: u64,
    pub(super) observed_ns: u64,
    pub(super) severity: u8,
    pub(super) severity_text: &'a [u8],
    /// Body and attributes.
    pub(super) fields: &'a [u8],
    pub(super) dropped_attributes: u32,
    pub(super) origin: Option<Origin<'a>>,
    pub(super) event_name: &'a [u8],
}

fn text_len(text: &[u8]) -> usize {
    if text.is_empty() {
        0
    } else {
        field_len(text.len())
    }
}

impl Record<'_> {
    /// Bytes of the `LogRecord` message.
    pub(super) fn len(&self) -> usize {
        // Both times, nine bytes each.
        let mut len =
            18 + text_len(self.severity_text) + self.fields.len() + text_len(self.event_name);
        if self.severity > 0 {
            len += 2;
        }
        if self.dropped_attributes > 0 {
            len += 1 + varint_len(u64::from(self.dropped_attributes));
        }
        if self.origin.is_some() {
            // Flags 5, trace id 18, span id 10.
            len += 33;
        }
        len
    }

    /// Writes the `LogRecord` message.
    pub(super) fn write(&self, writer: &mut Writer<'_>) {
        writer.byte(0x09);
        writer.fixed64(self.unix_ns);
        if self.severity > 0 {
            writer.array([0x10, self.severity]);
        }
        if !self.severity_text.is_empty() {
            writer.field(0x1a, self.severity_text);
        }
        writer.bytes(self.fields);
        if self.dropped_attributes > 0 {
            writer.byte(0x38);
            writer.varint(u64::from(self.dropped_attributes));
        }
        if let Some(origin) = &self.origin {
            writer.byte(0x45);
            writer.fixed32(u32::from(origin.flags));
            writer.field(0x4a, origin.trace_id);
            writer.field(0x52, origin.span_id);
        }
        writer.byte(0x59);
        writer.fixed64(self.observed_ns);
        if !self.event_name.is_empty() {
            writer.field(0x62, self.event_name);
        }
    }
}
