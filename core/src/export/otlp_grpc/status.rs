//! What a gRPC status means for a batch: the table of the OTLP specification ("OTLP/gRPC Response").
//!
//! Besides the table: servers refuse a message that is too long with one of two codes that have other
//! uses too, so their words decide.

use crate::export::ExportError;
use std::time::Duration;
use tonic::{Code, Status};
use tonic_types::StatusExt;

/// The longest wait that a server may ask for: a larger number is a mistake, and would not fit into
/// every sum of times.
const MAX_RETRY_DELAY: Duration = Duration::from_secs(24 * 60 * 60);

/// Requests up to this size are not split for a server that is exhausted without saying of what: it
/// may as well be a quota, and more requests are the last thing that helps then.
const SPLIT_IN_DOUBT: usize = 64 * 1024;

/// Words about how many and how often, not about how large.
const OF_NUMBER: [&str; 12] = [
    "concurrent",
    "concurrency",
    "frequency",
    "many",
    "minute",
    "qps",
    "quota",
    "rate",
    "rates",
    "second",
    "throttled",
    "throttling",
];

/// The error that a server's status stands for, in answer to a request of `len` bytes; `message` is
/// what is said about it.
pub(crate) fn error(status: &Status, message: String, len: usize) -> ExportError {
    // Undecodable details are no details.
    let retry_info = status.get_details_retry_info();
    let after = retry_info.as_ref().and_then(|info| info.retry_delay);
    let after = after.map(|delay| delay.min(MAX_RETRY_DELAY));
    match status.code() {
        Code::OutOfRange | Code::ResourceExhausted if is_about_size(status.message()) => {
            let limit = limit_in(status.message());
            ExportError::TooLarge { message, limit }
        }
        Code::ResourceExhausted if retry_info.is_none() && len > SPLIT_IN_DOUBT => {
            ExportError::too_large(message)
        }
        Code::ResourceExhausted if retry_info.is_none() => ExportError::Permanent { message },
        Code::Cancelled
        | Code::DeadlineExceeded
        | Code::ResourceExhausted
        | Code::Aborted
        | Code::OutOfRange
        | Code::Unavailable
        | Code::DataLoss => ExportError::Retryable { message, after },
        Code::Unauthenticated | Code::PermissionDenied => ExportError::Denied { message },
        _ => ExportError::Permanent { message },
    }
}

/// The name that the specification gives a code.
pub(super) fn name(code: Code) -> &'static str {
    match code {
        Code::Ok => "OK",
        Code::Cancelled => "CANCELLED",
        Code::Unknown => "UNKNOWN",
        Code::InvalidArgument => "INVALID_ARGUMENT",
        Code::DeadlineExceeded => "DEADLINE_EXCEEDED",
        Code::NotFound => "NOT_FOUND",
        Code::AlreadyExists => "ALREADY_EXISTS",
        Code::PermissionDenied => "PERMISSION_DENIED",
        Code::ResourceExhausted => "RESOURCE_EXHAUSTED",
        Code::FailedPrecondition => "FAILED_PRECONDITION",
        Code::Aborted => "ABORTED",
        Code::OutOfRange => "OUT_OF_RANGE",
        Code::Unimplemented => "UNIMPLEMENTED",
        Code::Internal => "INTERNAL",
        Code::Unavailable => "UNAVAILABLE",
        Code::DataLoss => "DATA_LOSS",
        Code::Unauthenticated => "UNAUTHENTICATED",
    }
}

/// Whether the words of gRPC's implementations for a message over their limit are in a text: those
/// of Go and C++ ("larger than max"), Java ("exceeds maximum size"), .NET ("exceeds the maximum
/// configured message size") and Rust ("message length too large", "size limit").
///
/// Limits of another kind are told in such words too ("request rate exceeds maximum"): requests in
/// smaller pieces would be more of them, which is the last thing that helps then.
fn is_about_size(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    let mut words = text.split(|symbol: char| !symbol.is_ascii_alphabetic());
    if words.any(|word| OF_NUMBER.contains(&word)) {
        return false;
    }
    let large = [
        "larger than max",
        "too large",
        "exceeds max",
        "exceeds the max",
        "size limit",
    ];
    large.iter().any(|words| text.contains(words))
        && ["message", "size", "payload", "request"]
            .iter()
            .any(|word| text.contains(word))
}

