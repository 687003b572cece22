//! One attribute: OTLP `KeyValue` with an `AnyValue`, and the index that keeps keys unique.

use super::buf::{Buf, Writer};
use super::{field_len, varint_len};
use crate::errno::Saved;
use crate::memory::dispensable;

/// What can stand in an `AnyValue`. Each kind is a type of its own, so that a value stays in
/// registers on its way from the caller to the bytes.
pub(crate) trait Encode {
    /// Bytes of the `AnyValue`.
    fn len(&self) -> usize;

    /// Writes the fields of the `AnyValue`.
    fn write(&self, writer: &mut Writer<'_>);
}

/// A string: UTF-8.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Text<'a>(pub(crate) &'a [u8]);

/// Raw bytes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Raw<'a>(pub(crate) &'a [u8]);

/// The fields of an `AnyValue`, encoded already; empty = null.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Encoded<'a>(pub(crate) &'a [u8]);

impl Encode for bool {
    #[inline]
    fn len(&self) -> usize {
        2
    }

    #[inline]
    fn write(&self, writer: &mut Writer<'_>) {
        writer.array([0x10, u8::from(*self)]);
    }
}

impl Encode for i64 {
    #[inline]
    fn len(&self) -> usize {
        1 + varint_len(self.cast_unsigned())
    }

    #[inline]
    fn write(&self, writer: &mut Writer<'_>) {
        writer.byte(0x18);
        writer.varint(self.cast_unsigned());
    }
}

impl Encode for f64 {
    #[inline]
    fn len(&self) -> usize {
        9
    }

    #[inline]
    fn write(&self, writer: &mut Writer<'_>) {
        writer.byte(0x21);
        writer.fixed64(self.to_bits());
    }
}

impl Encode for Text<'_> {
    #[inline]
    fn len(&self) -> usize {
        field_len(self.0.len())
    }

    #[inline]
    fn write(&self, writer: &mut Writer<'_>) {
        writer.field(0x0a, self.0);
    }
}

impl Encode for Raw<'_> {
    fn len(&self) -> usize {
        field_len(self.0.len())
    }

    fn write(&self, writer: &mut Writer<'_>) {
        writer.field(0x3a, self.0);
    }
}

impl Encode for Encoded<'_> {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn write(&self, writer: &mut Writer<'_>) {
        writer.bytes(self.0);
    }
}

/// A value of any kind that needs no building.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Scalar<'a> {
    Bool(bool),
    Int(i64),
    Double(f64),
    Text(Text<'a>),
    Raw(Raw<'a>),
    Encoded(Encoded<'a>),
}

impl Scalar<'_> {
    fn kind(&self) -> &dyn Encode {
        match self {
            Self::Bool(value) => value,
            Self::Int(value) => value,
            Self::Double(value) => value,
            Self::Text(value) => value,
            Self::Raw(value) => value,
            Self::Encoded(value) => value,
        }
    }
}

impl Encode for Scalar<'_> {
    fn len(&self) -> usize {
        self.kind().len()
    }

    fn write(&self, writer: &mut Writer<'_>) {
        self.kind().write(writer);
    }
}

/// A `KeyValue` to be written, its lengths known.
pub(crate) struct Pair<'a, V> {
    key: &'a [u8],
    value: &'a V,
    value_len: usize,
    len: usize,
}

impl<'a, V: Encode> Pair<'a, V> {
    #[inline]
    pub(crate) fn of(key: &'a [u8], value: &'a V) -> Self {
        let value_len = value.len();
        Self {
            key,
            value,
            value_len,
            len: field_len(key.len()) + field_len(value_len),
        }
    }

    /// Appends it as the field `tag`. False if memory is refused.
    #[inline]
    pub(crate) fn append_to(&self, buf: &mut Buf, tag: u8) -> bool {
        buf.append(self.appended_len(), |writer| self.write(writer, tag))
    }

    /// Bytes that [`Self::append_to`] takes.
    #[inline]
    pub(crate) fn appended_len(&self) -> usize {
        field_len(self.len)
    }

    #[inline]
    fn write(&self, writer: &mut Writer<'_>, tag: u8) {
        // Nearly all attributes: every length is one byte, so that headers are single stores.
        if let (Ok(pair @ 0..0x80), Ok(key_len), Ok(value_len)) = (
            u8::try_from(self.len),
            u8::try_from(self.key.len()),
            u8::try_from(self.value_len),
        ) {
            writer.array([tag, pair, 0x0a, key_len]);
            writer.bytes(self.key);
            writer.array([0x12, value_len]);
        } else {
            writer.open(tag, self.len);
            writer.field(0x0a, self.key);
            writer.open(0x12, self.value_len);
        }
        self.value.write(writer);
    }
}

/// Appends a `KeyValue` as the field `tag`. False if memory is refused.
#[inline]
pub(crate) fn append(buf: &mut Buf, tag: u8, key: &[u8], value: &impl Encode) -> bool {
    Pair::of(key, value).append_to(buf, tag)
}

/// The length-delimited field at `at`: its payload, and where the next field starts.
pub(crate) fn read_field(bytes: &[u8], at: usize) -> Option<(&[u8], usize)> {
    let mut position = at + 1;
    let mut len = 0usize;
    for shift in (0..64).step_by(7) {
        let byte = *bytes.get(position)?;
        position += 1;
        len |= usize::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            let end = position.checked_add(len)?;
            return Some((bytes.get(position..end)?, end));
        }
    }
    None
}

/// Where each attribute of a span starts, found by a hash of its key.
#[derive(Debug, Default)]
pub(crate) struct KeyIndex {
    entries: Vec<(u32, u32)>,
}

