//! Finished spans as `opentelemetry-proto` decodes them, seen by a processor.

use libtracer::{Config, EndedSpan, Processor, TracerProvider};
use opentelemetry_proto::tonic::common::v1::{KeyValue, any_value};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, Span};
use prost::Message;
use std::sync::{Arc, Mutex};

/// Keeps what it sees, decoded by others.
#[derive(Debug, Default)]
pub(crate) struct Judge(Mutex<Vec<ResourceSpans>>);

impl Processor for Judge {
    fn on_end(&self, span: &EndedSpan<'_>) {
        let decoded = ResourceSpans::decode(&*span.to_resource_spans()).unwrap();
        self.0.lock().unwrap().push(decoded);
    }
}

impl Judge {
    /// A provider that is watched.
    pub(crate) fn provider(config: Config) -> (TracerProvider, Arc<Self>) {
        let judge = Arc::new(Self::default());
        let provider = TracerProvider::new(&config.processor(judge.clone())).unwrap();
        (provider, judge)
    }

    /// The spans so far, in the order in which they ended.
    pub(crate) fn spans(&self) -> Vec<Span> {
        let seen = self.0.lock().unwrap();
        let scopes = seen.iter().flat_map(|resource| &resource.scope_spans);
        scopes.flat_map(|scope| scope.spans.clone()).collect()
    }

    /// The one span so far.
    pub(crate) fn span(&self) -> Span {
        let [span] = <[Span; 1]>::try_from(self.spans()).unwrap();
        span
    }
}

/// The keys, in order.
pub(crate) fn keys(attributes: &[KeyValue]) -> Vec<&str> {
    attributes.iter().map(|pair| pair.key.as_str()).collect()
}

/// The value of a key; none if it is null.
pub(crate) fn value(attributes: &[KeyValue], key: &str) -> Option<any_value::Value> {
    let pair = attributes.iter().find(|pair| pair.key == key).unwrap();
    pair.value.clone().unwrap().value
}

/// A string as a value.
#[expect(clippy::unnecessary_wraps, reason = "what `value` returns")]
pub(crate) fn string(text: &str) -> Option<any_value::Value> {
    Some(any_value::Value::StringValue(text.to_owned()))
}
