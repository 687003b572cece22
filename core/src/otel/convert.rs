//! A finished span as `opentelemetry_sdk`'s `SpanData`, field by field.

use crate::{
    export::Batch,
    finished::{
        FinishedEvent, FinishedLink, FinishedScope, FinishedSpan, FinishedStatus, OwnedValue,
    },
    span::SpanKind,
};
use opentelemetry::{
    Array, InstrumentationScope, KeyValue, StringValue, Value,
    trace::{
        Event, Link, SpanContext, SpanId, SpanKind as TheirKind, Status, TraceFlags, TraceId,
        TraceState,
    },
};
use opentelemetry_sdk::{
    Resource,
    trace::{SpanData, SpanEvents, SpanLinks},
};
use std::time::{Duration, SystemTime};

/// The resource of a batch.
pub(super) fn resource(batch: &Batch) -> Resource {
    resource_of(&batch.resource)
}

/// The resource in the fields of `ResourceSpans` that stand before its spans.
pub(crate) fn resource_of(head: &[u8]) -> Resource {
    let resource = crate::finished::FinishedResource::of(head);
    let attributes = key_values(resource.attributes);
    let builder = Resource::builder_empty();
    if resource.schema_url.is_empty() {
        builder.with_attributes(attributes).build()
    } else {
        builder
            .with_schema_url(attributes, resource.schema_url)
            .build()
    }
}

pub(super) fn span_data(span: FinishedSpan) -> SpanData {
    let mut events = SpanEvents::default();
    events.events = span.events.into_iter().map(event).collect();
    events.dropped_count = span.dropped_events;
    let mut links = SpanLinks::default();
    links.links = span.links.into_iter().map(link).collect();
    links.dropped_count = span.dropped_links;
    SpanData {
        span_context: SpanContext::new(
            TraceId::from_bytes(span.trace_id),
            SpanId::from_bytes(span.span_id),
            TraceFlags::new(span.trace_flags),
            false,
            trace_state(&span.trace_state),
        ),
        parent_span_id: span
            .parent_span_id
            .map_or(SpanId::INVALID, SpanId::from_bytes),
        parent_span_is_remote: span.parent_is_remote,
        span_kind: kind(span.kind),
        name: span.name.into(),
        start_time: time(span.start_unix_ns),
        end_time: time(span.end_unix_ns),
        attributes: key_values(span.attributes),
        dropped_attributes_count: span.dropped_attributes,
        events,
        links,
        status: status(span.status),
        instrumentation_scope: scope(&span.scope),
    }
}

fn event(event: FinishedEvent) -> Event {
    let attributes = key_values(event.attributes);
    Event::new(
        event.name,
        time(event.unix_ns),
        attributes,
        event.dropped_attributes,
    )
}

fn link(link: FinishedLink) -> Link {
    let context = SpanContext::new(
        TraceId::from_bytes(link.trace_id),
        SpanId::from_bytes(link.span_id),
        TraceFlags::new(link.trace_flags),
        link.is_remote,
        trace_state(&link.trace_state),
    );
    Link::new(
        context,
        key_values(link.attributes),
        link.dropped_attributes,
    )
}

fn scope(scope: &FinishedScope) -> InstrumentationScope {
    let mut builder = InstrumentationScope::builder(scope.name.clone());
    if !scope.version.is_empty() {
        builder = builder.with_version(scope.version.clone());
    }
    if !scope.schema_url.is_empty() {
        builder = builder.with_schema_url(scope.schema_url.clone());
    }
    builder
        .with_attributes(key_values(scope.attributes.clone()))
        .build()
}

/// A tracestate that their parser refuses is left out, as for one received so.
pub(super) fn trace_state(header: &str) -> TraceState {
    header.parse().unwrap_or_default()
}

pub(super) fn kind(kind: SpanKind) -> TheirKind {
    match kind {
        SpanKind::Internal => TheirKind::Internal,
        SpanKind::Server => TheirKind::Server,
        SpanKind::Client => TheirKind::Client,
        SpanKind::Producer => TheirKind::Producer,
        SpanKind::Consumer => TheirKind::Consumer,
    }
}

fn status(status: FinishedStatus) -> Status {
    match status {
        FinishedStatus::Unset => Status::Unset,
        FinishedStatus::Ok => Status::Ok,
        FinishedStatus::Error(description) => Status::error(description),
    }
}

fn time(unix_ns: u64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_nanos(unix_ns)
}

pub(super) fn key_values(attributes: Vec<(String, OwnedValue)>) -> Vec<KeyValue> {
    attributes
        .into_iter()
        .map(|(key, value)| KeyValue::new(key, self::value(value)))
        .collect()
}

pub(super) fn value(value: OwnedValue) -> Value {
    match value {
        OwnedValue::Bool(flag) => flag.into(),
        OwnedValue::Int(number) => number.into(),
        OwnedValue::Double(number) => number.into(),
        OwnedValue::String(text) => text.into(),
        OwnedValue::Array(values) => match array(&values) {
            Some(array) => Value::Array(array),
            None => OwnedValue::Array(values).to_string().into(),
        },
        OwnedValue::Null | OwnedValue::Bytes(_) | OwnedValue::Map(_) => value.to_string().into(),
    }
}

/// An array of one kind; none if the kinds are mixed, or not those of their arrays.
fn array(values: &[OwnedValue]) -> Option<Array> {
    match values.first() {
        Some(OwnedValue::Bool(_)) => of_kind(values, |value| match value {
            OwnedValue::Bool(flag) => Some(*flag),
            _ => None,
        })
        .map(Array::Bool),
        Some(OwnedValue::Int(_)) => of_kind(values, |value| match value {
            OwnedValue::Int(number) => Some(*number),
            _ => None,
        })
        .map(Array::I64),
        Some(OwnedValue::Double(_)) => of_kind(values, |value| match value {
            OwnedValue::Double(number) => Some(*number),
            _ => None,
        })
        .map(Array::F64),
        Some(OwnedValue::String(_)) | None => {
            let text = |value: &OwnedValue| Some(StringValue::from(value.as_str()?.to_owned()));
            of_kind(values, text).map(Array::String)
        }
        _ => None,
    }
}

fn of_kind<T>(values: &[OwnedValue], read: impl Fn(&OwnedValue) -> Option<T>) -> Option<Vec<T>> {
    values.iter().map(read).collect()
}
