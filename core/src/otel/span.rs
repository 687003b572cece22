//! A span of ours as code written for the `opentelemetry` API uses it.

use super::attributes::{Attributes, with_value};
use super::context::{self, unix_ns};
use crate::span::{SpanHandle, Status};
use crate::value::Value;
use opentelemetry::KeyValue;
use opentelemetry::trace::{SpanContext, Status as TheirStatus};
use std::borrow::Cow;
use std::time::SystemTime;

/// A span of ours behind [`opentelemetry::trace::Span`]; ends when dropped.
///
/// Writing costs what it does with [`crate::Span`], and the conversion of arrays. Nothing fails;
/// after the end everything but [`span_context`] is a no-op. Where the trait and the specification
/// leave room, it does as [`crate::Span`]: keys are unique, the last value of a key counts, and `Ok`
/// is the one final status (trace API, "span operations").
///
/// [`span_context`]: opentelemetry::trace::Span::span_context
#[derive(Debug)]
pub struct Span {
    handle: SpanHandle,
    /// Kept: the trait lends it, also after the end.
    context: SpanContext,
}

impl Span {
    pub(super) fn new(handle: SpanHandle, context: SpanContext) -> Self {
        Self { handle, context }
    }

    /// The handle, to write to it as [`crate::Span`] does; stale once the span has ended.
    #[must_use]
    pub fn handle(&self) -> SpanHandle {
        self.handle
    }

    fn event(&self, name: &str, at_ns: u64, attributes: &[KeyValue]) {
        if self.handle.is_recording() {
            let attributes = Attributes::of(attributes);
            let attributes = attributes.borrowed();
            self.handle.add_event(name, at_ns, &Value::Map(&attributes));
        }
    }
}

impl opentelemetry::trace::Span for Span {
    fn add_event<T>(&mut self, name: T, attributes: Vec<KeyValue>)
    where
        T: Into<Cow<'static, str>>,
    {
        self.event(&name.into(), 0, &attributes);
    }

    fn add_event_with_timestamp<T>(&mut self, name: T, at: SystemTime, attributes: Vec<KeyValue>)
    where
        T: Into<Cow<'static, str>>,
    {
        self.event(&name.into(), unix_ns(at), &attributes);
    }

    fn span_context(&self) -> &SpanContext {
        &self.context
    }

    fn is_recording(&self) -> bool {
        self.handle.is_recording()
    }

    fn set_attribute(&mut self, attribute: KeyValue) {
        let key = attribute.key.as_str();
        with_value(&attribute.value, |value| self.handle.set(key, value));
    }

    fn set_status(&mut self, status: TheirStatus) {
        self.handle.set_status(match &status {
            TheirStatus::Unset => Status::Unset,
            TheirStatus::Ok => Status::Ok,
            TheirStatus::Error { description } => Status::Error(description),
        });
    }

    fn update_name<T>(&mut self, new_name: T)
    where
        T: Into<Cow<'static, str>>,
    {
        self.handle.set_name(&new_name.into());
    }

    fn add_link(&mut self, span_context: SpanContext, attributes: Vec<KeyValue>) {
        if self.handle.is_recording() {
            let attributes = Attributes::of(&attributes);
            let attributes = attributes.borrowed();
            let context = context::ours(&span_context);
            self.handle.add_link(&context, &Value::Map(&attributes));
        }
    }

    fn end(&mut self) {
        std::mem::take(&mut self.handle).end_once();
    }

    fn end_with_timestamp(&mut self, timestamp: SystemTime) {
        std::mem::take(&mut self.handle).end(unix_ns(timestamp));
    }
}

impl Drop for Span {
    fn drop(&mut self) {
        self.handle.end_once();
    }
}
