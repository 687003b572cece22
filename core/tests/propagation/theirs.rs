//! The same headers through `opentelemetry_sdk`'s and `opentelemetry-zipkin`'s propagators, where
//! they follow the formats too.

#![expect(
    deprecated,
    reason = "the Zipkin crate is, as a whole; its B3 is still the reference"
)]

use libtracer::{B3, Baggage, BaggagePropagator, Context, Propagator, SpanContext, TraceContext};
use opentelemetry::baggage::BaggageExt;
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::TraceContextExt;
use opentelemetry_sdk::propagation as sdk;
use opentelemetry_zipkin as zipkin;
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use std::collections::HashMap;

type Fields = HashMap<String, String>;

/// Ids, sampled, tracestate; nothing if there is no valid context.
type Facts = Option<(String, String, bool, String)>;

fn fields(pairs: &[(&str, &str)]) -> Fields {
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    pairs.iter().map(own).collect()
}

fn ours(propagator: &dyn Propagator, fields: &Fields) -> Facts {
    let context = propagator.extract(&Context::new(), fields);
    let span = context.span_context();
    span.is_valid().then(|| {
        (
            span.trace_id.to_string(),
            span.span_id.to_string(),
            span.trace_flags.is_sampled(),
            span.trace_state.as_str().to_owned(),
        )
    })
}

fn theirs(propagator: &dyn TextMapPropagator, fields: &Fields) -> Facts {
    let context = propagator.extract_with_context(&opentelemetry::Context::new(), fields);
    let span = context.span().span_context().clone();
    span.is_valid().then(|| {
        (
            span.trace_id().to_string(),
            span.span_id().to_string(),
            span.is_sampled(),
            span.trace_state().header(),
        )
    })
}

/// Mostly ids of the right length, sometimes zero, sometimes with a character that is wrong.
fn id(digits: usize) -> impl Strategy<Value = String> {
    let good = proptest::string::string_regex(&format!("[0-9a-f]{{{digits}}}"))
        .unwrap()
        .boxed();
    let zero = Just("0".repeat(digits));
    let wrong = (
        good.clone(),
        0..digits,
        prop::sample::select(vec!["g", "F", "."]),
    );
    let wrong = wrong.prop_map(|(mut id, at, with)| {
        id.replace_range(at..=at, with);
        id
    });
    prop_oneof![8 => good, 1 => zero, 1 => wrong]
}

