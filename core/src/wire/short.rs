//! A `KeyValue` of which every length is one byte, as nearly all attributes are: written with one
//! look at the room for it.

use super::attribute::Encode;
use super::buf::Buf;

/// Bytes of the tags and lengths inside a pair.
const HEADS: usize = 4;

/// A short `KeyValue`, to be written.
#[derive(Debug)]
pub(crate) struct Short<'a, V> {
    key: &'a [u8],
    value: V,
    key_len: u8,
    value_len: u8,
    pair_len: u8,
}

impl<'a, V: Encode> Short<'a, V> {
    /// The pair, if it is a short one with a key.
    #[inline]
    pub(crate) fn of(key: &'a [u8], value: V) -> Option<Self> {
        let value_len = value.len();
        let pair_len = u8::try_from(HEADS + key.len() + value_len).ok()?;
        if key.is_empty() || pair_len >= 0x80 {
            return None;
        }
        Some(Self {
            key,
            value,
            key_len: u8::try_from(key.len()).ok()?,
            value_len: u8::try_from(value_len).ok()?,
            pair_len,
        })
    }

    /// Bytes that it takes with its tag.
    #[inline]
    pub(crate) fn appended_len(&self) -> usize {
        2 + usize::from(self.pair_len)
    }

    /// Appends it as the field `tag`. False, and nothing appended, if `buf` would have to grow.
    #[expect(clippy::inline_always, reason = "its parts stay in registers")]
    #[inline(always)]
    pub(crate) fn append_to(&self, buf: &mut Buf, tag: u8) -> bool {
        let len = self.appended_len();
        if !buf.fits(len) {
            return false;
        }
        // SAFETY: it fits; heads of four and two bytes, the key and the value are `len`.
        let mut writer = unsafe { buf.writer_within(len) };
        writer.array([tag, self.pair_len, 0x0a, self.key_len]);
        writer.bytes_here(self.key);
        writer.array([0x12, self.value_len]);
        self.value.write_short(self.value_len, &mut writer);
        // SAFETY: they are all written.
        unsafe { buf.advance(len) };
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::attribute::{Text, append};

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
        assert!(!pair.append_to(&mut short, 0x4a), "no room yet");
        assert!(short.grow(long.len()));
        assert!(pair.append_to(&mut short, 0x4a));
        assert_eq!(short.as_slice(), long.as_slice());
    }
}
