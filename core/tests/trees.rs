//! Whole traces, written by several threads and scopes, against the model of `common/model.rs`: what
//! is exported, and what is read back from memory, is what was recorded, span by span.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a helper of a test fails by a panic"
)]

#[path = "common/model.rs"]
mod model;

use libtracer::{
    Accepted, Batch, Config, ExportFuture, Exporter, FinishedSpan, FinishedStatus, MemoryExporter,
    OwnedValue, Sampler, Span as Recorded, SpanContext, SpanKind, SpanLimits, Tracer,
    TracerProvider,
};
use model::{Op, Pairs, Target, model, same};
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{AnyValue, ArrayValue, KeyValue, KeyValueList, any_value::Value as Any},
    trace::v1::{ScopeSpans, Span, Status, span},
};
use proptest::{collection::vec, prelude::*, sample::Index};
use prost::Message;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Name, version, schema and one attribute of each scope.
const SCOPES: [[&str; 4]; 3] = [
    ["a", "", "", ""],
    ["a", "1.2", "https://example.com/schema", ""],
    ["b", "", "", "value"],
];
const KINDS: [SpanKind; 5] = [
    SpanKind::Internal,
    SpanKind::Server,
    SpanKind::Client,
    SpanKind::Producer,
    SpanKind::Consumer,
];

/// A span to be recorded.
#[derive(Clone, Debug)]
struct Node {
    parent: Above,
    scope: usize,
    kind: SpanKind,
    start: u64,
    lasting: u64,
    /// What it is started with.
    given: Pairs,
    ops: Vec<Op>,
    /// Whether another thread ends it.
    elsewhere: bool,
}

#[derive(Clone, Debug)]
enum Above {
    Nothing,
    /// One of the spans before it, if there is one.
    Earlier(Index),
    Remote(Target),
}

fn above() -> impl Strategy<Value = Above> {
    let remote = (
        any::<[u8; 16]>(),
        any::<[u8; 8]>(),
        0..4u8,
        "(vendor=[a-z]{1,9}(,other=2)?)?",
    );
    let remote = remote.prop_filter("valid ids", |(trace, span, ..)| {
        *trace != [0; 16] && *span != [0; 8]
    });
    prop_oneof![
        2 => Just(Above::Nothing),
        5 => any::<Index>().prop_map(Above::Earlier),
        2 => remote.prop_map(|(trace_id, span_id, flags, state)| Above::Remote(Target {
            trace_id, span_id, flags, remote: true, state,
        })),
    ]
}

fn node() -> impl Strategy<Value = Node> {
    let place = (above(), 0..SCOPES.len(), 0..KINDS.len(), any::<bool>());
    let times = (1..u64::MAX / 2, 0..u64::MAX / 4);
    let content = (model::pairs(), vec(model::op(), 0..6));
    (place, times, content).prop_map(
        |((parent, scope, kind, elsewhere), (start, lasting), (given, ops))| Node {
            parent,
            scope,
            kind: KINDS[kind],
            start,
            lasting,
            given,
            ops,
            elsewhere,
        },
    )
}

struct Keep(Arc<Mutex<Vec<Vec<u8>>>>);

impl Exporter for Keep {
    fn export<'a>(&'a mut self, batch: &'a Batch) -> ExportFuture<'a> {
        self.0.lock().unwrap().push(batch.to_otlp());
        Box::pin(async { Ok(Accepted::default()) })
    }
}

fn tracer(provider: &TracerProvider, scope: usize) -> Tracer {
    let [name, version, schema, value] = SCOPES[scope];
    let builder = provider
        .tracer_builder(name)
        .version(version)
        .schema_url(schema);
    match value {
        "" => builder.build(),
        value => builder.attribute("scope key", value).build(),
    }
}

