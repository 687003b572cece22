//! Connections that break, stall, flood or speak something else.

use super::{
    Accepted, Builder, Client, OtlpHttp, Reply, SECOND, Server, answered, is_permanent,
    is_retryable, samples,
};
use std::{net::TcpListener, time::Instant};

#[test]
fn conf_079_an_answer_over_4_mib_is_cut_off_and_not_retried() {
    let chunk = [&b"10000\r\n"[..], &vec![b'x'; 0x10000], b"\r\n"].concat();
    let head = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    let start = Instant::now();
    let outcome = answered(Reply::Endless(head, chunk));
    assert!(is_permanent(&outcome), "{outcome:?}");
    assert!(
        outcome
            .unwrap_err()
            .message()
            .contains("longer than 4194304 bytes")
    );
    assert!(start.elapsed() < 5 * SECOND);

    let long = Reply::status("200 OK", "", &vec![0; 4 * 1024 * 1024 + 1]);
    assert!(is_permanent(&answered(long)));
}

#[test]
fn what_is_not_http_is_permanent() {
    let wrong: [&[u8]; 4] = [
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: many\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n",
        b"\x00\x00\x12\x04\x00\x00\x00\x00\x00",
    ];
    for bytes in wrong {
        let outcome = answered(Reply::Close(bytes.to_vec()));
        assert!(
            is_permanent(&outcome),
            "{}: {outcome:?}",
            String::from_utf8_lossy(bytes)
        );
    }
}

#[test]
fn a_flood_of_interim_answers_ends_with_the_attempt() {
    // Long heads: what is measured is not how slowly an unoptimised build parses short ones.
    let padding = "x".repeat(8000);
    let interim = format!("HTTP/1.1 100 Continue\r\nx-padding: {padding}\r\n\r\n");
    let server = Server::start(move |_| Reply::Endless(Vec::new(), interim.clone().into()));
    let mut client = Client::new(&server.url("/"), &[], SECOND);
    let start = Instant::now();
    assert!(client.send_sample().is_err());
    assert!(start.elapsed() < 5 * SECOND);
}

#[test]
fn a_slow_server_costs_the_timeout_and_no_more() {
    let server = Server::start(|_| Reply::Silence);
    let mut client = Client::new(&server.url("/"), &[], SECOND / 5);
    let start = Instant::now();
    let outcome = client.send_sample();
    assert!(is_retryable(&outcome), "{outcome:?}");
    assert!(
        outcome
            .unwrap_err()
            .message()
            .ends_with("did not answer within 200ms")
    );
    assert!((SECOND / 5..2 * SECOND).contains(&start.elapsed()));
    // The connection that may still answer the old request is not used for the next one.
    let _ = client.send_sample();
    assert_eq!(
        (server.request().connection, server.request().connection),
        (0, 1)
    );
}

#[test]
fn a_cancelled_export_leaves_the_exporter_usable() {
    let server = Server::start(|n| if n == 0 { Reply::Silence } else { Reply::ok() });
    let mut client = Client::to(&server);
    let (batch, _) = samples::batch();
    let Client { runtime, exporter } = &mut client;
    let cancelled = runtime.block_on(async {
        tokio::time::timeout(SECOND / 5, exporter.export(&batch))
            .await
            .is_err()
    });
    assert!(cancelled);
    assert_eq!(client.send_sample(), Ok(Accepted::default()));
}

#[test]
fn conf_083_a_closed_port_is_retryable_and_named() {
    let address = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let mut client = Client::new(&format!("http://{address}/v1/traces"), &[], 10 * SECOND);
    let outcome = client.send_sample();
    assert!(is_retryable(&outcome), "{outcome:?}");
    let message = outcome.unwrap_err().to_string();
    let expected = format!("no connection to http://{address}/v1/traces: Connection refused");
    assert!(message.starts_with(&expected), "{message}");
}

#[test]
fn conf_083_a_connection_that_breaks_is_retryable() {
    let cut = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf".to_vec();
    for bytes in [Vec::new(), b"HTTP/1.1 20".to_vec(), cut] {
        let outcome = answered(Reply::Close(bytes));
        assert!(is_retryable(&outcome), "{outcome:?}");
    }
}

#[test]
fn conf_085_a_connection_is_kept_and_a_dead_one_replaced_at_once() {
    // Requests 0 and 1 are answered on one connection; request 2 finds it closed under its hands.
    let server = Server::start(|n| {
        if n == 2 {
            Reply::Close(Vec::new())
        } else {
            Reply::ok()
        }
    });
    let mut client = Client::to(&server);
    for _ in 0..3 {
        assert_eq!(client.send_sample(), Ok(Accepted::default()));
    }
    let connections: Vec<usize> = (0..4).map(|_| server.request().connection).collect();
    assert_eq!(connections, [0, 0, 0, 1]);
}

#[test]
fn a_fresh_connection_that_dies_is_not_tried_twice() {
    let server = Server::start(|_| Reply::Close(Vec::new()));
    assert!(is_retryable(&Client::to(&server).send_sample()));
    server.request();
    assert!(server.has_no_request());
}

#[test]
fn an_idle_connection_that_the_server_closed_is_not_seen() {
    let server = Server::start(|n| match Reply::ok() {
        Reply::Keep(bytes) if n == 0 => Reply::Close(bytes),
        reply => reply,
    });
    let mut client = Client::to(&server);
    assert_eq!(client.send_sample(), Ok(Accepted::default()));
    assert_eq!(client.send_sample(), Ok(Accepted::default()));
    assert_eq!(
        (server.request().connection, server.request().connection),
        (0, 1)
    );
}

#[test]
fn tls_is_not_replaced_by_plain_text() {
    let server = Server::start(|_| Reply::ok());
    let url = server.url("/").replace("http:", "https:");
    let settings = OtlpHttp::new(&url, [("k", "v")], SECOND).unwrap();
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        // A machine without trust roots says so; one with them fails in the handshake.
        let outcome = match settings.factory()() {
            Ok(mut exporter) => exporter.export(&samples::batch().0).await,
            Err(error) => Err(error),
        };
        outcome.unwrap_err();
    });
    assert!(server.has_no_request());
}
