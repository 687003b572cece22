use super::thrift as mapping;
use crate::export::samples;
use crate::finished::{FinishedEvent, FinishedSpan, FinishedStatus, OwnedValue};
use crate::span::SpanKind;
use std::collections::BTreeMap;
use thrift::protocol::{TBinaryInputProtocol, TInputProtocol, TType};

/// A structure as it stands in the bytes: by field numbers, as jaeger.thrift has them.
type Fields = BTreeMap<i16, Any>;

#[derive(Clone, Debug, PartialEq)]
enum Any {
    Bool(bool),
    I32(i32),
    I64(i64),
    Double(f64),
    Binary(Vec<u8>),
    Struct(Fields),
    List(Vec<Any>),
}

fn read(input: &mut impl TInputProtocol, kind: TType) -> Any {
    match kind {
        TType::Bool => Any::Bool(input.read_bool().unwrap()),
        TType::I32 => Any::I32(input.read_i32().unwrap()),
        TType::I64 => Any::I64(input.read_i64().unwrap()),
        TType::Double => Any::Double(input.read_double().unwrap()),
        TType::String => Any::Binary(input.read_bytes().unwrap()),
        TType::Struct => Any::Struct(read_struct(input)),
        TType::List => {
            let head = input.read_list_begin().unwrap();
            let items = (0..head.size).map(|_| read(input, head.element_type));
            Any::List(items.collect())
        }
        other => panic!("{other:?} is not in jaeger.thrift"),
    }
}

fn read_struct(input: &mut impl TInputProtocol) -> Fields {
    let mut fields = Fields::new();
    input.read_struct_begin().unwrap();
    loop {
        let head = input.read_field_begin().unwrap();
        if head.field_type == TType::Stop {
            break;
        }
        let value = read(input, head.field_type);
        assert_eq!(
            fields.insert(head.id.unwrap(), value),
            None,
            "a field twice"
        );
    }
    input.read_struct_end().unwrap();
    fields
}

fn decode(bytes: &[u8]) -> Fields {
    let mut rest = bytes;
    let fields = read_struct(&mut TBinaryInputProtocol::new(&mut rest, true));
    assert!(rest.is_empty(), "{} bytes after the batch", rest.len());
    fields
}

fn text(value: &str) -> Any {
    Any::Binary(value.as_bytes().to_vec())
}

fn list(fields: &Fields, id: i16) -> Vec<Fields> {
    let Some(Any::List(items)) = fields.get(&id) else {
        panic!("no list {id} in {fields:?}")
    };
    let structure = |item: &Any| match item {
        Any::Struct(fields) => fields.clone(),
        other => panic!("{other:?}"),
    };
    items.iter().map(structure).collect()
}

/// Tags by key: `TagType` and the one value field, which is the one of that type.
fn tags(fields: &Fields, id: i16) -> BTreeMap<String, Any> {
    let tag = |tag: Fields| {
        assert_eq!(tag.len(), 3, "{tag:?}");
        let (Any::Binary(key), Any::I32(kind)) = (&tag[&1], &tag[&2]) else {
            panic!("{tag:?}")
        };
        let field = [3, 4, 5, 6, 7][usize::try_from(*kind).unwrap()];
        let key = String::from_utf8(key.clone()).unwrap();
        (key, tag[&field].clone())
    };
    let all = list(fields, id);
    let count = all.len();
    let tags: BTreeMap<_, _> = all.into_iter().map(tag).collect();
    assert_eq!(tags.len(), count, "a key twice");
    tags
}

/// The span alone in a batch.
fn written(span: &FinishedSpan) -> Fields {
    let bytes = mapping::batch(std::slice::from_ref(span), &span.resource).unwrap();
    list(&decode(&bytes), 2).remove(0)
}

#[test]
fn every_field_is_mapped_as_the_specification_says() {
    let (batch, _) = samples::batch();
    let spans = batch.to_spans();
    let bytes = mapping::batch(&spans, &spans[0].resource).unwrap();
    let decoded = decode(&bytes);
    assert_eq!(decoded.keys().collect::<Vec<_>>(), [&1, &2]);
    let Any::Struct(process) = &decoded[&1] else {
        panic!("{decoded:?}")
    };
    assert_eq!(process[&1], text("search"));
    assert_eq!(process[&2], Any::List(vec![]));
    assert_eq!(list(&decoded, 2).len(), 3);

    let span = &list(&decoded, 2)[1];
    let start = i64::try_from(samples::START / 1000).unwrap();
    for (id, expected) in [
        (1, Any::I64(0xa3ce_929d_0e0e_4736_u64.cast_signed())),
        (2, Any::I64(0x4bf9_2f35_77b3_4da6)),
        (3, Any::I64(9)),
        (4, Any::I64(8)),
        (5, text("everything")),
        (7, Any::I32(1)),
        (8, Any::I64(start)),
        (9, Any::I64(1500)),
    ] {
        assert_eq!(span[&id], expected, "field {id}");
    }
    let link = [
        (1, Any::I32(1)),
        (2, Any::I64(0x0707_0707_0707_0707)),
        (3, Any::I64(0x0707_0707_0707_0707)),
        (4, Any::I64(0x0808_0808_0808_0808)),
    ];
    assert_eq!(list(span, 6), [Fields::from(link)]);
}

