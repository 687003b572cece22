//! From OTLP bytes to [`FinishedSpan`], by prost.
//!
//! The messages here differ from opentelemetry-proto's in one point: spans and attributes stay bytes
//! until they are decoded one by one. So one that cannot be decoded (nested deeper than prost goes)
//! takes no other with it, and a batch is read without joining its pieces first.

use super::{
    FinishedEvent, FinishedLink, FinishedResource, FinishedScope, FinishedSpan, FinishedStatus,
    OwnedValue,
};
use crate::export::Batch;
use crate::span::SpanKind;
use bytes::{Buf, Bytes};
use opentelemetry_proto::tonic::common::v1 as common;
use prost::Message;
use std::sync::Arc;

/// What stands for an attribute value that cannot be decoded.
pub(crate) const UNREADABLE: &str = "(not readable: nested too deeply)";
/// OTLP `SpanFlags`: the context's (parent's) `is_remote`.
const FLAG_IS_REMOTE: u32 = 0x200;

#[derive(Clone, PartialEq, Message)]
struct ResourceSpans {
    #[prost(message, optional, tag = "1")]
    resource: Option<Resource>,
    #[prost(message, repeated, tag = "2")]
    scope_spans: Vec<ScopeSpans>,
    #[prost(string, tag = "3")]
    schema_url: String,
}

#[derive(Clone, PartialEq, Message)]
struct Resource {
    #[prost(bytes = "bytes", repeated, tag = "1")]
    attributes: Vec<Bytes>,
}

#[derive(Clone, PartialEq, Message)]
struct ScopeSpans {
    #[prost(message, optional, tag = "1")]
    scope: Option<Scope>,
    #[prost(bytes = "bytes", repeated, tag = "2")]
    spans: Vec<Bytes>,
    #[prost(string, tag = "3")]
    schema_url: String,
}

#[derive(Clone, PartialEq, Message)]
struct Scope {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "2")]
    version: String,
    #[prost(bytes = "bytes", repeated, tag = "3")]
    attributes: Vec<Bytes>,
}

#[derive(Clone, PartialEq, Message)]
struct Span {
    #[prost(bytes = "bytes", tag = "1")]
    trace_id: Bytes,
    #[prost(bytes = "bytes", tag = "2")]
    id: Bytes,
    #[prost(string, tag = "3")]
    trace_state: String,
    #[prost(bytes = "bytes", tag = "4")]
    parent_span_id: Bytes,
    #[prost(string, tag = "5")]
    name: String,
    #[prost(int32, tag = "6")]
    kind: i32,
    #[prost(fixed64, tag = "7")]
    start_unix_ns: u64,
    #[prost(fixed64, tag = "8")]
    end_unix_ns: u64,
    #[prost(bytes = "bytes", repeated, tag = "9")]
    attributes: Vec<Bytes>,
    #[prost(uint32, tag = "10")]
    dropped_attributes: u32,
    #[prost(message, repeated, tag = "11")]
    events: Vec<Event>,
    #[prost(uint32, tag = "12")]
    dropped_events: u32,
    #[prost(message, repeated, tag = "13")]
    links: Vec<Link>,
    #[prost(uint32, tag = "14")]
    dropped_links: u32,
    #[prost(message, optional, tag = "15")]
    status: Option<Status>,
    #[prost(fixed32, tag = "16")]
    flags: u32,
}

#[derive(Clone, PartialEq, Message)]
struct Event {
    #[prost(fixed64, tag = "1")]
    unix_ns: u64,
    #[prost(string, tag = "2")]
    name: String,
    #[prost(bytes = "bytes", repeated, tag = "3")]
    attributes: Vec<Bytes>,
    #[prost(uint32, tag = "4")]
    dropped_attributes: u32,
}

#[derive(Clone, PartialEq, Message)]
struct Link {
    #[prost(bytes = "bytes", tag = "1")]
    trace_id: Bytes,
    #[prost(bytes = "bytes", tag = "2")]
    span_id: Bytes,
    #[prost(string, tag = "3")]
    trace_state: String,
    #[prost(bytes = "bytes", repeated, tag = "4")]
    attributes: Vec<Bytes>,
    #[prost(uint32, tag = "5")]
    dropped_attributes: u32,
    #[prost(fixed32, tag = "6")]
    flags: u32,
}

