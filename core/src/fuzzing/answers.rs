//! Answers of a receiver, which may be anything that listens.

use crate::export::{
    Batch, ExportError, Signal,
    http::{
        Answer, Target,
        answer::{self, MAX_BYTES},
        compress::decompress,
    },
    otlp_grpc::status,
    otlp_http::accepted,
};
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode, header::CONTENT_TYPE};
use std::time::{Duration, SystemTime};
use tonic::{Code, Status};

/// The longest wait that is obeyed.
const MAX_WAIT: Duration = Duration::from_secs(24 * 60 * 60);
/// A secret that no message may repeat.
const SECRET: &str = "s3cret-token";

/// A `Retry-After`, at a time that the first four bytes say.
pub fn retry_after(data: &[u8]) {
    let (seconds, text) = data.split_first_chunk().unwrap_or((&[0; 4], data));
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(u32::from_le_bytes(*seconds).into());
    let text = String::from_utf8_lossy(text);
    let wait = answer::retry_after(&text, now);
    assert!(wait.is_none_or(|wait| wait <= MAX_WAIT));
    let digits = text.trim();
    if !digits.is_empty() && digits.bytes().all(|digit| digit.is_ascii_digit()) {
        let exact = digits.parse().map_or(MAX_WAIT, Duration::from_secs);
        assert_eq!(wait, Some(exact.min(MAX_WAIT)));
    }
}

/// An answer: bytes that choose status, content type, encoding and signal, then the body.
pub fn otlp_response(data: &[u8]) {
    let Some(([status, kind, encoding, signal], body)) = data.split_first_chunk() else {
        return;
    };
    let target = target();
    let encoding = one_of(*encoding, &["", "gzip", "deflate", "zstd", "br"]);
    let decoded = decompress(Bytes::copy_from_slice(body), encoding, MAX_BYTES);
    let body = decoded.ok().filter(|body| body.len() <= MAX_BYTES);
    let statuses = [200, 204, 301, 400, 401, 413, 429, 500, 503];
    let kind = one_of(
        *kind,
        &["application/x-protobuf", "application/json", "text/html"],
    );
    let answer = Answer {
        status: StatusCode::from_u16(one_of(*status, &statuses)).unwrap_or_default(),
        headers: HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static(kind))]),
        body: body.clone(),
    };
    let batch = Batch {
        resource: Vec::new().into(),
        runs: Vec::new(),
        signal: one_of(*signal, &[Signal::Traces, Signal::Logs, Signal::Metrics]),
    };
    let taken = accepted::read(&answer, &batch, &target);
    assert_eq!(taken.rejected, 0, "of an empty batch");
    presentable(&taken.message);
    presentable(answer.error(&target).message());

    // The same body as the details of a gRPC status, and as its words.
    let body = body.unwrap_or_default();
    let words = String::from_utf8_lossy(&body).into_owned();
    let status = Status::with_details(Code::from(i32::from(*status) % 17), words, body);
    let error = status::error(&status, String::new(), usize::MAX);
    if let ExportError::Retryable { after, .. } = error {
        assert!(after.is_none_or(|after| after <= MAX_WAIT));
    }
}

fn target() -> Target {
    let headers = [("authorization", format!("Bearer {SECRET}"))];
    let target = Target::new("fuzz", "http://localhost/v1/traces", headers, MAX_WAIT);
    match target {
        Ok(target) => target,
        Err(error) => unreachable!("{error}"),
    }
}

/// One line that a person can read, and nothing secret in it.
fn presentable(message: &str) {
    assert!(message.len() < 8192, "{} bytes", message.len());
    assert!(!message.chars().any(char::is_control), "{message:?}");
    assert!(!message.contains(SECRET), "{message:?}");
}

fn one_of<T: Copy + Default>(choice: u8, all: &[T]) -> T {
    let place = usize::from(choice) % all.len();
    all.get(place).copied().unwrap_or_default()
}
