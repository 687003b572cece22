//! Headers that carry a context, from any caller.

use super::pairs;
use crate::{B3, Baggage, Context, Jaeger, Propagator, SpanContext, TraceContext, TraceState};
use opentelemetry::trace::TraceContextExt;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use std::collections::HashMap;

/// W3C's limits.
const MEMBERS: usize = 32;
const BAGGAGE_MEMBERS: usize = 64;
const BAGGAGE_BYTES: usize = 8192;

/// A `traceparent`: what is read can be written and read again, and of version 0 it is what
/// `opentelemetry_sdk` reads.
pub fn traceparent(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let Some(context) = SpanContext::from_traceparent(&text, "") else {
        return;
    };
    assert!(context.is_valid() && context.is_remote);
    let header = context.to_traceparent();
    let ids = header.get(3..52).unwrap_or_default();
    assert!(ids.len() == 49 && text.contains(ids), "{header}");
    assert_eq!(
        SpanContext::from_traceparent(&header, "").as_ref(),
        Some(&context)
    );

    let carrier = HashMap::from([("traceparent".to_owned(), header)]);
    let theirs = opentelemetry::propagation::TextMapPropagator::extract(
        &TraceContextPropagator::new(),
        &carrier,
    );
    let theirs = theirs.span().span_context().clone();
    assert_eq!(theirs.trace_id().to_bytes(), context.trace_id.0);
    assert_eq!(theirs.span_id().to_bytes(), context.span_id.0);
    assert_eq!(theirs.is_sampled(), context.trace_flags.is_sampled());
    // The same through a carrier, with the text as it came.
    let carrier = HashMap::from([("traceparent".to_owned(), text.into_owned())]);
    let extracted = TraceContext.extract(&Context::new(), &carrier);
    assert_eq!(extracted.span_context(), &context);
}

/// A `tracestate` in the first line; then a key and a value to add.
pub fn tracestate(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut lines = text.split('\n');
    let (header, key) = (lines.next().unwrap_or_default(), lines.next());
    let state = TraceState::from_header(header);
    valid(&state);
    let (key, value) = (key.unwrap_or_default(), lines.next().unwrap_or_default());
    if let Ok(more) = state.insert(key, value) {
        valid(&more);
        assert_eq!(more.get(key), Some(value));
        assert_eq!(more.iter().next(), Some((key, value)));
        assert_eq!(more.remove(key).get(key), None);
    }
    let less = state.remove(key);
    valid(&less);
    assert!(
        less.iter()
            .all(|member| state.iter().any(|known| known == member))
    );
}

fn valid(state: &TraceState) {
    assert_eq!(TraceState::parse(state.as_str()).as_ref(), Some(state));
    let keys: Vec<&str> = state.iter().map(|(key, _)| key).collect();
    assert!(keys.len() <= MEMBERS);
    assert_eq!(state.is_empty(), keys.is_empty());
    assert!(
        keys.iter()
            .all(|key| keys.iter().filter(|other| other == &key).count() == 1)
    );
}

/// A `baggage`: what is read is within the limits, can be sent, and is the same when it comes back.
pub fn baggage(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let baggage = Baggage::from_header(&text);
    let header = sendable(&baggage);
    let again = Baggage::from_header(&header);
    for (name, value) in again.iter() {
        assert_eq!(baggage.get(name), Some(value));
    }
    // Escapes make a value longer, so that some may not fit.
    let most = 3 * text.len() + baggage.len();
    assert!(again.len() == baggage.len() || most > BAGGAGE_BYTES);
    assert_eq!(sendable(&again), header);
}

fn sendable(baggage: &Baggage) -> String {
    assert!(baggage.len() <= BAGGAGE_MEMBERS);
    let header = baggage.to_header();
    assert!(header.len() <= BAGGAGE_BYTES);
    assert!(http::HeaderValue::from_str(&header).is_ok(), "{header}");
    header
}

/// Headers of B3, a `name: value` each line.
pub fn b3(data: &[u8]) {
    for propagator in [B3::single(), B3::multi()] {
        round(&propagator, data);
    }
}

/// Headers of Jaeger's clients, a `name: value` each line.
pub fn jaeger(data: &[u8]) {
    round(&Jaeger, data);
}

/// What is read can be written, and is read the same again.
fn round(propagator: &dyn Propagator, data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let headers: HashMap<String, String> = pairs(&text, ':')
        .take(BAGGAGE_MEMBERS)
        .map(|(name, value)| (name.trim().to_owned(), value.trim_start().to_owned()))
        .collect();
    let context = propagator.extract(&Context::new(), &headers);
    let span = context.span_context();
    assert!(span.is_valid() || span == Context::new().span_context());
    assert!(context.baggage().len() <= BAGGAGE_MEMBERS);

    let mut sent = HashMap::new();
    propagator.inject(&context, &mut sent);
    for (name, value) in &sent {
        assert!(http::HeaderName::try_from(name).is_ok(), "{name}");
        assert!(http::HeaderValue::try_from(value).is_ok(), "{value}");
    }
    let again = propagator.extract(&Context::new(), &sent);
    assert_eq!(again.span_context(), span);
    for (name, value) in context.baggage().iter() {
        assert_eq!(again.baggage().get(name), Some(value));
    }
    let mut resent = HashMap::new();
    propagator.inject(&again, &mut resent);
    assert_eq!(resent, sent);
}
