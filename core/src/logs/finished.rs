//! A log record read back.

use super::Severity;
use crate::export::Batch;
use crate::finished::decode::{
    UNREADABLE, attributes, batch_records, id, resource_records, value, w3c_flags,
};
use crate::finished::{FinishedResource, FinishedScope, OwnedValue, find};
use bytes::Bytes;
use opentelemetry_proto::tonic::common::v1::AnyValue;
use prost::Message;
use std::sync::Arc;

/// A log record that was emitted.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct FinishedLog {
    /// When it happened: nanoseconds since 1970.
    pub unix_ns: u64,
    /// When it was noticed: nanoseconds since 1970.
    pub observed_unix_ns: u64,
    /// How severe it is.
    pub severity: Severity,
    /// Its source's name for that; may be empty.
    pub severity_text: String,
    /// What it says.
    pub body: OwnedValue,
    /// Its attributes, in the order in which they were first set.
    pub attributes: Vec<(String, OwnedValue)>,
    /// Attributes that did not fit the limits or had no key.
    pub dropped_attributes: u32,
    /// The trace it belongs to.
    pub trace_id: Option<[u8; 16]>,
    /// The span it belongs to.
    pub span_id: Option<[u8; 8]>,
    /// The W3C trace flags (bit 0: sampled).
    pub trace_flags: u8,
    /// The kind of event that it is; empty for other records.
    pub event_name: String,
    /// Who made it.
    pub scope: Arc<FinishedScope>,
    /// What it was made in.
    pub resource: Arc<FinishedResource>,
}

impl FinishedLog {
    /// The records in an encoded OTLP `ResourceLogs`. What is not a record of that form is left out.
    #[must_use]
    pub fn decode(resource_logs: &[u8]) -> Vec<Self> {
        resource_records(resource_logs, read)
    }

    /// The value of an attribute.
    #[must_use]
    pub fn attribute(&self, key: &str) -> Option<&OwnedValue> {
        find(&self.attributes, key)
    }
}

impl Batch {
    /// The log records, decoded, for an exporter that does not send OTLP; none unless its signal is
    /// [`crate::Signal::Logs`].
    #[must_use]
    pub fn to_logs(&self) -> Vec<FinishedLog> {
        if self.signal() == crate::export::Signal::Logs {
            batch_records(self, read)
        } else {
            Vec::new()
        }
    }
}

/// OTLP `LogRecord`, its values still in bytes.
#[derive(Clone, PartialEq, Message)]
struct LogRecord {
    #[prost(fixed64, tag = "1")]
    unix_ns: u64,
    #[prost(int32, tag = "2")]
    severity: i32,
    #[prost(string, tag = "3")]
    severity_text: String,
    #[prost(bytes = "bytes", optional, tag = "5")]
    body: Option<Bytes>,
    #[prost(bytes = "bytes", repeated, tag = "6")]
    attributes: Vec<Bytes>,
    #[prost(uint32, tag = "7")]
    dropped_attributes: u32,
    #[prost(fixed32, tag = "8")]
    flags: u32,
    #[prost(bytes = "bytes", tag = "9")]
    trace_id: Bytes,
    #[prost(bytes = "bytes", tag = "10")]
    span_id: Bytes,
    #[prost(fixed64, tag = "11")]
    observed_unix_ns: u64,
    #[prost(string, tag = "12")]
    event_name: String,
}

fn read(
    bytes: Bytes,
    scope: &Arc<FinishedScope>,
    resource: &Arc<FinishedResource>,
) -> Option<FinishedLog> {
    let decoded = LogRecord::decode(bytes).ok()?;
    let body = decoded
        .body
        .map_or(OwnedValue::Null, |body| match AnyValue::decode(body) {
            Ok(body) => value(Some(body)),
            Err(_) => OwnedValue::String(UNREADABLE.into()),
        });
    let number = u8::try_from(decoded.severity).unwrap_or(0);
    Some(FinishedLog {
        unix_ns: decoded.unix_ns,
        observed_unix_ns: decoded.observed_unix_ns,
        severity: Severity::from_number(number).unwrap_or_default(),
        severity_text: decoded.severity_text,
        body,
        attributes: attributes(&decoded.attributes),
        dropped_attributes: decoded.dropped_attributes,
        trace_id: Some(id(&decoded.trace_id)).filter(|id| *id != [0; 16]),
        span_id: Some(id(&decoded.span_id)).filter(|id| *id != [0; 8]),
        trace_flags: w3c_flags(decoded.flags),
        event_name: decoded.event_name,
        scope: Arc::clone(scope),
        resource: Arc::clone(resource),
    })
}
