//! The items of a dict as attributes: those that need no conversion go to the runtime together.

use super::{Rules, set_attribute, set_named, text};
use crate::object::{each_item, int_value};
use crate::runtime::{Handle, Plain};
use pyo3::prelude::PyAnyMethods;
use pyo3::prelude::PyBytesMethods;
use pyo3::types::{
    PyBool, PyBoolMethods, PyBytes, PyDict, PyFloat, PyFloatMethods, PyInt, PyString,
    PyStringMethods,
};
use pyo3::{Bound, PyAny};

/// Attributes in one call.
const MOST: usize = 8;

/// Keys and values, held while their texts are borrowed.
type Items<'py> = [Option<(Bound<'py, PyAny>, Bound<'py, PyAny>)>; MOST];

/// Sets an attribute for each item, in order.
pub(super) fn set_items(span: Handle, map: &Bound<'_, PyDict>, rules: Rules) {
    let mut items: Items<'_> = [const { None }; MOST];
    let mut count = 0;
    each_item(map, |key, value| {
        if count == MOST {
            set_some(span, &items, rules);
            items = [const { None }; MOST];
            count = 0;
        }
        if let Some(place) = items.get_mut(count) {
            *place = Some((key, value));
            count = count.saturating_add(1);
        }
    });
    set_some(span, &items, rules);
}

fn set_some(span: Handle, items: &Items<'_>, rules: Rules) {
    let mut ready = [Plain::NONE; MOST];
    let mut count = 0;
    for (key, value) in items.iter().map_while(Option::as_ref) {
        if let (Some(plain), Some(place)) = (plain(key, value), ready.get_mut(count)) {
            *place = plain;
            count = count.saturating_add(1);
            continue;
        }
        // What converts this one may run code that looks at the span.
        set_ready(span, &ready, count);
        count = 0;
        set_item(span, key, value, rules);
    }
    set_ready(span, &ready, count);
}

#[inline]
fn set_ready(span: Handle, ready: &[Plain<'_>], count: usize) {
    if let Some(ready @ [_, ..]) = ready.get(..count) {
        span.set_plain(ready);
    }
}

/// The attribute, if nothing has to be converted, told or mended.
#[inline]
fn plain<'a>(key: &'a Bound<'_, PyAny>, value: &'a Bound<'_, PyAny>) -> Option<Plain<'a>> {
    let key = key.cast::<PyString>().ok()?.to_str().ok()?;
    if key.is_empty() {
        return None;
    }
    if let Ok(text) = value.cast_exact::<PyString>() {
        Some(Plain::text(key, text.to_str().ok()?))
    } else if value.is_exact_instance_of::<PyInt>() {
        Some(Plain::int(key, int_value(value)?))
    } else if let Ok(number) = value.cast_exact::<PyFloat>() {
        Some(Plain::double(key, number.value()))
    } else if let Ok(truth) = value.cast_exact::<PyBool>() {
        Some(Plain::bool(key, truth.is_true()))
    } else {
        let bytes = value.cast_exact::<PyBytes>().ok()?;
        Some(Plain::bytes(key, bytes.as_bytes()))
    }
}

fn set_item(span: Handle, key: &Bound<'_, PyAny>, value: &Bound<'_, PyAny>, rules: Rules) {
    if rules == Rules::Own || key.is_instance_of::<PyString>() {
        return set_attribute(span, key, value, rules);
    }
    match text::sdk_key(key) {
        Some(name) => set_named(span, &name, value, rules),
        None => span.set_string("", ""),
    }
}
