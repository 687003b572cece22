//! A finished span read back: what a person, a test or a foreign exporter sees of it.
//!
//! Nothing here is on the way to an OTLP destination; decoding costs only those who ask. The types
//! are plain data without a lifetime or a dependency's type in sight.

pub(crate) mod decode;
mod from;
mod value;

pub(crate) use decode::{attribute as decode_attribute, scope_header};
pub use value::OwnedValue;
#[cfg(feature = "otlp-http")]
pub(crate) use value::{Base64, number_word, write_json_text};

use crate::span::SpanKind;
use std::{sync::Arc, time::Duration};

/// A span that has ended.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct FinishedSpan {
    /// What the operation is called.
    pub name: String,
    /// The trace it belongs to.
    pub trace_id: [u8; 16],
    /// Its own id.
    pub span_id: [u8; 8],
    /// The id of its parent; none for the root of a trace.
    pub parent_span_id: Option<[u8; 8]>,
    /// Whether the parent is a span of another process.
    pub parent_is_remote: bool,
    /// The W3C trace flags (bit 0: sampled).
    pub trace_flags: u8,
    /// The W3C `tracestate`, as a header would carry it.
    pub trace_state: String,
    /// Its role between processes.
    pub kind: SpanKind,
    /// When it began: nanoseconds since 1970.
    pub start_unix_ns: u64,
    /// When it ended: nanoseconds since 1970.
    pub end_unix_ns: u64,
    /// Its attributes, in the order in which they were first set.
    pub attributes: Vec<(String, OwnedValue)>,
    /// Attributes that did not fit the limits or had no key.
    pub dropped_attributes: u32,
    /// Its events, in the order in which they were added.
    pub events: Vec<FinishedEvent>,
    /// Events that did not fit the limits.
    pub dropped_events: u32,
    /// Its links.
    pub links: Vec<FinishedLink>,
    /// Links that did not fit the limits.
    pub dropped_links: u32,
    /// How it went.
    pub status: FinishedStatus,
    /// Who made it.
    pub scope: Arc<FinishedScope>,
    /// What it was made in.
    pub resource: Arc<FinishedResource>,
}

impl FinishedSpan {
    /// The spans in an encoded OTLP `ResourceSpans`. What is not a span of that form is left out.
    #[must_use]
    pub fn decode(resource_spans: &[u8]) -> Vec<Self> {
        decode::resource_records(resource_spans, decode::span)
    }

    pub(crate) fn decode_batch(batch: &crate::Batch) -> Vec<Self> {
        decode::batch_records(batch, decode::span)
    }

    /// From start to end; zero if the end lies before the start.
    #[must_use]
    pub fn duration(&self) -> Duration {
        Duration::from_nanos(self.end_unix_ns.saturating_sub(self.start_unix_ns))
    }

    /// The value of an attribute.
    #[must_use]
    pub fn attribute(&self, key: &str) -> Option<&OwnedValue> {
        find(&self.attributes, key)
    }

    /// About how many bytes of memory it takes.
    pub(crate) fn weight(&self) -> usize {
        let event = |event: &FinishedEvent| {
            size_of::<FinishedEvent>() + event.name.len() + value::entries_weight(&event.attributes)
        };
        let link = |link: &FinishedLink| {
            size_of::<FinishedLink>()
                + link.trace_state.len()
                + value::entries_weight(&link.attributes)
        };
        size_of::<Self>()
            + self.name.len()
            + self.trace_state.len()
            + value::entries_weight(&self.attributes)
            + self.events.iter().map(event).sum::<usize>()
            + self.links.iter().map(link).sum::<usize>()
    }

    /// Whether no span of this process is its parent: the root of a trace, or of this process's
    /// part of it.
    #[must_use]
    pub fn is_local_root(&self) -> bool {
        self.parent_span_id.is_none() || self.parent_is_remote
    }
}

/// Something that happened at one moment of a span.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct FinishedEvent {
    /// What happened.
    pub name: String,
    /// When: nanoseconds since 1970.
    pub unix_ns: u64,
    /// Its attributes.
    pub attributes: Vec<(String, OwnedValue)>,
    /// Attributes that did not fit the limits or had no key.
    pub dropped_attributes: u32,
}

impl FinishedEvent {
    /// The value of an attribute.
    #[must_use]
    pub fn attribute(&self, key: &str) -> Option<&OwnedValue> {
        find(&self.attributes, key)
    }
}

/// A reference to another span.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct FinishedLink {
    /// The other span's trace.
    pub trace_id: [u8; 16],
    /// The other span's id.
    pub span_id: [u8; 8],
    /// The other span's W3C `tracestate`.
    pub trace_state: String,
    /// The other span's W3C trace flags.
    pub trace_flags: u8,
    /// Whether the other span is of another process.
    pub is_remote: bool,
    /// The link's attributes.
    pub attributes: Vec<(String, OwnedValue)>,
    /// Attributes that did not fit the limits or had no key.
    pub dropped_attributes: u32,
}

/// How a span went.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum FinishedStatus {
    /// Nothing was said.
    #[default]
    Unset,
    /// It was declared successful.
    Ok,
    /// It failed; the text says why and may be empty.
    Error(String),
}

/// The library that made a span (OpenTelemetry's instrumentation scope).
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct FinishedScope {
    /// Its name; may be empty.
    pub name: String,
    /// Its version; may be empty.
    pub version: String,
    /// The schema its attributes follow; may be empty.
    pub schema_url: String,
    /// Its own attributes.
    pub attributes: Vec<(String, OwnedValue)>,
}

/// The process that made a span (OpenTelemetry's resource).
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct FinishedResource {
    /// Attributes such as `service.name`.
    pub attributes: Vec<(String, OwnedValue)>,
    /// The schema they follow; may be empty.
    pub schema_url: String,
}

impl FinishedResource {
    #[cfg(any(test, feature = "otel"))]
    pub(crate) fn of(head: &[u8]) -> Self {
        decode::resource_head(head)
    }

    /// The value of an attribute.
    #[must_use]
    pub fn attribute(&self, key: &str) -> Option<&OwnedValue> {
        find(&self.attributes, key)
    }
}

pub(crate) fn find<'a>(
    attributes: &'a [(String, OwnedValue)],
    key: &str,
) -> Option<&'a OwnedValue> {
    attributes
        .iter()
        .find_map(|(name, value)| (name == key).then_some(value))
}
