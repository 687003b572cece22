//! Several attributes in one call.

use crate::boundary::record;
use crate::context::handle;
use crate::ptr;
use libtracer::Value;
use libtracer_abi::{
    TRACER_BOOL, TRACER_BYTES, TRACER_DOUBLE, TRACER_INT, TRACER_STRING, tracer_plain, tracer_span,
};

pub(super) unsafe extern "C" fn span_set_plain(
    span: tracer_span,
    first: *const tracer_plain,
    count: usize,
) {
    record(|| {
        // SAFETY: the table's contract.
        let given = unsafe { ptr::elements(first, count) };
        handle(span).set_several(given.iter().map(|plain| {
            // SAFETY: the table's contract: valid UTF-8, valid for this call.
            let key = unsafe { ptr::valid_text(plain.key, plain.key_len) };
            // SAFETY: as above.
            (key, unsafe { value_of(plain) })
        }));
    });
}

/// # Safety
/// `data` is as the ABI says.
#[inline]
pub(super) unsafe fn value_of(plain: &tracer_plain) -> Value<'_> {
    let len = || usize::try_from(plain.bits).unwrap_or(usize::MAX);
    match plain.r#type {
        // SAFETY: as the caller vouches.
        TRACER_STRING => Value::String(unsafe { ptr::valid_text(plain.data, len()) }),
        TRACER_BOOL => Value::Bool(plain.bits != 0),
        TRACER_INT => Value::Int(plain.bits.cast_signed()),
        TRACER_DOUBLE => Value::Double(f64::from_bits(plain.bits)),
        // SAFETY: as the caller vouches.
        TRACER_BYTES => Value::Bytes(unsafe { ptr::bytes(plain.data.cast(), len()) }),
        _ => Value::Null,
    }
}
