//! Propagators made for `opentelemetry`, such as those of vendors, among ours.

use super::context::{ours, theirs};
use crate::baggage::{Baggage, Entry};
use crate::context::Context;
use crate::propagate::{self, Propagator};
use opentelemetry::baggage::{BaggageExt, BaggageMetadata, KeyValueMetadata};
use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator};
use opentelemetry::trace::TraceContextExt;
use std::sync::Arc;

/// A propagator of `opentelemetry`'s as one of ours, for [`Config::propagator`](crate::Config) or a
/// [`CompositePropagator`](crate::CompositePropagator). Each use converts the span context and
/// baggage; other values of contexts are not seen by it.
///
/// ```
/// use libtracer::{CompositePropagator, Config, TraceContext};
/// use opentelemetry_sdk::propagation::BaggagePropagator;
/// use std::sync::Arc;
///
/// let theirs = libtracer::otel::propagator(BaggagePropagator::new());
/// let both = CompositePropagator::new(vec![Arc::new(TraceContext), theirs]);
/// let config = Config::new().propagator(Arc::new(both));
/// ```
pub fn propagator(theirs: impl TextMapPropagator + Send + Sync + 'static) -> Arc<dyn Propagator> {
    Arc::new(Theirs(theirs))
}

#[derive(Debug)]
struct Theirs<P>(P);

impl<P: TextMapPropagator + Send + Sync> Propagator for Theirs<P> {
    fn inject(&self, context: &Context, carrier: &mut dyn propagate::Injector) {
        self.0
            .inject_context(&their_context(context), &mut Carrier(carrier));
    }

    fn extract(&self, context: &Context, carrier: &dyn propagate::Extractor) -> Context {
        let before = their_context(context);
        let after = self.0.extract_with_context(&before, &Carrier(carrier));
        let mut extracted = context.clone();
        let span = ours(after.span().span_context());
        if span != *context.span_context() {
            extracted = extracted.with_span_context(span);
        }
        let baggage = our_baggage(after.baggage());
        if baggage != *context.baggage() {
            extracted = extracted.with_baggage(baggage);
        }
        extracted
    }

    fn fields(&self) -> Vec<&str> {
        self.0.fields().collect()
    }
}

fn their_context(context: &Context) -> opentelemetry::Context {
    let mut made = opentelemetry::Context::new();
    if context.span_context().is_valid() {
        made = made.with_remote_span_context(theirs(context.span_context()));
    }
    if context.baggage().is_empty() {
        return made;
    }
    let pairs = context.baggage().entries().iter().map(|entry| {
        let metadata = BaggageMetadata::from(&*entry.metadata);
        KeyValueMetadata::new(entry.name.to_string(), entry.value.to_string(), metadata)
    });
    made.with_baggage(pairs)
}

fn our_baggage(baggage: &opentelemetry::baggage::Baggage) -> Baggage {
    Baggage::of(baggage.iter().map(|(name, (value, metadata))| Entry {
        name: name.as_str().into(),
        value: value.as_str().into(),
        metadata: metadata.as_str().into(),
    }))
}

/// A carrier of ours for propagators of theirs.
struct Carrier<C>(C);

impl Injector for Carrier<&mut dyn propagate::Injector> {
    fn set(&mut self, key: &str, value: String) {
        self.0.set(key, &value);
    }
}

impl Extractor for Carrier<&dyn propagate::Extractor> {
    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key)
    }

    fn keys(&self) -> Vec<&str> {
        self.0.keys()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use opentelemetry_sdk::propagation::{BaggagePropagator, TraceContextPropagator};
    use std::collections::HashMap;

    fn through(propagator: &dyn Propagator, fields: &[(&str, &str)]) -> HashMap<String, String> {
        let own = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        let received: HashMap<_, _> = fields.iter().map(own).collect();
        let context = propagator.extract(&Context::new(), &received);
        let mut sent = HashMap::new();
        propagator.inject(&context, &mut sent);
        sent
    }

    #[test]
    fn conf_098_their_propagators_read_and_write_as_ours() {
        let trace = propagator(TraceContextPropagator::new());
        let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let sent = through(&*trace, &[("traceparent", parent), ("tracestate", "a=1")]);
        assert_eq!(
            (&*sent["traceparent"], &*sent["tracestate"]),
            (parent, "a=1")
        );
        assert_eq!(trace.fields(), ["traceparent", "tracestate"]);
        assert!(through(&*trace, &[("traceparent", "no")]).is_empty());

        let baggage = propagator(BaggagePropagator::new());
        let sent = through(&*baggage, &[("baggage", "k=v%20w;p=1")]);
        assert_eq!(sent["baggage"], "k=v%20w;p=1");
    }

    #[test]
    fn what_they_do_not_find_stays_as_it_was() {
        let known = Context::new()
            .with_baggage(Baggage::new().with("k", "v"))
            .with_value(7_u8);
        let trace = propagator(TraceContextPropagator::new());
        let nothing: HashMap<String, String> = HashMap::new();
        let kept = trace.extract(&known, &nothing);
        assert_eq!(
            (kept.baggage(), kept.value::<u8>()),
            (known.baggage(), Some(&7))
        );
        assert!(!kept.span_context().is_valid());
    }
}
