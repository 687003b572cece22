//! A `KeyValue` of which every length is one byte, as nearly all attributes are: written with one
//! look at the room for it.

use super::attribute::Encode;
use super::buf::Writer;

/// Bytes of the tags and lengths inside a pair.
const HEADS: usize = 4;

/// A short `KeyValue`, to be written.
#[derive(Debug)]
pub(crate) struct Short<'a, V> {
    key: &'a [u8],
    value: V,
    /// Bytes of the pair, less than 128.
    len: usize,
}

impl<'a, V: Encode> Short<'a, V> {
    /// The pair, if it is a short one with a key.
    #[inline]
    pub(crate) fn of(key: &'a [u8], value: V) -> Option<Self> {
        let len = HEADS + key.len() + value.len();
        (!key.is_empty() && len < 0x80).then_some(Self { key, value, len })
    }

    /// Bytes that it takes with its tag.
    #[inline]
    pub(crate) fn appended_len(&self) -> usize {
        2 + self.len
    }

    /// Writes it as the field `tag`: as many bytes as [`Self::appended_len`] says.
    #[expect(clippy::inline_always, reason = "its parts stay in registers")]
    #[inline(always)]
    pub(crate) fn write<const CHECKED: bool>(&self, writer: &mut Writer<'_, CHECKED>, tag: u8) {
        let value_len = low(self.len - HEADS - self.key.len());
        writer.array([tag, low(self.len), 0x0a, low(self.key.len())]);
        writer.bytes_here(self.key);
        writer.array([0x12, value_len]);
        self.value.write_short(value_len, writer);
    }
}

/// A length below 128.
#[inline]
fn low(len: usize) -> u8 {
    let [low, ..] = len.to_le_bytes();
    low
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::attribute::{Text, append};
    use crate::wire::buf::Buf;

    #[test]
    fn short_pairs_are_what_the_long_way_writes() {
        let text = "v".repeat(200);
        for key_len in 0..130 {
            let key = "k".repeat(key_len);
            let key = key.as_bytes();
            for text_len in [
                0, 1, 2, 3, 4, 7, 8, 15, 16, 17, 32, 33, 40, 100, 121, 122, 130,
            ] {
                check(key, Text(text.as_bytes().get(..text_len).unwrap()));
            }
            for int in [0i64, 1, 127, 128, 16_383, 16_384, i64::MAX, -1] {
                check(key, int);
            }
            check(key, -0.5f64);
            check(key, true);
        }
    }

    fn check<V: Encode + Copy>(key: &[u8], value: V) {
        let (mut short, mut long) = (Buf::default(), Buf::default());
        assert!(append(&mut long, 0x4a, key, &value));
        let one_byte_each = long.len() <= 2 + 0x7f;
        let Some(pair) = Short::of(key, value) else {
            return assert!(key.is_empty() || !one_byte_each, "{}", key.len());
        };
        assert!(one_byte_each && !key.is_empty());
        assert!(short.append(pair.appended_len(), |writer| pair.write(writer, 0x4a)));
        assert_eq!(short.as_slice(), long.as_slice());
    }
}
