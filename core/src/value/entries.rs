//! A map that was built, as values that own themselves.

use super::{Cut, Most, Value, ValueBuilder};
use crate::finished::{OwnedValue, decode_attribute};
use crate::wire::attribute::{append, read_field};
use crate::wire::buf::Buf;
use std::vec;

/// A list or map whose rest is still to come.
enum Rest {
    Array(vec::IntoIter<OwnedValue>),
    Map(vec::IntoIter<(String, OwnedValue)>),
}

impl ValueBuilder {
    /// Adds a value that owns itself, and takes it apart: neither needs a stack as deep as it is.
    pub fn add_owned(&mut self, value: OwnedValue) {
        let mut open = Vec::new();
        let mut next = Some(value);
        loop {
            match next {
                Some(OwnedValue::Null) => self.add(Value::Null),
                Some(OwnedValue::Bool(value)) => self.add(Value::Bool(value)),
                Some(OwnedValue::Int(value)) => self.add(Value::Int(value)),
                Some(OwnedValue::Double(value)) => self.add(Value::Double(value)),
                Some(OwnedValue::String(text)) => self.add(Value::String(&text)),
                Some(OwnedValue::Bytes(bytes)) => self.add(Value::Bytes(&bytes)),
                Some(OwnedValue::Array(values)) => {
                    self.begin_array();
                    open.push(Rest::Array(values.into_iter()));
                }
                Some(OwnedValue::Map(entries)) => {
                    self.begin_map();
                    open.push(Rest::Map(entries.into_iter()));
                }
                None => {
                    self.end();
                    open.pop();
                }
            }
            next = match open.last_mut() {
                Some(Rest::Array(values)) => values.next(),
                Some(Rest::Map(entries)) => entries.next().map(|(key, value)| {
                    self.key(&key);
                    value
                }),
                None => return,
            };
        }
    }

    /// A map of these entries.
    pub(crate) fn from_entries(entries: &[(&str, Value<'_>)]) -> Self {
        let mut map = Self::new();
        map.add(Value::Map(entries));
        map
    }

    /// The entries of a map, encoded and read back like attributes of a finished span: the last of
    /// equal keys counts. What is no map has none; what memory is refused for is left out.
    #[must_use]
    pub fn to_entries(&self) -> Vec<(String, OwnedValue)> {
        const WHOLE: Cut = Cut {
            length: usize::MAX,
            depth: usize::MAX,
        };
        const ALL: Most = Most {
            count: usize::MAX,
            newest: false,
        };
        let (mut encoded, mut owned) = (Buf::default(), Vec::new());
        let _ = self.entries(WHOLE, ALL, |key, value| {
            encoded.clear();
            let appended = append(&mut encoded, 0x0a, key, &value);
            let pair =
                read_field(encoded.as_slice(), 0).and_then(|(pair, _)| decode_attribute(pair));
            owned.extend(pair);
            appended
        });
        owned
    }
}
