//! The fields of a protobuf message, one after the other. What is malformed ends it.

use prost::encoding::{WireType, decode_key, decode_varint};

/// The fields of a message in the order of its bytes.
pub(super) struct Fields<'a>(pub(super) &'a [u8]);

/// A field's value as it stands in the bytes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Wire<'a> {
    /// A varint, or 4 or 8 bytes.
    Int(u64),
    /// Text, bytes, a message or a packed list.
    Bytes(&'a [u8]),
}

impl<'a> Fields<'a> {
    fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(taken)
    }

    fn read(&mut self) -> Option<(u32, Wire<'a>)> {
        let (number, wire) = decode_key(&mut self.0).ok()?;
        let value = match wire {
            WireType::Varint => Wire::Int(decode_varint(&mut self.0).ok()?),
            WireType::SixtyFourBit => Wire::Int(u64::from_le_bytes(self.take(8)?.try_into().ok()?)),
            WireType::ThirtyTwoBit => {
                let word = u32::from_le_bytes(self.take(4)?.try_into().ok()?);
                Wire::Int(u64::from(word))
            }
            WireType::LengthDelimited => {
                let len = decode_varint(&mut self.0).ok()?;
                Wire::Bytes(self.take(usize::try_from(len).ok()?)?)
            }
            WireType::StartGroup | WireType::EndGroup => return None,
        };
        Some((number, value))
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = (u32, Wire<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.read();
        if field.is_none() {
            self.0 = &[];
        }
        field
    }
}

/// The integers of a packed list.
pub(super) fn varints(mut packed: &[u8]) -> impl Iterator<Item = u64> {
    std::iter::from_fn(move || {
        let more = !packed.is_empty();
        more.then(|| decode_varint(&mut packed).ok()).flatten()
    })
}