/// The limit in such a text, which names it alone or beside the larger size of the message.
fn limit_in(text: &str) -> Option<usize> {
    const LEAST: usize = 1024; // a smaller number counts something else
    let numbers = text.split(|symbol: char| !symbol.is_ascii_digit());
    let numbers: Vec<&str> = numbers.filter(|digits| !digits.is_empty()).collect();
    if numbers.len() > 2 {
        return None;
    }
    let limit = numbers
        .iter()
        .filter_map(|digits| digits.parse().ok())
        .min();
    limit.filter(|limit| *limit >= LEAST)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tonic_types::{ErrorDetails, RetryInfo};

    const CODES: [Code; 16] = [
        Code::Cancelled,
        Code::Unknown,
        Code::InvalidArgument,
        Code::DeadlineExceeded,
        Code::NotFound,
        Code::AlreadyExists,
        Code::PermissionDenied,
        Code::ResourceExhausted,
        Code::FailedPrecondition,
        Code::Aborted,
        Code::OutOfRange,
        Code::Unimplemented,
        Code::Internal,
        Code::Unavailable,
        Code::DataLoss,
        Code::Unauthenticated,
    ];

    fn kind(error: &ExportError) -> &'static str {
        match error {
            ExportError::Retryable { .. } => "retryable",
            ExportError::TooLarge { .. } => "too large",
            ExportError::Denied { .. } => "denied",
            ExportError::Permanent { .. } => "permanent",
        }
    }

    fn judged(status: &Status) -> ExportError {
        error(status, "text".to_owned(), usize::MAX)
    }

    #[test]
    fn a_small_request_is_not_split_for_what_may_be_a_quota() {
        let judged = |words: &str, len| {
            let status = Status::new(Code::ResourceExhausted, words);
            kind(&error(&status, String::new(), len))
        };
        assert_eq!(judged("quota exceeded", SPLIT_IN_DOUBT), "permanent");
        assert_eq!(judged("quota exceeded", SPLIT_IN_DOUBT + 1), "too large");
        assert_eq!(judged("message too large", 1), "too large");
    }

    #[test]
    fn a_limit_on_how_often_makes_no_request_smaller() {
        for words in [
            "request rate exceeds maximum of 1000 per second",
            "message rate exceeds max",
            "too many concurrent requests: limit exceeds max of 5000",
            "quota: 4096 requests too large a share",
            "request size limit per minute",
        ] {
            for code in [Code::ResourceExhausted, Code::OutOfRange] {
                let error = error(&Status::new(code, words), String::new(), SPLIT_IN_DOUBT);
                assert_ne!(kind(&error), "too large", "{words}");
            }
        }
    }

    #[test]
    fn conf_081_the_grpc_codes_of_the_table_are_retried_and_no_others() {
        let expected = [
            "retryable",
            "permanent",
            "permanent",
            "retryable",
            "permanent",
            "permanent",
            "denied",
            "too large",
            "permanent",
            "retryable",
            "retryable",
            "permanent",
            "permanent",
            "retryable",
            "retryable",
            "denied",
        ];
        for (code, expected) in CODES.into_iter().zip(expected) {
            assert_eq!(
                kind(&judged(&Status::new(code, "busy"))),
                expected,
                "{code:?}"
            );
        }
    }

    fn with_retry_info(code: Code, delay: Option<Duration>) -> Status {
        let mut details = ErrorDetails::new();
        details.set_retry_info(delay);
        Status::with_error_details(code, "busy", details)
    }

    #[test]
    fn conf_082_retry_info_is_the_wait_and_makes_exhaustion_retryable() {
        let delay = Duration::from_millis(1_500);
        for code in [Code::ResourceExhausted, Code::Unavailable, Code::Aborted] {
            let expected = ExportError::Retryable {
                message: "text".to_owned(),
                after: Some(delay),
            };
            assert_eq!(
                judged(&with_retry_info(code, Some(delay))),
                expected,
                "{code:?}"
            );
        }
        // It does not make retryable what is not.
        let internal = with_retry_info(Code::Internal, Some(delay));
        assert_eq!(kind(&judged(&internal)), "permanent");
    }

    #[test]
    fn conf_082_a_retry_info_without_a_usable_delay_leaves_the_wait_to_us() {
        let bare = with_retry_info(Code::ResourceExhausted, None);
        let expected = ExportError::retryable("text");
        assert_eq!(judged(&bare), expected);
        let endless = with_retry_info(Code::Unavailable, Some(RetryInfo::MAX_RETRY_DELAY));
        let ExportError::Retryable { after, .. } = judged(&endless) else {
            panic!("retryable")
        };
        assert_eq!(after, Some(MAX_RETRY_DELAY));
    }

    #[test]
    fn details_that_are_no_protobuf_are_ignored() {
        let details = bytes::Bytes::from_static(b"\xff\xff\xff");
        let status = Status::with_details(Code::Unavailable, "busy", details);
        assert_eq!(judged(&status), ExportError::retryable("text"));
    }

    #[test]
    fn a_message_over_the_limit_is_split_whatever_server_says_so() {
        for (code, words, limit) in [
            // Go, C++ and Python, Java, .NET, Rust, a proxy.
            (
                Code::ResourceExhausted,
                "grpc: received message larger than max (5000 vs. 4000)",
                Some(4000),
            ),
            (
                Code::ResourceExhausted,
                "SERVER: Received message larger than max (5000 vs. 4000)",
                Some(4000),
            ),
            (
                Code::ResourceExhausted,
                "gRPC message exceeds maximum size 4000: 5000",
                Some(4000),
            ),
            (
                Code::ResourceExhausted,
                "Received message exceeds the maximum configured message size.",
                None,
            ),
            (
                Code::OutOfRange,
                "Error, decoded message length too large: found 5000 bytes, the limit is: 4000 bytes",
                Some(4000),
            ),
            (
                Code::ResourceExhausted,
                "Error decompressing: size limit, of 4000 bytes, exceeded while decompressing message",
                Some(4000),
            ),
            (Code::ResourceExhausted, "request payload too large", None),
            (Code::ResourceExhausted, "message too large: span 3", None),
        ] {
            let expected = ExportError::TooLarge {
                message: "text".to_owned(),
                limit,
            };
            assert_eq!(judged(&Status::new(code, words)), expected, "{words}");
        }
        // Also with a wish: waiting makes the message no shorter.
        let mut details = ErrorDetails::new();
        details.set_retry_info(Some(Duration::from_secs(1)));
        let words = "received message larger than max (2 vs. 1)";
        let status = Status::with_error_details(Code::ResourceExhausted, words, details);
        assert_eq!(kind(&judged(&status)), "too large");
        // The words in another status mean nothing.
        let other = Status::new(Code::InvalidArgument, "message too large");
        assert_eq!(kind(&judged(&other)), "permanent");
    }
}