/// The scope of these spans, which must be known.
fn scope_of(spans: &ScopeSpans) -> usize {
    let scope = spans.scope.clone().unwrap_or_default();
    let value = scope.attributes.first().map_or("", |pair| {
        assert_eq!(pair.key, "scope key");
        match pair.value.as_ref().and_then(|value| value.value.as_ref()) {
            Some(Any::StringValue(text)) => text,
            other => panic!("{other:?}"),
        }
    });
    let found = [&*scope.name, &*scope.version, &*spans.schema_url, value];
    SCOPES.iter().position(|known| *known == found).unwrap()
}

/// Starts and fills a span; gives it with what it must be when exported.
fn record(
    provider: &TracerProvider,
    node: &Node,
    earlier: &[SpanContext],
    limits: &SpanLimits,
) -> (Recorded, Span) {
    let parent = match &node.parent {
        Above::Earlier(index) if !earlier.is_empty() => {
            Some(earlier[index.index(earlier.len())].clone())
        }
        Above::Nothing | Above::Earlier(_) => None,
        Above::Remote(target) => Some(target.context()),
    };
    let given = model::borrow_pairs(&node.given);
    let tracer = tracer(provider, node.scope);
    let builder = tracer
        .span("name")
        .kind(node.kind)
        .start_time(node.start)
        .attributes(given);
    let started = match &parent {
        Some(parent) => builder.parent(parent).start(),
        None => builder.root().start(),
    };
    model::apply(&started, &node.ops, |key, val| {
        started.set(key, val.borrow());
    });

    let context = started.context();
    let set = node
        .given
        .iter()
        .map(|(key, val)| Op::Set(key.clone(), val.clone()));
    let ops: Vec<Op> = set.chain(node.ops.iter().cloned()).collect();
    let (trace_id, remote, random) = match &parent {
        Some(parent) => (parent.trace_id, parent.is_remote, parent.trace_flags.0 & 2),
        None => (context.trace_id, false, 2),
    };
    let expected = Span {
        trace_id: trace_id.0.to_vec(),
        span_id: context.span_id.0.to_vec(),
        parent_span_id: parent
            .as_ref()
            .map_or(vec![], |parent| parent.span_id.0.to_vec()),
        trace_state: parent.map_or(String::new(), |parent| {
            parent.trace_state.as_str().to_owned()
        }),
        flags: 0x100 | u32::from(remote) << 9 | 1 | u32::from(random),
        kind: node.kind as i32,
        start_time_unix_nano: node.start,
        end_time_unix_nano: node.start + node.lasting,
        ..model("name", &ops, limits)
    };
    (started, expected)
}

fn any_value(value: &OwnedValue) -> AnyValue {
    let value = match value {
        OwnedValue::Null => None,
        OwnedValue::Bool(value) => Some(Any::BoolValue(*value)),
        OwnedValue::Int(value) => Some(Any::IntValue(*value)),
        OwnedValue::Double(value) => Some(Any::DoubleValue(*value)),
        OwnedValue::String(text) => Some(Any::StringValue(text.clone())),
        OwnedValue::Bytes(bytes) => Some(Any::BytesValue(bytes.clone())),
        OwnedValue::Array(values) => Some(Any::ArrayValue(ArrayValue {
            values: values.iter().map(any_value).collect(),
        })),
        OwnedValue::Map(pairs) => Some(Any::KvlistValue(KeyValueList {
            values: key_values(pairs),
        })),
        other => panic!("{other:?}"),
    };
    AnyValue { value }
}

fn key_values(pairs: &[(String, OwnedValue)]) -> Vec<KeyValue> {
    let pair = |(key, value): &(String, OwnedValue)| KeyValue {
        key: key.clone(),
        value: Some(any_value(value)),
        ..KeyValue::default()
    };
    pairs.iter().map(pair).collect()
}

fn flags(trace_flags: u8, remote: bool) -> u32 {
    0x100 | u32::from(remote) << 9 | u32::from(trace_flags)
}

