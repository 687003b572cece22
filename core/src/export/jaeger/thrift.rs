//! Spans as a `Batch` of jaeger.thrift in the binary protocol (OpenTelemetry, "OpenTelemetry to
//! Jaeger Transformation").
//!
//! Beyond the specification: the attributes of a link are a log of the span (the specification allows
//! it), and a trace state is a tag; otherwise both would be lost.

use super::writer::Writer;
use crate::export::tags::{DROPPED_ATTRIBUTES, SERVICE_NAME, Tags, service_name};
use crate::finished::{
    FinishedEvent, FinishedLink, FinishedResource, FinishedSpan, FinishedStatus, OwnedValue,
};
use crate::id::{SpanId, TraceId};
use crate::span::SpanKind;
use std::num::TryFromIntError;

const NS_PER_US: u64 = 1000;
/// `SpanRefType.FOLLOWS_FROM`.
const FOLLOWS_FROM: i32 = 1;

/// Numbers of `TagType`.
mod tag_type {
    pub(super) const STRING: i32 = 0;
    pub(super) const DOUBLE: i32 = 1;
    pub(super) const BOOL: i32 = 2;
    pub(super) const LONG: i32 = 3;
    pub(super) const BINARY: i32 = 4;
}

/// The batch of these spans, which all come from one resource.
pub(super) fn batch(
    spans: &[FinishedSpan],
    resource: &FinishedResource,
) -> thrift::Result<Vec<u8>> {
    let mut out = Writer::with_capacity(512 * spans.len());
    out.structure(|out| {
        out.field_structure(1, |out| process(out, resource))?;
        out.list(2, spans.iter(), span)
    })?;
    Ok(out.into_bytes())
}

fn process(out: &mut Writer, resource: &FinishedResource) -> thrift::Result<()> {
    let mut fields = Tags::default();
    fields.withhold(SERVICE_NAME);
    fields.put_all(&resource.attributes);
    out.string(1, service_name(resource))?;
    tags(out, 2, &fields)
}

fn span(out: &mut Writer, span: &FinishedSpan) -> thrift::Result<()> {
    let [high, low] = halves(span.trace_id);
    out.i64(1, low)?;
    out.i64(2, high)?;
    out.i64(3, i64::from_be_bytes(span.span_id))?;
    out.i64(4, span.parent_span_id.map_or(0, i64::from_be_bytes))?;
    out.string(5, &span.name)?;
    if !span.links.is_empty() {
        out.list(6, span.links.iter(), reference)?;
    }
    // Jaeger's second bit means debug, W3C's a random trace id: only the first is the same.
    out.i32(7, i32::from(span.trace_flags & 1))?;
    out.i64(8, micros(span.start_unix_ns)?)?;
    let duration = span.end_unix_ns.saturating_sub(span.start_unix_ns);
    out.i64(9, micros(duration)?)?;
    tags(out, 10, &span_tags(span))?;
    let logs = logs(span);
    if !logs.is_empty() {
        out.list(11, logs.iter(), |out, (unix_ns, fields)| {
            out.i64(1, micros(*unix_ns)?)?;
            tags(out, 2, fields)
        })?;
    }
    Ok(())
}

fn reference(out: &mut Writer, link: &FinishedLink) -> thrift::Result<()> {
    let [high, low] = halves(link.trace_id);
    out.i32(1, FOLLOWS_FROM)?;
    out.i64(2, low)?;
    out.i64(3, high)?;
    out.i64(4, i64::from_be_bytes(link.span_id))
}

fn span_tags(span: &FinishedSpan) -> Tags<'_> {
    let mut tags = Tags::default();
    match span.kind {
        SpanKind::Internal => {}
        SpanKind::Server => tags.put("span.kind", "server"),
        SpanKind::Client => tags.put("span.kind", "client"),
        SpanKind::Producer => tags.put("span.kind", "producer"),
        SpanKind::Consumer => tags.put("span.kind", "consumer"),
    }
    match &span.status {
        FinishedStatus::Unset => {}
        FinishedStatus::Ok => tags.put("otel.status_code", "OK"),
        FinishedStatus::Error(why) => {
            tags.put("otel.status_code", "ERROR");
            if !why.is_empty() {
                tags.put("otel.status_description", why.as_str());
            }
            tags.put("error", true);
        }
    }
    tags.put_span(span);
    tags
}

/// When, and what.
type Log<'a> = (u64, Tags<'a>);

/// The events, then the links that say more than a reference can.
fn logs(span: &FinishedSpan) -> Vec<Log<'_>> {
    let events = span
        .events
        .iter()
        .map(|event| (event.unix_ns, event_fields(event)));
    let links = span.links.iter().filter(|link| says_more(link));
    events
        .chain(links.map(|link| (span.start_unix_ns, link_fields(link))))
        .collect()
}

fn event_fields(event: &FinishedEvent) -> Tags<'_> {
    let mut fields = Tags::default();
    // An attribute of that name wins, says the specification.
    if event.attribute("event").is_none() {
        fields.put("event", event.name.as_str());
    }
    fields.put_all(&event.attributes);
    fields.put_count(DROPPED_ATTRIBUTES, event.dropped_attributes);
    fields
}

fn says_more(link: &FinishedLink) -> bool {
    !link.attributes.is_empty() || !link.trace_state.is_empty() || link.dropped_attributes > 0
}

fn link_fields(link: &FinishedLink) -> Tags<'_> {
    let mut fields = Tags::default();
    fields.put("event", "link");
    fields.put("trace_id", TraceId(link.trace_id).to_string());
    fields.put("span_id", SpanId(link.span_id).to_string());
    if !link.trace_state.is_empty() {
        fields.put("w3c.tracestate", link.trace_state.as_str());
    }
    fields.put_all(&link.attributes);
    fields.put_count(DROPPED_ATTRIBUTES, link.dropped_attributes);
    fields
}

fn tags(out: &mut Writer, id: i16, tags: &Tags<'_>) -> thrift::Result<()> {
    out.list(id, tags.entries(), |out, (key, value)| {
        out.string(1, key)?;
        match value {
            OwnedValue::Double(value) => {
                out.i32(2, tag_type::DOUBLE)?;
                out.double(4, *value)
            }
            OwnedValue::Bool(value) => {
                out.i32(2, tag_type::BOOL)?;
                out.bool(5, *value)
            }
            OwnedValue::Int(value) => {
                out.i32(2, tag_type::LONG)?;
                out.i64(6, *value)
            }
            OwnedValue::Bytes(value) => {
                out.i32(2, tag_type::BINARY)?;
                out.binary(7, value)
            }
            OwnedValue::String(text) => {
                out.i32(2, tag_type::STRING)?;
                out.string(3, text)
            }
            OwnedValue::Null | OwnedValue::Array(_) | OwnedValue::Map(_) => {
                out.i32(2, tag_type::STRING)?;
                out.string(3, &value.to_string())
            }
        }
    })
}

/// The most and the least significant half, as Jaeger has them.
fn halves(trace_id: [u8; 16]) -> [i64; 2] {
    let whole = u128::from_be_bytes(trace_id);
    let mask = u128::from(u64::MAX);
    let half = |bits: u128| u64::try_from(bits & mask).map_or(0, u64::cast_signed);
    [half(whole >> 64), half(whole)]
}

/// Microseconds of nanoseconds; they always fit.
fn micros(nanoseconds: u64) -> Result<i64, thrift::Error> {
    i64::try_from(nanoseconds / NS_PER_US)
        .map_err(|error: TryFromIntError| thrift::Error::from(error.to_string()))
}
