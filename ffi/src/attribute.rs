//! Attributes as C gives them.

use crate::{ptr, value};
use libtracer::binding::{MisuseKind, count_misuse};
use libtracer::{Value, ValueBuilder};
use libtracer_abi::{
    TRACER_BOOL, TRACER_BYTES, TRACER_DOUBLE, TRACER_INT, TRACER_NESTED, TRACER_STRING,
    tracer_attribute,
};
use std::borrow::Cow;

/// Calls `each` with key and value of every attribute; one of an unknown type is counted.
///
/// # Safety
/// `first` is NULL or points to `count` attributes whose pointers are as the header says.
pub(crate) unsafe fn each(
    first: *const tracer_attribute,
    count: usize,
    mut each: impl FnMut(&str, Value<'_>),
) {
    // SAFETY: as the caller vouches.
    for attribute in unsafe { ptr::elements(first, count) } {
        // SAFETY: as the caller vouches.
        let key = unsafe { ptr::text(attribute.key) };
        let text: Cow<'_, str>;
        let value = match attribute.r#type {
            TRACER_STRING => {
                // SAFETY: the type says which member holds.
                let given = unsafe { attribute.value.text };
                // SAFETY: as the caller vouches.
                text = unsafe { ptr::text_of(given.data, given.len) };
                Value::String(&text)
            }
            TRACER_BOOL => {
                let place = (&raw const attribute.value).cast::<u8>();
                // SAFETY: the member is a byte. Read as a number: another member that was set by
                // mistake may have left something that is no `bool`.
                Value::Bool(unsafe { place.read() } != 0)
            }
            // SAFETY: the type says which member holds.
            TRACER_INT => Value::Int(unsafe { attribute.value.integer }),
            // SAFETY: the type says which member holds.
            TRACER_DOUBLE => Value::Double(unsafe { attribute.value.number }),
            TRACER_BYTES => {
                // SAFETY: the type says which member holds.
                let given = unsafe { attribute.value.text };
                // SAFETY: as the caller vouches.
                Value::Bytes(unsafe { ptr::bytes(given.data.cast(), given.len) })
            }
            TRACER_NESTED => {
                // SAFETY: the type says which member holds.
                let nested = unsafe { attribute.value.nested };
                // SAFETY: as the caller vouches.
                unsafe { value::built(nested) }.map_or(Value::Null, Value::Built)
            }
            _ => {
                count_misuse(MisuseKind::InvalidAttribute);
                continue;
            }
        };
        each(&key, value);
    }
}

/// The attributes as one map.
///
/// # Safety
/// As for [`each`].
pub(crate) unsafe fn map(first: *const tracer_attribute, count: usize) -> ValueBuilder {
    let mut map = ValueBuilder::new();
    map.begin_map();
    // SAFETY: as the caller vouches.
    unsafe {
        each(first, count, |key, value| {
            map.key(key);
            map.add(value);
        });
    };
    map.end();
    map
}
