//! B3 as openzipkin/b3-propagation and the OpenTelemetry specification describe it.

use super::{headers, read, through, written};
use libtracer::{B3, Config, Context, Jaeger, Propagator, SpanContext, TracerProvider};
use std::collections::HashMap;

const TRACE: &str = "80f198ee56343ba864fe8b2a57d3eff7";
const SPAN: &str = "e457b5a2e4d86bd1";

fn single(state: &str) -> String {
    format!("{TRACE}-{SPAN}{state}")
}

#[test]
fn conf_097_one_header_is_read_and_written() {
    for (received, sampled, sent) in [
        ("-1", true, "-1"),
        ("-0", false, "-0"),
        ("-d", true, "-d"),
        ("", false, ""),
        ("-1-05e3ac9a4f6e3b90", true, "-1"),
    ] {
        let received = single(received);
        let context = read(&B3::single(), &[("b3", &received)]);
        let span = context.span_context();
        assert_eq!(span.trace_id.to_string(), TRACE);
        assert_eq!(
            (span.span_id.to_string(), span.is_remote),
            (SPAN.to_owned(), true)
        );
        assert_eq!(span.trace_flags.is_sampled(), sampled, "{received}");
        let expected = [("b3".to_owned(), single(sent))];
        assert_eq!(written(&B3::single(), &context), expected, "{received}");
    }
}

#[test]
fn conf_097_several_headers_are_read_and_written() {
    let ids = [("X-B3-TraceId", TRACE), ("X-B3-SpanId", SPAN)];
    for (more, sampled, sent) in [
        (
            &[("X-B3-Sampled", "1")][..],
            true,
            Some(("x-b3-sampled", "1")),
        ),
        (
            &[("X-B3-Sampled", "true")],
            true,
            Some(("x-b3-sampled", "1")),
        ),
        (&[("X-B3-Sampled", "0")], false, Some(("x-b3-sampled", "0"))),
        (
            &[("X-B3-Sampled", "false")],
            false,
            Some(("x-b3-sampled", "0")),
        ),
        (&[("X-B3-Flags", "1")], true, Some(("x-b3-flags", "1"))),
        (
            &[("X-B3-Flags", "1"), ("X-B3-Sampled", "0")],
            true,
            Some(("x-b3-flags", "1")),
        ),
        (
            &[("X-B3-Flags", "0"), ("X-B3-Sampled", "1")],
            true,
            Some(("x-b3-sampled", "1")),
        ),
        (&[("X-B3-ParentSpanId", "05e3ac9a4f6e3b90")], false, None),
    ] {
        let fields = [&ids[..], more].concat();
        let context = read(&B3::multi(), &fields);
        assert_eq!(
            context.span_context().trace_flags.is_sampled(),
            sampled,
            "{more:?}"
        );
        let own = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
        let mut expected = vec![own(("x-b3-spanid", SPAN)), own(("x-b3-traceid", TRACE))];
        expected.extend(sent.map(own));
        expected.sort();
        assert_eq!(written(&B3::multi(), &context), expected, "{more:?}");
    }
}

#[test]
fn conf_097_both_forms_are_read_whichever_is_written_and_one_header_goes_first() {
    let multi = [
        ("x-b3-traceid", "463ac35c9f6413ad48485a3953bb6124"),
        ("x-b3-spanid", "0020000000000001"),
        ("x-b3-sampled", "1"),
    ];
    let one = single("-0");
    let both = [&multi[..], &[("b3", one.as_str())]].concat();
    for b3 in [B3::single(), B3::multi()] {
        assert_eq!(read(&b3, &both).span_context().trace_id.to_string(), TRACE);
        let context = read(&b3, &multi);
        assert_eq!(
            context.span_context().span_id.to_string(),
            "0020000000000001"
        );
        let broken = [&multi[..], &[("b3", "no")]].concat();
        assert!(read(&b3, &broken).span_context().is_valid());
    }
    assert_eq!(B3::single().fields(), ["b3"]);
    let fields = ["x-b3-traceid", "x-b3-spanid", "x-b3-sampled", "x-b3-flags"];
    assert_eq!(B3::multi().fields(), fields);
}

