//! Python values as OpenTelemetry attribute values.
//!
//! Nothing here raises. What has no counterpart becomes text, by one of two rules: spans of the
//! package's own functions take its bounded `repr`, spans of a provider what opentelemetry-sdk
//! makes of it. Conversions that can run foreign code (`repr`, a mapping's own methods) hold owned
//! references and touch no span while they do.

mod encoded;
mod logged;
mod several;
mod text;

use crate::cpython::{call_method, is_a};
use crate::notice::{Cause, notice};
use crate::object::{each_item, int_value, settle};
use crate::runtime::{Body, Builder, Handle};
use pyo3::prelude::{
    PyAnyMethods, PyBytesMethods, PyDictMethods, PyListMethods, PyTupleMethods, PyTypeMethods,
};
use pyo3::sync::PyOnceLock;
use pyo3::types::{
    PyBool, PyByteArray, PyBytes, PyDict, PyFloat, PyInt, PyList, PyMemoryView, PyString, PyTuple,
    PyType,
};
use pyo3::{Bound, Py, PyAny, intern};
use std::borrow::Cow;
use std::sync::atomic::{AtomicU64, Ordering};

pub(crate) use encoded::Encoded;
pub(crate) use logged::{Describer, is_describing};
pub(crate) use text::{MENDED, any_text, text_of, type_name};

/// Nesting that is still recorded; deeper containers become `"..."`.
const MAX_DEPTH: usize = 32;
/// Values in one attribute, over all levels; the rest is left out.
const MAX_ITEMS: usize = 10_000;

/// Values recorded as text that they are not, or cut.
pub(crate) static CONVERTED: AtomicU64 = AtomicU64::new(0);

/// What becomes of an object that OpenTelemetry has no type for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rules {
    /// Its bounded `repr`.
    Own,
    /// Its `str`, if its class has one, else null; and a line in the log.
    Sdk,
}

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
    Sequence(Bound<'py, PyAny>),
    Map(Bound<'py, PyDict>),
}

/// Sets one attribute of a span.
#[inline]
pub(crate) fn set_attribute(
    span: Handle,
    key: &Bound<'_, PyAny>,
    value: &Bound<'_, PyAny>,
    rules: Rules,
) {
    let name = key.cast::<PyString>().map(text_of).unwrap_or_default();
    if name.is_empty() {
        return refuse_key(span, key);
    }
    set_named(span, &name, value, rules);
}

#[inline]
fn set_named(span: Handle, name: &str, value: &Bound<'_, PyAny>, rules: Rules) {
    match classify(value, rules) {
        Value::Text(text) => span.set_string(name, &text),
        Value::Int(number) => span.set_int(name, number),
        Value::Double(number) => span.set_double(name, number),
        Value::Bool(truth) => span.set_bool(name, truth),
        Value::Bytes(bytes) => span.set_bytes(name, &bytes),
        nested => {
            Builder::with(|builder| {
                Writer::new(builder, rules).push(nested, 0);
                span.set_value(name, builder);
            });
        }
    }
}

/// An attribute without a usable key: the runtime counts it.
#[cold]
fn refuse_key(span: Handle, key: &Bound<'_, PyAny>) {
    let what = if key.is_instance_of::<PyString>() {
        "an empty one".to_owned()
    } else {
        type_name(key)
    };
    notice(key.py(), Cause::AttributeKey, &what);
    span.set_string("", "");
}

/// Sets the attributes of a mapping; anything else is counted as one bad attribute.
pub(crate) fn set_attributes(span: Handle, attributes: &Bound<'_, PyAny>, rules: Rules) {
    let Some(map) = as_dict(attributes) else {
        notice(
            attributes.py(),
            Cause::AttributeMapping,
            &type_name(attributes),
        );
        return span.set_string("", "");
    };
    several::set_items(span, &map, rules);
}

/// Runs `then` with the mapping as a map value; `None` stands for an empty mapping or none.
pub(crate) fn with_map<R>(
    attributes: Option<&Bound<'_, PyAny>>,
    rules: Rules,
    then: impl Fn(Option<&Builder>) -> R,
) -> R {
    let map = attributes.and_then(|given| {
        let map = as_dict(given);
        if map.is_none() {
            notice(given.py(), Cause::AttributeMapping, &type_name(given));
        }
        map
    });
    match map.filter(|map| !map.is_empty()) {
        None => then(None),
        Some(map) => Builder::with(|builder| {
            Writer::of_attributes(builder, rules).push(Value::Map(map), 0);
            then(Some(builder))
        })
        .unwrap_or_else(|| then(None)),
    }
}

/// Runs `then` with a value as what a log record says.
pub(crate) fn with_body<R>(
    value: Option<&Bound<'_, PyAny>>,
    rules: Rules,
    then: impl Fn(Body<'_>) -> R,
) -> R {
    match value.map(|value| classify(value, rules)) {
        None | Some(Value::Null) => then(Body::None),
        Some(Value::Text(text)) => then(Body::Text(&text)),
        Some(other) => Builder::with(|builder| {
            Writer::new(builder, rules).push(other, 0);
            then(Body::Built(builder))
        })
        .unwrap_or_else(|| then(Body::None)),
    }
}

#[inline]
fn classify<'a, 'py>(value: &'a Bound<'py, PyAny>, rules: Rules) -> Value<'a, 'py> {
    if let Ok(text) = value.cast_exact::<PyString>() {
        Value::Text(text_of(text))
    } else if value.is_exact_instance_of::<PyInt>() {
        integer(value)
    } else if let Ok(number) = value.cast_exact::<PyFloat>() {
        Value::Double(pyo3::types::PyFloatMethods::value(number))
    } else if let Ok(truth) = value.cast_exact::<PyBool>() {
        Value::Bool(pyo3::types::PyBoolMethods::is_true(truth))
    } else {
        classify_other(value, rules)
    }
}

fn integer<'a>(value: &Bound<'_, PyAny>) -> Value<'a, 'static> {
    match int_value(value) {
        Some(number) => Value::Int(number),
        None => Value::Text(Cow::Owned(text::decimal(value))),
    }
}

fn classify_other<'a, 'py>(value: &'a Bound<'py, PyAny>, rules: Rules) -> Value<'a, 'py> {
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
    } else {
        classify_rare(value, rules)
    }
}

