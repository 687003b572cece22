//! The cases of the W3C's own test suite for Trace Context (w3c/trace-context, `test/test.py`), with
//! headers in and headers out in place of a running service.

use super::{headers, through};
use libtracer::{Context, Propagator, SpanContext, TraceContext, TraceFlags};

const TRACE: &str = "12345678901234567890123456789012";
const PARENT: &str = "00-12345678901234567890123456789012-1234567890123456-01";

fn extract(fields: &[(&str, &str)]) -> SpanContext {
    let context = TraceContext.extract(&Context::new(), &headers(fields));
    context.span_context().clone()
}

fn continued(traceparent: &str) -> bool {
    extract(&[("traceparent", traceparent)])
        .trace_id
        .to_string()
        == TRACE
}

fn state(values: &[&str]) -> String {
    let fields = values.iter().map(|value| ("tracestate", *value));
    let all: Vec<_> = std::iter::once(("traceparent", PARENT))
        .chain(fields)
        .collect();
    let context = extract(&all);
    assert_eq!(context.trace_id.to_string(), TRACE, "{values:?}");
    context.trace_state.as_str().to_owned()
}

#[test]
fn conf_095_a_valid_traceparent_is_continued() {
    assert!(!extract(&[]).is_valid());
    let context = extract(&[("traceparent", PARENT)]);
    assert!(context.is_valid() && context.is_remote && context.trace_flags.is_sampled());
    assert_eq!(context.trace_id.to_string(), TRACE);
    assert_eq!(context.span_id.to_string(), "1234567890123456");
    for padded in [
        format!(" {PARENT}"),
        format!("\t{PARENT}"),
        format!("{PARENT} "),
        format!("\t {PARENT} \t"),
    ] {
        assert!(continued(&padded), "{padded:?}");
    }
}

#[test]
fn conf_095_header_names_are_known_in_any_case_and_by_no_other_name() {
    for name in ["traceparent", "TraceParent", "TrAcEpArEnT", "TRACEPARENT"] {
        assert!(extract(&[(name, PARENT)]).is_valid(), "{name}");
    }
    for name in ["trace-parent", "trace.parent"] {
        assert!(!extract(&[(name, PARENT)]).is_valid(), "{name}");
    }
    for name in ["TraceState", "TrAcEsTaTe", "TRACESTATE"] {
        let context = extract(&[("traceparent", PARENT), (name, "foo=1")]);
        assert_eq!(context.trace_state.as_str(), "foo=1", "{name}");
    }
    for name in ["trace-state", "trace.state"] {
        let context = extract(&[("traceparent", PARENT), (name, "foo=1")]);
        assert!(context.trace_state.is_empty(), "{name}");
    }
}

#[test]
fn conf_095_two_parents_are_none() {
    let other = PARENT.replace("9012-", "9011-");
    let context = extract(&[("traceparent", &other), ("traceparent", PARENT)]);
    assert!(!context.is_valid());
    assert!(!extract(&[("traceparent", PARENT), ("traceparent", PARENT)]).is_valid());
}

#[test]
fn conf_095_malformed_parents_are_ignored() {
    for bad in [
        format!("{PARENT}."),
        format!("{PARENT}-what-the-future-will-be-like"),
        PARENT.replacen("00", "ff", 1),
        PARENT.replacen("00", ".0", 1),
        PARENT.replacen("00", "0.", 1),
        PARENT.replacen("00", "000", 1),
        PARENT.replacen("00", "0000", 1),
        PARENT.replacen("00", "0", 1),
        PARENT.replace(TRACE, &"0".repeat(32)),
        PARENT.replace(TRACE, ".2345678901234567890123456789012"),
        PARENT.replace(TRACE, "1234567890123456789012345678901."),
        PARENT.replace(TRACE, "123456789012345678901234567890123"),
        PARENT.replace(TRACE, "1234567890123456789012345678901"),
        PARENT.replace("-1234567890123456-", "-0000000000000000-"),
        PARENT.replace("-1234567890123456-", "-.234567890123456-"),
        PARENT.replace("-1234567890123456-", "-123456789012345.-"),
        PARENT.replace("-1234567890123456-", "-12345678901234567-"),
        PARENT.replace("-1234567890123456-", "-123456789012345-"),
        PARENT.replace("6-01", "6-.0"),
        PARENT.replace("6-01", "6-0."),
        PARENT.replace("6-01", "6-001"),
        PARENT.replace("6-01", "6-1"),
        PARENT.replace("1234", "ABCD"),
    ] {
        assert!(!extract(&[("traceparent", &bad)]).is_valid(), "{bad}");
    }
}

#[test]
fn conf_095_later_versions_are_read_as_far_as_they_are_known() {
    let later = PARENT.replacen("00", "cc", 1);
    assert!(continued(&later));
    assert!(continued(&format!("{later}-what-the-future-will-be-like")));
    assert!(!continued(&format!("{later}.what-the-future-will-be-like")));
    let sent = through(&TraceContext, &[("traceparent", &format!("{later}-x"))]);
    assert_eq!(sent, [("traceparent".to_owned(), PARENT.to_owned())]);
}

