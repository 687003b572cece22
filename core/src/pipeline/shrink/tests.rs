//! The judge is `opentelemetry-proto`: what was cut decodes to the record that was there, but for
//! the values that are named.

use super::*;
use opentelemetry_proto::tonic::common::v1::KeyValueList;
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::trace::v1::{Span, span};
use proptest::prelude::{Strategy, any, prop, prop_assert, prop_assert_eq, prop_oneof, proptest};

fn wrap(value: Value) -> AnyValue {
    AnyValue { value: Some(value) }
}

fn attribute(key: &str, value: Value) -> KeyValue {
    KeyValue {
        key: key.into(),
        value: Some(wrap(value)),
        ..KeyValue::default()
    }
}

fn text(key: &str, len: usize) -> KeyValue {
    attribute(key, Value::StringValue("x".repeat(len)))
}

fn field(message: &impl Message) -> Vec<u8> {
    let mut field = vec![0x12];
    encode_varint(message.encoded_len() as u64, &mut field);
    field.extend(message.encode_to_vec());
    field
}

fn decoded<M: Message + Default>(field: &[u8]) -> M {
    let (message, end) = crate::wire::attribute::read_field(field, 0).unwrap();
    assert_eq!(end, field.len());
    M::decode(message).unwrap()
}

/// Takes the mark out and gives its names.
fn unmark(attributes: &mut Vec<KeyValue>) -> Vec<String> {
    let at = attributes
        .iter()
        .position(|a| a.key == MARK)
        .expect("a mark");
    let Some(Value::ArrayValue(names)) = attributes.remove(at).value.unwrap().value else {
        panic!("not a list")
    };
    assert!(attributes.iter().all(|a| a.key != MARK), "one mark");
    let name = |value: AnyValue| match value.value {
        Some(Value::StringValue(name)) => name,
        other => panic!("{other:?}"),
    };
    names.values.into_iter().map(name).collect()
}

fn string(attribute: &KeyValue) -> &str {
    match attribute.value.as_ref().unwrap().value.as_ref().unwrap() {
        Value::StringValue(text) => text,
        other => panic!("{other:?}"),
    }
}

fn sample() -> Span {
    Span {
        name: "chat".into(),
        attributes: vec![text("small", 60), text("large", 5_000), text("middle", 900)],
        events: vec![span::Event {
            name: "e".into(),
            attributes: vec![text("stack", 700)],
            ..Default::default()
        }],
        links: vec![span::Link {
            attributes: vec![attribute("blob", Value::BytesValue(vec![7; 800]))],
            ..Default::default()
        }],
        flags: 0x101,
        ..Span::default()
    }
}

#[test]
fn only_the_largest_is_cut_where_that_is_enough_and_all_else_stays() {
    let whole = sample();
    let bytes = field(&whole);
    let mut shrinking = Shrinking::new(&bytes, Signal::Traces).unwrap();
    let smaller = shrinking.to(4_000).unwrap();
    assert!(
        (3_950..=4_000).contains(&smaller.len()),
        "{}",
        smaller.len()
    );
    let mut cut: Span = decoded(&smaller);
    assert_eq!(unmark(&mut cut.attributes), ["large"]);
    assert!(string(&cut.attributes[1]).len() > 1_000);
    cut.attributes[1] = whole.attributes[1].clone();
    assert_eq!(cut, whole);
}

#[test]
fn further_cuts_reach_events_links_and_bytes_until_nothing_is_left() {
    let bytes = field(&sample());
    let mut shrinking = Shrinking::new(&bytes, Signal::Traces).unwrap();
    let mut names = Vec::new();
    let mut size = bytes.len();
    while let Some(smaller) = shrinking.to(size / 2) {
        assert!(smaller.len() < size, "{size}");
        size = smaller.len();
        let mut cut: Span = decoded(&smaller);
        names = unmark(&mut cut.attributes);
        assert_eq!(
            (cut.events.len(), cut.links.len(), cut.flags),
            (1, 1, 0x101)
        );
    }
    assert_eq!(
        names,
        ["events[0].stack", "large", "links[0].blob", "middle"]
    );
    assert!(size < 700, "{size}");
}

/// A span whose attributes are not looked into.
#[derive(Clone, PartialEq, Message)]
struct Shallow {
    #[prost(bytes = "vec", repeated, tag = "9")]
    attributes: Vec<Vec<u8>>,
}

#[test]
fn nested_values_are_cut_in_place_at_any_depth() {
    let mut value = Value::StringValue("é".repeat(10_000));
    for depth in 0..500 {
        value = if depth % 2 == 0 {
            let values = vec![
                wrap(Value::IntValue(1)),
                wrap(value),
                wrap(Value::BoolValue(true)),
            ];
            Value::ArrayValue(ArrayValue { values })
        } else {
            let values = vec![attribute("inner", value)];
            Value::KvlistValue(KeyValueList { values })
        };
    }
    let span = Span {
        attributes: vec![attribute("deep", value), text("other", 50)],
        ..Span::default()
    };
    let bytes = field(&span);
    let mut shrinking = Shrinking::new(&bytes, Signal::Traces).unwrap();
    let smaller = shrinking.to(bytes.len() - 10_001).unwrap();
    assert!(smaller.len() <= bytes.len() - 10_001);
    // prost reads no such depth: what is inside is checked by what a shallow reader sees.
    let shallow: Shallow = decoded(&smaller);
    assert_eq!(shallow.attributes.len(), 3);
    let nodes = walk(&shrinking.message, Signal::Traces, LEAST).unwrap();
    let leaf = nodes.last().unwrap();
    let text = std::str::from_utf8(&shrinking.message[leaf.payload.clone()]).unwrap();
    assert!(text.chars().all(|c| c == 'é') && text.len() > 9_000);
    assert!(nodes.len() > 1_000);
}

