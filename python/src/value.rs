//! Python values as OpenTelemetry attribute values.
//!
//! Nothing here raises: what has no counterpart is recorded as its bounded `repr`, and counted.
//! Conversions that can run foreign code (`repr`, a mapping's own methods) hold owned references
//! and touch no span while they do.

use crate::object::{each_item, int_value};
use crate::runtime::{Builder, Handle};
use pyo3::prelude::{
    PyAnyMethods, PyBytesMethods, PyDictMethods, PyListMethods, PyTupleMethods, PyTypeMethods,
};
use pyo3::types::{
    PyBool, PyByteArray, PyBytes, PyDict, PyFloat, PyInt, PyList, PyMapping, PyString,
    PyStringMethods, PyTuple,
};
use pyo3::{Bound, PyAny};
use std::borrow::Cow;
use std::sync::atomic::{AtomicU64, Ordering};

/// Nesting that is still recorded; deeper containers become `"..."`.
const MAX_DEPTH: usize = 32;
/// Values in one attribute, over all levels; the rest is left out.
const MAX_ITEMS: usize = 10_000;
/// Characters of a `repr` that are kept.
const MAX_REPR_CHARS: usize = 1_024;

/// Values recorded as their `repr`, or cut.
pub(crate) static CONVERTED: AtomicU64 = AtomicU64::new(0);
/// Texts with lone surrogates, mended.
pub(crate) static MENDED: AtomicU64 = AtomicU64::new(0);

/// One value, ready to be recorded.
enum Value<'a, 'py> {
    Null,
    Bool(bool),
    Int(i64),
    Double(f64),
    Text(Cow<'a, str>),
    Bytes(Cow<'a, [u8]>),
    List(Bound<'py, PyList>),
    Tuple(Bound<'py, PyTuple>),
    Map(Bound<'py, PyDict>),
}

/// Sets one attribute of a span.
#[inline]
pub(crate) fn set_attribute<'py>(span: Handle, key: &Bound<'py, PyAny>, value: &Bound<'py, PyAny>) {
    let name = key.cast::<PyString>().map(text_of).unwrap_or_default();
    match classify(value) {
        Value::Text(text) => span.set_string(&name, &text),
        Value::Int(number) => span.set_int(&name, number),
        Value::Double(number) => span.set_double(&name, number),
        Value::Bool(truth) => span.set_bool(&name, truth),
        Value::Bytes(bytes) => span.set_bytes(&name, &bytes),
        nested => {
            Builder::with(|builder| {
                push(builder, nested, 0, &mut 0);
                span.set_value(&name, builder);
            });
        }
    }
}

/// Sets the attributes of a mapping; anything else is counted as one bad attribute.
pub(crate) fn set_attributes(span: Handle, attributes: &Bound<'_, PyAny>) {
    match as_dict(attributes) {
        Some(map) => each_item(&map, |key, value| set_attribute(span, &key, &value)),
        None => span.set_string("", ""),
    }
}

/// Runs `then` with the mapping as a map value; `None` stands for an empty mapping or none.
pub(crate) fn with_map<R>(
    attributes: Option<&Bound<'_, PyAny>>,
    then: impl Fn(Option<&Builder>) -> R,
) -> R {
    let map = attributes.and_then(as_dict).filter(|map| !map.is_empty());
    match map {
        None => then(None),
        Some(map) => Builder::with(|builder| {
            push(builder, Value::Map(map), 0, &mut 0);
            then(Some(builder))
        })
        .unwrap_or_else(|| then(None)),
    }
}

/// The text of a `str`, with lone surrogates mended.
#[inline]
pub(crate) fn text_of<'a>(text: &'a Bound<'_, PyString>) -> Cow<'a, str> {
    match text.to_str() {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => mended(text),
    }
}

#[cold]
fn mended<'a>(text: &'a Bound<'_, PyString>) -> Cow<'a, str> {
    MENDED.fetch_add(1, Ordering::Relaxed);
    Cow::Owned(text.to_string_lossy().into_owned())
}

/// The text of any object: itself if it is one, else its bounded `repr`.
pub(crate) fn any_text<'a>(object: &'a Bound<'_, PyAny>) -> Cow<'a, str> {
    match object.cast::<PyString>() {
        Ok(text) => text_of(text),
        Err(_) => Cow::Owned(bounded_repr(object)),
    }
}

#[inline]
fn classify<'a, 'py>(value: &'a Bound<'py, PyAny>) -> Value<'a, 'py> {
    if let Ok(text) = value.cast_exact::<PyString>() {
        Value::Text(text_of(text))
    } else if value.is_exact_instance_of::<PyInt>() {
        integer(value)
    } else if let Ok(number) = value.cast_exact::<PyFloat>() {
        Value::Double(pyo3::types::PyFloatMethods::value(number))
    } else if let Ok(truth) = value.cast_exact::<PyBool>() {
        Value::Bool(pyo3::types::PyBoolMethods::is_true(truth))
    } else {
        classify_other(value)
    }
}

fn integer<'a>(value: &Bound<'_, PyAny>) -> Value<'a, 'static> {
    match int_value(value) {
        Some(number) => Value::Int(number),
        None => Value::Text(Cow::Owned(decimal(value))),
    }
}

/// An int beyond 64 bits as text; one beyond the interpreter's digit limit as its size.
fn decimal(value: &Bound<'_, PyAny>) -> String {
    value.str().map_or_else(
        |_| "<int too large to print>".to_owned(),
        |text| text_of(&text).into_owned(),
    )
}

fn classify_other<'a, 'py>(value: &'a Bound<'py, PyAny>) -> Value<'a, 'py> {
    if value.is_none() {
        Value::Null
    } else if let Ok(bytes) = value.cast::<PyBytes>() {
        Value::Bytes(Cow::Borrowed(bytes.as_bytes()))
    } else if let Ok(list) = value.cast::<PyList>() {
        Value::List(list.clone())
    } else if let Ok(tuple) = value.cast::<PyTuple>() {
        Value::Tuple(tuple.clone())
    } else if let Some(map) = as_dict(value) {
        Value::Map(map)
    } else if let Ok(text) = value.cast::<PyString>() {
        Value::Text(text_of(text))
    } else if value.is_instance_of::<PyInt>() {
        integer(value)
    } else if let Ok(number) = value.cast::<PyFloat>() {
        Value::Double(pyo3::types::PyFloatMethods::value(number))
    } else if let Ok(bytes) = value.cast::<PyByteArray>() {
        Value::Bytes(Cow::Owned(pyo3::types::PyByteArrayMethods::to_vec(bytes)))
    } else {
        CONVERTED.fetch_add(1, Ordering::Relaxed);
        Value::Text(Cow::Owned(bounded_repr(value)))
    }
}

/// A dict as it is, another mapping copied into one.
fn as_dict<'py>(object: &Bound<'py, PyAny>) -> Option<Bound<'py, PyDict>> {
    if let Ok(map) = object.cast::<PyDict>() {
        return Some(map.clone());
    }
    let map = object.cast::<PyMapping>().ok()?;
    let copy = PyDict::new(object.py());
    copy.update(map).ok()?;
    Some(copy)
}

/// `repr(object)`, cut to a bound; the type's name when it has no usable `repr`.
fn bounded_repr(object: &Bound<'_, PyAny>) -> String {
    let Ok(text) = object.repr() else {
        let name = object.get_type().name();
        let name = name.as_ref().map(text_of).unwrap_or_default();
        return format!("<{name} without a usable repr>");
    };
    let text = text_of(&text);
    match text.char_indices().nth(MAX_REPR_CHARS) {
        None => text.into_owned(),
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or_default()),
    }
}

