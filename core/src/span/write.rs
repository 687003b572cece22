//! What happens while a span is open: attributes, events, links, status, name.
//!
//! Each is appended to the span's body as OTLP bytes, within the span's limits (OpenTelemetry common,
//! "attribute limits"; trace SDK, "span limits") and the memory bound. What does not fit is counted
//! in the span's own dropped counts.

use super::several::put_value;
use super::slot::SpanState;
use super::{SpanHandle, Status, room};
use crate::context::SpanContext;
use crate::limits::SpanLimits;
use crate::pipeline::budget::Budget;
use crate::thread::ThreadState;
use crate::value::{Cut, Most, Value, ValueBuilder, cut_bytes, cut_text};
use crate::wire::attribute::{Encode, Encoded, Pair, Raw, Scalar, Text, append};
use crate::wire::buf::Buf;
use crate::wire::field_len;
use crate::wire::keys::hash;
use std::sync::atomic::Ordering;

pub(super) const ATTRIBUTE: u8 = 0x4a;
pub(super) const EVENT: u8 = 0x5a;
pub(super) const LINK: u8 = 0x6a;

impl SpanHandle {
    /// Runs `work` if the span is recording.
    #[expect(clippy::inline_always, reason = "as `with`, which it wraps")]
    #[inline(always)]
    pub(super) fn record(self, work: impl FnOnce(&mut ThreadState, &mut SpanState)) {
        if self.is_quiet() {
            return;
        }
        self.with(|thread, state| {
            if state.recording {
                work(thread, state);
            }
        });
    }

    /// Sets an attribute; the last value of a key counts. An empty key is refused and counted.
    #[inline]
    pub fn set(self, key: &str, value: Value<'_>) {
        match value {
            Value::Bool(value) => self.set_bool(key, value),
            Value::Int(value) => self.set_int(key, value),
            Value::Double(value) => self.set_double(key, value),
            Value::String(text) => self.set_text(key, text),
            other => self.record(|thread, state| put_value(thread, state, key, other)),
        }
    }

    /// [`SpanHandle::set`] for a boolean.
    #[inline(never)]
    pub fn set_bool(self, key: &str, value: bool) {
        if !self.usual().is_some_and(|span| span.set_bool(key, value)) {
            self.record(|thread, state| put(thread, state, key, value));
        }
    }

    /// [`SpanHandle::set`] for an integer.
    #[inline(never)]
    pub fn set_int(self, key: &str, value: i64) {
        if !self.usual().is_some_and(|span| span.set_int(key, value)) {
            self.record(|thread, state| put(thread, state, key, value));
        }
    }

    /// [`SpanHandle::set`] for a float.
    #[inline(never)]
    pub fn set_double(self, key: &str, value: f64) {
        if !self.usual().is_some_and(|span| span.set_double(key, value)) {
            self.record(|thread, state| put(thread, state, key, value));
        }
    }

    /// [`SpanHandle::set`] for a text.
    #[inline(never)]
    pub fn set_text(self, key: &str, text: &str) {
        if !self.usual().is_some_and(|span| span.set_text(key, text)) {
            self.record(|thread, state| put(thread, state, key, Text(text.as_bytes())));
        }
    }

    /// Adds an event at `unix_ns`, 0 = now. `attributes` is a map; anything else means none.
    pub fn add_event(self, name: &str, unix_ns: u64, attributes: &Value<'_>) {
        let unix_ns = self.by_own_clock(unix_ns);
        self.record(|thread, state| {
            if state.events as usize >= state.limits().events && !room::for_event(state) {
                return;
            }
            let per_event = state.limits().attributes_per_event;
            let dropped = attributes_of(thread, state, 0x1a, attributes, per_event);
            let time = match unix_ns {
                0 => state.now(),
                given => given,
            };
            let counted = Counted::of(dropped, 0x20);
            let len = 9 + field_len(name.len()) + thread.scratch.len() + counted.len();
            let budget = &thread.runtime.budget;
            let added = append_field(&mut state.body, EVENT, len, budget, |writer| {
                writer.byte(0x09);
                writer.fixed64(time);
                writer.field(0x12, name.as_bytes());
                writer.bytes(thread.scratch.as_slice());
                counted.write(writer);
            });
            thread.scratch.clear_modestly();
            *(if added {
                &mut state.events
            } else {
                &mut state.dropped_events
            }) += 1;
        });
    }