impl KeyIndex {
    /// Number of attributes.
    #[inline]
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Forgets all; memory of more than `kept` bytes is given back.
    #[inline]
    pub(crate) fn clear(&mut self, kept: usize) {
        if self.entries.capacity() * size_of::<(u32, u32)>() > kept {
            self.entries = Vec::new();
        } else {
            self.entries.clear();
        }
    }

    /// Whether an attribute has a key of this hash.
    #[inline]
    pub(crate) fn knows(&self, hash: u32) -> bool {
        self.entries.iter().any(|(known, _)| *known == hash)
    }

    /// The attribute of `key` in `body`: its place in the index. The hash finds, the bytes confirm.
    pub(crate) fn find(&self, hash: u32, key: &[u8], body: &[u8]) -> Option<usize> {
        self.entries.iter().position(|(known, at)| {
            *known == hash
                && read_field(body, *at as usize)
                    .and_then(|(pair, _)| read_field(pair, 0))
                    .is_some_and(|(known_key, _)| known_key == key)
        })
    }

    /// Notes an attribute at `at`. False if memory is refused.
    #[inline]
    pub(crate) fn push(&mut self, hash: u32, at: usize) -> bool {
        let Ok(at) = u32::try_from(at) else {
            return false;
        };
        if self.entries.capacity() == self.entries.len() && !self.grow() {
            return false;
        }
        self.entries.push((hash, at));
        true
    }

    #[cold]
    fn grow(&mut self) -> bool {
        let _errno = Saved::now();
        dispensable(|| self.entries.try_reserve(8)).is_ok()
    }

    /// Removes an attribute from the index and from `body`.
    pub(crate) fn remove(&mut self, place: usize, body: &mut Buf) {
        if place >= self.entries.len() {
            return;
        }
        let (_, at) = self.entries.remove(place);
        let start = at as usize;
        let Some((_, end)) = read_field(body.as_slice(), start) else {
            return;
        };
        self.close_gap(start, end);
        body.remove(start..end);
    }

    /// Removes the first field `tag`, which is none of the attributes, from `body`. False if there
    /// is none.
    pub(crate) fn remove_first(&mut self, tag: u8, body: &mut Buf) -> bool {
        let mut start = 0;
        while let Some((_, end)) = read_field(body.as_slice(), start) {
            if body.as_slice().get(start) == Some(&tag) {
                self.close_gap(start, end);
                body.remove(start..end);
                return true;
            }
            start = end;
        }
        false
    }

    /// Moves what stands behind a removed range.
    fn close_gap(&mut self, start: usize, end: usize) {
        let gap = u32::try_from(end - start).unwrap_or(0);
        for (_, at) in &mut self.entries {
            if *at as usize >= end {
                *at -= gap;
            }
        }
    }
}

/// A cheap hash of a key's ends and length; equal keys hash alike, others are told apart by bytes.
#[inline]
pub(crate) fn hash(key: &[u8]) -> u32 {
    let (head, tail) = match (key.first_chunk::<8>(), key.last_chunk::<8>()) {
        (Some(head), Some(tail)) => (u64::from_le_bytes(*head), u64::from_le_bytes(*tail)),
        _ => key.iter().fold((0, 0), |(head, _), byte| {
            ((head << 8) | u64::from(*byte), 0)
        }),
    };
    let mixed = (head ^ tail.rotate_left(23) ^ ((key.len() as u64) << 56))
        .wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> 32) as u32
}

#[cfg(test)]
mod tests {
    use super::*;
    use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value::Value};
    use prost::Message;

    #[test]
    fn a_pair_is_what_prost_writes() {
        let values = [
            (
                Scalar::Text(Text("ö".as_bytes())),
                Some(Value::StringValue("ö".into())),
            ),
            (Scalar::Int(-1), Some(Value::IntValue(-1))),
            (Scalar::Int(i64::MAX), Some(Value::IntValue(i64::MAX))),
            (Scalar::Double(-0.5), Some(Value::DoubleValue(-0.5))),
            (Scalar::Bool(false), Some(Value::BoolValue(false))),
            (
                Scalar::Raw(Raw(&[0, 255])),
                Some(Value::BytesValue(vec![0, 255])),
            ),
            (Scalar::Encoded(Encoded(&[])), None),
        ];
        for (scalar, value) in values {
            let mut buf = Buf::default();
            assert!(append(&mut buf, 0x4a, b"key", &scalar));
            assert_eq!(buf.len(), Pair::of(b"key", &scalar).appended_len());
            let (pair, end) = read_field(buf.as_slice(), 0).unwrap();
            assert_eq!(end, buf.len());
            let pair = KeyValue::decode(pair).unwrap();
            assert_eq!(pair.key, "key");
            assert_eq!(pair.value, Some(AnyValue { value }));
        }
    }

    #[test]
    fn a_removed_key_leaves_the_others_findable() {
        let (mut index, mut body) = (KeyIndex::default(), Buf::default());
        for key in ["a", "bb", "a long key with many bytes", "d"] {
            assert!(index.push(hash(key.as_bytes()), body.len()));
            assert!(append(&mut body, 0x4a, key.as_bytes(), &1i64));
        }
        let place = index.find(hash(b"bb"), b"bb", body.as_slice()).unwrap();
        index.remove(place, &mut body);
        assert_eq!(index.find(hash(b"bb"), b"bb", body.as_slice()), None);
        for key in ["a", "a long key with many bytes", "d"] {
            let found = index.find(hash(key.as_bytes()), key.as_bytes(), body.as_slice());
            assert!(found.is_some(), "{key}");
        }
        assert_eq!(index.len(), 3);
    }
}
