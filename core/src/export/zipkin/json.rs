//! A span as Zipkin v2 JSON (OpenTelemetry, "OpenTelemetry to Zipkin Transformation").
//!
//! Beyond the specification: resource attributes are tags as well, and links are tags in the
//! collector's form, which reads them back; otherwise both would be lost.

use super::endpoint::Endpoint;
use crate::export::tags::{DROPPED_ATTRIBUTES, SERVICE_NAME, Tags, service_name};
use crate::finished::{
    FinishedEvent, FinishedLink, FinishedSpan, FinishedStatus, OwnedValue, write_json_text,
};
use crate::id::{SpanId, TraceId};
use crate::span::SpanKind;
use std::fmt::{self, Write};

const NS_PER_US: u64 = 1000;

/// The spans as one JSON array, the body of a request.
pub(super) fn spans(spans: &[FinishedSpan]) -> Result<String, fmt::Error> {
    let mut out = String::with_capacity(512 * spans.len());
    out.push('[');
    for (place, span) in spans.iter().enumerate() {
        if place > 0 {
            out.push(',');
        }
        write_span(&mut out, span)?;
    }
    out.push(']');
    Ok(out)
}

/// One span. Fields without a value are left out.
fn write_span(out: &mut String, span: &FinishedSpan) -> fmt::Result {
    let ids = (TraceId(span.trace_id), SpanId(span.span_id));
    write!(out, r#"{{"traceId":"{}","id":"{}""#, ids.0, ids.1)?;
    if let Some(parent) = span.parent_span_id {
        write!(out, r#","parentId":"{}""#, SpanId(parent))?;
    }
    if !span.name.is_empty() {
        out.push_str(r#","name":"#);
        text(out, &span.name)?;
    }
    if let Some(kind) = kind(span.kind) {
        write!(out, r#","kind":"{kind}""#)?;
    }
    // Zipkin takes a duration of 0 for none.
    let duration = (span.end_unix_ns.saturating_sub(span.start_unix_ns) / NS_PER_US).max(1);
    let start = span.start_unix_ns / NS_PER_US;
    write!(out, r#","timestamp":{start},"duration":{duration}"#)?;
    out.push_str(r#","localEndpoint":{"serviceName":"#);
    text(out, service_name(&span.resource))?;
    out.push('}');
    if let Some(remote) = Endpoint::remote(span) {
        out.push_str(r#","remoteEndpoint":"#);
        remote.write(out)?;
    }
    annotations(out, &span.events)?;
    tags(out, span)?;
    out.push('}');
    Ok(())
}

/// Zipkin has no word for internal spans.
fn kind(kind: SpanKind) -> Option<&'static str> {
    match kind {
        SpanKind::Internal => None,
        SpanKind::Server => Some("SERVER"),
        SpanKind::Client => Some("CLIENT"),
        SpanKind::Producer => Some("PRODUCER"),
        SpanKind::Consumer => Some("CONSUMER"),
    }
}

fn annotations(out: &mut String, events: &[FinishedEvent]) -> fmt::Result {
    if events.is_empty() {
        return Ok(());
    }
    out.push_str(r#","annotations":["#);
    for (place, event) in events.iter().enumerate() {
        if place > 0 {
            out.push(',');
        }
        let time = event.unix_ns / NS_PER_US;
        write!(out, r#"{{"timestamp":{time},"value":"#)?;
        text(out, &annotation(event)?)?;
        out.push('}');
    }
    out.push(']');
    Ok(())
}

/// The event's name; with attributes, in the form `"name": {"key":value}`.
fn annotation(event: &FinishedEvent) -> Result<String, fmt::Error> {
    let mut fields = Tags::default();
    fields.put_all(&event.attributes);
    fields.put_count(DROPPED_ATTRIBUTES, event.dropped_attributes);
    if fields.entries().len() == 0 {
        return Ok(event.name.clone());
    }
    let mut value = String::new();
    write_json_text(&mut value, &event.name)?;
    value.push_str(": ");
    object(&mut value, &fields)?;
    Ok(value)
}

fn object(out: &mut String, fields: &Tags<'_>) -> fmt::Result {
    out.push('{');
    for (place, (key, value)) in fields.entries().enumerate() {
        if place > 0 {
            out.push(',');
        }
        write_json_text(out, key)?;
        out.push(':');
        value.write_json(out)?;
    }
    out.push('}');
    Ok(())
}

fn tags(out: &mut String, span: &FinishedSpan) -> fmt::Result {
    let mut tags = Tags::default();
    match &span.status {
        FinishedStatus::Unset => {}
        FinishedStatus::Ok => tags.put("otel.status_code", "OK"),
        FinishedStatus::Error(why) => {
            tags.put("otel.status_code", "ERROR");
            tags.put("error", why.as_str());
        }
    }
    // Zipkin shows a span as failed whatever the tag's value.
    tags.withhold("error");
    let links: Vec<(String, OwnedValue)> = span
        .links
        .iter()
        .enumerate()
        .map(|(place, link)| Ok((format!("otlp.link.{place}"), link_text(link)?.into())))
        .collect::<Result<_, fmt::Error>>()?;
    tags.put_all(&links);
    tags.put_span(span);
    // The local endpoint has it; not withheld before, because a span may have one of its own.
    tags.withhold(SERVICE_NAME);
    tags.put_all(&span.resource.attributes);

    for (place, (key, value)) in tags.entries().enumerate() {
        out.push_str(if place == 0 { r#","tags":{"# } else { "," });
        text(out, key)?;
        out.push(':');
        text(out, &value.to_string())?;
    }
    if tags.entries().len() > 0 {
        out.push('}');
    }
    Ok(())
}

/// `trace id|span id|trace state|attributes|dropped attributes`.
fn link_text(link: &FinishedLink) -> Result<String, fmt::Error> {
    let ids = (TraceId(link.trace_id), SpanId(link.span_id));
    let mut out = format!("{}|{}|{}|", ids.0, ids.1, link.trace_state);
    let mut fields = Tags::default();
    fields.put_all(&link.attributes);
    object(&mut out, &fields)?;
    write!(out, "|{}", link.dropped_attributes)?;
    Ok(out)
}

/// A JSON string that does not end in `yAnnotations"`: a Zipkin server takes those bytes anywhere in
/// a body for its version 1 and refuses the whole request. An escape means the same and passes.
pub(super) fn text(out: &mut String, text: &str) -> fmt::Result {
    write_json_text(out, text)?;
    if out.ends_with("yAnnotations\"") {
        out.truncate(out.len() - "yAnnotations\"".len());
        out.push_str("\\u0079Annotations\"");
    }
    Ok(())
}
