//! Bodies that are compressed, ours and a server's.

use super::super::compress::{Unreadable, decompress};
use super::{Client, Compression, ExportError, Reply, SECOND, Server, target};
use bytes::Bytes;
use flate2::write::{GzEncoder, ZlibEncoder};
use std::io::{Read, Write};

const LIMIT: usize = 4 * 1024 * 1024;

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

fn deflate(plain: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn conf_075_gzip_is_an_option() {
    let server = Server::start(|_| Reply::ok());
    let target = target(&server.url("/"), 10 * SECOND).compression(Compression::Gzip);
    let body: &'static [u8] = vec![b'x'; 100_000].leak();
    Client::of(&target).post(body).unwrap();
    let request = server.request();
    assert_eq!(request.header("content-encoding"), Some("gzip"));
    assert!(request.body.len() < 2000, "{}", request.body.len());
    let mut plain = Vec::new();
    flate2::read::GzDecoder::new(&request.body[..])
        .read_to_end(&mut plain)
        .unwrap();
    assert_eq!(plain, body);
}

#[cfg(feature = "zstd")]
#[test]
fn zstd_is_an_option() {
    let server = Server::start(|_| Reply::ok());
    let target = target(&server.url("/"), 10 * SECOND).compression(Compression::Zstd);
    let body: &'static [u8] = vec![b'x'; 100_000].leak();
    Client::of(&target).post(body).unwrap();
    let request = server.request();
    assert_eq!(request.header("content-encoding"), Some("zstd"));
    assert!(request.body.len() < 2000, "{}", request.body.len());
    assert_eq!(zstd::decode_all(&request.body[..]).unwrap(), body);
}

#[test]
fn conf_075_nothing_is_compressed_unless_asked() {
    let server = Server::start(|_| Reply::ok());
    Client::of(&target(&server.url("/"), 10 * SECOND))
        .post(b"body")
        .unwrap();
    assert_eq!(server.request().header("content-encoding"), None);
}

/// What comes of an answer with this body.
fn answered(encoding: &str, body: &[u8]) -> Result<Option<Bytes>, ExportError> {
    let reply = Reply::status("200 OK", &format!("content-encoding: {encoding}\r\n"), body);
    let server = Server::start(move |_| reply.clone());
    let outcome = Client::of(&target(&server.url("/"), 10 * SECOND)).post(b"body");
    outcome.map(|answer| answer.body)
}

#[test]
fn an_answer_may_be_compressed() {
    for (encoding, body) in [
        ("gzip", gzip(b"hello")),
        ("x-gzip", gzip(b"hello")),
        ("DEFLATE", deflate(b"hello")),
        ("identity", b"hello".to_vec()),
        #[cfg(feature = "zstd")]
        ("zstd", zstd::encode_all(&b"hello"[..], 1).unwrap()),
    ] {
        assert_eq!(
            answered(encoding, &body).unwrap().unwrap(),
            b"hello"[..],
            "{encoding}"
        );
    }
    // What cannot be read was still taken.
    for (encoding, body) in [
        ("gzip", &b"hello"[..]),
        ("br", b"hello"),
        ("gzip, gzip", b"x"),
    ] {
        assert_eq!(answered(encoding, body), Ok(None), "{encoding}");
    }
}

#[test]
fn conf_079_the_limit_of_answers_holds_after_decompression() {
    let bomb = vec![0; 4 * LIMIT];
    let bodies = [
        ("gzip", gzip(&bomb)),
        ("deflate", deflate(&bomb)),
        #[cfg(feature = "zstd")]
        ("zstd", zstd::encode_all(&bomb[..], 1).unwrap()),
    ];
    for (encoding, body) in bodies {
        assert!(body.len() < LIMIT, "{}", body.len());
        let error = answered(encoding, &body).unwrap_err();
        assert!(
            matches!(error, ExportError::Permanent { .. }),
            "{encoding}: {error:?}"
        );
        assert!(
            error.message().contains("longer than 4194304 bytes"),
            "{error}"
        );
    }
    // Exactly the limit is not too long.
    let most = vec![0; LIMIT];
    assert_eq!(
        answered("gzip", &gzip(&most)).unwrap().unwrap().len(),
        LIMIT
    );
}

#[cfg(feature = "zstd")]
#[test]
fn a_zstd_answer_cannot_ask_for_a_large_window() {
    let mut encoder = zstd::stream::write::Encoder::new(Vec::new(), 1).unwrap();
    encoder.window_log(27).unwrap();
    encoder.include_contentsize(false).unwrap();
    encoder.write_all(&vec![0; 1 << 20]).unwrap();
    let body = encoder.finish().unwrap();
    assert_eq!(zstd::decode_all(&body[..]).unwrap().len(), 1 << 20);
    assert_eq!(
        decompress(body.into(), "zstd", LIMIT),
        Err(Unreadable::Garbage)
    );
}
