//! What the API's span operations leave in OTLP, as others decode it.
#![expect(clippy::unwrap_used, reason = "a helper of a test fails by a panic")]

#[path = "common/judge.rs"]
mod judge;

use judge::{Judge, keys, string, value};
use libtracer::{
    Config, Link, SpanContext, SpanId, SpanKind, Status, TraceFlags, TraceId, TraceState, Value,
};
use opentelemetry_proto::tonic::common::v1::any_value::Value as Proto;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValue, KeyValueList};

fn remote(state: &str) -> SpanContext {
    SpanContext {
        trace_id: TraceId([7; 16]),
        span_id: SpanId([8; 8]),
        trace_flags: TraceFlags::SAMPLED,
        is_remote: true,
        trace_state: TraceState::from_header(state),
    }
}

fn any(value: Proto) -> AnyValue {
    AnyValue { value: Some(value) }
}

#[test]
fn conf_010_roots_have_trace_ids_of_their_own_also_when_asked_for_below_a_current_span() {
    let (provider, judge) = Judge::provider(Config::new());
    let tracer = provider.tracer("t");
    let current = tracer.start("current").enter();
    tracer.span("root").root().start().end();
    tracer.span("child").start().end();
    drop(current);
    let [root, child, current] = judge.spans().try_into().unwrap();
    assert_ne!(root.trace_id, current.trace_id);
    assert!(root.parent_span_id.is_empty() && current.parent_span_id.is_empty());
    assert_eq!(child.parent_span_id, current.span_id);
    assert_eq!((root.trace_id.len(), root.span_id.len()), (16, 8));
}

#[test]
fn conf_013_a_child_inherits_trace_id_and_trace_state() {
    let (provider, judge) = Judge::provider(Config::new());
    let parent = remote("vendor=1,other=2");
    let tracer = provider.tracer("t");
    let child = tracer.span("child").parent(&parent).start();
    let grandchild = tracer.span("grandchild").parent(&child.context()).start();
    drop((grandchild, child));
    for span in judge.spans() {
        assert_eq!(span.trace_id, [7; 16]);
        assert_eq!(span.trace_state, "vendor=1,other=2");
    }
}

#[test]
fn conf_017_kind_attributes_and_links_are_given_at_creation() {
    let (provider, judge) = Judge::provider(Config::new());
    let tracer = provider.tracer("t");
    let linked = remote("a=1");
    let kinds = [
        SpanKind::Internal,
        SpanKind::Server,
        SpanKind::Client,
        SpanKind::Producer,
        SpanKind::Consumer,
    ];
    for kind in kinds {
        let attributes = [("key", Value::from("value"))];
        let link = Link {
            context: &linked,
            attributes: &[("why", Value::from(1))],
        };
        let builder = tracer.span("span").kind(kind);
        builder.attributes(&attributes).links(&[link]).start().end();
    }
    for (span, kind) in judge.spans().iter().zip(1..) {
        assert_eq!(span.kind, kind);
        assert_eq!(value(&span.attributes, "key"), string("value"));
        let link = &span.links[0];
        assert_eq!(
            (&*link.trace_id, &*link.span_id),
            (&[7; 16][..], &[8; 8][..])
        );
        assert_eq!(link.trace_state, "a=1");
        assert_eq!(value(&link.attributes, "why"), Some(Proto::IntValue(1)));
    }
}

#[test]
fn conf_018_a_sampler_sees_attributes_given_at_creation_and_only_those() {
    use libtracer::{CustomSampler, Decision, Sampler, SamplingInput, SamplingOutput};
    #[derive(Debug)]
    struct ByTenant;
    impl CustomSampler for ByTenant {
        fn sample(&self, input: &SamplingInput<'_>) -> SamplingOutput {
            let known = input.attributes.iter().any(|(key, _)| key == "tenant");
            if known {
                Decision::RecordAndSample
            } else {
                Decision::Drop
            }
            .into()
        }
        fn description(&self) -> String {
            "ByTenant".into()
        }
    }
    let sampler = Sampler::Custom(std::sync::Arc::new(ByTenant));
    let (provider, judge) = Judge::provider(Config::new().sampler(sampler));
    let tracer = provider.tracer("t");
    let attributes = [("tenant", Value::from("acme"))];
    tracer.span("early").attributes(&attributes).start().end();
    let late = tracer.start("late");
    late.set("tenant", "acme");
    late.end();
    assert_eq!(judge.span().name, "early");
}

