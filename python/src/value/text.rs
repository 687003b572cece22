//! The text of Python objects: their own, or what stands for them.

use crate::cpython::{repr_of, str_of};
use crate::notice::{Cause, notice};
use crate::object::settle;
use pyo3::prelude::{PyAnyMethods, PyTypeMethods};
use pyo3::types::{PyString, PyStringMethods};
use pyo3::{Bound, PyAny, intern};
use std::borrow::Cow;
use std::sync::atomic::{AtomicU64, Ordering};

/// Characters of a `repr` that are kept.
const MAX_REPR_CHARS: usize = 1_024;

/// Texts with lone surrogates, mended.
pub(crate) static MENDED: AtomicU64 = AtomicU64::new(0);

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
    settle(text.py());
    Cow::Owned(text.to_string_lossy().into_owned())
}

/// The text of any object: itself if it is one, else its bounded `repr`.
pub(crate) fn any_text<'a>(object: &'a Bound<'_, PyAny>) -> Cow<'a, str> {
    match object.cast::<PyString>() {
        Ok(text) => text_of(text),
        Err(_) => Cow::Owned(bounded_repr(object)),
    }
}

/// The name of an object's class.
pub(crate) fn type_name(object: &Bound<'_, PyAny>) -> String {
    let name = object.get_type().name();
    let name = name.as_ref().map(text_of).unwrap_or_default();
    name.into_owned()
}

/// An int beyond 64 bits as text; one beyond the interpreter's digit limit as its size.
pub(super) fn decimal(value: &Bound<'_, PyAny>) -> String {
    str_of(value).map_or_else(
        |_| {
            settle(value.py());
            "<int too large to print>".to_owned()
        },
        |text| text_of(&text).into_owned(),
    )
}

/// `repr(object)`, cut to a bound; the type's name when it has no usable `repr`.
pub(super) fn bounded_repr(object: &Bound<'_, PyAny>) -> String {
    let Ok(text) = repr_of(object) else {
        settle(object.py());
        return format!("<{} without a usable repr>", type_name(object));
    };
    let text = text_of(&text);
    match text.char_indices().nth(MAX_REPR_CHARS) {
        None => text.into_owned(),
        Some((end, _)) => format!("{}...", text.get(..end).unwrap_or_default()),
    }
}

/// `str(object)` as opentelemetry-sdk records it: `None` if its class defines neither `__str__`
/// nor `__repr__`. One that fails is named instead of raised.
pub(super) fn sdk_text(object: &Bound<'_, PyAny>) -> Option<String> {
    if !says_something(object) {
        return None;
    }
    Some(str_of(object).map_or_else(
        |_| format!("<{} without a usable str>", type_name(object)),
        |text| text_of(&text).into_owned(),
    ))
}

/// Whether the class of an object has a text of its own.
fn says_something(object: &Bound<'_, PyAny>) -> bool {
    let py = object.py();
    let base = py.get_type::<PyAny>();
    let kind = object.get_type();
    let inherits = |name: &Bound<'_, PyString>| match (kind.getattr(name), base.getattr(name)) {
        (Ok(own), Ok(of_object)) => own.is(&of_object),
        _ => false,
    };
    !(inherits(intern!(py, "__str__")) && inherits(intern!(py, "__repr__")))
}

/// The key of an entry as opentelemetry-sdk takes it; `None` for one that it drops.
pub(super) fn sdk_key(key: &Bound<'_, PyAny>) -> Option<String> {
    if let Ok(text) = key.cast::<PyString>() {
        let text = text_of(text);
        if text.is_empty() {
            notice(key.py(), Cause::AttributeKey, "an empty one");
        }
        return (!text.is_empty()).then(|| text.into_owned());
    }
    notice(key.py(), Cause::AttributeKey, &type_name(key));
    let truth = key.is_truthy().unwrap_or(false);
    truth.then(|| sdk_text(key)).flatten()
}

/// The key of a nested map: a text as it is, anything else as `str` shows it.
pub(super) fn key_text(key: &Bound<'_, PyAny>) -> String {
    match key.cast::<PyString>() {
        Ok(text) => text_of(text).into_owned(),
        Err(_) => match str_of(key) {
            Ok(text) => text_of(&text).into_owned(),
            Err(_) => bounded_repr(key),
        },
    }
}
