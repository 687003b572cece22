//! What a success says: perhaps that the receiver refused some of what it was sent.
//!
//! A batch that was taken is never sent again, whatever the answer's body looks like.

use crate::export::{
    Accepted, Batch, Signal,
    http::{Answer, Target},
};
use prost::Message;
use serde_json::Value;

/// The shape that the responses of all signals share.
#[derive(Clone, PartialEq, Message)]
struct Response {
    #[prost(message, optional, tag = "1")]
    partial_success: Option<PartialSuccess>,
}

#[derive(Clone, PartialEq, Message)]
struct PartialSuccess {
    #[prost(int64, tag = "1")]
    rejected: i64,
    #[prost(string, tag = "2")]
    error_message: String,
}

/// What became of a batch that `target` answered with a success.
pub(crate) fn read(answer: &Answer, batch: &Batch, target: &Target) -> Accepted {
    let response = answer.body.clone().and_then(|body| {
        // Some receivers answer in JSON whatever they are asked in.
        if answer.is_of("application/json") {
            from_json(&body, batch.signal())
        } else {
            Response::decode(body).ok()
        }
    });
    let Some(response) = response else {
        let noun = batch.signal().noun();
        return Accepted {
            rejected: 0,
            message: format!("the {noun} were taken, with an answer that is not OTLP"),
        };
    };
    let partial = response.partial_success.unwrap_or_default();
    let rejected = u64::try_from(partial.rejected).unwrap_or(0);
    Accepted {
        rejected: rejected.min(batch.span_count() as u64),
        message: target.without_secrets(&partial.error_message),
    }
}

/// The response in OTLP's JSON; an empty body is an empty response.
fn from_json(body: &[u8], signal: Signal) -> Option<Response> {
    if body.is_empty() {
        return Some(Response::default());
    }
    let Ok(Value::Object(response)) = serde_json::from_slice(body) else {
        return None;
    };
    let partial = response.get("partialSuccess").and_then(Value::as_object);
    let partial = partial.map(|partial| PartialSuccess {
        rejected: partial.get(signal.rejected()).and_then(int64).unwrap_or(0),
        error_message: partial
            .get("errorMessage")
            .and_then(Value::as_str)
            .unwrap_or_default()
            .to_owned(),
    });
    Some(Response {
        partial_success: partial,
    })
}

/// An int64 of JSON: text, or a number from those who do not follow the rule.
fn int64(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}