#[derive(Clone, PartialEq, Message)]
struct Status {
    #[prost(string, tag = "2")]
    message: String,
    #[prost(int32, tag = "3")]
    code: i32,
}

/// Reads one record of a resource and scope; none if it cannot be decoded.
pub(crate) type Read<T> = fn(Bytes, &Arc<FinishedScope>, &Arc<FinishedResource>) -> Option<T>;

/// The records of one `ResourceSpans`, or of its like for log records.
pub(crate) fn resource_records<T>(bytes: &[u8], read: Read<T>) -> Vec<T> {
    let Ok(decoded) = ResourceSpans::decode(bytes) else {
        return Vec::new();
    };
    let scopes = decoded.scope_spans;
    let resource = Arc::new(resource(decoded.resource, decoded.schema_url));
    scopes
        .into_iter()
        .flat_map(|scope| scope_records(scope, &resource, read))
        .collect()
}

/// The records of a batch, run by run.
pub(crate) fn batch_records<T>(batch: &Batch, read: Read<T>) -> Vec<T> {
    let resource = Arc::new(batch_resource(batch));
    let records = |run: &crate::export::Run| {
        let run = ScopeSpans::decode(run.scope.header.chain(run.spans.clone()));
        scope_records(run.unwrap_or_default(), &resource, read)
    };
    batch.runs.iter().flat_map(records).collect()
}

/// The resource of a batch.
pub(super) fn batch_resource(batch: &Batch) -> FinishedResource {
    resource_head(&batch.resource)
}

/// The resource in the fields of `ResourceSpans` that stand before its spans.
pub(super) fn resource_head(head: &[u8]) -> FinishedResource {
    let fields = ResourceSpans::decode(head).unwrap_or_default();
    resource(fields.resource, fields.schema_url)
}

fn resource(decoded: Option<Resource>, schema_url: String) -> FinishedResource {
    let decoded = decoded.unwrap_or_default();
    FinishedResource {
        attributes: attributes(&decoded.attributes),
        schema_url,
    }
}

/// Reads what stands before the spans in an OTLP `ScopeSpans`.
pub(crate) fn scope_header(header: &[u8]) -> Option<FinishedScope> {
    let decoded = ScopeSpans::decode(header).ok()?;
    Some(scope(decoded.scope, decoded.schema_url))
}

fn scope(decoded: Option<Scope>, schema_url: String) -> FinishedScope {
    let decoded = decoded.unwrap_or_default();
    FinishedScope {
        attributes: attributes(&decoded.attributes),
        name: decoded.name,
        version: decoded.version,
        schema_url,
    }
}

fn scope_records<T>(
    decoded: ScopeSpans,
    resource: &Arc<FinishedResource>,
    read: Read<T>,
) -> Vec<T> {
    let scope = Arc::new(scope(decoded.scope, decoded.schema_url));
    let records = decoded.spans.into_iter();
    records
        .filter_map(|bytes| read(bytes, &scope, resource))
        .collect()
}

/// Reads an OTLP `Span`.
pub(super) fn span(
    bytes: Bytes,
    scope: &Arc<FinishedScope>,
    resource: &Arc<FinishedResource>,
) -> Option<FinishedSpan> {
    let decoded = Span::decode(bytes).ok()?;
    Some(FinishedSpan {
        name: decoded.name,
        trace_id: id(&decoded.trace_id),
        span_id: id(&decoded.id),
        parent_span_id: Some(id(&decoded.parent_span_id)).filter(|parent| *parent != [0; 8]),
        parent_is_remote: decoded.flags & FLAG_IS_REMOTE != 0,
        trace_flags: w3c_flags(decoded.flags),
        trace_state: decoded.trace_state,
        kind: kind(decoded.kind),
        start_unix_ns: decoded.start_unix_ns,
        end_unix_ns: decoded.end_unix_ns,
        attributes: attributes(&decoded.attributes),
        dropped_attributes: decoded.dropped_attributes,
        events: decoded.events.into_iter().map(event).collect(),
        dropped_events: decoded.dropped_events,
        links: decoded.links.into_iter().map(link).collect(),
        dropped_links: decoded.dropped_links,
        status: status(decoded.status),
        scope: Arc::clone(scope),
        resource: Arc::clone(resource),
    })
}

