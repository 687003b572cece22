//! OpenTelemetry's attributes and links as ours, borrowed: recorded without a copy of their texts.

use super::context;
use crate::context::SpanContext;
use crate::span::Link;
use crate::value::{Value, ValueBuilder};
use opentelemetry::trace::Link as TheirLink;
use opentelemetry::{Array, KeyValue, Value as TheirValue};

/// What of their values has no borrowed form in ours: arrays, and kinds that come later.
fn built(value: &TheirValue) -> Option<ValueBuilder> {
    let mut built = ValueBuilder::new();
    match value {
        TheirValue::Bool(_) | TheirValue::I64(_) | TheirValue::F64(_) | TheirValue::String(_) => {
            return None;
        }
        TheirValue::Array(array) => add_array(&mut built, array),
        other => built.add(Value::String(&other.to_string())),
    }
    Some(built)
}

fn add_array(built: &mut ValueBuilder, array: &Array) {
    fn all<'a, T: 'a>(
        built: &mut ValueBuilder,
        values: &'a [T],
        as_value: impl Fn(&'a T) -> Value<'a>,
    ) {
        built.begin_array();
        for value in values {
            built.add(as_value(value));
        }
        built.end();
    }
    match array {
        Array::Bool(values) => all(built, values, |value| Value::Bool(*value)),
        Array::I64(values) => all(built, values, |value| Value::Int(*value)),
        Array::F64(values) => all(built, values, |value| Value::Double(*value)),
        Array::String(values) => all(built, values, |value| Value::String(value.as_str())),
        other => built.add(Value::String(&other.to_string())),
    }
}

fn scalar(value: &TheirValue) -> Option<Value<'_>> {
    Some(match value {
        TheirValue::Bool(value) => Value::Bool(*value),
        TheirValue::I64(value) => Value::Int(*value),
        TheirValue::F64(value) => Value::Double(*value),
        TheirValue::String(text) => Value::String(text.as_str()),
        _ => return None,
    })
}

/// Calls `work` with one value.
pub(super) fn with_value(value: &TheirValue, work: impl FnOnce(Value<'_>)) {
    if let Some(scalar) = scalar(value) {
        return work(scalar);
    }
    match built(value) {
        Some(built) => work(Value::Built(&built)),
        None => work(Value::Null),
    }
}

/// Attributes with what their borrowed form points to.
pub(super) struct Attributes<'a> {
    theirs: &'a [KeyValue],
    built: Vec<ValueBuilder>,
}

impl<'a> Attributes<'a> {
    pub(super) fn of(theirs: &'a [KeyValue]) -> Self {
        Self {
            theirs,
            built: theirs
                .iter()
                .filter_map(|pair| built(&pair.value))
                .collect(),
        }
    }

    pub(super) fn borrowed(&self) -> Vec<(&str, Value<'_>)> {
        let mut built = self.built.iter();
        let value = |pair: &'a KeyValue| {
            scalar(&pair.value).unwrap_or_else(|| built.next().map_or(Value::Null, Value::Built))
        };
        let keys = self.theirs.iter().map(|pair| pair.key.as_str());
        keys.zip(self.theirs.iter().map(value)).collect()
    }
}

/// Calls `work` with the links.
pub(super) fn with_links<R>(theirs: &[TheirLink], work: impl FnOnce(&[Link<'_>]) -> R) -> R {
    if theirs.is_empty() {
        return work(&[]);
    }
    let contexts: Vec<SpanContext> = theirs
        .iter()
        .map(|link| context::ours(&link.span_context))
        .collect();
    let attributes: Vec<_> = theirs
        .iter()
        .map(|link| Attributes::of(&link.attributes))
        .collect();
    let attributes: Vec<_> = attributes.iter().map(Attributes::borrowed).collect();
    let links: Vec<_> = contexts
        .iter()
        .zip(&attributes)
        .map(|(context, attributes)| Link {
            context,
            attributes,
        })
        .collect();
    work(&links)
}