proptest! {
    #[test]
    fn conf_095_traceparents_are_read_as_theirs(
        version in prop_oneof![4 => Just("00".to_owned()), 2 => "[0-9a-f]{2}", 1 => Just("ff".to_owned())],
        trace in id(32),
        span in id(16),
        flags in id(2),
        rest in prop_oneof![3 => Just(""), 1 => Just("-x")],
        state in btree_map("[a-z][a-z0-9_*/-]{0,9}", "[!-+--<>-~]{1,9}", 0..5),
    ) {
        let state: Vec<String> = state.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let header = format!("{version}-{trace}-{span}-{flags}{rest}");
        let fields = fields(&[("traceparent", &header), ("tracestate", &state.join(","))]);
        let sdk = sdk::TraceContextPropagator::new();
        prop_assert_eq!(ours(&TraceContext, &fields), theirs(&sdk, &fields));
    }

    #[test]
    fn conf_095_what_is_written_is_read_by_theirs(trace: [u8; 16], span: [u8; 8], sampled: bool) {
        let context = SpanContext {
            trace_id: libtracer::TraceId(trace),
            span_id: libtracer::SpanId(span),
            trace_flags: libtracer::TraceFlags(u8::from(sampled)),
            ..SpanContext::default()
        };
        let mut sent = Fields::new();
        TraceContext.inject(&Context::from(context), &mut sent);
        let sdk = sdk::TraceContextPropagator::new();
        prop_assert_eq!(ours(&TraceContext, &sent), theirs(&sdk, &sent));
        let mut again = Fields::new();
        let context = sdk.extract_with_context(&opentelemetry::Context::new(), &sent);
        sdk.inject_context(&context, &mut again);
        again.retain(|_, value| !value.is_empty());
        prop_assert_eq!(sent, again);
    }

    #[test]
    fn conf_096_baggage_is_read_by_each_as_the_other_wrote_it(
        pairs in btree_map("[a-z][A-Za-z0-9._-]{0,9}", ("[!-$&-~é💼]{0,12}", "([a-z]{1,3}(=[a-z]{1,3})?)?"), 0..70),
    ) {
        let mut baggage = Baggage::new();
        for (name, (value, metadata)) in &pairs {
            baggage = baggage.with_metadata(name, value, metadata);
        }
        let mut sent = Fields::new();
        BaggagePropagator.inject(&Context::new().with_baggage(baggage), &mut sent);
        let sdk = sdk::BaggagePropagator::new();
        let context = sdk.extract_with_context(&opentelemetry::Context::new(), &sent);
        prop_assert_eq!(context.baggage().len(), pairs.len().min(64));
        for (name, (value, metadata)) in context.baggage() {
            let expected = &pairs[name.as_str()];
            prop_assert_eq!((value.as_str(), metadata.as_str()), (&*expected.0, &*expected.1));
        }
        let mut again = Fields::new();
        sdk.inject_context(&context, &mut again);
        let back = BaggagePropagator.extract(&Context::new(), &again);
        prop_assert_eq!(back.baggage().len(), context.baggage().len());
        for (name, value) in back.baggage().iter() {
            prop_assert_eq!((value, back.baggage().metadata(name).unwrap()), (&*pairs[name].0, &*pairs[name].1));
        }
    }

    #[test]
    fn conf_097_one_b3_header_is_read_as_theirs(
        trace in prop_oneof![id(32), id(16), id(15)],
        span in prop_oneof![4 => id(16), 1 => id(17)],
        rest in prop_oneof![
            Just(String::new()), Just("-0".to_owned()), Just("-1".to_owned()), Just("-2".to_owned()),
            id(16).prop_map(|parent| format!("-1-{parent}")),
            id(16).prop_map(|parent| format!("-1-{parent}-x")),
        ],
    ) {
        let fields = fields(&[("b3", &format!("{trace}-{span}{rest}"))]);
        let theirs_b3 = zipkin::Propagator::with_encoding(zipkin::B3Encoding::SingleHeader);
        prop_assert_eq!(ours(&B3::single(), &fields), theirs(&theirs_b3, &fields));
    }

    #[test]
    fn conf_097_several_b3_headers_are_read_as_theirs(
        trace in prop_oneof![id(32), id(16)],
        span in id(16),
        sampled in prop::option::of(prop::sample::select(vec!["0", "1", "true", "false"])),
        debug in prop::option::of(prop::sample::select(vec!["0", "1"])),
    ) {
        let mut pairs = vec![("x-b3-traceid", &*trace), ("x-b3-spanid", &*span)];
        pairs.extend(sampled.map(|value| ("x-b3-sampled", value)));
        pairs.extend(debug.map(|value| ("x-b3-flags", value)));
        // With flags of 0 theirs looks at nothing else.
        prop_assume!(debug != Some("0"));
        let fields = fields(&pairs);
        let theirs_b3 = zipkin::Propagator::with_encoding(zipkin::B3Encoding::MultipleHeader);
        prop_assert_eq!(ours(&B3::multi(), &fields), theirs(&theirs_b3, &fields));
    }

    #[test]
    fn any_text_is_read_without_harm(text in any::<String>(), parts in vec("[0-9a-fA-F]{0,40}|[-:;,=%d ]{1,3}", 0..12)) {
        for text in [text, parts.concat()] {
            let _ = SpanContext::from_traceparent(&text, &text);
            let baggage = Baggage::from_header(&text);
            let header = baggage.to_header();
            prop_assert_eq!(&Baggage::from_header(&header).to_header(), &header);
            for name in ["b3", "uber-trace-id", "x-b3-traceid", "uberctx-a", "baggage", "traceparent"] {
                let fields = fields(&[(name, &text)]);
                for propagator in [&B3::single() as &dyn Propagator, &libtracer::Jaeger, &TraceContext, &BaggagePropagator] {
                    let context = propagator.extract(&Context::new(), &fields);
                    propagator.inject(&context, &mut Fields::new());
                }
            }
        }
    }
}
