//! A map that was built, as values that own themselves.

use super::{Cut, Most, Value, ValueBuilder};
use crate::finished::{OwnedValue, decode_attribute};
use crate::wire::attribute::{append, read_field};
use crate::wire::buf::Buf;

impl ValueBuilder {
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
