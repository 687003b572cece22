//! A model of what a span must hold, in plain values and `opentelemetry-proto`'s types.
//!
//! Written from the specification alone: it shares no code with the recorder.

use libtracer::Status as Said;
use libtracer::{
    Span as Recorded, SpanContext, SpanId, SpanLimits, TraceFlags, TraceId, TraceState, Value,
};
use opentelemetry_proto::tonic::common::v1::{
    AnyValue, ArrayValue, KeyValue, KeyValueList, any_value,
};
use opentelemetry_proto::tonic::trace::v1::{Span, Status, span, status};
use proptest::collection::vec;
use proptest::prelude::*;
use prost::Message;

/// An attribute value.
#[derive(Clone, Debug)]
pub(crate) enum Val {
    Null,
    Bool(bool),
    Int(i64),
    Double(f64),
    Text(String),
    Bytes(Vec<u8>),
    Array(Vec<Val>),
    Map(Vec<(String, Val)>),
}

/// Attributes as a caller gives them: keys may repeat and be empty.
pub(crate) type Pairs = Vec<(String, Val)>;

/// A link's target.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) trace_id: [u8; 16],
    pub(crate) span_id: [u8; 8],
    pub(crate) flags: u8,
    pub(crate) remote: bool,
    pub(crate) state: String,
}

/// What is done to a span.
#[derive(Clone, Debug)]
pub(crate) enum Op {
    Set(String, Val),
    Event(String, u64, Pairs),
    Link(Target, Pairs),
    Ok,
    Error(String),
    Unset,
    Name(String),
}

fn text() -> impl Strategy<Value = String> {
    let repeated = |len| "x".repeat(len);
    prop_oneof![
        30 => "[a-zé€😀]{0,12}",
        30 => "[ -~]{0,20}",
        20 => any::<String>(),
        // Lengths around the borders of a length in one byte and in two, and of a chunk.
        20 => (100usize..300).prop_map(repeated),
        2 => (16_300usize..16_500).prop_map(repeated),
        1 => (65_400usize..65_700).prop_map(repeated),
    ]
}

/// Few keys, so that they collide; some that differ in the middle only.
fn key() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => "[a-e]",
        2 => Just("http.request.method".to_owned()),
        2 => Just("http.reXuest.method".to_owned()),
        1 => Just(String::new()),
        1 => text(),
    ]
}

pub(crate) fn val() -> impl Strategy<Value = Val> {
    let scalar = prop_oneof![
        Just(Val::Null),
        any::<bool>().prop_map(Val::Bool),
        prop_oneof![any::<i64>(), -1000..1000i64].prop_map(Val::Int),
        prop_oneof![(-1e300..1e300f64), any::<f64>(), prop::num::f64::ANY].prop_map(Val::Double),
        text().prop_map(Val::Text),
        vec(any::<u8>(), 0..20).prop_map(Val::Bytes),
    ];
    scalar.prop_recursive(5, 40, 5, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..5).prop_map(Val::Array),
            vec((key(), inner), 0..5).prop_map(Val::Map),
        ]
    })
}

pub(crate) fn pairs() -> impl Strategy<Value = Pairs> {
    vec((key(), val()), 0..6)
}

fn target() -> impl Strategy<Value = Target> {
    let ids = prop_oneof![3 => (any::<[u8; 16]>(), any::<[u8; 8]>()), 1 => Just(([0; 16], [0; 8]))];
    let state = prop_oneof![Just(String::new()), Just("vendor=1,other=2".to_owned())];
    (ids, 0..4u8, any::<bool>(), state).prop_map(|((trace_id, span_id), flags, remote, state)| {
        Target {
            trace_id,
            span_id,
            flags,
            remote,
            state,
        }
    })
}

pub(crate) fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        8 => (key(), val()).prop_map(|(key, val)| Op::Set(key, val)),
        2 => (text(), 1..u64::MAX, pairs()).prop_map(|(name, at, pairs)| Op::Event(name, at, pairs)),
        2 => (target(), pairs()).prop_map(|(target, pairs)| Op::Link(target, pairs)),
        1 => Just(Op::Ok),
        1 => text().prop_map(Op::Error),
        1 => Just(Op::Unset),
        1 => text().prop_map(Op::Name),
    ]
}

