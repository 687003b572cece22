//! Reading what C hands over. NULL is always allowed; invalid UTF-8 is mended and counted.

use libtracer::binding::{MisuseKind, count_misuse};
use std::borrow::Cow;
use std::ffi::{CStr, c_char};
use std::slice;

/// A NUL-terminated text; NULL is empty.
///
/// # Safety
/// `text` is NULL or points to a NUL-terminated string that lives for `'a`.
#[inline]
pub(crate) unsafe fn text<'a>(text: *const c_char) -> Cow<'a, str> {
    if text.is_null() {
        return Cow::Borrowed("");
    }
    // SAFETY: as the caller vouches.
    mended(unsafe { CStr::from_ptr(text) }.to_bytes())
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
    match std::str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => mend(bytes),
    }
}

#[cold]
fn mend(bytes: &[u8]) -> Cow<'_, str> {
    count_misuse(MisuseKind::InvalidUtf8);
    String::from_utf8_lossy(bytes)
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
