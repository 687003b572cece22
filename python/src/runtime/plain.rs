//! Attributes that are not nested, several in one call.

use super::record::parts;
use super::{Handle, runtime};
use libtracer_abi::{
    TRACER_BOOL, TRACER_BYTES, TRACER_DOUBLE, TRACER_INT, TRACER_STRING, tracer_plain, tracer_type,
};
use std::marker::PhantomData;
use std::ptr;

/// One attribute, its key and value borrowed.
#[repr(transparent)]
#[derive(Clone, Copy)]
pub(crate) struct Plain<'a>(tracer_plain, PhantomData<&'a str>);

impl<'a> Plain<'a> {
    /// None.
    pub(crate) const NONE: Self = Self(
        tracer_plain {
            key: ptr::null(),
            key_len: 0,
            data: ptr::null(),
            bits: 0,
            r#type: 0,
            reserved: 0,
        },
        PhantomData,
    );

    #[inline]
    fn of(key: &'a str, r#type: tracer_type, bits: u64) -> Self {
        let (key, key_len) = parts(key);
        let plain = tracer_plain {
            key,
            key_len,
            r#type,
            bits,
            ..Self::NONE.0
        };
        Self(plain, PhantomData)
    }

    #[inline]
    fn with_data(key: &'a str, r#type: tracer_type, data: &'a [u8]) -> Self {
        let mut plain = Self::of(key, r#type, data.len() as u64);
        plain.0.data = data.as_ptr().cast();
        plain
    }

    /// A text.
    #[inline]
    pub(crate) fn text(key: &'a str, text: &'a str) -> Self {
        Self::with_data(key, TRACER_STRING, text.as_bytes())
    }

    /// Bytes.
    #[inline]
    pub(crate) fn bytes(key: &'a str, bytes: &'a [u8]) -> Self {
        Self::with_data(key, TRACER_BYTES, bytes)
    }

    /// An integer.
    #[inline]
    pub(crate) fn int(key: &'a str, value: i64) -> Self {
        Self::of(key, TRACER_INT, value.cast_unsigned())
    }

    /// A number.
    #[inline]
    pub(crate) fn double(key: &'a str, value: f64) -> Self {
        Self::of(key, TRACER_DOUBLE, value.to_bits())
    }

    /// A boolean.
    #[inline]
    pub(crate) fn bool(key: &'a str, value: bool) -> Self {
        Self::of(key, TRACER_BOOL, u64::from(value))
    }
}

impl Handle {
    /// Sets attributes in order.
    #[inline]
    pub(crate) fn set_plain(self, attributes: &[Plain<'_>]) {
        let first = attributes.as_ptr().cast();
        // SAFETY: a `Plain` is a `tracer_plain`; what they borrow outlives the call, which copies it.
        unsafe { (runtime().table.span_set_plain)(self.0, first, attributes.len()) }
    }
}
