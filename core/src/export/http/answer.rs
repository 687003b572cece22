//! What an answer means: only 2xx is success, only four statuses are worth another attempt, and one
//! a smaller one.

use super::{
    Target,
    compress::{Unreadable, decompress},
};
use crate::export::ExportError;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, Response, StatusCode, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use hyper::body::Incoming;
use prost::Message;
use std::{
    error::Error,
    time::{Duration, SystemTime},
};

/// The longest answer that is read, also after decompression: the limit that OTLP sets for clients.
pub(crate) const MAX_BYTES: usize = 4 * 1024 * 1024;
/// The longest wait that a server may ask for: a larger number is a mistake, and would not fit into
/// every sum of times.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(24 * 60 * 60);

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    /// Decompressed; nothing if that was not possible.
    pub(crate) body: Option<Bytes>,
}

/// Why there is no answer although it began.
#[derive(Debug)]
pub(crate) enum Failure {
    TooLong,
    Cut(Box<dyn Error + Send + Sync>),
}

/// Reads an answer, never more than [`MAX_BYTES`] of it.
pub(crate) async fn read(response: Response<Incoming>) -> Result<Answer, Failure> {
    let (head, body) = response.into_parts();
    let body = match Limited::new(body, MAX_BYTES).collect().await {
        Ok(body) => body.to_bytes(),
        Err(error) if error.is::<LengthLimitError>() => return Err(Failure::TooLong),
        Err(error) => return Err(Failure::Cut(error)),
    };
    let encoding = text_of(&head.headers, &header::CONTENT_ENCODING).unwrap_or_default();
    let body = match decompress(body, encoding, MAX_BYTES) {
        Ok(body) => Some(body),
        Err(Unreadable::TooLong) => return Err(Failure::TooLong),
        Err(Unreadable::Garbage) => None,
    };
    Ok(Answer {
        status: head.status,
        headers: head.headers,
        body,
    })
}

impl Answer {
    /// The answer if it is a success, else what follows from it.
    pub(super) fn judge(self, target: &Target) -> Result<Self, ExportError> {
        if self.status.is_success() {
            Ok(self)
        } else {
            Err(self.error(target))
        }
    }

    /// What follows from an answer that is no success.
    pub(crate) fn error(&self, target: &Target) -> ExportError {
        let endpoint = target.shown();
        if self.status.is_redirection() {
            return ExportError::permanent(target.without_secrets(&self.redirect(&endpoint)));
        }
        let words = target.without_secrets(&self.words());
        let colon = if words.is_empty() { "" } else { ": " };
        let message = format!("{endpoint} answered {}{colon}{words}", self.status);
        match self.status {
            StatusCode::TOO_MANY_REQUESTS
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT => {
                let after = text_of(&self.headers, &header::RETRY_AFTER);
                let after = after.and_then(|text| retry_after(text, SystemTime::now()));
                ExportError::Retryable { message, after }
            }
            StatusCode::PAYLOAD_TOO_LARGE => ExportError::too_large(message),
            StatusCode::UNAUTHORIZED
            | StatusCode::FORBIDDEN
            | StatusCode::PROXY_AUTHENTICATION_REQUIRED => ExportError::Denied { message },
            _ => ExportError::Permanent { message },
        }
    }

    /// A redirect is refused: it would carry the headers to who knows whom.
    fn redirect(&self, endpoint: &str) -> String {
        let target = text_of(&self.headers, &header::LOCATION).map(super::endpoint::shown);
        format!(
            "{endpoint} answered {}: redirects are not followed; set the endpoint to its target \
             (\"{}\") if that is right",
            self.status,
            target.unwrap_or_default()
        )
    }

    /// Whether the body is declared to be of this media type.
    pub(crate) fn is_of(&self, media_type: &str) -> bool {
        let declared = text_of(&self.headers, &header::CONTENT_TYPE);
        let declared = declared.and_then(|declared| declared.split(';').next());
        declared.is_some_and(|declared| declared.trim().eq_ignore_ascii_case(media_type))
    }

    /// What the server says about an error: the message of a `google.rpc.Status`, or text.
    fn words(&self) -> String {
        let body = self.body.clone().unwrap_or_default();
        if self.is_of("application/x-protobuf") {
            return RpcStatus::decode(body).unwrap_or_default().message;
        }
        if self.is_of("application/json")
            && let Ok(serde_json::Value::Object(status)) = serde_json::from_slice(&body)
            && let Some(message) = status.get("message").and_then(|message| message.as_str())
        {
            return message.to_owned();
        }
        // Whole: what is cut before secrets are looked for may end in half of one.
        String::from_utf8_lossy(&body).trim().to_owned()
    }
}

fn text_of<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

/// The part of `google.rpc.Status` that a person reads.
#[derive(Clone, PartialEq, Message)]
struct RpcStatus {
    #[prost(string, tag = "2")]
    message: String,
}

/// The wait that a `Retry-After` asks for: seconds or a date; nothing if it is neither.
pub(crate) fn retry_after(text: &str, now: SystemTime) -> Option<Duration> {
    let text = text.trim();
    let wait = if !text.is_empty() && text.bytes().all(|digit| digit.is_ascii_digit()) {
        Duration::from_secs(text.parse().unwrap_or(u64::MAX))
    } else {
        // A date that has passed asks for no wait.
        let date = httpdate::parse_http_date(text).ok()?;
        date.duration_since(now).unwrap_or(Duration::ZERO)
    };
    Some(wait.min(MAX_RETRY_AFTER))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conf_082_retry_after_is_seconds_or_a_date() {
        let date = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
        let now = date - Duration::from_secs(90);
        for (text, seconds) in [
            ("0", Some(0)),
            (" 17 ", Some(17)),
            ("1000000000", Some(86_400)),
            ("99999999999999999999999999", Some(86_400)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(90)),
            ("Sunday, 06-Nov-94 08:49:37 GMT", Some(90)),
            ("Sun, 06 Nov 1994 08:48:00 GMT", Some(0)),
            ("-1", None),
            ("1.5", None),
            ("soon", None),
            ("", None),
        ] {
            assert_eq!(
                retry_after(text, now),
                seconds.map(Duration::from_secs),
                "{text:?}"
            );
        }
    }
}
