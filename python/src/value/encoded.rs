//! Values as the fields of an OTLP `AnyValue`, written as they come.
//!
//! What is inside a message is not known before it is there, so its length is put in afterwards:
//! one byte is kept for it, and what is longer than that can tell moves up.

/// Bytes kept by a thread for the next value.
const MODEST: usize = 16 * 1024;

/// `AnyValue` under construction.
#[derive(Default)]
pub(crate) struct Encoded {
    bytes: Vec<u8>,
}

/// Where a message begins.
#[derive(Clone, Copy)]
pub(crate) struct Place(usize);

impl Encoded {
    /// Nothing yet.
    pub(crate) const fn new() -> Self {
        Self { bytes: Vec::new() }
    }

    /// What has been written.
    pub(crate) fn as_slice(&self) -> &[u8] {
        &self.bytes
    }

    /// Forgets everything but a modest amount of memory.
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.bytes.shrink_to(MODEST);
    }

    /// Begins a field that is a message.
    #[inline]
    fn open(&mut self, tag: u8) -> Place {
        self.bytes.extend_from_slice(&[tag, 0]);
        Place(self.bytes.len())
    }

    /// Ends the message that began there.
    #[inline]
    pub(crate) fn close(&mut self, place: Place) {
        let len = self.bytes.len().saturating_sub(place.0);
        match (u8::try_from(len), place.0.checked_sub(1)) {
            (Ok(short @ ..0x80), Some(at)) => {
                if let Some(byte) = self.bytes.get_mut(at) {
                    *byte = short;
                }
            }
            (_, Some(at)) => self.close_long(at, len),
            (_, None) => {}
        }
    }

    #[cold]
    fn close_long(&mut self, at: usize, len: usize) {
        let mut digits = [0; 10];
        let count = varint(len as u64, &mut digits);
        if let Some(digits) = digits.get(..count) {
            self.bytes.splice(at..=at, digits.iter().copied());
        }
    }

    #[inline]
    fn varint(&mut self, number: u64) {
        let mut digits = [0; 10];
        let count = varint(number, &mut digits);
        self.bytes
            .extend_from_slice(digits.get(..count).unwrap_or_default());
    }

    #[inline]
    fn text(&mut self, tag: u8, text: &str) {
        self.bytes.push(tag);
        self.varint(text.len() as u64);
        self.bytes.extend_from_slice(text.as_bytes());
    }

    /// Adds a text.
    #[inline]
    pub(crate) fn add_string(&mut self, text: &str) {
        self.text(0x0a, text);
    }

    /// Adds a boolean.
    pub(crate) fn add_bool(&mut self, truth: bool) {
        self.bytes.extend_from_slice(&[0x10, u8::from(truth)]);
    }

    /// Adds an integer.
    #[inline]
    pub(crate) fn add_int(&mut self, number: i64) {
        self.bytes.push(0x18);
        self.varint(number.cast_unsigned());
    }

    /// Adds a number.
    pub(crate) fn add_double(&mut self, number: f64) {
        self.bytes.push(0x21);
        self.bytes.extend_from_slice(&number.to_le_bytes());
    }

    /// Begins an array, ended by [`Encoded::close`].
    pub(crate) fn begin_array(&mut self) -> Place {
        self.open(0x2a)
    }

    /// Begins a map, ended by [`Encoded::close`].
    pub(crate) fn begin_map(&mut self) -> Place {
        self.open(0x32)
    }

    /// Begins an item of an array, ended by [`Encoded::close`].
    #[inline]
    pub(crate) fn begin_item(&mut self) -> Place {
        self.open(0x0a)
    }

    /// Begins an entry of a map, ended by [`Encoded::end_entry`].
    #[inline]
    pub(crate) fn begin_entry(&mut self, key: &str) -> [Place; 2] {
        let entry = self.open(0x0a);
        self.text(0x0a, key);
        [entry, self.open(0x12)]
    }

    /// Ends an entry of a map.
    #[inline]
    pub(crate) fn end_entry(&mut self, [entry, value]: [Place; 2]) {
        self.close(value);
        self.close(entry);
    }
}

/// Writes a number in base 128, lowest digit first; how many digits it has.
#[inline]
fn varint(mut number: u64, digits: &mut [u8; 10]) -> usize {
    let mut count = 0;
    for digit in digits {
        let low = number.to_le_bytes()[0] & 0x7f;
        number >>= 7;
        count = usize::saturating_add(count, 1);
        if number == 0 {
            *digit = low;
            break;
        }
        *digit = low | 0x80;
    }
    count
}

#[cfg(test)]
mod tests {
    use super::Encoded;
    use opentelemetry_proto::tonic::common::v1::any_value::Value;
    use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValue, KeyValueList};
    use prost::Message;

    fn of(value: Value) -> AnyValue {
        AnyValue { value: Some(value) }
    }

    fn written(write: impl FnOnce(&mut Encoded)) -> Vec<u8> {
        let mut encoded = Encoded::default();
        write(&mut encoded);
        encoded.as_slice().to_vec()
    }

    #[test]
    fn scalars_are_what_prost_writes() {
        for number in [0, 1, 127, 128, 300, i64::MAX, i64::MIN, -1] {
            let bytes = written(|to| to.add_int(number));
            assert_eq!(bytes, of(Value::IntValue(number)).encode_to_vec());
        }
        for len in [0, 1, 127, 128, 16_383, 16_384, 70_000] {
            let text = "x".repeat(len);
            let bytes = written(|to| to.add_string(&text));
            assert_eq!(bytes, of(Value::StringValue(text)).encode_to_vec());
        }
        let bytes = written(|to| to.add_double(1.5));
        assert_eq!(bytes, of(Value::DoubleValue(1.5)).encode_to_vec());
        let bytes = written(|to| to.add_bool(true));
        assert_eq!(bytes, of(Value::BoolValue(true)).encode_to_vec());
    }

    #[test]
    fn messages_of_any_length_are_what_prost_writes() {
        for len in [
            0, 1, 100, 117, 118, 119, 120, 121, 122, 127, 128, 16_300, 17_000,
        ] {
            let text = "y".repeat(len);
            let bytes = written(|to| {
                let map = to.begin_map();
                let entry = to.begin_entry("key");
                let array = to.begin_array();
                for _ in 0..2 {
                    let item = to.begin_item();
                    to.add_string(&text);
                    to.close(item);
                }
                let null = to.begin_item();
                to.close(null);
                to.close(array);
                to.end_entry(entry);
                to.close(map);
            });
            let item = || of(Value::StringValue(text.clone()));
            let array = Value::ArrayValue(ArrayValue {
                values: vec![item(), item(), AnyValue { value: None }],
            });
            let map = Value::KvlistValue(KeyValueList {
                values: vec![KeyValue {
                    key: "key".to_owned(),
                    value: Some(of(array)),
                    ..KeyValue::default()
                }],
            });
            assert_eq!(bytes, of(map).encode_to_vec(), "{len}");
        }
    }
}
