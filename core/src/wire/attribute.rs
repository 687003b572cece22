//! One attribute: OTLP `KeyValue` with an `AnyValue`.

use super::buf::{Buf, Writer};
use super::{field_len, varint_len};

/// What can stand in an `AnyValue`. Each kind is a type of its own, so that a value stays in
/// registers on its way from the caller to the bytes.
pub(crate) trait Encode: Copy {
    /// Bytes of the `AnyValue`.
    fn len(&self) -> usize;

    /// Bytes that the limit of a value's length is about.
    #[inline]
    fn limited_len(&self) -> usize {
        0
    }

    /// Writes the fields of the `AnyValue`.
    fn write<const CHECKED: bool>(&self, writer: &mut Writer<'_, CHECKED>);

    /// The same where it takes `len` bytes, less than 128.
    #[expect(clippy::inline_always, reason = "a few moves of a short value")]
    #[inline(always)]
    fn write_short<const CHECKED: bool>(&self, len: u8, writer: &mut Writer<'_, CHECKED>) {
        debug_assert_eq!(self.len(), usize::from(len));
        self.write(writer);
    }
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
    fn write<const CHECKED: bool>(&self, writer: &mut Writer<'_, CHECKED>) {
        writer.array([0x10, u8::from(*self)]);
    }
}

impl Encode for i64 {
    #[inline]
    fn len(&self) -> usize {
        1 + varint_len(self.cast_unsigned())
    }

    #[expect(clippy::inline_always, reason = "a few moves of a short value")]
    #[inline(always)]
    fn write<const CHECKED: bool>(&self, writer: &mut Writer<'_, CHECKED>) {
        writer.head(0x18, self.cast_unsigned());
    }
}

impl Encode for f64 {
    #[inline]
    fn len(&self) -> usize {
        9
    }

    #[inline]
    fn write<const CHECKED: bool>(&self, writer: &mut Writer<'_, CHECKED>) {
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
    fn limited_len(&self) -> usize {
        self.0.len()
    }

    #[inline]
    fn write<const CHECKED: bool>(&self, writer: &mut Writer<'_, CHECKED>) {
        writer.field(0x0a, self.0);
    }

    #[expect(clippy::inline_always, reason = "a few moves of a short text")]
    #[inline(always)]
    fn write_short<const CHECKED: bool>(&self, len: u8, writer: &mut Writer<'_, CHECKED>) {
        writer.array([0x0a, len.wrapping_sub(2)]);
        writer.bytes_here(self.0);
    }
}

impl Encode for Raw<'_> {
    fn len(&self) -> usize {
        field_len(self.0.len())
    }

    #[inline]
    fn limited_len(&self) -> usize {
        self.0.len()
    }

    fn write<const CHECKED: bool>(&self, writer: &mut Writer<'_, CHECKED>) {
        writer.field(0x3a, self.0);
    }
}

impl Encode for Encoded<'_> {
    fn len(&self) -> usize {
        self.0.len()
    }

    fn write<const CHECKED: bool>(&self, writer: &mut Writer<'_, CHECKED>) {
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

macro_rules! scalar_from {
    ($($from:ty => $kind:ident,)*) => {$(
        impl<'a> From<$from> for Scalar<'a> {
            #[inline]
            fn from(value: $from) -> Self {
                Self::$kind(value)
            }
        }
    )*};
}

scalar_from! {
    bool => Bool,
    i64 => Int,
    f64 => Double,
    Text<'a> => Text,
    Raw<'a> => Raw,
    Encoded<'a> => Encoded,
}

impl Encode for Scalar<'_> {
    fn len(&self) -> usize {
        match self {
            Self::Bool(value) => value.len(),
            Self::Int(value) => value.len(),
            Self::Double(value) => value.len(),
            Self::Text(value) => value.len(),
            Self::Raw(value) => value.len(),
            Self::Encoded(value) => value.len(),
        }
    }

    fn write<const CHECKED: bool>(&self, writer: &mut Writer<'_, CHECKED>) {
        match self {
            Self::Bool(value) => value.write(writer),
            Self::Int(value) => value.write(writer),
            Self::Double(value) => value.write(writer),
            Self::Text(value) => value.write(writer),
            Self::Raw(value) => value.write(writer),
            Self::Encoded(value) => value.write(writer),
        }
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
}
