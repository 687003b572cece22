//! A finished span: the fixed fields of an OTLP `Span` in front of what was recorded as it happened.

use super::buf::Writer;
use super::{field_len, varint_len};

/// Everything an OTLP `Span` is made of. Texts are UTF-8; `body` holds attributes, events, links.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Record<'a> {
    pub(crate) trace_id: &'a [u8; 16],
    pub(crate) span_id: &'a [u8; 8],
    /// All zero for a root.
    pub(crate) parent_span_id: &'a [u8; 8],
    pub(crate) parent_is_remote: bool,
    pub(crate) trace_flags: u8,
    pub(crate) trace_state: &'a [u8],
    pub(crate) name: &'a [u8],
    pub(crate) kind: u8,
    pub(crate) start_ns: u64,
    pub(crate) end_ns: u64,
    pub(crate) body: &'a [u8],
    pub(crate) dropped_attributes: u32,
    pub(crate) dropped_events: u32,
    pub(crate) dropped_links: u32,
    pub(crate) status: u8,
    pub(crate) status_message: &'a [u8],
}

/// `Span.flags`: the parent's remoteness is known; it is remote.
const HAS_IS_REMOTE: u32 = 0x100;
const IS_REMOTE: u32 = 0x200;

fn count_len(count: u32) -> usize {
    if count == 0 {
        0
    } else {
        1 + varint_len(u64::from(count))
    }
}

fn text_len(text: &[u8]) -> usize {
    if text.is_empty() {
        0
    } else {
        field_len(text.len())
    }
}

impl Record<'_> {
    fn status_len(&self) -> usize {
        let code = if self.status == 0 { 0 } else { 2 };
        code + text_len(self.status_message)
    }

    /// Bytes of the `Span` message.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        // Trace id 18, span id 10, kind 2, start and end 9 each, flags 6.
        let mut len = 54 + field_len(self.name.len()) + self.body.len();
        if *self.parent_span_id != [0; 8] {
            len += 10;
        }
        len += text_len(self.trace_state)
            + count_len(self.dropped_attributes)
            + count_len(self.dropped_events)
            + count_len(self.dropped_links);
        match self.status_len() {
            0 => len,
            status => len + field_len(status),
        }
    }

    /// Writes the `Span` message.
    #[inline]
    pub(crate) fn write(&self, writer: &mut Writer<'_>) {
        writer.field(0x0a, self.trace_id);
        writer.field(0x12, self.span_id);
        if !self.trace_state.is_empty() {
            writer.field(0x1a, self.trace_state);
        }
        if *self.parent_span_id != [0; 8] {
            writer.field(0x22, self.parent_span_id);
        }
        writer.field(0x2a, self.name);
        writer.byte(0x30);
        writer.byte(self.kind);
        writer.byte(0x39);
        writer.fixed64(self.start_ns);
        writer.byte(0x41);
        writer.fixed64(self.end_ns);
        writer.bytes(self.body);
        let remote = if self.parent_is_remote { IS_REMOTE } else { 0 };
        // Field 16, fixed32: the first tag of two bytes.
        writer.byte(0x85);
        writer.byte(0x01);
        writer.fixed32(u32::from(self.trace_flags) | HAS_IS_REMOTE | remote);
        self.write_rare(writer);
    }

    #[inline]
    fn write_rare(&self, writer: &mut Writer<'_>) {
        for (tag, count) in [
            (0x50, self.dropped_attributes),
            (0x60, self.dropped_events),
            (0x70, self.dropped_links),
        ] {
            if count > 0 {
                writer.byte(tag);
                writer.varint(u64::from(count));
            }
        }
        let status = self.status_len();
        if status > 0 {
            writer.open(0x7a, status);
            if !self.status_message.is_empty() {
                writer.field(0x12, self.status_message);
            }
            if self.status != 0 {
                writer.byte(0x18);
                writer.byte(self.status);
            }
        }
    }
}