fn event(decoded: Event) -> FinishedEvent {
    FinishedEvent {
        name: decoded.name,
        unix_ns: decoded.unix_ns,
        attributes: attributes(&decoded.attributes),
        dropped_attributes: decoded.dropped_attributes,
    }
}

fn link(decoded: Link) -> FinishedLink {
    FinishedLink {
        trace_id: id(&decoded.trace_id),
        span_id: id(&decoded.span_id),
        trace_state: decoded.trace_state,
        trace_flags: w3c_flags(decoded.flags),
        is_remote: decoded.flags & FLAG_IS_REMOTE != 0,
        attributes: attributes(&decoded.attributes),
        dropped_attributes: decoded.dropped_attributes,
    }
}

fn status(decoded: Option<Status>) -> FinishedStatus {
    match decoded {
        Some(Status { code: 1, .. }) => FinishedStatus::Ok,
        Some(Status { code: 2, message }) => FinishedStatus::Error(message),
        _ => FinishedStatus::Unset,
    }
}

fn kind(number: i32) -> SpanKind {
    match number {
        2 => SpanKind::Server,
        3 => SpanKind::Client,
        4 => SpanKind::Producer,
        5 => SpanKind::Consumer,
        _ => SpanKind::Internal,
    }
}

/// The low byte of OTLP's flags.
pub(crate) fn w3c_flags(flags: u32) -> u8 {
    let [low, ..] = flags.to_le_bytes();
    low
}

/// An id; all zero if it has not the right length.
pub(crate) fn id<const N: usize>(bytes: &[u8]) -> [u8; N] {
    bytes.try_into().unwrap_or([0; N])
}

pub(crate) fn attributes(encoded: &[Bytes]) -> Vec<(String, OwnedValue)> {
    encoded
        .iter()
        .filter_map(|bytes| attribute(bytes))
        .collect()
}

pub(crate) fn attribute(encoded: &[u8]) -> Option<(String, OwnedValue)> {
    if let Ok(decoded) = common::KeyValue::decode(encoded) {
        return Some((decoded.key, value(decoded.value)));
    }
    let key = Key::decode(encoded).ok()?.key;
    Some((key, OwnedValue::String(UNREADABLE.into())))
}

/// A `KeyValue` of which only the key is read.
#[derive(Clone, PartialEq, Message)]
struct Key {
    #[prost(string, tag = "1")]
    key: String,
}

/// Recursion is bounded: prost stops at 100 nested messages.
pub(crate) fn value(decoded: Option<common::AnyValue>) -> OwnedValue {
    use common::any_value::Value;
    match decoded.and_then(|decoded| decoded.value) {
        None | Some(Value::StringValueStrindex(_)) => OwnedValue::Null,
        Some(Value::BoolValue(flag)) => OwnedValue::Bool(flag),
        Some(Value::IntValue(number)) => OwnedValue::Int(number),
        Some(Value::DoubleValue(number)) => OwnedValue::Double(number),
        Some(Value::StringValue(text)) => OwnedValue::String(text),
        Some(Value::BytesValue(bytes)) => OwnedValue::Bytes(bytes),
        Some(Value::ArrayValue(list)) => OwnedValue::Array(
            list.values
                .into_iter()
                .map(|item| value(Some(item)))
                .collect(),
        ),
        Some(Value::KvlistValue(map)) => {
            let entry = |entry: common::KeyValue| (entry.key, value(entry.value));
            OwnedValue::Map(map.values.into_iter().map(entry).collect())
        }
    }
}

#[cfg(test)]
mod tests;
