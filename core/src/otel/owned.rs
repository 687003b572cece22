//! OpenTelemetry's attribute values as ours.

use crate::finished::OwnedValue;
use opentelemetry::{Array, Value};

pub(crate) fn owned(value: Value) -> OwnedValue {
    match value {
        Value::Bool(value) => OwnedValue::Bool(value),
        Value::I64(value) => OwnedValue::Int(value),
        Value::F64(value) => OwnedValue::Double(value),
        Value::String(text) => OwnedValue::String(text.into()),
        Value::Array(Array::Bool(values)) => all(values),
        Value::Array(Array::I64(values)) => all(values),
        Value::Array(Array::F64(values)) => all(values),
        Value::Array(Array::String(values)) => all(values.into_iter().map(String::from)),
        // Both enums may grow; what they then hold has a text form.
        other => OwnedValue::String(other.to_string()),
    }
}

fn all<T: Into<OwnedValue>>(values: impl IntoIterator<Item = T>) -> OwnedValue {
    OwnedValue::Array(values.into_iter().map(Into::into).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use opentelemetry::StringValue;

    #[test]
    fn values_keep_their_types() {
        for (theirs, ours) in [
            (Value::from(true), OwnedValue::Bool(true)),
            (Value::from(-1), OwnedValue::Int(-1)),
            (Value::from(0.5), OwnedValue::Double(0.5)),
            (Value::from("a"), OwnedValue::from("a")),
            (
                Value::Array(vec![true].into()),
                OwnedValue::Array(vec![true.into()]),
            ),
            (
                Value::Array(vec![1, 2].into()),
                OwnedValue::Array(vec![1.into(), 2.into()]),
            ),
            (
                Value::Array(vec![0.5].into()),
                OwnedValue::Array(vec![0.5.into()]),
            ),
            (
                Value::Array(vec![StringValue::from("a"), "b".into()].into()),
                OwnedValue::Array(vec!["a".into(), "b".into()]),
            ),
        ] {
            assert_eq!(owned(theirs), ours);
        }
    }
}