#[test]
fn conf_097_debug_is_of_the_trace_that_it_came_with() {
    let other = SpanContext::from_traceparent(
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00",
        "",
    );
    let jaeger = [("uber-trace-id", "64fe8b2a57d3eff7:e457b5a2e4d86bd1:0:3")];
    for (context, off) in [
        (read(&B3::single(), &[("b3", &single("-d"))]), "-0"),
        (read(&Jaeger, &jaeger), "-0"),
    ] {
        let b3_of = |context: &Context| {
            let mut sent = HashMap::new();
            B3::single().inject(context, &mut sent);
            sent.remove("b3").unwrap()
        };
        assert!(b3_of(&context).ends_with("-d"));
        let replaced = context.with_span_context(other.clone().unwrap());
        assert!(b3_of(&replaced).ends_with(off));
        let mut sent = HashMap::new();
        Jaeger.inject(&replaced, &mut sent);
        assert!(sent["uber-trace-id"].ends_with(":0:0"), "{sent:?}");
    }
}

#[test]
fn conf_097_short_trace_ids_are_widened() {
    let sent = through(
        &B3::single(),
        &[("b3", "64fe8b2a57d3eff7-e457b5a2e4d86bd1-1")],
    );
    assert_eq!(
        sent[0].1,
        "000000000000000064fe8b2a57d3eff7-e457b5a2e4d86bd1-1"
    );
}

#[test]
fn conf_097_malformed_headers_leave_the_context_as_it_was() {
    let known = read(&B3::single(), &[("b3", &single("-1"))]);
    let zero = format!("{}-{SPAN}-1", "0".repeat(32));
    for bad in [
        "",
        "0",
        "1",
        TRACE,
        &single("-"),
        &single("-2"),
        &single("-1-"),
        &single("-1-05e3"),
        &single("-1-05e3ac9a4f6e3b90-1"),
        &single("").to_uppercase(),
        &single("")[1..],
        &single("x"),
        &zero,
    ] {
        assert!(through(&B3::single(), &[("b3", bad)]).is_empty(), "{bad}");
        let kept = B3::single().extract(&known, &headers(&[("b3", bad)]));
        assert_eq!(kept.span_context(), known.span_context());
    }
    let ids = [("x-b3-traceid", TRACE), ("x-b3-spanid", SPAN)];
    assert!(through(&B3::multi(), &ids[..1]).is_empty());
    let bad = [&ids[..], &[("x-b3-sampled", "2")]].concat();
    assert!(through(&B3::multi(), &bad).is_empty());
}

#[test]
fn conf_097_debug_requests_stay_so_and_the_span_id_is_not_used_again() {
    let provider = TracerProvider::new(&Config::new()).unwrap();
    let parent = read(&B3::single(), &[("b3", &single("-d"))]);
    let attached = parent.attach();
    let span = provider.tracer("t").start("here").enter();
    let here = Context::current();
    let id = here.span_context().span_id.to_string();
    assert_ne!(id, SPAN);
    let sent = written(&B3::single(), &here);
    assert_eq!(sent[0].1, format!("{TRACE}-{id}-d"));
    let sent = written(&B3::multi(), &here);
    assert_eq!(sent[0], ("x-b3-flags".to_owned(), "1".to_owned()));
    assert_eq!(sent.len(), 3);
    drop(span);
    drop(attached);

    // An open decision is open for its own span only.
    let open = read(&B3::single(), &[("b3", &single(""))]);
    let _attached = open.attach();
    let _span = provider.tracer("t").start("here").enter();
    assert!(
        written(&B3::single(), &Context::current())[0]
            .1
            .ends_with("-0")
    );
}