#[test]
fn a_log_record_loses_of_its_body_and_its_attributes() {
    let record = LogRecord {
        body: Some(wrap(Value::StringValue("b".repeat(3_000)))),
        attributes: vec![text("stack", 2_500), text("small", 3)],
        severity_number: 9,
        ..LogRecord::default()
    };
    let mut shrinking = Shrinking::new(&field(&record), Signal::Logs).unwrap();
    let mut cut: LogRecord = decoded(&shrinking.to(2_000).unwrap());
    assert_eq!(unmark(&mut cut.attributes), ["body", "stack"]);
    let Some(Value::StringValue(body)) = cut.body.unwrap().value else {
        panic!("no text")
    };
    assert!(body.len() < 1_000 && !body.is_empty());
    assert_eq!(cut.attributes[1], record.attributes[1]);
    assert_eq!(cut.severity_number, 9);
}

#[test]
fn many_values_are_cut_at_once_and_the_mark_stays_short() {
    let attributes = (0..5_000).map(|i| text(&format!("k{i}"), 1_000)).collect();
    let span = Span {
        attributes,
        ..Span::default()
    };
    let smaller = Shrinking::new(&field(&span), Signal::Traces)
        .unwrap()
        .to(1_000_000)
        .unwrap();
    assert!(smaller.len() <= 1_000_000);
    let mut cut: Span = decoded(&smaller);
    let names = unmark(&mut cut.attributes);
    assert_eq!(names.len(), MOST_NAMES + 1);
    assert_eq!(names.last().unwrap(), "and 4872 more");
}

#[test]
fn what_has_nothing_to_cut_or_is_no_record_stays() {
    let span = Span {
        name: "n".repeat(10_000),
        attributes: vec![text("short", LEAST)],
        ..Span::default()
    };
    let mut shrinking = Shrinking::new(&field(&span), Signal::Traces).unwrap();
    assert_eq!(shrinking.to(100), None);
    assert!(Shrinking::new(&field(&span), Signal::Metrics).is_none());
    assert!(Shrinking::new(&[field(&span), field(&span)].concat(), Signal::Traces).is_none());
    for bad in [
        &b"\x12\x02\x4a\x7f"[..],
        b"\x12\x01\x4a",
        b"\x12\x02\x4b\x01",
        b"\x12\x0b\x4a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x7f",
    ] {
        let mut shrinking = Shrinking::new(bad, Signal::Traces).unwrap();
        assert_eq!(shrinking.to(1), None, "{bad:?}");
    }
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        "[a-zé€😀]{0,120}".prop_map(Value::StringValue),
        prop::collection::vec(any::<u8>(), 0..300).prop_map(Value::BytesValue),
        any::<i64>().prop_map(Value::IntValue),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(|values| {
                let values = values.into_iter().map(wrap).collect();
                Value::ArrayValue(ArrayValue { values })
            }),
            prop::collection::vec(("[a-z]{1,4}", inner), 0..4).prop_map(|pairs| {
                let values = pairs.into_iter().map(|(k, v)| attribute(&k, v)).collect();
                Value::KvlistValue(KeyValueList { values })
            }),
        ]
    })
}

/// The value with each text and byte string cut as in `short`.
fn cut_like(long: &AnyValue, short: &AnyValue) -> AnyValue {
    let value = match (long.value.clone().unwrap(), short.value.clone().unwrap()) {
        (Value::StringValue(mut long), Value::StringValue(short)) => {
            long.truncate(short.len());
            Value::StringValue(long)
        }
        (Value::BytesValue(mut long), Value::BytesValue(short)) => {
            long.truncate(short.len());
            Value::BytesValue(long)
        }
        (Value::ArrayValue(long), Value::ArrayValue(short)) => {
            let pairs = long.values.iter().zip(&short.values);
            let values = pairs.map(|(long, short)| cut_like(long, short)).collect();
            Value::ArrayValue(ArrayValue { values })
        }
        (Value::KvlistValue(long), Value::KvlistValue(short)) => {
            let pairs = long.values.iter().zip(&short.values);
            let cut = |(long, short): (&KeyValue, &KeyValue)| KeyValue {
                value: Some(cut_like(
                    long.value.as_ref().unwrap(),
                    short.value.as_ref().unwrap(),
                )),
                ..long.clone()
            };
            Value::KvlistValue(KeyValueList {
                values: pairs.map(cut).collect(),
            })
        }
        (long, _) => long,
    };
    wrap(value)
}

proptest! {
    #[test]
    fn whatever_is_cut_stays_the_same_message_with_shorter_leaves(
        values in prop::collection::vec(value(), 1..6),
        percent in 0usize..100,
    ) {
        let named = values.into_iter().enumerate().map(|(i, v)| attribute(&format!("k{i}"), v));
        let span = Span { attributes: named.collect(), name: "n".into(), ..Span::default() };
        let bytes = field(&span);
        let mut shrinking = Shrinking::new(&bytes, Signal::Traces).unwrap();
        let most = bytes.len() * percent / 100;
        if let Some(smaller) = shrinking.to(most) {
            let mut cut: Span = decoded(&smaller);
            let names = unmark(&mut cut.attributes);
            prop_assert!(!names.is_empty());
            prop_assert_eq!(cut.attributes.len(), span.attributes.len());
            for (long, short) in span.attributes.iter().zip(&cut.attributes) {
                let expected = cut_like(long.value.as_ref().unwrap(), short.value.as_ref().unwrap());
                prop_assert_eq!(&expected, short.value.as_ref().unwrap());
                prop_assert_eq!(names.contains(&long.key), long.value != short.value);
            }
        }
    }
}
