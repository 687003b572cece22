//! Header forms of a span context, and `TraceState` member by member.

use super::*;
use crate::baggage::Baggage;

const HEADER: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

#[test]
fn a_traceparent_survives_the_round_trip() {
    let context = SpanContext::from_traceparent(HEADER, "a=1").unwrap();
    assert!(context.is_remote && context.trace_flags.is_sampled());
    assert_eq!(context.trace_state.as_str(), "a=1");
    assert_eq!(context.to_traceparent(), HEADER);
    let mut buffer = [0; SpanContext::TRACEPARENT_LEN];
    assert_eq!(context.write_traceparent(&mut buffer), HEADER);
}

#[test]
fn malformed_traceparents_are_refused() {
    let later = HEADER.replacen("00", "01", 1);
    assert!(SpanContext::from_traceparent(&format!("{later}-x"), "").is_some());
    let zero_trace = HEADER.replace("4bf92f3577b34da6a3ce929d0e0e4736", &"0".repeat(32));
    let zero_span = HEADER.replace("00f067aa0ba902b7", &"0".repeat(16));
    for bad in [
        "",
        "00",
        &HEADER[..54],
        &format!("{HEADER}-x"),
        &format!("{later}x"),
        &HEADER.replace('f', "F"),
        &HEADER.replacen("00", "ff", 1),
        &HEADER.replacen('-', "_", 1),
        &zero_trace,
        &zero_span,
    ] {
        assert_eq!(SpanContext::from_traceparent(bad, ""), None, "{bad}");
    }
}

#[test]
fn conf_019_ids_have_a_hex_and_a_binary_form() {
    let context = SpanContext::from_traceparent(HEADER, "").unwrap();
    assert_eq!(
        context.trace_id.to_string(),
        "4bf92f3577b34da6a3ce929d0e0e4736"
    );
    assert_eq!(context.span_id.to_string(), "00f067aa0ba902b7");
    assert_eq!(
        context.span_id.0,
        [0, 0xf0, 0x67, 0xaa, 0x0b, 0xa9, 0x02, 0xb7]
    );
    assert_eq!(
        u128::from_be_bytes(context.trace_id.0),
        0x4bf9_2f35_77b3_4da6_a3ce_929d_0e0e_4736
    );
}

#[test]
fn conf_020_a_context_is_valid_with_both_ids() {
    let context = SpanContext::from_traceparent(HEADER, "").unwrap();
    assert!(context.is_valid() && context.is_remote);
    let without_trace = SpanContext {
        trace_id: TraceId::default(),
        ..context.clone()
    };
    let without_span = SpanContext {
        span_id: SpanId::default(),
        ..context
    };
    assert!(!without_trace.is_valid() && !without_span.is_valid());
    assert!(!SpanContext::default().is_valid());
}

#[test]
fn conf_021_a_state_is_changed_by_making_another() {
    let state = TraceState::from_header("a=1,b=2,c=3");
    let pairs: Vec<_> = state.iter().collect();
    assert_eq!(pairs, [("a", "1"), ("b", "2"), ("c", "3")]);
    assert_eq!(
        (state.get("b"), state.get("x"), state.get("")),
        (Some("2"), None, None)
    );
    let added = state.insert("d", " 4").unwrap();
    let updated = state.insert("b", "x").unwrap();
    let removed = state.remove("b");
    assert_eq!(added.as_str(), "d= 4,a=1,b=2,c=3");
    assert_eq!(updated.as_str(), "b=x,a=1,c=3");
    assert_eq!(removed.as_str(), "a=1,c=3");
    assert_eq!(state.as_str(), "a=1,b=2,c=3");
    assert_eq!(state.remove("x"), state);
    let none = TraceState::default();
    assert_eq!(none.insert("a", "1").unwrap().as_str(), "a=1");
    assert!(none.insert("a", "1").unwrap().remove("a").is_empty());
}

#[test]
fn conf_021_what_breaks_the_rules_is_refused() {
    let state = TraceState::from_header("a=1");
    let (long, longer) = ("k".repeat(256), "k".repeat(257));
    for key in ["a", "0", "a@b", "@a", "a_-*/@", &long] {
        let taken = state.insert(key, "v").is_ok();
        assert_eq!(taken, key != "@a", "{key}");
    }
    for key in ["", "A", "a b", "a,b", "a=b", "_a", "é", "a.b", &longer] {
        assert_eq!(state.insert(key, "v"), Err(TraceStateError::Key), "{key}");
    }
    for value in ["", "a,b", "a=b", "x ", " ", "\t", "é", "\u{7f}", &longer] {
        let refused = state.insert("b", value);
        assert_eq!(refused, Err(TraceStateError::Value), "{value}");
    }
    assert!(state.insert("b", &long).is_ok());
}

#[test]
fn conf_021_a_33rd_member_pushes_out_the_last() {
    let members: Vec<String> = (0..32).map(|i| format!("k{i}={i}")).collect();
    let full = TraceState::parse(&members.join(",")).unwrap();
    let more = full.insert("new", "1").unwrap();
    assert_eq!(more.iter().count(), 32);
    assert_eq!((more.get("new"), more.get("k31")), (Some("1"), None));
    assert_eq!(full.insert("k31", "x").unwrap().get("k30"), Some("30"));
}

#[test]
fn a_list_is_kept_in_its_shortest_form() {
    for (header, kept) in [
        ("", Some("")),
        (" ,\t, ", Some("")),
        ("a=1", Some("a=1")),
        (" a=1 ,\t, b=2\t", Some("a=1,b=2")),
        ("a= 1 ", Some("a= 1")),
        ("a=1,a=2", Some("a=1")),
        ("a=1,b=2,a=3", Some("a=1,b=2")),
        ("a", None),
        ("a=", None),
        ("=1", None),
        ("a =1", None),
        ("a=1=2", None),
        ("a=1,B=2", None),
        ("a=1\u{0}", None),
    ] {
        let state = TraceState::parse(header);
        assert_eq!(state.as_ref().map(TraceState::as_str), kept, "{header:?}");
    }
    let longest = (0..32).map(|i| format!("{i:0>256}={}", "v".repeat(256)));
    let longest = longest.collect::<Vec<_>>().join(",");
    assert_eq!(TraceState::from_header(&longest).as_str(), longest);
}

#[test]
fn conf_094_a_context_is_changed_by_making_another() {
    #[derive(Debug, PartialEq)]
    struct Mine(u8);
    let empty = Context::new();
    let span = SpanContext::from_traceparent(HEADER, "").unwrap();
    let one = empty.with_span_context(span.clone()).with_value(Mine(1));
    let two = one
        .with_value(Mine(2))
        .with_baggage(Baggage::new().with("a", "1"));
    assert_eq!(
        (empty.value::<Mine>(), empty.span_context().is_valid()),
        (None, false)
    );
    assert_eq!(
        (one.value(), one.baggage().is_empty()),
        (Some(&Mine(1)), true)
    );
    assert_eq!(
        (two.value(), two.baggage().get("a")),
        (Some(&Mine(2)), Some("1"))
    );
    assert_eq!(two.span_context(), &span);
    let cleared = two.with_baggage(Baggage::new()).without_value::<Mine>();
    assert!(cleared.extras.is_none() && cleared.span_context() == &span);
}