#[cold]
fn classify_rare<'a, 'py>(value: &'a Bound<'py, PyAny>, rules: Rules) -> Value<'a, 'py> {
    let found = foreign(value, rules);
    settle(value.py());
    found
}

/// A value of a type that is not ours to know.
fn foreign<'a, 'py>(value: &'a Bound<'py, PyAny>, rules: Rules) -> Value<'a, 'py> {
    let own = rules == Rules::Own;
    if own && let Some(bytes) = memory_of(value) {
        return Value::Bytes(Cow::Owned(bytes));
    }
    if is_sequence(value) {
        return Value::Sequence(value.clone());
    }
    if own && let Some(plain) = numpy_value(value) {
        return plain;
    }
    CONVERTED.fetch_add(1, Ordering::Relaxed);
    if own {
        return Value::Text(Cow::Owned(text::bounded_repr(value)));
    }
    notice(value.py(), Cause::AttributeValue, &type_name(value));
    text::sdk_text(value).map_or(Value::Null, |text| Value::Text(Cow::Owned(text)))
}

/// The bytes of a `bytearray` or `memoryview`.
fn memory_of(value: &Bound<'_, PyAny>) -> Option<Vec<u8>> {
    if let Ok(bytes) = value.cast::<PyByteArray>() {
        return Some(pyo3::types::PyByteArrayMethods::to_vec(bytes));
    }
    let memory = value.cast::<PyMemoryView>().ok()?;
    memory
        .call_method0(intern!(value.py(), "tobytes"))
        .ok()?
        .extract()
        .ok()
}

/// The number, truth or text that a scalar of numpy stands for.
fn numpy_value<'py>(value: &Bound<'py, PyAny>) -> Option<Value<'static, 'py>> {
    let py = value.py();
    let module = value.get_type().module().ok()?;
    if text_of(&module) != "numpy" {
        return None;
    }
    let plain = value.call_method0(intern!(py, "item")).ok()?;
    if let Ok(truth) = plain.cast_exact::<PyBool>() {
        Some(Value::Bool(pyo3::types::PyBoolMethods::is_true(truth)))
    } else if let Ok(number) = plain.cast_exact::<PyFloat>() {
        Some(Value::Double(pyo3::types::PyFloatMethods::value(number)))
    } else if plain.is_exact_instance_of::<PyInt>() {
        Some(integer(&plain))
    } else {
        None
    }
}