#[test]
fn conf_023_flags_carry_the_trace_flags_and_whether_the_parent_is_remote() {
    let (provider, judge) = Judge::provider(Config::new());
    let tracer = provider.tracer("t");
    let child = tracer.span("of a remote").parent(&remote("")).start();
    let below = tracer.span("of a local").parent(&child.context()).start();
    drop((below, child));
    tracer.start("root").end();
    let flags: Vec<u32> = judge.spans().iter().map(|span| span.flags).collect();
    assert_eq!(flags, [0x101, 0x301, 0x103]);
}

#[test]
fn conf_025_attributes_of_every_simple_type_and_homogeneous_arrays() {
    let (provider, judge) = Judge::provider(Config::new());
    let span = provider.tracer("t").start("s");
    span.set("string", "ü")
        .set("bool", true)
        .set("int", i64::MIN);
    span.set("double", -0.5);
    span.set("ints", &[Value::Int(1), Value::Int(2)][..]);
    span.set("strings", &[Value::String("a")][..]);
    span.set("empty", Value::Array(&[]));
    span.end();
    let attributes = judge.span().attributes;
    assert_eq!(value(&attributes, "string"), string("ü"));
    assert_eq!(value(&attributes, "bool"), Some(Proto::BoolValue(true)));
    assert_eq!(value(&attributes, "int"), Some(Proto::IntValue(i64::MIN)));
    assert_eq!(value(&attributes, "double"), Some(Proto::DoubleValue(-0.5)));
    let array = |values| Some(Proto::ArrayValue(ArrayValue { values }));
    let ints = vec![any(Proto::IntValue(1)), any(Proto::IntValue(2))];
    assert_eq!(value(&attributes, "ints"), array(ints));
    let strings = vec![AnyValue { value: string("a") }];
    assert_eq!(value(&attributes, "strings"), array(strings));
    assert_eq!(value(&attributes, "empty"), array(Vec::new()));
}

#[test]
fn conf_026_bytes_maps_mixed_arrays_and_null_are_kept() {
    let (provider, judge) = Judge::provider(Config::new());
    let span = provider.tracer("t").start("s");
    span.set("bytes", &[0u8, 255][..]).set("null", Value::Null);
    let inner = [("role", Value::from("user")), ("n", Value::Null)];
    let mixed = [Value::Int(1), Value::Map(&inner), Value::Bytes(b"x")];
    span.set("mixed", &mixed[..]);
    span.end();
    let attributes = judge.span().attributes;
    assert_eq!(
        value(&attributes, "bytes"),
        Some(Proto::BytesValue(vec![0, 255]))
    );
    assert_eq!(value(&attributes, "null"), None);
    let pair = |key: &str, value| KeyValue {
        key: key.into(),
        value: Some(AnyValue { value }),
        ..KeyValue::default()
    };
    let map = KeyValueList {
        values: vec![pair("role", string("user")), pair("n", None)],
    };
    let values = vec![
        any(Proto::IntValue(1)),
        any(Proto::KvlistValue(map)),
        any(Proto::BytesValue(b"x".to_vec())),
    ];
    let expected = Some(Proto::ArrayValue(ArrayValue { values }));
    assert_eq!(value(&attributes, "mixed"), expected);
}

#[test]
fn conf_027_keys_are_not_empty_and_unique_and_the_last_value_counts() {
    let (provider, judge) = Judge::provider(Config::new());
    let attributes = [("a", Value::from(1)), ("a", Value::from(2))];
    let span = provider
        .tracer("t")
        .span("s")
        .attributes(&attributes)
        .start();
    let before = libtracer::diagnostics().invalid_attribute;
    span.set("", "nothing").set("b", 1).set("a", "three");
    span.add_event("e", &[("k", Value::from(1)), ("k", Value::from(2))]);
    span.end();
    assert!(libtracer::diagnostics().invalid_attribute > before);
    let span = judge.span();
    assert_eq!(keys(&span.attributes), ["b", "a"]);
    assert_eq!(value(&span.attributes, "a"), string("three"));
    assert_eq!(keys(&span.events[0].attributes), ["k"]);
    assert_eq!(
        value(&span.events[0].attributes, "k"),
        Some(Proto::IntValue(2))
    );
}

