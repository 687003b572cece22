//! Span limits, as others decode what is left, and as `opentelemetry_sdk` applies the same ones.
#![expect(clippy::unwrap_used, reason = "a helper of a test fails by a panic")]

#[path = "common/judge.rs"]
mod judge;

use judge::{Judge, keys, string, value};
use libtracer::{Config, Link, SpanContext, SpanId, SpanLimits, TraceFlags, TraceId, Value};
use opentelemetry::trace::{Span as _, Tracer as _, TracerProvider as _};
use opentelemetry::{KeyValue, trace};
use opentelemetry_proto::tonic::common::v1::any_value::Value as Proto;
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider};
use std::sync::{Arc, Mutex};

const SMALL: SpanLimits = SpanLimits {
    attributes: 2,
    attribute_value_length: 3,
    events: 2,
    links: 1,
    attributes_per_event: 1,
    attributes_per_link: 1,
    depth: 2,
    ..SpanLimits::DEFAULT
};

fn linked() -> SpanContext {
    SpanContext {
        trace_id: TraceId([7; 16]),
        span_id: SpanId([8; 8]),
        trace_flags: TraceFlags::SAMPLED,
        ..SpanContext::default()
    }
}

#[test]
fn conf_041_attributes_over_the_limit_are_discarded_and_known_keys_still_change() {
    let (provider, judge) = Judge::provider(Config::new().limits(SMALL));
    let span = provider.tracer("t").start("s");
    span.set("a", 1).set("b", 2).set("c", 3).set("a", 4);
    span.end();
    let span = judge.span();
    assert_eq!(keys(&span.attributes), ["b", "a"]);
    assert_eq!(value(&span.attributes, "a"), Some(Proto::IntValue(4)));
    assert_eq!(span.dropped_attributes_count, 1);
}

#[test]
fn conf_042_length_limits_count_characters_and_bytes_and_leave_other_types() {
    let limits = SpanLimits {
        attributes: 9,
        depth: 9,
        attributes_per_event: 9,
        ..SMALL
    };
    let (provider, judge) = Judge::provider(Config::new().limits(limits));
    let span = provider.tracer("t").start("a long name");
    span.set("text", "äöüß").set("bytes", &b"12345"[..]);
    span.set("int", 123_456)
        .set("bool", true)
        .set("double", 1234.5);
    let inner = [("a long key", Value::from("abcdef"))];
    span.set("nested", &[Value::Map(&inner), Value::Int(12345)][..]);
    span.add_event("a long event", &[("text", Value::from("abcdef"))]);
    span.end();
    let span = judge.span();
    assert_eq!(span.name, "a long name");
    assert_eq!(value(&span.attributes, "text"), string("äöü"));
    assert_eq!(
        value(&span.attributes, "bytes"),
        Some(Proto::BytesValue(b"123".to_vec()))
    );
    assert_eq!(
        value(&span.attributes, "int"),
        Some(Proto::IntValue(123_456))
    );
    let Some(Proto::ArrayValue(nested)) = value(&span.attributes, "nested") else {
        unreachable!("an array was set")
    };
    let Some(Proto::KvlistValue(map)) = &nested.values[0].value else {
        unreachable!("a map was in it")
    };
    assert_eq!(value(&map.values, "a long key"), string("abc"));
    assert_eq!(nested.values[1].value, Some(Proto::IntValue(12345)));
    assert_eq!(span.events[0].name, "a long event");
    assert_eq!(value(&span.events[0].attributes, "text"), string("abc"));
    assert_eq!(span.dropped_attributes_count, 0);
}

#[test]
fn conf_044_events_and_links_over_the_limit_are_discarded() {
    let (provider, judge) = Judge::provider(Config::new().limits(SMALL));
    let span = provider.tracer("t").start("s");
    for name in ["one", "two", "three"] {
        span.add_event(name, &[]);
        span.add_link(&linked(), &[]);
    }
    span.end();
    let span = judge.span();
    let names: Vec<&str> = span.events.iter().map(|event| &*event.name).collect();
    assert_eq!(names, ["one", "two"]);
    assert_eq!(span.links.len(), 1);
    assert_eq!(
        (span.dropped_events_count, span.dropped_links_count),
        (1, 2)
    );
}

#[test]
fn conf_045_attributes_of_events_and_links_have_limits_of_their_own() {
    let (provider, judge) = Judge::provider(Config::new().limits(SMALL));
    let three = [
        ("a", Value::from(1)),
        ("b", Value::from(2)),
        ("c", Value::from(3)),
    ];
    let context = linked();
    let link = Link {
        context: &context,
        attributes: &three,
    };
    let span = provider.tracer("t").span("s").links(&[link]).start();
    span.add_event("e", &three);
    span.end();
    let span = judge.span();
    assert_eq!(keys(&span.events[0].attributes), ["a"]);
    assert_eq!(span.events[0].dropped_attributes_count, 2);
    assert_eq!(keys(&span.links[0].attributes), ["a"]);
    assert_eq!(span.links[0].dropped_attributes_count, 2);
}

