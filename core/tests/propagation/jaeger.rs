//! Jaeger's `uber-trace-id` and `uberctx-*`.

use super::{headers, read, through, written};
use libtracer::{Baggage, Context, Jaeger, Propagator};

const ID: &str = "4bf92f3577b34da6a3ce929d0e0e4736:00f067aa0ba902b7:0:1";

#[test]
fn jaeger_ids_are_read_and_written() {
    for (received, sent) in [
        (ID, ID),
        (&ID.replace(":0:1", ":1234:0"), &ID.replace(":0:1", ":0:0")),
        (&ID.replace(":0:1", ":0:3"), &ID.replace(":0:1", ":0:3")),
        (&ID.replace(":0:1", ":0:2"), &ID.replace(":0:1", ":0:3")),
        (&ID.replace(":0:1", ":0:09"), ID),
        (&ID.replace(':', "%3A"), ID),
        ("a:b:0:1", &format!("{:0>32}:{:0>16}:0:1", "a", "b")),
    ] {
        let fields = through(&Jaeger, &[("uber-trace-id", received)]);
        assert_eq!(fields, [("uber-trace-id".to_owned(), sent.to_owned())]);
    }
    assert!(
        read(&Jaeger, &[("uber-trace-id", ID)])
            .span_context()
            .is_remote
    );
}

#[test]
fn malformed_jaeger_ids_leave_the_context_as_it_was() {
    let long = format!("1{ID}");
    for bad in [
        "",
        ":::",
        "0:1:0:1",
        "1:0:0:1",
        "1:1:0",
        "1:1:0:1:1",
        "1:+1:0:1",
        "1:1:x:1",
        "1:1:0:100",
        "1:1:0:",
        &long,
    ] {
        assert!(
            through(&Jaeger, &[("uber-trace-id", bad)]).is_empty(),
            "{bad}"
        );
    }
}

#[test]
fn jaeger_baggage_is_read_and_written() {
    let fields = [
        ("uberctx-user", "a%20b%2C"),
        ("UberCtx-Other", "é".trim_matches('é')),
        ("x", "1"),
    ];
    let context = read(&Jaeger, &fields);
    assert_eq!(context.baggage().get("user"), Some("a b,"));
    assert_eq!(context.baggage().get("other"), Some(""));
    assert_eq!(context.baggage().len(), 2);
    let sent = written(&Jaeger, &context);
    assert_eq!(sent[1], ("uberctx-user".to_owned(), "a%20b%2C".to_owned()));

    let known = Context::new().with_baggage(Baggage::new().with("kept", "1"));
    let both = Jaeger.extract(&known, &headers(&fields));
    assert_eq!(both.baggage().len(), 3);
    assert_eq!(Jaeger.fields(), ["uber-trace-id"]);
}
