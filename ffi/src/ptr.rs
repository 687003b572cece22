//! Reading what C hands over. NULL is always allowed; invalid UTF-8 is mended and counted.

use libtracer::binding::{MisuseKind, count_misuse};
use libtracer_abi::tracer_text;
use std::borrow::Cow;
use std::ffi::{CStr, CString, c_char};
use std::slice;

/// A NUL-terminated text; NULL is empty.
///
/// # Safety
/// `text` is NULL or points to a NUL-terminated string that lives for `'a`.
#[expect(
    clippy::inline_always,
    reason = "a text that is returned is stored and loaded"
)]
#[inline(always)]
pub(crate) unsafe fn text<'a>(text: *const c_char) -> Cow<'a, str> {
    if text.is_null() {
        return Cow::Borrowed("");
    }
    // SAFETY: as the caller vouches.
    mended(unsafe { CStr::from_ptr(text) }.to_bytes())
}

/// A NUL-terminated text if it is there and ASCII.
///
/// # Safety
/// As for [`text`].
#[expect(clippy::inline_always, reason = "a few instructions for short texts")]
#[inline(always)]
pub(crate) unsafe fn plain_text<'a>(text: *const c_char) -> Option<&'a str> {
    if text.is_null() {
        return None;
    }
    // SAFETY: as the caller vouches.
    plain(unsafe { CStr::from_ptr(text) }.to_bytes())
}

/// The bytes as a text if they are ASCII.
#[inline]
fn plain(bytes: &[u8]) -> Option<&str> {
    // SAFETY: ASCII is UTF-8; asking for it first is twice as fast for short texts.
    is_ascii(bytes).then(|| unsafe { std::str::from_utf8_unchecked(bytes) })
}

/// A text of `len` bytes if it is there and ASCII.
///
/// # Safety
/// As for [`text_of`].
#[inline]
pub(crate) unsafe fn plain_text_of<'a>(data: *const c_char, len: usize) -> Option<&'a str> {
    // SAFETY: as the caller vouches.
    plain(unsafe { bytes(data.cast(), len) })
}

/// A text of `len` bytes; NULL is empty.
///
/// # Safety
/// `data` is NULL or points to `len` readable bytes that live for `'a`.
#[inline]
pub(crate) unsafe fn text_of<'a>(data: *const c_char, len: usize) -> Cow<'a, str> {
    // SAFETY: as the caller vouches.
    mended(unsafe { bytes(data.cast(), len) })
}

/// `len` bytes; NULL is empty.
///
/// # Safety
/// `data` is NULL or points to `len` readable bytes that live for `'a`.
#[inline]
pub(crate) unsafe fn bytes<'a>(data: *const u8, len: usize) -> &'a [u8] {
    if data.is_null() || len > isize::MAX.cast_unsigned() {
        return &[];
    }
    // SAFETY: as the caller vouches.
    unsafe { slice::from_raw_parts(data, len) }
}

/// `count` elements; NULL is none.
///
/// # Safety
/// `first` is NULL or points to `count` readable elements that live for `'a`.
#[inline]
pub(crate) unsafe fn elements<'a, T>(first: *const T, count: usize) -> &'a [T] {
    let too_many = count > isize::MAX.cast_unsigned() / size_of::<T>().max(1);
    if first.is_null() || too_many {
        return &[];
    }
    // SAFETY: as the caller vouches.
    unsafe { slice::from_raw_parts(first, count) }
}

/// A text that a binding vouches for; NULL is empty.
///
/// # Safety
/// `data` is NULL or points to `len` readable bytes of valid UTF-8 that live for `'a`.
#[inline]
pub(crate) unsafe fn valid_text<'a>(data: *const c_char, len: usize) -> &'a str {
    // SAFETY: as the caller vouches.
    let bytes = unsafe { bytes(data.cast(), len) };
    debug_assert!(std::str::from_utf8(bytes).is_ok());
    // SAFETY: as the caller vouches.
    unsafe { std::str::from_utf8_unchecked(bytes) }
}

#[inline]
fn mended(bytes: &[u8]) -> Cow<'_, str> {
    plain(bytes).map_or_else(|| beyond_ascii(bytes), Cow::Borrowed)
}

