//! Several attributes set at once are what setting one after the other makes of them.
#![expect(clippy::unwrap_used, reason = "a helper of a test fails by a panic")]

use libtracer::binding::Decided;
use libtracer::{
    Config, MemoryExporter, SpanHandle, SpanId, SpanLimits, TraceId, TracerProvider, Value,
    ValueBuilder,
};

type Attributes<'a> = &'a [(&'a str, Value<'a>)];

/// The encoding of a span with the attributes, each time with the same ids and start.
fn encoded(
    limits: SpanLimits,
    attributes: Attributes<'_>,
    set: fn(SpanHandle, Attributes<'_>),
) -> Vec<u8> {
    let config = Config::new().limits(limits).memory(&MemoryExporter::new());
    let provider = TracerProvider::new(&config).unwrap();
    let decided = Decided {
        trace: Some((TraceId([7; 16]), false)),
        span_id: Some(SpanId([9; 8])),
        ..Decided::default()
    };
    let tracer = provider.tracer("t");
    let span = tracer.span("s").root().start_time(1);
    let span = span.start_decided(&decided).handle;
    set(span, attributes);
    let mut bytes = Vec::new();
    assert!(span.read(&mut |read| bytes.extend_from_slice(read)));
    span.end(2);
    bytes
}

fn singly(span: SpanHandle, attributes: Attributes<'_>) {
    for (key, value) in attributes {
        span.set(key, *value);
    }
}

fn at_once(span: SpanHandle, attributes: Attributes<'_>) {
    span.set_several(attributes.iter().copied());
}

fn assert_alike(limits: SpanLimits, attributes: Attributes<'_>) {
    let expected = encoded(limits, attributes, singly);
    assert_eq!(encoded(limits, attributes, at_once), expected, "{limits:?}");
}

#[test]
fn several_attributes_are_what_each_would_be() {
    let mut built = ValueBuilder::new();
    built.begin_array();
    built.add(Value::Int(1));
    built.end();
    let inner = [("in", Value::Int(1))];
    let long = "long ".repeat(100);
    let attributes = [
        ("text", Value::String("äöüß")),
        ("bool", Value::Bool(true)),
        ("int", Value::Int(i64::MIN)),
        ("", Value::Int(1)),
        ("bytes", Value::Bytes(b"12345")),
        ("nested", Value::Map(&inner)),
        ("built", Value::Built(&built)),
        ("text", Value::String(&long)),
        (&long, Value::Double(-0.5)),
        ("null", Value::Null),
        ("int", Value::Int(2)),
        (
            "array",
            Value::Array(&[Value::Int(1), Value::String("äöüß")]),
        ),
        ("last", Value::Bool(false)),
    ];
    for count in [0, 1, 3, 6, 128] {
        for keep_newest in [false, true] {
            for attribute_value_length in [3, usize::MAX] {
                assert_alike(
                    SpanLimits {
                        attributes: count,
                        attribute_value_length,
                        keep_newest,
                        ..SpanLimits::DEFAULT
                    },
                    &attributes,
                );
            }
        }
    }
}

#[test]
fn nothing_comes_to_a_span_that_has_ended_or_from_no_attributes() {
    let provider = TracerProvider::new(&Config::new().memory(&MemoryExporter::new())).unwrap();
    let span = provider.tracer("t").start("s").handle();
    assert!(!span.is_recording());
    at_once(span, &[("a", Value::Int(1))]);
    assert_alike(SpanLimits::DEFAULT, &[]);
}
