//! Requests and spans that are too large for their destination: a process of its own, for its large
//! memory bound.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a helper of a test fails by a panic"
)]

#[expect(dead_code, reason = "other tests need more of it")]
#[path = "common/receiver.rs"]
mod receiver;
#[expect(dead_code, reason = "other tests need more of it")]
#[path = "faults/rig.rs"]
mod rig;
#[expect(dead_code, reason = "other tests need more of it")]
#[path = "common/told.rs"]
mod told;

use libtracer::TracerProvider;
use opentelemetry_proto::tonic::common::v1::{AnyValue, any_value::Value};
use opentelemetry_proto::tonic::trace::v1::Span;
use receiver::Reply;
use rig::{Receiver, account, config};
use std::net::TcpListener;
use told::SOON;

/// What the receiver takes.
const MOST: usize = 300_000;

/// Attribute sizes from 1 byte to 20 MiB, in an order that mixes them.
const SIZES: [usize; 16] = [
    1,
    20 << 20,
    10,
    250_000,
    299_000,
    301_000,
    3,
    1 << 20,
    100,
    1000,
    5 << 20,
    10_000,
    150_000,
    150_000,
    150_000,
    0,
];

fn text_of(span: &Span) -> &str {
    let text = span.attributes.iter().find(|a| a.key == "text");
    match text.and_then(|a| a.value.as_ref()) {
        Some(AnyValue {
            value: Some(Value::StringValue(text)),
        }) => text,
        other => unreachable!("{other:?}"),
    }
}

/// The keys that the span says were cut.
fn cut_keys(span: &Span) -> Vec<String> {
    let mark = span
        .attributes
        .iter()
        .find(|a| a.key == "libtracer.truncated");
    let Some(Value::ArrayValue(keys)) = mark.and_then(|a| a.value.clone()?.value) else {
        return Vec::new();
    };
    let text = |key: AnyValue| match key.value {
        Some(Value::StringValue(key)) => key,
        other => unreachable!("{other:?}"),
    };
    keys.values.into_iter().map(text).collect()
}

#[test]
fn spans_of_one_byte_to_twenty_mebibytes_reach_a_receiver_that_takes_little() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let receiver = Receiver::on(listener, |_, request| {
        let too_large = request.body.len() > MOST;
        too_large.then(|| Reply::status("413 Too Large", "", b"over 300 kB"))
    });
    let config = config()
        .memory_limit(160 << 20)
        .otlp_timeout(SOON)
        .otlp(receiver.url());
    let provider = TracerProvider::new(&config).unwrap();
    let tracer = provider.tracer("t");
    for (number, size) in SIZES.into_iter().enumerate() {
        // Of two bytes each, so that a cut in the middle of one would be seen.
        let text = "é".repeat(size / 2) + &"x".repeat(size % 2);
        tracer.start(&number.to_string()).set("text", &*text);
    }
    provider.flush(SOON).unwrap();
    let now = account(&provider);
    assert_eq!((now.exported, now.dropped()), (16, 0), "{now:?}");
    assert!(now.last_error.ends_with("over 300 kB"), "{now:?}");
    let spans = receiver.spans();
    assert_eq!(spans.len(), SIZES.len());
    for span in spans {
        let size = SIZES[span.name.parse::<usize>().unwrap()];
        let text = text_of(&span);
        if size > MOST - 1000 && size != 299_000 {
            assert_eq!(cut_keys(&span), ["text"], "{size}");
            // No more was cut than the search for the limit costs.
            assert!(text.len() > MOST / 3, "{size}: {}", text.len());
            assert!(text.chars().all(|c| c == 'é'), "{size}");
        } else {
            assert_eq!((text.len(), cut_keys(&span).len()), (size, 0), "{size}");
        }
    }
}