/// A span read back from memory, as the exporter would send it.
fn as_exported(span: &FinishedSpan) -> Span {
    let events = span.events.iter().map(|event| span::Event {
        time_unix_nano: event.unix_ns,
        name: event.name.clone(),
        attributes: key_values(&event.attributes),
        dropped_attributes_count: event.dropped_attributes,
    });
    let links = span.links.iter().map(|link| span::Link {
        trace_id: link.trace_id.to_vec(),
        span_id: link.span_id.to_vec(),
        trace_state: link.trace_state.clone(),
        attributes: key_values(&link.attributes),
        dropped_attributes_count: link.dropped_attributes,
        flags: flags(link.trace_flags, link.is_remote),
    });
    let status = match &span.status {
        FinishedStatus::Unset => None,
        FinishedStatus::Ok => Some((1, String::new())),
        FinishedStatus::Error(message) => Some((2, message.clone())),
        other => panic!("{other:?}"),
    };
    Span {
        trace_id: span.trace_id.to_vec(),
        span_id: span.span_id.to_vec(),
        parent_span_id: span.parent_span_id.map_or(vec![], |id| id.to_vec()),
        trace_state: span.trace_state.clone(),
        flags: flags(span.trace_flags, span.parent_is_remote),
        name: span.name.clone(),
        kind: span.kind as i32,
        start_time_unix_nano: span.start_unix_ns,
        end_time_unix_nano: span.end_unix_ns,
        attributes: key_values(&span.attributes),
        dropped_attributes_count: span.dropped_attributes,
        events: events.collect(),
        dropped_events_count: span.dropped_events,
        links: links.collect(),
        dropped_links_count: span.dropped_links,
        status: status.map(|(code, message)| Status { code, message }),
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::with_cases(60)
    })]

    #[test]
    fn a_trace_leaves_as_it_was_recorded(
        (nodes, order) in vec(node(), 1..12).prop_flat_map(|nodes| {
            let order: Vec<usize> = (0..nodes.len()).collect();
            (Just(nodes), Just(order).prop_shuffle())
        }),
        limits in model::limits(),
    ) {
        let requests = Arc::<Mutex<Vec<Vec<u8>>>>::default();
        let kept = Arc::clone(&requests);
        let memory = MemoryExporter::new();
        let config = Config::new()
            .limits(limits)
            .sampler(Sampler::AlwaysOn)
            .exporter("keep", Arc::new(move || Ok(Box::new(Keep(Arc::clone(&kept))))))
            .memory(&memory);
        let provider = TracerProvider::new(&config).unwrap();

        let (mut open, mut expected, mut contexts) = (Vec::new(), Vec::new(), Vec::new());
        for node in &nodes {
            let (started, span) = record(&provider, node, &contexts, &limits);
            contexts.push(started.context());
            open.push(Some(started));
            expected.push((node.scope, span));
        }
        std::thread::scope(|threads| {
            for place in order {
                let (span, node) = (open[place].take().unwrap(), &nodes[place]);
                let end = move || span.end_at(node.start + node.lasting);
                if node.elsewhere { drop(threads.spawn(end)) } else { end() }
            }
        });
        provider.flush(Duration::from_secs(10)).unwrap();

        let mut left = expected;
        let remembered = memory.spans();
        prop_assert_eq!(remembered.len(), left.len());
        for request in requests.lock().unwrap().iter() {
            let request = ExportTraceServiceRequest::decode(&request[..]).unwrap();
            for scope in request.resource_spans.iter().flat_map(|spans| &spans.scope_spans) {
                for span in &scope.spans {
                    let place = left.iter().position(|(_, known)| known.span_id == span.span_id);
                    let (number, known) = left.swap_remove(place.expect("a span of ours, once"));
                    prop_assert_eq!(scope_of(scope), number);
                    same(span, &known)?;
                    let found = remembered.iter().find(|other| other.span_id[..] == span.span_id);
                    same(&as_exported(found.unwrap()), &known)?;
                }
            }
        }
        prop_assert!(left.is_empty(), "lost: {:?}", left);
    }
}
