//! Several attributes of a span at once, and attributes of any type.

use super::SpanHandle;
use super::slot::SpanState;
use super::write::{cut_of, put};
use crate::thread::ThreadState;
use crate::value::Value;
use crate::wire::attribute::{Encoded, Raw, Text};

impl SpanHandle {
    /// [`SpanHandle::set`] for each in turn, with one look at thread, slot and lock for all. The
    /// iterator must not record: what it does is refused and counted.
    #[inline]
    pub fn set_several<'v>(self, attributes: impl Iterator<Item = (&'v str, Value<'v>)>) {
        self.record(|thread, state| {
            attributes.for_each(|(key, value)| put_value(thread, state, key, value));
        });
    }
}

/// Puts an attribute of any type.
#[inline]
pub(super) fn put_value(
    thread: &mut ThreadState,
    state: &mut SpanState,
    key: &str,
    value: Value<'_>,
) {
    match value {
        Value::Bool(value) => put(thread, state, key, value),
        Value::Int(value) => put(thread, state, key, value),
        Value::Double(value) => put(thread, state, key, value),
        Value::String(text) => put(thread, state, key, Text(text.as_bytes())),
        Value::Bytes(bytes) => put(thread, state, key, Raw(bytes)),
        Value::Null => put(thread, state, key, Encoded(&[])),
        Value::Array(_) | Value::Map(_) | Value::Built(_) => put_nested(thread, state, key, value),
    }
}

#[cold]
fn put_nested(thread: &mut ThreadState, state: &mut SpanState, key: &str, value: Value<'_>) {
    let cut = cut_of(state.limits());
    thread.scratch.clear();
    let encoded = match value {
        Value::Built(built) => built.encode(cut, &mut thread.scratch),
        other => {
            thread.attributes.clear();
            thread.attributes.add(other);
            thread.attributes.encode(cut, &mut thread.scratch)
        }
    };
    if encoded {
        let scratch = std::mem::take(&mut thread.scratch);
        put(thread, state, key, Encoded(scratch.as_slice()));
        thread.scratch = scratch;
    } else {
        state.dropped_attributes += 1;
    }
    thread.scratch.clear_modestly();
    thread.attributes.clear_modestly();
}