    /// Adds a link. `attributes` is a map; anything else means none. A link to an invalid context is
    /// kept only with attributes or a trace state (trace API, "link").
    pub fn add_link(self, context: &SpanContext, attributes: &Value<'_>) {
        self.record(|thread, state| {
            let per_link = state.limits().attributes_per_link;
            let dropped = attributes_of(thread, state, 0x22, attributes, per_link);
            let trace_state = context.trace_state.as_str().as_bytes();
            let bare = thread.scratch.len() == 0 && trace_state.is_empty();
            if !context.is_valid() && bare {
                return;
            }
            if state.links as usize >= state.limits().links && !room::for_link(state) {
                thread.scratch.clear_modestly();
                return;
            }
            let state_len = if trace_state.is_empty() {
                0
            } else {
                field_len(trace_state.len())
            };
            let counted = Counted::of(dropped, 0x28);
            // Trace id 18, span id 10, flags 5.
            let len = 33 + state_len + thread.scratch.len() + counted.len();
            let remote = if context.is_remote { 0x300 } else { 0x100 };
            let budget = &thread.runtime.budget;
            let added = append_field(&mut state.body, LINK, len, budget, |writer| {
                writer.field(0x0a, &context.trace_id.0);
                writer.field(0x12, &context.span_id.0);
                if state_len > 0 {
                    writer.field(0x1a, trace_state);
                }
                writer.bytes(thread.scratch.as_slice());
                counted.write(writer);
                writer.byte(0x35);
                writer.fixed32(u32::from(context.trace_flags.0) | remote);
            });
            thread.scratch.clear_modestly();
            *(if added {
                &mut state.links
            } else {
                &mut state.dropped_links
            }) += 1;
        });
    }

    /// Sets the status: `Unset` is ignored, `Ok` is final.
    pub fn set_status(self, status: Status<'_>) {
        const OK: u8 = 1;
        const ERROR: u8 = 2;
        self.record(|thread, state| {
            let (code, message) = match status {
                Status::Unset => return,
                Status::Ok => (OK, ""),
                Status::Error(message) => (ERROR, message),
            };
            if state.status != OK {
                state.status = code;
                let budget = &thread.runtime.budget;
                SpanState::replace(&mut state.status_message, message.as_bytes(), budget);
            }
        });
    }

    /// Replaces the kind: `tracing` may tell it late.
    #[cfg(feature = "tracing")]
    pub(crate) fn set_kind(self, kind: super::SpanKind) {
        self.record(|_, state| state.kind = kind as u8);
    }

    /// Replaces the name.
    pub fn set_name(self, name: &str) {
        self.record(|thread, state| {
            SpanState::replace(&mut state.name, name.as_bytes(), &thread.runtime.budget);
        });
    }
}

/// Puts an attribute of one kind.
#[inline]
pub(super) fn put<'v>(
    thread: &ThreadState,
    state: &mut SpanState,
    key: &str,
    value: impl Encode + Into<Scalar<'v>>,
) {
    if !state.put_short(key.as_bytes(), value) {
        put_any(thread, state, key, value.into());
    }
}

/// Puts an attribute of any kind and length, new or not, within the limits.
#[inline(never)]
fn put_any(thread: &ThreadState, state: &mut SpanState, key: &str, value: Scalar<'_>) {
    let key = key.as_bytes();
    if key.is_empty() {
        let misuse = &thread.runtime.misuse;
        misuse.invalid_attribute.fetch_add(1, Ordering::Relaxed);
        state.dropped_attributes += 1;
        return;
    }
    let value = value.cut(state.limits().attribute_value_length);
    let digest = hash(key);
    let replaces = state.keys.knows(digest) && remove(state, digest, key);
    if !replaces && state.keys.len() >= state.limits().attributes && !room::for_attribute(state) {
        return;
    }
    let at = state.body.len();
    let pair = Pair::of(key, &value);
    let budget = &thread.runtime.budget;
    let kept = SpanState::reserve(&mut state.body, pair.appended_len(), budget)
        && state.keys.push(digest, at)
        && pair.append_to(&mut state.body, ATTRIBUTE);
    if !kept {
        state.dropped_attributes += 1;
    }
}

impl Scalar<'_> {
    /// The value within the limit of its length.
    fn cut(self, limit: usize) -> Self {
        match self {
            // Texts come in as `&str`; should that ever fail, nothing is better than garbage.
            Self::Text(Text(text)) if text.len() > limit => {
                let text = std::str::from_utf8(text).unwrap_or_default();
                Self::Text(Text(cut_text(text, limit).as_bytes()))
            }
            Self::Raw(Raw(bytes)) => Self::Raw(Raw(cut_bytes(bytes, limit))),
            other => other,
        }
    }
}

