//! The OTLP protobuf bytes: what a span is made of while it happens.
//!
//! `buf` has the growable buffer and the bounded writer (the only unsafe code here); `attribute`
//! writes a key with its value, `short` the same in the usual case, and `keys` keeps keys unique;
//! `record` writes a finished span.
//! Nothing here knows of threads.

pub(crate) mod attribute;
pub(crate) mod buf;
pub(crate) mod keys;
pub(crate) mod record;
pub(crate) mod short;

/// Bytes that `value` takes as a varint.
#[inline]
pub(crate) fn varint_len(value: u64) -> usize {
    match value {
        0..0x80 => return 1,
        0x80..0x4000 => return 2,
        _ => {}
    }
    let bits = 64 - (value | 1).leading_zeros();
    ((bits * 9 + 64) / 64) as usize
}

/// Bytes of a length-delimited field with a one-byte tag.
#[inline]
pub(crate) fn field_len(payload: usize) -> usize {
    1 + varint_len(payload as u64) + payload
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn varint_len_agrees_with_prost() {
        for shift in 0..64 {
            for value in [(1u64 << shift) - 1, 1 << shift, (1 << shift) + 1] {
                assert_eq!(
                    varint_len(value),
                    prost::encoding::encoded_len_varint(value),
                    "{value}"
                );
            }
        }
    }
}