/// Adds a value to what the builder holds; `items` counts what the attribute has so far.
fn push(builder: &Builder, value: Value<'_, '_>, depth: usize, items: &mut usize) {
    match value {
        Value::Null => builder.add_null(),
        Value::Bool(truth) => builder.add_bool(truth),
        Value::Int(number) => builder.add_int(number),
        Value::Double(number) => builder.add_double(number),
        Value::Text(text) => builder.add_string(&text),
        Value::Bytes(bytes) => builder.add_bytes(&bytes),
        _ if depth >= MAX_DEPTH => {
            CONVERTED.fetch_add(1, Ordering::Relaxed);
            builder.add_string("...");
        }
        Value::List(list) => {
            builder.begin_array();
            let mut index = 0;
            while let Some(item) = list.get_item(index).ok().filter(|_| has_room(items)) {
                push(builder, classify(&item), depth.saturating_add(1), items);
                index = index.saturating_add(1);
            }
            builder.end();
        }
        Value::Tuple(tuple) => {
            builder.begin_array();
            for item in tuple.iter() {
                if !has_room(items) {
                    break;
                }
                push(builder, classify(&item), depth.saturating_add(1), items);
            }
            builder.end();
        }
        Value::Map(map) => {
            builder.begin_map();
            each_item(&map, |key, value| {
                if has_room(items) {
                    builder.key(&key_text(&key));
                    push(builder, classify(&value), depth.saturating_add(1), items);
                }
            });
            builder.end();
        }
    }
}

/// Counts one more item; false, and counted, from the limit on.
fn has_room(items: &mut usize) -> bool {
    *items = items.saturating_add(1);
    if *items == MAX_ITEMS {
        CONVERTED.fetch_add(1, Ordering::Relaxed);
    }
    *items < MAX_ITEMS
}

/// The key of a nested map: a text as it is, anything else as `str` shows it.
fn key_text(key: &Bound<'_, PyAny>) -> String {
    match key.cast::<PyString>() {
        Ok(text) => text_of(text).into_owned(),
        Err(_) => match key.str() {
            Ok(text) => text_of(&text).into_owned(),
            Err(_) => bounded_repr(key),
        },
    }
}