/// Removes the attribute of a key, if there is one.
#[cold]
fn remove(state: &mut SpanState, digest: u32, key: &[u8]) -> bool {
    let place = state.keys.find(digest, key, state.body.as_slice());
    if let Some(place) = place {
        state.keys.remove(place, &mut state.body);
    }
    place.is_some()
}

/// Encodes a map's entries into the thread's scratch buffer as fields `tag`; how many were left out.
fn attributes_of(
    thread: &mut ThreadState,
    state: &SpanState,
    tag: u8,
    attributes: &Value<'_>,
    limit: usize,
) -> usize {
    thread.scratch.clear();
    if let Value::Map(entries) = attributes {
        let cut = cut_inside(state.limits());
        if entries.len() <= limit && plain_attributes(&mut thread.scratch, tag, entries, cut) {
            return 0;
        }
    }
    let mut built = std::mem::take(&mut thread.attributes);
    let source: &ValueBuilder = match attributes {
        Value::Built(source) => source,
        Value::Map(entries) if !entries.is_empty() => {
            built.clear();
            built.add(*attributes);
            &built
        }
        _ => {
            thread.attributes = built;
            return 0;
        }
    };
    let scratch = &mut thread.scratch;
    let most = Most {
        count: limit,
        newest: state.limits().keep_newest,
    };
    let entries = source.entries(cut_inside(state.limits()), most, |key, value| {
        append(scratch, tag, key, &value)
    });
    built.clear_modestly();
    thread.attributes = built;
    entries.unwrap_or(usize::MAX)
}

/// Encodes the entries of most events and links: few, all scalars, no key twice. False, and nothing
/// encoded, if they are not so or memory is refused.
fn plain_attributes(scratch: &mut Buf, tag: u8, entries: &[(&str, Value<'_>)], cut: Cut) -> bool {
    const FEW: usize = 8;
    let is_first = |(place, (key, _)): (usize, &(&str, _))| {
        !key.is_empty() && entries.iter().take(place).all(|(other, _)| other != key)
    };
    let plain = entries.len() <= FEW && entries.iter().enumerate().all(is_first);
    let encoded = plain
        && entries.iter().all(|(key, value)| {
            let value = match value {
                Value::Null => Scalar::Encoded(Encoded(&[])),
                Value::Bool(value) => Scalar::Bool(*value),
                Value::Int(value) => Scalar::Int(*value),
                Value::Double(value) => Scalar::Double(*value),
                Value::String(text) => Scalar::Text(Text(cut_text(text, cut.length).as_bytes())),
                Value::Bytes(bytes) => Scalar::Raw(Raw(cut_bytes(bytes, cut.length))),
                Value::Array(_) | Value::Map(_) | Value::Built(_) => return false,
            };
            append(scratch, tag, key.as_bytes(), &value)
        });
    if !encoded {
        scratch.clear();
    }
    encoded
}

/// A dropped count inside an event or link.
#[derive(Clone, Copy)]
struct Counted {
    tag: u8,
    count: u32,
}

impl Counted {
    fn of(count: usize, tag: u8) -> Self {
        Self {
            tag,
            count: u32::try_from(count).unwrap_or(u32::MAX),
        }
    }

    fn len(self) -> usize {
        match self.count {
            0 => 0,
            count => 1 + crate::wire::varint_len(u64::from(count)),
        }
    }

    fn write(self, writer: &mut crate::wire::buf::Writer<'_>) {
        if self.count > 0 {
            writer.byte(self.tag);
            writer.varint(u64::from(self.count));
        }
    }
}

/// Appends a message of `len` bytes as the field `tag`, within the memory bound.
fn append_field(
    body: &mut Buf,
    tag: u8,
    len: usize,
    budget: &Budget,
    write: impl FnOnce(&mut crate::wire::buf::Writer<'_>),
) -> bool {
    let total = field_len(len);
    SpanState::reserve(body, total, budget)
        && body.append(total, |writer| {
            writer.open(tag, len);
            write(writer);
        })
}

/// The part of the limits that concerns values.
pub(super) fn cut_of(limits: &SpanLimits) -> Cut {
    Cut {
        length: limits.attribute_value_length,
        depth: limits.depth,
    }
}

/// The same for values in events and links.
fn cut_inside(limits: &SpanLimits) -> Cut {
    Cut {
        length: limits
            .event_value_length
            .unwrap_or(limits.attribute_value_length),
        depth: limits.depth,
    }
}
