//! Contexts through headers and the environment, judged by the formats' own rules and by
//! `opentelemetry_sdk`'s and `opentelemetry-zipkin`'s propagators.
#![expect(clippy::unwrap_used, reason = "a helper of a test fails by a panic")]

mod b3;
mod baggage;
mod carriers;
mod context;
mod jaeger;
mod theirs;
mod trace_context;

use http::{HeaderMap, HeaderName, HeaderValue};
use libtracer::{Context, Propagator};

/// Headers, a name several times where it is given several times.
fn headers(fields: &[(&str, &str)]) -> HeaderMap {
    let field = |(name, value): &(&str, &str)| {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        (name, HeaderValue::from_str(value).unwrap())
    };
    let mut headers = HeaderMap::new();
    for (name, value) in fields.iter().map(field) {
        headers.append(name, value);
    }
    headers
}

/// What a service that only passes on sends for what it receives.
fn through(propagator: &dyn Propagator, fields: &[(&str, &str)]) -> Vec<(String, String)> {
    written(propagator, &read(propagator, fields))
}

fn read(propagator: &dyn Propagator, fields: &[(&str, &str)]) -> Context {
    propagator.extract(&Context::new(), &headers(fields))
}

fn written(propagator: &dyn Propagator, context: &Context) -> Vec<(String, String)> {
    let mut sent = HeaderMap::new();
    propagator.inject(context, &mut sent);
    let text = |(name, value): (&HeaderName, &HeaderValue)| {
        (name.to_string(), value.to_str().unwrap().to_owned())
    };
    let mut sent: Vec<_> = sent.iter().map(text).collect();
    sent.sort();
    sent
}