#[test]
fn conf_028_events_keep_name_time_attributes_and_order() {
    let (provider, judge) = Judge::provider(Config::new());
    let span = provider.tracer("t").start("s");
    span.add_event("first", &[("n", Value::from(1))]);
    span.handle().add_event("given", 17, &Value::Null);
    span.add_event("", &[]);
    span.end();
    let span = judge.span();
    let names: Vec<&str> = span.events.iter().map(|event| &*event.name).collect();
    assert_eq!(names, ["first", "given", ""]);
    assert_eq!(
        value(&span.events[0].attributes, "n"),
        Some(Proto::IntValue(1))
    );
    assert_eq!(span.events[1].time_unix_nano, 17);
    let (start, end) = (span.start_time_unix_nano, span.end_time_unix_nano);
    assert!((start..=end).contains(&span.events[0].time_unix_nano));
}

#[test]
fn conf_029_links_keep_their_order_and_a_zero_context_if_it_carries_something() {
    let (provider, judge) = Judge::provider(Config::new());
    let span = provider.tracer("t").start("s");
    span.add_link(&remote("a=1"), &[("n", Value::from(1))]);
    span.add_link(&SpanContext::default(), &[]);
    span.add_link(&SpanContext::default(), &[("why", Value::from("batch"))]);
    let state_only = SpanContext {
        trace_state: TraceState::from_header("x=y"),
        ..SpanContext::default()
    };
    span.add_link(&state_only, &[]);
    span.end();
    let [first, attributes, state] = judge.span().links.try_into().unwrap();
    assert_eq!((first.flags, &*first.trace_state), (0x301, "a=1"));
    assert_eq!(keys(&attributes.attributes), ["why"]);
    assert_eq!(state.trace_state, "x=y");
}

#[test]
fn conf_030_ok_is_final_unset_is_ignored_and_only_errors_have_a_description() {
    let status = |list: &[Status<'_>]| {
        let (provider, judge) = Judge::provider(Config::new());
        let span = provider.tracer("t").start("s");
        for status in list {
            span.set_status(*status);
        }
        span.end();
        let status = judge.span().status.unwrap_or_default();
        (status.code, status.message)
    };
    let (ok, error) = (Status::Ok, Status::Error("why"));
    assert_eq!(status(&[]), (0, String::new()));
    assert_eq!(status(&[error]), (2, "why".into()));
    assert_eq!(status(&[error, Status::Unset]), (2, "why".into()));
    assert_eq!(status(&[error, Status::Error("")]), (2, String::new()));
    assert_eq!(status(&[error, ok]), (1, String::new()));
    assert_eq!(status(&[ok, error, Status::Unset]), (1, String::new()));
}

#[test]
fn conf_031_the_last_name_counts() {
    let (provider, judge) = Judge::provider(Config::new());
    let span = provider.tracer("t").start("GET");
    span.set_name("GET /users/{id}").set_name("GET /users");
    span.end();
    assert_eq!(judge.span().name, "GET /users");
}

#[test]
fn conf_032_an_error_is_an_exception_event() {
    let (provider, judge) = Judge::provider(Config::new());
    let span = provider.tracer("t").start("s");
    let error = "x".parse::<i32>().unwrap_err();
    span.record_error(&error);
    span.end();
    let event = &judge.span().events[0];
    assert_eq!(event.name, "exception");
    let message = value(&event.attributes, "exception.message");
    assert_eq!(message, string("invalid digit found in string"));
}

#[test]
fn conf_033_the_first_end_counts_at_its_time() {
    let (provider, judge) = Judge::provider(Config::new());
    let tracer = provider.tracer("t");
    let span = tracer.span("given").start_time(1_000).start();
    let handle = span.handle();
    span.end_at(2_000);
    handle.end(3_000);
    handle.set("late", Value::from(1));
    tracer.start("now").end();
    let [given, now] = judge.spans().try_into().unwrap();
    assert_eq!(
        (given.start_time_unix_nano, given.end_time_unix_nano),
        (1_000, 2_000)
    );
    assert!(given.attributes.is_empty());
    assert!(now.end_time_unix_nano >= now.start_time_unix_nano);
}
