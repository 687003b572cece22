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

/// Trace id 18, span id 10, kind 2, start and end 9 each, flags 6.
const FIXED_LEN: usize = 54;

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
    pub(crate) fn len(&self) -> usize {
        let mut len = FIXED_LEN + self.parent_len() + field_len(self.name.len()) + self.body.len();
        len += text_len(self.trace_state)
            + count_len(self.dropped_attributes)
            + count_len(self.dropped_events)
            + count_len(self.dropped_links);
        match self.status_len() {
            0 => len,
            status => len + field_len(status),
        }
    }

    /// Bytes of the `Span` message if it is a usual one: a name of less than 128 bytes, no trace state,
    /// no status, nothing dropped.
    #[expect(clippy::inline_always, reason = "its fields stay where they are")]
    #[inline(always)]
    pub(crate) fn usual_len(&self) -> Option<usize> {
        let dropped = self.dropped_attributes | self.dropped_events | self.dropped_links;
        let texts = self.trace_state.len() | self.status_message.len();
        let usual = dropped == 0 && self.status == 0 && texts == 0 && self.name.len() < 0x80;
        usual.then(|| FIXED_LEN + self.parent_len() + 2 + self.name.len() + self.body.len())
    }

    #[inline]
    fn parent_len(&self) -> usize {
        if *self.parent_span_id == [0; 8] {
            0
        } else {
            10
        }
    }

    /// Writes a usual `Span` message: as many bytes as [`Self::usual_len`] says.
    #[expect(clippy::inline_always, reason = "its fields stay where they are")]
    #[inline(always)]
    pub(crate) fn write_usual<const CHECKED: bool>(&self, writer: &mut Writer<'_, CHECKED>) {
        writer.array([0x0a, 16]);
        writer.array(*self.trace_id);
        writer.array([0x12, 8]);
        writer.array(*self.span_id);
        if self.parent_len() > 0 {
            writer.array([0x22, 8]);
            writer.array(*self.parent_span_id);
        }
        let [name_len, ..] = self.name.len().to_le_bytes();
        writer.array([0x2a, name_len]);
        writer.bytes_here(self.name);
        writer.array([0x30, self.kind, 0x39]);
        writer.fixed64(self.start_ns);
        writer.byte(0x41);
        writer.fixed64(self.end_ns);
        self.write_flags(writer);
        writer.many(self.body);
    }

    #[inline]
    fn write_flags<const CHECKED: bool>(&self, writer: &mut Writer<'_, CHECKED>) {
        let remote = if self.parent_is_remote { IS_REMOTE } else { 0 };
        // Field 16, fixed32: the first tag of two bytes.
        writer.array([0x85, 0x01]);
        writer.fixed32(u32::from(self.trace_flags) | HAS_IS_REMOTE | remote);
    }

    /// Writes the `Span` message.
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
        self.write_flags(writer);
        writer.bytes(self.body);
        self.write_rare(writer);
    }

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::buf::Buf;

    fn record<'a>(parent_span_id: &'a [u8; 8], name: &'a str, body: &'a [u8]) -> Record<'a> {
        Record {
            trace_id: &[7; 16],
            span_id: &[8; 8],
            parent_span_id,
            parent_is_remote: body.is_empty(),
            trace_flags: 1,
            trace_state: b"",
            name: name.as_bytes(),
            kind: 3,
            start_ns: 1,
            end_ns: u64::MAX,
            body,
            dropped_attributes: 0,
            dropped_events: 0,
            dropped_links: 0,
            status: 0,
            status_message: b"",
        }
    }

    #[test]
    fn usual_spans_are_written_as_all_are() {
        let (text, body) = ("n".repeat(300), [0x4a; 300]);
        for len in [0, 1, 3, 7, 8, 15, 16, 32, 33, 127, 128, 300] {
            for parent in [[0; 8], [9; 8]] {
                let record = record(&parent, &text[..len], &body[..300 - len]);
                let (mut usual, mut full) = (Buf::default(), Buf::default());
                assert_eq!(
                    record.usual_len(),
                    (len < 128).then(|| record.len()),
                    "{len}"
                );
                if len >= 128 {
                    continue;
                }
                usual.append(record.len(), |writer| record.write_usual(writer));
                full.append(record.len(), |writer| record.write(writer));
                assert_eq!(usual.as_slice(), full.as_slice());
                assert_eq!(usual.len(), record.len());
            }
        }
    }

    #[test]
    fn what_is_not_usual_is_known_as_such() {
        let usual = record(&[0; 8], "n", b"");
        for unusual in [
            Record { status: 1, ..usual },
            Record {
                trace_state: b"a=b",
                ..usual
            },
            Record {
                status_message: b"m",
                ..usual
            },
            Record {
                dropped_attributes: 1,
                ..usual
            },
            Record {
                dropped_events: 1,
                ..usual
            },
            Record {
                dropped_links: 1,
                ..usual
            },
        ] {
            assert_eq!(unusual.usual_len(), None, "{unusual:?}");
        }
    }
}
