//! Carriers: maps, headers, the environment, commands.

use libtracer::{
    B3, Baggage, BaggagePropagator, CompositePropagator, Context, Environment, Extractor, Injector,
    Propagator, TraceContext,
};
use std::collections::HashMap;
use std::ffi::OsStr;
use std::process::Command;
use std::sync::Arc;

const PARENT: &str = "00-12345678901234567890123456789012-1234567890123456-01";

fn both() -> CompositePropagator {
    CompositePropagator::new(vec![Arc::new(TraceContext), Arc::new(BaggagePropagator)])
}

fn context() -> Context {
    let fields = HashMap::from([
        ("TRACEPARENT".to_owned(), PARENT.to_owned()),
        ("Tracestate".to_owned(), "a=1".to_owned()),
    ]);
    let context = TraceContext.extract(&Context::new(), &fields);
    context.with_baggage(Baggage::new().with("k", "v"))
}

#[test]
fn maps_are_read_in_any_case_and_written_as_given() {
    let context = context();
    assert_eq!(context.span_context().to_traceparent(), PARENT);
    assert_eq!(context.span_context().trace_state.as_str(), "a=1");
    let mut sent = HashMap::from([("traceparent".to_owned(), "old".to_owned())]);
    both().inject(&context, &mut sent);
    assert_eq!(sent.len(), 3);
    assert_eq!((&*sent["traceparent"], &*sent["baggage"]), (PARENT, "k=v"));
    let mut keys = Extractor::keys(&sent);
    keys.sort_unstable();
    assert_eq!(keys, ["baggage", "traceparent", "tracestate"]);
}

#[test]
fn headers_that_are_not_allowed_are_left_out() {
    let mut headers = http::HeaderMap::new();
    headers.set("good", "1");
    headers.set("bad name", "1");
    headers.set("bad-value", "a\nb");
    assert_eq!(Extractor::keys(&headers), ["good"]);
    headers.set("good", "2");
    assert_eq!(Extractor::get(&headers, "GOOD"), Some("2"));
    headers.insert("raw", http::HeaderValue::from_bytes(&[0xff]).unwrap());
    assert_eq!(Extractor::get(&headers, "raw"), None);
}

#[test]
fn conf_099_contexts_travel_in_the_environment_under_normalised_names() {
    let mut passed = Environment::new();
    both().inject(&context(), &mut passed);
    let pairs: Vec<_> = passed.iter().collect();
    assert_eq!(
        pairs,
        [
            ("BAGGAGE", "k=v"),
            ("TRACEPARENT", PARENT),
            ("TRACESTATE", "a=1")
        ]
    );
    let received = both().extract(&Context::new(), &passed);
    assert_eq!(received.span_context(), context().span_context());
    assert_eq!(received.baggage(), context().baggage());
    assert_eq!(
        format!("{passed:?}"),
        r#"{"BAGGAGE", "TRACEPARENT", "TRACESTATE"}"#
    );

    let mut passed = Environment::new();
    B3::multi().inject(&context(), &mut passed);
    assert_eq!(
        passed.keys(),
        ["X_B3_SAMPLED", "X_B3_SPANID", "X_B3_TRACEID"]
    );
    assert!(
        B3::single()
            .extract(&Context::new(), &passed)
            .span_context()
            .is_valid()
    );
}

#[test]
fn conf_099_keys_become_names_and_only_such_names_are_read() {
    let mut variables = Environment::new();
    for (key, name) in [
        ("", "_"),
        ("traceparent", "TRACEPARENT"),
        ("x-b3-traceid", "X_B3_TRACEID"),
        ("1a.b", "_1A_B"),
        ("é", "_"),
    ] {
        variables.set(key, key);
        assert_eq!(variables.get(name), Some(key), "{key}");
        assert_eq!(variables.get(key), Some(key));
    }
    let own = |name: &str| (name.to_owned(), "1".to_owned());
    let variables: Environment = ["TRACEPARENT", "tracestate", "Baggage", "1X", "_1X", "A-B"]
        .map(own)
        .into_iter()
        .collect();
    assert_eq!(variables.keys(), ["TRACEPARENT", "_1X"]);
    assert_eq!(
        (variables.get("tracestate"), variables.get("1x")),
        (None, Some("1"))
    );
}

#[test]
fn conf_099_a_child_process_receives_what_is_injected_into_its_command() {
    let mut child = Command::new("printenv");
    both().inject(&context(), child.arg("TRACEPARENT"));
    let named = |name| {
        child
            .get_envs()
            .find(|(known, _)| *known == OsStr::new(name))
    };
    assert_eq!(named("BAGGAGE").unwrap().1, Some(OsStr::new("k=v")));
    let printed = child.output().unwrap().stdout;
    assert_eq!(String::from_utf8(printed).unwrap().trim(), PARENT);
    assert_eq!(Environment::of_process().get("traceparent"), None);
}