pub(crate) fn limits() -> impl Strategy<Value = SpanLimits> {
    let count = || prop_oneof![Just(128usize), 0..5usize];
    let length = prop_oneof![Just(usize::MAX), 0..10usize];
    let depth = prop_oneof![Just(64usize), 0..5usize];
    (count(), length, count(), count(), count(), count(), depth).prop_map(
        |(attributes, attribute_value_length, events, links, per_event, per_link, depth)| {
            SpanLimits {
                attributes,
                attribute_value_length,
                events,
                links,
                attributes_per_event: per_event,
                attributes_per_link: per_link,
                depth,
                ..SpanLimits::DEFAULT
            }
        },
    )
}

impl Val {
    /// As a caller passes it. What nested values borrow is leaked.
    pub(crate) fn borrow(&self) -> Value<'static> {
        match self.clone() {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(value),
            Self::Int(value) => Value::Int(value),
            Self::Double(value) => Value::Double(value),
            Self::Text(text) => Value::String(text.leak()),
            Self::Bytes(bytes) => Value::Bytes(bytes.leak()),
            Self::Array(values) => {
                Value::Array(values.iter().map(Self::borrow).collect::<Vec<_>>().leak())
            }
            Self::Map(entries) => Value::Map(borrow_pairs(&entries)),
        }
    }

    /// What is exported of it; `level` is its own depth if it is an array or map.
    fn expected(&self, limits: &SpanLimits, level: usize) -> AnyValue {
        use any_value::Value as Any;
        let too_deep = level > limits.depth;
        let value = match self {
            Self::Null => None,
            Self::Bool(value) => Some(Any::BoolValue(*value)),
            Self::Int(value) => Some(Any::IntValue(*value)),
            Self::Double(value) => Some(Any::DoubleValue(*value)),
            Self::Text(text) => Some(Any::StringValue(
                text.chars().take(limits.attribute_value_length).collect(),
            )),
            Self::Bytes(bytes) => {
                let end = bytes.len().min(limits.attribute_value_length);
                Some(Any::BytesValue(bytes[..end].to_vec()))
            }
            Self::Array(_) | Self::Map(_) if too_deep => None,
            Self::Array(values) => {
                let values = values.iter().map(|value| value.expected(limits, level + 1));
                Some(Any::ArrayValue(ArrayValue {
                    values: values.collect(),
                }))
            }
            Self::Map(entries) => {
                let values = last_of_each(entries).into_iter();
                let values =
                    values.map(|(key, value)| pair(key, value.expected(limits, level + 1)));
                Some(Any::KvlistValue(KeyValueList {
                    values: values.collect(),
                }))
            }
        };
        AnyValue { value }
    }
}

/// Pairs as a caller passes them. Leaked.
pub(crate) fn borrow_pairs(pairs: &[(String, Val)]) -> &'static [(&'static str, Value<'static>)] {
    let borrowed: Vec<(&'static str, Value<'static>)> = pairs
        .iter()
        .map(|(key, val)| (&*key.clone().leak(), val.borrow()))
        .collect();
    borrowed.leak()
}

/// Does this to a span; `set` sets an attribute.
pub(crate) fn apply(span: &Recorded, ops: &[Op], set: impl Fn(&str, &Val)) {
    for op in ops {
        match op {
            Op::Set(key, val) => set(key, val),
            Op::Event(name, at, pairs) => {
                let attributes = Value::Map(borrow_pairs(pairs));
                span.handle().add_event(name, *at, &attributes);
            }
            Op::Link(target, pairs) => {
                span.add_link(&target.context(), borrow_pairs(pairs));
            }
            Op::Ok => {
                span.set_status(Said::Ok);
            }
            Op::Error(message) => {
                span.set_status(Said::Error(message));
            }
            Op::Unset => {
                span.set_status(Said::Unset);
            }
            Op::Name(name) => {
                span.set_name(name);
            }
        }
    }
}

impl Target {
    pub(crate) fn context(&self) -> SpanContext {
        SpanContext {
            trace_id: TraceId(self.trace_id),
            span_id: SpanId(self.span_id),
            trace_flags: TraceFlags(self.flags),
            is_remote: self.remote,
            trace_state: TraceState::from_header(&self.state),
        }
    }
}

fn pair(key: &str, value: AnyValue) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(value),
        ..KeyValue::default()
    }
}

