//! One program that uses `tracing`, recorded by our layer and by `tracing-opentelemetry` on
//! `opentelemetry_sdk`; and by the latter on us.
#![expect(clippy::unwrap_used, reason = "a helper of a test fails by a panic")]
#![cfg(all(feature = "otel", feature = "tracing"))]

#[path = "common/reference.rs"]
mod reference;

use libtracer::{TracingLayer, otel};
use opentelemetry::trace::TracerProvider;
use opentelemetry_proto::tonic::trace::v1 as otlp;
use reference::{captured, comparable, reference};
use std::collections::HashMap;
use std::num::ParseIntError;
use tracing::field::Empty;
use tracing::{Subscriber, debug, error, info, info_span, instrument};
use tracing_opentelemetry::OpenTelemetryLayer;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::{LookupSpan, Registry};

// Unsigned numbers are left out: theirs are texts.
#[instrument(fields(double = 2 * i64::try_from(text.len()).unwrap()), err)]
fn parse(text: &str) -> Result<i64, ParseIntError> {
    debug!(text, "parsing");
    text.parse()
}

fn program() {
    let request = info_span!(
        "request",
        otel.name = "GET /orders",
        otel.kind = "server",
        flag = true,
        int = -7,
        double = 0.5,
        text = "é",
        debug = ?Some(1),
        large = u64::MAX,
        later = Empty,
    )
    .entered();
    let _ = parse("12");
    let _ = parse("x").unwrap_err();
    request.record("later", 5);
    info!(shelf = "B", n = 3, "packed {}", "it");
    info!("plain");
    let cause = info_span!("cause");
    let effect = info_span!("effect", otel.status_code = "OK");
    effect.follows_from(&cause);
    effect.in_scope(|| {
        info_span!(
            "inner",
            otel.kind = "client",
            otel.status_description = "gone"
        )
    });
    info_span!("failed").in_scope(|| error!("alas"));
    info_span!(parent: None, "root");
    info_span!(parent: &cause, "explicit");
}

fn theirs<T>(tracer: T) -> impl Subscriber + for<'a> LookupSpan<'a>
where
    T: opentelemetry::trace::Tracer + Send + Sync + 'static,
    T::Span: Send + Sync,
{
    let layer = OpenTelemetryLayer::<Registry, _>::new(tracer)
        .with_location(false)
        .with_threads(false)
        .with_target(false)
        .with_tracked_inactivity(false);
    tracing_subscriber::registry().with(layer)
}

/// By name; what was parsed twice by its status too.
fn spans(scopes: Vec<otlp::ScopeSpans>) -> HashMap<String, otlp::Span> {
    let mut scopes = scopes;
    for span in scopes.iter_mut().flat_map(|scope| &mut scope.spans) {
        let code = span.status.as_ref().map_or(0, |status| status.code);
        if span.name == "parse" && code != 0 {
            span.name.push_str(" failed");
        }
    }
    let each = comparable(scopes).into_iter();
    each.flat_map(|(name, scope)| {
        scope
            .spans
            .into_iter()
            .map(move |span| (name.clone(), span))
    })
    .collect()
}

#[test]
fn our_layer_records_what_the_established_one_does_and_that_one_works_on_us() {
    let expected = spans(reference(|provider| {
        tracing::subscriber::with_default(theirs(provider.tracer("t")), program);
    }));
    assert_eq!(expected.len(), 9);
    let on_us = spans(captured(|provider| {
        let tracer = otel::TracerProvider::from(provider).tracer("t");
        tracing::subscriber::with_default(theirs(tracer), program);
    }));
    let ours = spans(captured(|provider| {
        let layer = TracingLayer::new(provider.tracer("t"));
        tracing::subscriber::with_default(tracing_subscriber::registry().with(layer), program);
    }));
    assert_eq!((on_us.len(), ours.len()), (9, 9));
    for (name, span) in &expected {
        assert_eq!(on_us.get(name), Some(span), "{name}");
        assert_eq!(ours.get(name), Some(span), "{name}");
    }
}
