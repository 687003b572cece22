//! What has no field of its own outside of OTLP, as key-value pairs (OpenTelemetry, "Transformation
//! to non-OTLP Formats").
//!
//! Keys are unique: the first to come stays, so that what the mapping itself says comes before a
//! span's attributes, and those before the scope's and the resource's.

use crate::finished::{FinishedResource, FinishedSpan, OwnedValue};
pub(super) use crate::resource::SERVICE_NAME;
use std::{borrow::Cow, collections::HashSet};

/// The key under which a count of lost attributes goes, of spans, events and links.
pub(super) const DROPPED_ATTRIBUTES: &str = "otel.dropped_attributes_count";

/// Named values with unique keys, in order.
#[derive(Default)]
pub(super) struct Tags<'a> {
    entries: Vec<(&'a str, Cow<'a, OwnedValue>)>,
    keys: HashSet<&'a str>,
}

impl<'a> Tags<'a> {
    /// Adds a value, unless the key is there already.
    pub(super) fn put(&mut self, key: &'a str, value: impl Into<OwnedValue>) {
        if self.keys.insert(key) {
            self.entries.push((key, Cow::Owned(value.into())));
        }
    }

    /// Adds those whose keys are not there yet.
    pub(super) fn put_all(&mut self, attributes: &'a [(String, OwnedValue)]) {
        for (key, value) in attributes {
            if self.keys.insert(key) {
                self.entries.push((key, Cow::Borrowed(value)));
            }
        }
    }

    /// Lets nothing in under this key from now on.
    pub(super) fn withhold(&mut self, key: &'a str) {
        self.keys.insert(key);
    }

    /// What is the same in every format: scope, counts of what was dropped, trace state, attributes.
    pub(super) fn put_span(&mut self, span: &'a FinishedSpan) {
        let scope = &span.scope;
        for (key, text) in [
            ("otel.scope.name", &scope.name),
            ("otel.library.name", &scope.name),
            ("otel.scope.version", &scope.version),
            ("otel.library.version", &scope.version),
            // The mapping is silent about it; this is the collector's key, which it reads back.
            ("w3c.tracestate", &span.trace_state),
        ] {
            if !text.is_empty() {
                self.put(key, text.as_str());
            }
        }
        for (key, count) in [
            (DROPPED_ATTRIBUTES, span.dropped_attributes),
            ("otel.dropped_events_count", span.dropped_events),
            ("otel.dropped_links_count", span.dropped_links),
        ] {
            self.put_count(key, count);
        }
        self.put_all(&span.attributes);
        self.put_all(&scope.attributes);
    }

    /// Adds a count, if there is something to count.
    pub(super) fn put_count(&mut self, key: &'a str, count: u32) {
        if count > 0 {
            self.put(key, count);
        }
    }

    pub(super) fn entries(&self) -> impl ExactSizeIterator<Item = (&'a str, &OwnedValue)> {
        self.entries.iter().map(|(key, value)| (*key, &**value))
    }
}

/// The name of the service that a resource stands for.
pub(super) fn service_name(resource: &FinishedResource) -> &str {
    let name = resource.attribute(SERVICE_NAME);
    name.and_then(OwnedValue::as_str)
        .unwrap_or("unknown_service")
}