#[test]
fn conf_046_opentelemetry_sdk_drops_and_counts_the_same() {
    let theirs = InMemorySpanExporter::default();
    let sdk = SdkTracerProvider::builder()
        .with_simple_exporter(theirs.clone())
        .with_max_attributes_per_span(2)
        .with_max_events_per_span(2)
        .with_max_links_per_span(1)
        .with_max_attributes_per_event(1)
        .with_max_attributes_per_link(1)
        .build();
    let mut span = sdk.tracer("t").start("s");
    let (provider, judge) = Judge::provider(Config::new().limits(SMALL));
    let ours = provider.tracer("t").start("s");
    for number in 0..4_i32 {
        let key = format!("key {number}");
        let two = vec![KeyValue::new("x", 1), KeyValue::new("y", 2)];
        span.set_attribute(KeyValue::new(key.clone(), i64::from(number)));
        span.add_event("e", two.clone());
        let context = trace::SpanContext::new(
            trace::TraceId::from_bytes([7; 16]),
            trace::SpanId::from_bytes([8; 8]),
            trace::TraceFlags::SAMPLED,
            false,
            trace::TraceState::default(),
        );
        span.add_link(context, two);
        let two = [("x", Value::from(1)), ("y", Value::from(2))];
        ours.set(&key, number);
        ours.add_event("e", &two).add_link(&linked(), &two);
    }
    span.end();
    ours.end();
    let (ours, theirs) = (judge.span(), theirs.get_finished_spans().unwrap().remove(0));
    assert_eq!(ours.attributes.len(), theirs.attributes.len());
    assert_eq!(
        ours.dropped_attributes_count,
        theirs.dropped_attributes_count
    );
    assert_eq!(ours.events.len(), theirs.events.len());
    assert_eq!(ours.dropped_events_count, theirs.events.dropped_count);
    assert_eq!(ours.links.len(), theirs.links.len());
    assert_eq!(ours.dropped_links_count, theirs.links.dropped_count);
    for (our, their) in ours.events.iter().zip(theirs.events.iter()) {
        assert_eq!(our.attributes.len(), their.attributes.len());
        assert_eq!(our.dropped_attributes_count, their.dropped_attributes_count);
    }
}

#[test]
fn conf_047_no_line_is_written_for_what_a_span_discards() {
    let said = Arc::new(Mutex::new(Vec::new()));
    let lines = said.clone();
    libtracer::set_diagnostic_handler(move |_, text| lines.lock().unwrap().push(text.to_owned()));
    let (provider, judge) = Judge::provider(Config::new().limits(SMALL));
    let span = provider.tracer("t").start("s");
    for number in 0..100_i32 {
        span.set(&number.to_string(), number).add_event("e", &[]);
    }
    span.end();
    assert_eq!(judge.span().dropped_attributes_count, 98);
    assert!(said.lock().unwrap().is_empty());
}

#[test]
fn conf_048_limits_are_set_in_code_and_default_to_the_specifications() {
    let (provider, judge) = Judge::provider(Config::new());
    let span = provider.tracer("t").start("s");
    for number in 0..130_i32 {
        span.set(&number.to_string(), number).add_event("e", &[]);
        span.add_link(&linked(), &[]);
    }
    let long = "x".repeat(100_000);
    span.set("0", &long);
    span.end();
    let span = judge.span();
    let kept = (span.attributes.len(), span.events.len(), span.links.len());
    assert_eq!(kept, (128, 128, 128));
    assert_eq!(value(&span.attributes, "0"), string(&long));
    let dropped = (
        span.dropped_attributes_count,
        span.dropped_events_count,
        span.dropped_links_count,
    );
    assert_eq!(dropped, (2, 2, 2));
}

#[test]
fn where_the_newest_is_kept_the_oldest_gives_way() {
    let limits = SpanLimits {
        keep_newest: true,
        event_value_length: Some(1),
        ..SMALL
    };
    let (provider, judge) = Judge::provider(Config::new().limits(limits));
    let span = provider.tracer("t").start("s");
    span.set("a", "text").set("b", 2).set("a", 3);
    for name in ["one", "two", "three"] {
        span.add_event(name, &[("x", "first".into()), ("y", "second".into())]);
        span.add_link(&linked(), &[(name, 1.into())]);
        span.set(name, name);
    }
    span.end();
    let span = judge.span();
    assert_eq!(keys(&span.attributes), ["two", "three"]);
    assert_eq!(value(&span.attributes, "three"), string("thr"));
    assert_eq!(span.dropped_attributes_count, 3);
    let names: Vec<&str> = span.events.iter().map(|event| &*event.name).collect();
    assert_eq!(
        (names, span.dropped_events_count),
        (vec!["two", "three"], 1)
    );
    assert_eq!(keys(&span.events[0].attributes), ["y"]);
    assert_eq!(value(&span.events[0].attributes, "y"), string("s"));
    assert_eq!(span.events[0].dropped_attributes_count, 1);
    assert_eq!(keys(&span.links[0].attributes), ["three"]);
    assert_eq!((span.links.len(), span.dropped_links_count), (1, 2));
}

#[test]
fn nothing_gives_way_to_what_has_no_room_at_all() {
    let limits = SpanLimits {
        keep_newest: true,
        attributes: 0,
        events: 0,
        links: 0,
        ..SMALL
    };
    let (provider, judge) = Judge::provider(Config::new().limits(limits));
    let span = provider.tracer("t").start("s");
    span.set("a", 1).set("", 2);
    span.add_event("e", &[]).add_link(&linked(), &[]);
    span.end();
    let span = judge.span();
    assert_eq!(
        (span.attributes.len(), span.dropped_attributes_count),
        (0, 2)
    );
    assert_eq!((span.events.len(), span.dropped_events_count), (0, 1));
    assert_eq!((span.links.len(), span.dropped_links_count), (0, 1));
}
