//! Nested values as C reads them back, element by element.

use crate::boundary::guard;
use crate::ptr;
use crate::value::{Built, kept};
use crate::view::{Kept, owned};
use libtracer::{OwnedValue, Value, ValueBuilder};
use libtracer_abi::{tracer_attribute, tracer_value};
use std::mem::MaybeUninit;

/// What a `tracer_value` is.
pub type tracer_shape = i32;
/// Null: no entries.
pub const TRACER_SHAPE_NULL: tracer_shape = 0;
/// A text, bytes, a number or a boolean: its only entry, without a key.
pub const TRACER_SHAPE_SCALAR: tracer_shape = 1;
/// An array: its entries have empty keys.
pub const TRACER_SHAPE_ARRAY: tracer_shape = 2;
/// A map.
pub const TRACER_SHAPE_MAP: tracer_shape = 3;

/// A value as it was when it was first read.
pub(crate) struct Read {
    shape: tracer_shape,
    entries: *const tracer_attribute,
    count: usize,
    /// What the entries point to.
    _kept: Kept,
}

impl Read {
    pub(crate) fn of(value: &ValueBuilder) -> Self {
        let keyless = |values: Vec<OwnedValue>| {
            let each = values.into_iter().map(|value| (String::new(), value));
            each.collect()
        };
        let (shape, entries) = match owned(Value::Built(value)) {
            OwnedValue::Null => (TRACER_SHAPE_NULL, Vec::new()),
            OwnedValue::Array(values) => (TRACER_SHAPE_ARRAY, keyless(values)),
            OwnedValue::Map(entries) => (TRACER_SHAPE_MAP, entries),
            scalar => (TRACER_SHAPE_SCALAR, keyless(vec![scalar])),
        };
        let mut kept = Kept::default();
        let (entries, count) = kept.attributes(entries);
        Self {
            shape,
            entries,
            count,
            _kept: kept,
        }
    }
}

/// Says what a value is: a `TRACER_SHAPE_` constant. Any thread may ask one of a view. NULL is null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tracer_value_shape(value: *const tracer_value) -> tracer_shape {
    guard(TRACER_SHAPE_NULL, || {
        // SAFETY: as the header says.
        let value = unsafe { kept(value) };
        value.map_or(TRACER_SHAPE_NULL, |value| value.read().shape)
    })
}

/// Gives the elements of an array or the entries of a map, one behind the other, as attributes.
/// Borrowed until the value is changed or freed; those of a view, as long as the view. Any thread may
/// ask a value of a view. NULL `value`: none.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tracer_value_entries(
    value: *const tracer_value,
    out_count: Option<&mut MaybeUninit<usize>>,
) -> *const tracer_attribute {
    let none = (std::ptr::null(), 0);
    let (entries, count) = guard(none, || {
        // SAFETY: as the header says.
        let read = unsafe { kept(value) }.map(Built::read);
        read.filter(|read| read.count > 0)
            .map_or(none, |read| (read.entries, read.count))
    });
    ptr::put(out_count, count);
    entries
}
