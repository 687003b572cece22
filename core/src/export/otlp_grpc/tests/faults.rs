//! Servers that break off, keep silent, or are something else; by h2 alone, or with no protocol at
//! all.

use super::{Client, SECOND, collector::Collector, is_permanent, is_retryable, settings};
use crate::export::{Accepted, ExportError, otlp_grpc::Compression, samples};
use bytes::Bytes;
use h2::{Reason, server::SendResponse};
use http::{HeaderMap, Response, StatusCode};
use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpListener},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

/// Answers the n-th call (from 0, over all connections) as `answer` does, after the request was read.
/// False closes the connection.
fn server(answer: impl Fn(usize, SendResponse<Bytes>) -> bool + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        runtime.unwrap().block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            let count = AtomicUsize::new(0);
            loop {
                let (tcp, _) = listener.accept().await.unwrap();
                let mut connection = h2::server::handshake(tcp).await.unwrap();
                while let Some(Ok((request, respond))) = connection.accept().await {
                    drop(request);
                    if !answer(count.fetch_add(1, Ordering::Relaxed), respond) {
                        break;
                    }
                }
            }
        });
    });
    format!("http://{address}")
}

/// The head of an answer in gRPC.
fn grpc() -> http::response::Builder {
    Response::builder().header("content-type", "application/grpc+proto")
}

fn trailers(status: &'static str) -> HeaderMap {
    let mut trailers = HeaderMap::new();
    trailers.insert("grpc-status", status.parse().unwrap());
    trailers
}

/// Sends a message, which is empty, then the trailers.
fn complete(mut respond: SendResponse<Bytes>, trailers: HeaderMap) -> bool {
    let mut body = respond
        .send_response(grpc().body(()).unwrap(), false)
        .unwrap();
    body.send_data(Bytes::from_static(&[0; 5]), false).unwrap();
    body.send_trailers(trailers).unwrap();
    true
}

/// What one export results in where all calls are answered by `answer`.
fn answered(
    answer: impl Fn(SendResponse<Bytes>) -> bool + Send + 'static,
) -> Result<Accepted, ExportError> {
    Client::at(&server(move |_, respond| answer(respond))).send_sample()
}

fn plainly(status: u16, words: &'static str) -> Result<Accepted, ExportError> {
    answered(move |mut respond| {
        let head = Response::builder()
            .status(status)
            .header("retry-after", "7");
        let mut body = respond
            .send_response(head.body(()).unwrap(), false)
            .unwrap();
        body.send_data(Bytes::from_static(words.as_bytes()), true)
            .unwrap();
        true
    })
}

#[test]
fn conf_081_an_answer_in_plain_http_is_judged_by_its_status() {
    for status in [429, 502, 503, 504] {
        let outcome = plainly(status, "busy");
        let Err(ExportError::Retryable { message, after }) = outcome else {
            panic!("{status}: {outcome:?}")
        };
        assert_eq!(after, Some(7 * SECOND));
        assert!(
            message.ends_with(": busy") && message.contains(&status.to_string()),
            "{message}"
        );
    }
    for status in [200, 301, 400, 404, 415, 500] {
        let outcome = plainly(status, "<html>");
        assert!(is_permanent(&outcome), "{status}: {outcome:?}");
    }
    for status in [401, 403] {
        let outcome = plainly(status, "no");
        assert!(
            matches!(outcome, Err(ExportError::Denied { .. })),
            "{outcome:?}"
        );
    }
    let outcome = plainly(413, "no");
    assert!(
        matches!(outcome, Err(ExportError::TooLarge { .. })),
        "{outcome:?}"
    );
}

#[test]
fn a_status_counts_whatever_http_says_beside_it() {
    let outcome = answered(|mut respond| {
        let head = grpc()
            .status(StatusCode::BAD_REQUEST)
            .header("grpc-status", "14");
        respond.send_response(head.body(()).unwrap(), true).unwrap();
        true
    });
    assert!(is_retryable(&outcome), "{outcome:?}");
}