/// `bytes.is_ascii()`, quicker for the lengths that keys and names have: a few overlapping words.
#[inline]
fn is_ascii(bytes: &[u8]) -> bool {
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let word = |bytes: &[u8]| {
        bytes
            .first_chunk::<8>()
            .map_or(0, |word| u64::from_ne_bytes(*word))
    };
    match bytes.len() {
        0..8 => bytes.iter().fold(0, |all, byte| all | byte) < 0x80,
        len @ 8..=16 => {
            let (_, last) = bytes.split_at(len - 8);
            (word(bytes) | word(last)) & HIGH == 0
        }
        len @ 17..=32 => {
            let (_, second) = bytes.split_at(8);
            let (_, third) = bytes.split_at(len - 16);
            let (_, last) = bytes.split_at(len - 8);
            (word(bytes) | word(second) | word(third) | word(last)) & HIGH == 0
        }
        _ => bytes.is_ascii(),
    }
}

#[cold]
#[inline(never)]
fn beyond_ascii(bytes: &[u8]) -> Cow<'_, str> {
    let text = String::from_utf8_lossy(bytes);
    if let Cow::Owned(_) = text {
        count_misuse(MisuseKind::InvalidUtf8);
    }
    text
}

/// A text for C, without any NUL in it.
pub(crate) fn c_text(text: &str) -> CString {
    CString::new(text.replace('\0', "")).unwrap_or_default()
}

/// A text lent to C.
pub(crate) fn lent(text: &str) -> tracer_text {
    tracer_text {
        data: text.as_ptr().cast(),
        len: text.len(),
    }
}

/// Writes `value` where C asked for it, if it did.
pub(crate) fn put<T>(place: Option<&mut std::mem::MaybeUninit<T>>, value: T) {
    if let Some(place) = place {
        place.write(value);
    }
}

/// Writes `text` and a NUL. False for NULL.
///
/// # Safety
/// `out` is NULL or has room for both.
pub(crate) unsafe fn write_text(text: &str, out: *mut c_char) -> bool {
    if out.is_null() {
        return false;
    }
    // SAFETY: as the caller vouches.
    unsafe { out.copy_from_nonoverlapping(text.as_ptr().cast(), text.len()) };
    // SAFETY: as the caller vouches.
    let end = unsafe { out.add(text.len()) };
    // SAFETY: as the caller vouches.
    unsafe { end.write(0) };
    true
}

/// Writes the bytes of an id. False for NULL.
///
/// # Safety
/// `out` is NULL or has room for `id`.
pub(crate) unsafe fn write_bytes(id: &[u8], out: *mut u8) -> bool {
    if out.is_null() {
        return false;
    }
    // SAFETY: as the caller vouches.
    unsafe { out.copy_from_nonoverlapping(id.as_ptr(), id.len()) };
    true
}

/// An id as hex digits, with NULs behind them.
pub(crate) fn hex<const N: usize>(id: &[u8]) -> [c_char; N] {
    const DIGITS: [u8; 16] = *b"0123456789abcdef";
    let digit = |value: u8| DIGITS.get(usize::from(value)).copied().unwrap_or(b'0');
    let mut text = [0; N];
    let digits = id
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]);
    for (place, digit) in text.iter_mut().zip(digits) {
        // Digits are ASCII, whatever sign the platform's `char` has.
        *place = c_char::try_from(digit).unwrap_or_default();
    }
    text
}

/// Writes an id as hex digits and a NUL. False for NULL.
///
/// # Safety
/// `out` is NULL or has room for them.
pub(crate) unsafe fn write_hex(id: &[u8], out: *mut c_char) -> bool {
    if out.is_null() {
        return false;
    }
    let text = hex::<33>(id);
    // SAFETY: as the caller vouches; an id has 16 bytes at most.
    unsafe { out.copy_from_nonoverlapping(text.as_ptr(), 2 * id.len() + 1) };
    true
}

/// Writes `text` and a NUL to `len` bytes, cut between characters. Returns the length of all of it.
///
/// # Safety
/// `out` is NULL or has `len` writable bytes.
pub(crate) unsafe fn write_cut(text: &str, out: *mut c_char, len: usize) -> usize {
    if len > 0 {
        let mut end = text.len().min(len - 1);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        // SAFETY: as the caller vouches; the part and its NUL have `len` bytes at most.
        unsafe { write_text(text.get(..end).unwrap_or_default(), out) };
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::is_ascii;

    #[test]
    fn one_high_byte_is_found_wherever_it_is() {
        for len in 0..80 {
            let mut text = vec![b'a'; len];
            assert!(is_ascii(&text));
            for at in 0..len {
                text[at] = 0x80;
                assert!(!is_ascii(&text), "{at} of {len}");
                text[at] = b'a';
            }
        }
    }
}