#[test]
fn conf_022_the_random_flag_travels_and_unknown_flags_do_not() {
    for (received, sent) in [("00", "00"), ("01", "01"), ("02", "02"), ("ff", "03")] {
        let received = PARENT.replace("6-01", &format!("6-{received}"));
        let fields = through(&TraceContext, &[("traceparent", &received)]);
        assert!(fields[0].1.ends_with(&format!("-{sent}")), "{fields:?}");
    }
    let random = extract(&[("traceparent", &PARENT.replace("6-01", "6-02"))]);
    assert_eq!(random.trace_flags, TraceFlags::RANDOM);
    assert!(random.trace_flags.is_random() && !random.trace_flags.is_sampled());
}

#[test]
fn conf_095_a_tracestate_without_its_parent_is_ignored() {
    assert!(through(&TraceContext, &[("tracestate", "foo=1,bar=2")]).is_empty());
}

#[test]
fn conf_095_several_tracestates_are_one_in_their_order() {
    assert_eq!(state(&["foo=1,bar=2"]), "foo=1,bar=2");
    assert_eq!(
        state(&["foo=1,bar=2", "rojo=1,congo=2", "baz=3"]),
        "foo=1,bar=2,rojo=1,congo=2,baz=3"
    );
    for values in [&["foo=1", ""], &["", "foo=1"]] {
        assert_eq!(state(values), "foo=1");
    }
    assert_eq!(state(&[""]), "");
    let sent = through(
        &TraceContext,
        &[
            ("traceparent", PARENT),
            ("tracestate", "a=1"),
            ("tracestate", "b=2"),
        ],
    );
    assert_eq!(sent[1], ("tracestate".to_owned(), "a=1,b=2".to_owned()));
}

#[test]
fn conf_095_of_a_key_that_comes_twice_one_is_kept() {
    for values in [
        &["foo=1,foo=1"][..],
        &["foo=1,foo=2"],
        &["foo=1", "foo=1"],
        &["foo=1", "foo=2"],
    ] {
        assert_eq!(state(values), "foo=1", "{values:?}");
    }
}

#[test]
fn conf_095_all_allowed_characters_pass() {
    let key = "abcdefghijklmnopqrstuvwxyz0123456789_-*/";
    let value: String = (b' '..=b'~')
        .filter(|byte| *byte != b',' && *byte != b'=')
        .map(char::from)
        .collect();
    for key in [key.to_owned(), format!("{key}@a-z0-9_-*/")] {
        let member = format!("{key}={value}");
        assert_eq!(state(&[&member]), member);
    }
    for key in ["foo@", "foo@@bar", "foo@bar@baz"] {
        let members = format!("{key}=1,bar=2");
        assert_eq!(state(&[&members]), members);
    }
}

#[test]
fn conf_095_space_around_members_does_not_count() {
    for value in [
        "foo=1 \t , \t bar=2, \t baz=3",
        "foo=1\t \t,\t \tbar=2,\t \tbaz=3",
    ] {
        assert_eq!(state(&[value]), "foo=1,bar=2,baz=3");
    }
    for value in [" foo=1", "\tfoo=1", "foo=1 ", "foo=1\t", "\t foo=1 \t"] {
        assert_eq!(state(&[value]), "foo=1", "{value:?}");
    }
}

#[test]
fn conf_095_a_malformed_tracestate_is_discarded_and_the_parent_kept() {
    for bad in [
        "foo =1",
        "FOO=1",
        "foo.bar=1",
        "@foo=1,bar=2",
        "foo=bar=baz",
        "foo=,bar=3",
        "foo",
    ] {
        assert_eq!(state(&[bad]), "", "{bad}");
    }
}

#[test]
fn conf_095_a_tracestate_has_32_members_and_keys_of_256_characters_at_most() {
    let members: Vec<String> = (1..=33).map(|i| format!("bar{i:02}={i:02}")).collect();
    let (most, rest) = members.split_at(32);
    let [a, b] = [most[..10].join(","), most[10..].join(",")];
    assert_eq!(state(&[&a, &b]), most.join(","));
    assert_eq!(state(&[&a, &b, &rest[0]]), "");
    for key in [
        "z".repeat(256),
        format!("{}@{}", "t".repeat(241), "v".repeat(14)),
        format!("{}@v", "t".repeat(242)),
        format!("t@{}", "v".repeat(15)),
    ] {
        let member = format!("{key}=1");
        assert_eq!(state(&["foo=1", &member]), format!("foo=1,{member}"));
    }
    let long = format!("{}=1", "z".repeat(257));
    assert_eq!(state(&["foo=1", &long]), "");
    let endless = " ,".repeat(40_000);
    assert_eq!(state(&["foo=1", &endless]), "");
}

#[test]
fn conf_095_what_cannot_be_read_leaves_the_context_as_it_was() {
    let known = Context::from(extract(&[("traceparent", PARENT)]));
    let bad = headers(&[("traceparent", "00-bad"), ("tracestate", "a=1")]);
    let kept = TraceContext.extract(&known, &bad);
    assert_eq!(kept.span_context(), known.span_context());
    assert_eq!(TraceContext.fields(), ["traceparent", "tracestate"]);
}