/// A dict as it is, another mapping copied into one.
fn as_dict<'py>(object: &Bound<'py, PyAny>) -> Option<Bound<'py, PyDict>> {
    static MAPPING: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    if let Ok(map) = object.cast::<PyDict>() {
        return Some(map.clone());
    }
    let py = object.py();
    let mapping = MAPPING.import(py, "collections.abc", "Mapping").ok()?;
    if !is_a(object, mapping) {
        return None;
    }
    let copy = PyDict::new(py);
    if call_method(&copy, intern!(py, "update"), [object]).is_err() {
        settle(py);
        return None;
    }
    Some(copy)
}

fn is_sequence(object: &Bound<'_, PyAny>) -> bool {
    static SEQUENCE: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    let sequence = SEQUENCE.import(object.py(), "collections.abc", "Sequence");
    sequence.is_ok_and(|sequence| is_a(object, sequence))
}

/// Writes one value of any shape to a builder.
struct Writer<'b> {
    builder: &'b Builder,
    rules: Rules,
    /// The outermost map is the attributes of an event or link.
    attributes: bool,
    /// What the attribute has so far, over all levels.
    items: usize,
}

impl<'b> Writer<'b> {
    fn new(builder: &'b Builder, rules: Rules) -> Self {
        Self {
            builder,
            rules,
            attributes: false,
            items: 0,
        }
    }

    fn of_attributes(builder: &'b Builder, rules: Rules) -> Self {
        Self {
            attributes: true,
            ..Self::new(builder, rules)
        }
    }

    fn push(&mut self, value: Value<'_, '_>, depth: usize) {
        let builder = self.builder;
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
            Value::Map(map) => self.push_map(&map, depth),
            Value::List(list) => self.push_list(&list, depth),
            Value::Tuple(tuple) => self.push_array(tuple.iter(), depth),
            Value::Sequence(sequence) => {
                let items = sequence.try_iter().into_iter().flatten();
                self.push_array(items.map_while(Result::ok), depth);
            }
        }
    }

    /// A list may change under us: its length is asked for again at each item.
    fn push_list(&mut self, list: &Bound<'_, PyList>, depth: usize) {
        let mut index = 0;
        let items = std::iter::from_fn(|| {
            let item = (index < list.len()).then(|| list.get_item(index).ok());
            index = index.saturating_add(1);
            item.flatten()
        });
        self.push_array(items, depth);
    }

    fn push_array<'py>(&mut self, items: impl Iterator<Item = Bound<'py, PyAny>>, depth: usize) {
        self.builder.begin_array();
        for item in items {
            if !self.has_room() {
                break;
            }
            self.push(classify(&item, self.rules), depth.saturating_add(1));
        }
        self.builder.end();
    }

    fn push_map(&mut self, map: &Bound<'_, PyDict>, depth: usize) {
        self.builder.begin_map();
        each_item(map, |key, value| {
            let Some(name) = self.key(&key, depth) else {
                return;
            };
            if self.has_room() {
                self.builder.key(&name);
                self.push(classify(&value, self.rules), depth.saturating_add(1));
            }
        });
        self.builder.end();
    }

    /// The name of an entry, `None` to leave it out. Among the attributes of an event or link an
    /// empty name has the runtime leave it out and count it.
    fn key(&self, key: &Bound<'_, PyAny>, depth: usize) -> Option<String> {
        match self.rules {
            Rules::Own => Some(text::key_text(key)),
            Rules::Sdk => {
                text::sdk_key(key).or_else(|| (self.attributes && depth == 0).then(String::new))
            }
        }
    }

    /// Counts one more item; false, and counted, from the limit on.
    fn has_room(&mut self) -> bool {
        self.items = self.items.saturating_add(1);
        if self.items == MAX_ITEMS {
            CONVERTED.fetch_add(1, Ordering::Relaxed);
        }
        self.items < MAX_ITEMS
    }
}
