//! Servers that are not what they say: none of them costs memory, time without bound, or a span that
//! comes after them.

use crate::receiver::Reply;
use crate::rig::{Receiver, account, provider};
use crate::told::{SOON, spans};
use flate2::{Compression, write::GzEncoder};
use std::io::Write;
use std::time::{Duration, Instant};

/// The first batch meets `reply`, the second one a receiver as it should be. What became of the
/// first: delivered after another attempt, given up, or (where that is allowed) taken for success.
fn meets(what: &str, reply: Reply, expected: &str) {
    let receiver = Receiver::start(move |number| (number == 0).then(|| reply.clone()));
    let provider = provider(receiver.url());
    spans(&provider, 5);
    let begin = Instant::now();
    provider.flush(SOON).unwrap();
    assert!(begin.elapsed() < Duration::from_secs(10), "{what}");
    let now = account(&provider);
    let seen = match (
        now.exported,
        now.dropped_export_failed,
        receiver.spans().len(),
    ) {
        (5, 0, 5) => "sent again",
        (5, 0, 0) => "taken for success",
        (0, 5, 0) => "given up",
        _ => "something else",
    };
    assert_eq!(seen, expected, "{what}: {now:?}");
    assert!(!now.last_error.is_empty(), "{what}");
    assert!(libtracer::diagnostics().memory_bytes < 32 << 20, "{what}");

    let before = receiver.spans().len();
    spans(&provider, 5);
    provider.flush(SOON).unwrap();
    let now = account(&provider);
    assert_eq!(
        (now.queued, receiver.spans().len()),
        (0, before + 5),
        "{what}"
    );
}

fn head(headers: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\ncontent-type: application/x-protobuf\r\n{headers}\r\n").into()
}

#[test]
fn garbage_is_no_answer_and_the_next_batch_goes_on() {
    let garbage: Vec<u8> = (0..=255).cycle().take(9000).collect();
    meets("bytes", Reply::Close(garbage), "given up");
    meets(
        "text",
        Reply::Close(b"220 smtp ready\r\n".to_vec()),
        "given up",
    );
    meets("nothing", Reply::Close(Vec::new()), "sent again");
    let body = [head("content-length: 4\r\n"), b"\xff\xff\xff\xff".to_vec()].concat();
    meets(
        "no OTLP in a success",
        Reply::Keep(body),
        "taken for success",
    );
}

#[test]
fn conf_079_an_answer_over_four_mebibytes_is_an_error_however_it_comes() {
    let many = vec![0; 64 << 10];
    let long = Reply::Endless(head("content-length: 200000000\r\n"), many.clone());
    meets("200 MB", long, "given up");
    let chunk = [
        format!("{:x}\r\n", many.len()).into_bytes(),
        many,
        b"\r\n".to_vec(),
    ]
    .concat();
    let chunks = Reply::Endless(head("transfer-encoding: chunked\r\n"), chunk);
    meets("endless chunks", chunks, "given up");
    let until_closed = Reply::Endless(head("connection: close\r\n"), vec![0; 64 << 10]);
    meets("endless until closed", until_closed, "given up");
    meets("a gzip bomb", Reply::Keep(bomb()), "given up");
}

/// 16 MiB of zeroes in a few kilobytes.
fn bomb() -> Vec<u8> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    for _ in 0..16 {
        gzip.write_all(&vec![0; 1 << 20]).unwrap();
    }
    let body = gzip.finish().unwrap();
    let len = body.len();
    let head = head(&format!(
        "content-encoding: gzip\r\ncontent-length: {len}\r\n"
    ));
    [head, body].concat()
}

#[test]
fn lengths_that_lie_are_survived() {
    meets(
        "no number",
        Reply::Close(head("content-length: abc\r\n")),
        "given up",
    );
    meets(
        "negative",
        Reply::Close(head("content-length: -1\r\n")),
        "given up",
    );
    let two = head("content-length: 1\r\ncontent-length: 2\r\n");
    meets("two lengths", Reply::Close(two), "given up");
    meets(
        "too long",
        Reply::Close(head("content-length: 100\r\n")),
        "sent again",
    );
    let chunk = [head("transfer-encoding: chunked\r\n"), b"zz\r\n".to_vec()].concat();
    meets("a chunk of no size", Reply::Close(chunk), "given up");
}

#[test]
fn a_flood_of_interim_answers_or_headers_ends_at_the_time_limit_or_before() {
    let interim = b"HTTP/1.1 103 Early Hints\r\n\r\n".to_vec();
    meets(
        "1xx",
        Reply::Endless(Vec::new(), interim.repeat(100)),
        "sent again",
    );
    let header = b"x: yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy\r\n".to_vec();
    let start = b"HTTP/1.1 200 OK\r\n".to_vec();
    meets(
        "headers",
        Reply::Endless(start, header.repeat(100)),
        "given up",
    );
}