/// The last of equal keys, in the order in which those stand.
fn last_of_each(pairs: &[(String, Val)]) -> Vec<(&str, &Val)> {
    let is_last = |place: usize| {
        pairs[place + 1..]
            .iter()
            .all(|(key, _)| *key != pairs[place].0)
    };
    let kept = (0..pairs.len()).filter(|place| is_last(*place));
    kept.map(|place| (pairs[place].0.as_str(), &pairs[place].1))
        .collect()
}

/// The attributes of an event or link, and how many were dropped.
fn kept(pairs: &[(String, Val)], limit: usize, limits: &SpanLimits) -> (Vec<KeyValue>, u32) {
    let unique = last_of_each(pairs);
    let total = unique.len();
    let named = unique.into_iter().filter(|(key, _)| !key.is_empty());
    let kept: Vec<KeyValue> = named
        .take(limit)
        .map(|(key, val)| pair(key, val.expected(limits, 1)))
        .collect();
    let dropped = total - kept.len();
    (kept, u32::try_from(dropped).unwrap())
}

/// The span that results from `ops`: ids, times and flags are left to the caller.
pub(crate) fn model(name: &str, ops: &[Op], limits: &SpanLimits) -> Span {
    let mut span = Span {
        name: name.to_owned(),
        ..Span::default()
    };
    let mut status = Status::default();
    for op in ops {
        match op {
            Op::Set(key, val) => set(&mut span, key, val.expected(limits, 1), limits.attributes),
            Op::Event(name, at, pairs) if span.events.len() < limits.events => {
                let (attributes, dropped) = kept(pairs, limits.attributes_per_event, limits);
                span.events.push(span::Event {
                    time_unix_nano: *at,
                    name: name.clone(),
                    attributes,
                    dropped_attributes_count: dropped,
                });
            }
            Op::Event(..) => span.dropped_events_count += 1,
            Op::Link(target, pairs) => {
                let (attributes, dropped) = kept(pairs, limits.attributes_per_link, limits);
                let bare = attributes.is_empty() && target.state.is_empty();
                if target.trace_id == [0; 16] && bare {
                    continue;
                }
                if span.links.len() >= limits.links {
                    span.dropped_links_count += 1;
                    continue;
                }
                span.links.push(span::Link {
                    trace_id: target.trace_id.to_vec(),
                    span_id: target.span_id.to_vec(),
                    trace_state: target.state.clone(),
                    attributes,
                    dropped_attributes_count: dropped,
                    flags: u32::from(target.flags) | if target.remote { 0x300 } else { 0x100 },
                });
            }
            Op::Name(name) => span.name.clone_from(name),
            Op::Unset => {}
            _ if status.code == status::StatusCode::Ok as i32 => {}
            Op::Ok => {
                status = Status {
                    code: status::StatusCode::Ok as i32,
                    message: String::new(),
                };
            }
            Op::Error(message) => {
                let code = status::StatusCode::Error as i32;
                status = Status {
                    code,
                    message: message.clone(),
                };
            }
        }
    }
    if status.code != 0 {
        span.status = Some(status);
    }
    span
}

fn set(span: &mut Span, key: &str, value: AnyValue, limit: usize) {
    if key.is_empty() {
        span.dropped_attributes_count += 1;
        return;
    }
    if let Some(known) = span.attributes.iter_mut().find(|known| known.key == key) {
        known.value = Some(value);
    } else if span.attributes.len() < limit {
        span.attributes.push(pair(key, value));
    } else {
        span.dropped_attributes_count += 1;
    }
}

/// A span whose attributes stand in the order of their keys: that order has no meaning.
pub(crate) fn sorted(mut span: Span) -> Span {
    span.attributes.sort_by(|a, b| a.key.cmp(&b.key));
    span
}

/// Whether two spans are the same to the bit, but for the order of attributes.
pub(crate) fn same(found: &Span, expected: &Span) -> Result<(), TestCaseError> {
    let (found, expected) = (sorted(found.clone()), sorted(expected.clone()));
    let alike = bits(&found) == bits(&expected);
    prop_assert!(alike, "found {found:?}\nexpected {expected:?}");
    Ok(())
}

/// A message by its bytes: a NaN does not equal itself.
pub(crate) fn bits(message: &impl Message) -> Vec<u8> {
    message.encode_to_vec()
}