#[test]
fn details_that_are_not_base64_are_no_reason_to_panic() {
    for details in ["!", "A", "=", "\u{e9}"] {
        let outcome = answered(move |mut respond| {
            let head = grpc()
                .header("grpc-status", "14")
                .header("grpc-status-details-bin", details);
            respond.send_response(head.body(()).unwrap(), true).unwrap();
            true
        });
        assert!(is_retryable(&outcome), "{outcome:?}");
        let outcome = answered(move |respond| {
            let mut trailers = trailers("8");
            trailers.insert("grpc-status-details-bin", details.parse().unwrap());
            complete(respond, trailers)
        });
        assert!(is_permanent(&outcome), "{outcome:?}");
    }
}

#[test]
fn a_success_without_a_readable_message_is_a_success() {
    let warned = |outcome: Result<Accepted, ExportError>| {
        let accepted = outcome.unwrap();
        assert_eq!(accepted.rejected, 0);
        assert_eq!(
            accepted.message,
            "the spans were taken, with an answer that is not OTLP"
        );
    };
    // No message at all, and one that is no protobuf.
    warned(answered(|mut respond| {
        let head = grpc().header("grpc-status", "0").body(()).unwrap();
        respond.send_response(head, true).unwrap();
        true
    }));
    warned(answered(|mut respond| {
        let mut body = respond
            .send_response(grpc().body(()).unwrap(), false)
            .unwrap();
        body.send_data(Bytes::from_static(b"\0\0\0\0\x01\xff"), false)
            .unwrap();
        body.send_trailers(trailers("0")).unwrap();
        true
    }));
    assert_eq!(
        answered(|respond| complete(respond, trailers("0"))),
        Ok(Accepted::default())
    );
}

#[test]
fn conf_079_an_answer_over_4_mib_is_an_error_that_is_not_retried() {
    // By what it announces, and by what it is after decompression.
    let announced = answered(|mut respond| {
        let mut body = respond
            .send_response(grpc().body(()).unwrap(), false)
            .unwrap();
        let prefix = (5_u32 << 20).to_be_bytes();
        body.send_data([&[0], &prefix[..], &[0; 100]].concat().into(), true)
            .unwrap();
        true
    });
    assert!(is_permanent(&announced), "{announced:?}");
    for (name, compression) in [
        ("gzip", Compression::Gzip),
        #[cfg(feature = "zstd")]
        ("zstd", Compression::Zstd),
    ] {
        let bomb = compression
            .compress(&[vec![0; 5 << 20].into()])
            .unwrap()
            .unwrap();
        let outcome = answered(move |mut respond| {
            let head = grpc().header("grpc-encoding", name).body(()).unwrap();
            let mut body = respond.send_response(head, false).unwrap();
            let prefix = u32::try_from(bomb.len()).unwrap().to_be_bytes();
            body.send_data([&[1], &prefix[..], &bomb].concat().into(), false)
                .unwrap();
            body.send_trailers(trailers("0")).unwrap();
            true
        });
        assert!(is_permanent(&outcome), "{name}: {outcome:?}");
        let text = outcome.unwrap_err().to_string();
        assert!(text.contains("4194304"), "{text}");
    }
}

#[test]
fn an_answer_without_a_status_is_not_a_success() {
    let outcome = answered(|mut respond| {
        let mut body = respond
            .send_response(grpc().body(()).unwrap(), false)
            .unwrap();
        body.send_data(Bytes::from_static(&[0; 5]), true).unwrap();
        true
    });
    assert!(is_permanent(&outcome), "{outcome:?}");
}