#[test]
fn attributes_and_what_has_no_field_are_tags_of_their_types() {
    let (batch, _) = samples::batch();
    let span = written(&batch.to_spans()[1]);
    let expected = [
        ("text", text("value")),
        ("flag", Any::Bool(true)),
        ("int", Any::I64(i64::MIN)),
        ("double", Any::Double(0.5)),
        ("bytes", Any::Binary(vec![0, 255])),
        ("list", text("[1,2,-3]")),
        ("map", text("{\"inner\":\"é\",\"deep\":[1,2,-3]}")),
        ("null", text("")),
        ("span.kind", text("client")),
        ("otel.status_code", text("ERROR")),
        ("otel.status_description", text("broke")),
        ("error", Any::Bool(true)),
        ("otel.scope.name", text("service")),
        ("otel.scope.version", text("1.2")),
        ("otel.library.name", text("service")),
        ("otel.library.version", text("1.2")),
        ("otel.dropped_attributes_count", Any::I64(3)),
        ("otel.dropped_events_count", Any::I64(5)),
        ("otel.dropped_links_count", Any::I64(7)),
        ("w3c.tracestate", text("vendor=1,other=2")),
    ];
    let expected = expected.map(|(key, value)| (key.to_owned(), value));
    assert_eq!(tags(&span, 10), BTreeMap::from(expected));
}

#[test]
fn events_and_links_with_attributes_are_logs() {
    let (batch, _) = samples::batch();
    let span = written(&batch.to_spans()[1]);
    let start = i64::try_from(samples::START / 1000).unwrap();
    let [event, link] = &list(&span, 11)[..] else {
        panic!("{span:?}")
    };
    assert_eq!(
        (&event[&1], &link[&1]),
        (&Any::I64(start), &Any::I64(start))
    );
    let expected = [
        ("event", text("exception")),
        ("exception.type", text("ValueError")),
        ("exception.message", text("no")),
        ("otel.dropped_attributes_count", Any::I64(4)),
    ];
    let expected = expected.map(|(key, value)| (key.to_owned(), value));
    assert_eq!(tags(event, 2), BTreeMap::from(expected));
    let expected = [
        ("event", text("link")),
        ("trace_id", text("07070707070707070707070707070707")),
        ("span_id", text("0808080808080808")),
        ("w3c.tracestate", text("linked=1")),
        ("why", text("cause")),
        ("otel.dropped_attributes_count", Any::I64(6)),
    ];
    let expected = expected.map(|(key, value)| (key.to_owned(), value));
    assert_eq!(tags(link, 2), BTreeMap::from(expected));
}

#[test]
fn what_is_not_there_takes_no_field() {
    let span = written(&FinishedSpan::default());
    assert_eq!(
        span.keys().collect::<Vec<_>>(),
        [&1, &2, &3, &4, &5, &7, &8, &9, &10]
    );
    assert_eq!(span[&10], Any::List(vec![]));
    assert_eq!(span[&4], Any::I64(0));
}

#[test]
fn an_event_attribute_called_event_wins_over_the_name() {
    let mut span = FinishedSpan::default();
    span.events.push(FinishedEvent {
        name: "mine".into(),
        attributes: vec![("event".into(), "theirs".into())],
        ..FinishedEvent::default()
    });
    let log = &list(&written(&span), 11)[0];
    assert_eq!(tags(log, 2)["event"], text("theirs"));
}

#[test]
fn an_error_overrides_an_attribute_and_nothing_else_touches_it() {
    let mut span = FinishedSpan::default();
    span.attributes
        .push(("error".into(), OwnedValue::from("soft")));
    assert_eq!(tags(&written(&span), 10)["error"], text("soft"));
    span.status = FinishedStatus::Error(String::new());
    let tags = tags(&written(&span), 10);
    assert_eq!(tags["error"], Any::Bool(true));
    assert_eq!(tags.get("otel.status_description"), None);
}

#[test]
fn flags_and_kinds_are_jaegers() {
    for (w3c, jaeger) in [(0, 0), (1, 1), (2, 0), (3, 1), (255, 1)] {
        let span = FinishedSpan {
            trace_flags: w3c,
            ..FinishedSpan::default()
        };
        assert_eq!(written(&span)[&7], Any::I32(jaeger));
    }
    for (kind, name) in [
        (SpanKind::Internal, None),
        (SpanKind::Server, Some("server")),
        (SpanKind::Client, Some("client")),
        (SpanKind::Producer, Some("producer")),
        (SpanKind::Consumer, Some("consumer")),
    ] {
        let span = FinishedSpan {
            kind,
            ..FinishedSpan::default()
        };
        assert_eq!(
            tags(&written(&span), 10).get("span.kind").cloned(),
            name.map(text)
        );
    }
}

#[test]
fn times_before_their_start_and_far_away_are_written() {
    let span = FinishedSpan {
        start_unix_ns: u64::MAX,
        end_unix_ns: 0,
        ..FinishedSpan::default()
    };
    let written = written(&span);
    assert_eq!(written[&8], Any::I64(18_446_744_073_709_551));
    assert_eq!(written[&9], Any::I64(0));
}