#[test]
fn conf_083_a_stream_or_connection_that_breaks_is_retried() {
    for reason in [
        Reason::REFUSED_STREAM,
        Reason::INTERNAL_ERROR,
        Reason::ENHANCE_YOUR_CALM,
    ] {
        let outcome = answered(move |mut respond| {
            respond.send_reset(reason);
            true
        });
        assert!(is_retryable(&outcome), "{reason:?}: {outcome:?}");
    }
    let outcome = answered(|_| false);
    assert!(is_retryable(&outcome), "{outcome:?}");
    // Within the answer.
    let outcome = answered(|mut respond| {
        let mut body = respond
            .send_response(grpc().body(()).unwrap(), false)
            .unwrap();
        body.send_data(Bytes::from_static(&[0; 3]), false).unwrap();
        body.send_reset(Reason::INTERNAL_ERROR);
        true
    });
    assert!(is_retryable(&outcome), "{outcome:?}");
}

#[test]
fn conf_083_a_connection_that_went_stale_is_replaced_at_once() {
    // Answers one call on each connection, and breaks it at the second.
    let calls = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&calls);
    let url = server(move |number, respond| {
        seen.fetch_add(1, Ordering::Relaxed);
        number % 2 == 0 && complete(respond, trailers("0"))
    });
    let mut client = Client::at(&url);
    for _ in 0..3 {
        assert_eq!(client.send_sample(), Ok(Accepted::default()));
    }
    assert_eq!(calls.load(Ordering::Relaxed), 5);
}

#[test]
fn conf_083_nobody_there_is_retried_and_found_when_there() {
    let address = {
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        free.local_addr().unwrap()
    };
    let mut client = Client::at(&format!("http://{address}"));
    let outcome = client.send_sample();
    assert!(is_retryable(&outcome), "{outcome:?}");
    let text = outcome.unwrap_err().to_string();
    assert!(
        text.starts_with(&format!("no connection to http://{address}")),
        "{text}"
    );
    let set_up = super::Settings {
        address: Some(address),
        ..super::Settings::default()
    };
    let collector = Collector::with(set_up, |_| Ok((0, String::new())));
    assert_eq!(client.send_sample(), Ok(Accepted::default()));
    drop(collector);
    assert!(is_retryable(&client.send_sample()));
}

/// A server without a protocol: sends `words` to whoever comes, and keeps the connection.
fn speaker(words: &'static [u8]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let mut open = Vec::new();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut start = [0; 24];
            stream.read_exact(&mut start).unwrap();
            stream.write_all(words).unwrap();
            open.push(stream);
        }
    });
    address
}

#[test]
fn a_server_for_http_1_is_recognised() {
    let answer = b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n";
    let outcome = Client::at(&format!("http://{}", speaker(answer))).send_sample();
    assert!(is_permanent(&outcome), "{outcome:?}");
    let text = outcome.unwrap_err().to_string();
    assert!(
        text.contains("does not answer in HTTP/2") && text.contains("4317"),
        "{text}"
    );
}

#[test]
fn after_silence_the_next_call_has_a_connection_of_its_own() {
    let (connected, connections) = mpsc::channel();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    thread::spawn(move || {
        for stream in listener.incoming() {
            connected.send(stream.unwrap()).unwrap();
        }
    });
    let mut client = Client::new(settings(&url, Duration::from_millis(50)));
    for _ in 0..2 {
        let outcome = client.send_sample();
        assert!(is_retryable(&outcome), "{outcome:?}");
        assert!(
            outcome
                .unwrap_err()
                .to_string()
                .contains("did not answer within 50ms")
        );
        connections.recv_timeout(10 * SECOND).unwrap();
    }
    // Given up by the caller, as at the pipeline's export timeout.
    let mut client = Client::new(settings(&url, Duration::ZERO));
    let (batch, _) = samples::batch();
    for _ in 0..2 {
        let limit = Duration::from_millis(50);
        let export = client.exporter.export(&batch);
        let gave_up = client
            .runtime
            .block_on(async { tokio::time::timeout(limit, export).await });
        gave_up.unwrap_err();
        connections.recv_timeout(10 * SECOND).unwrap();
    }
}
