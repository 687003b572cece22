//! OpenTelemetry's own member of `tracestate`, `ot`: the sampling threshold `th` and the explicit
//! randomness `rv` (trace, "`TraceState`: handling"; "Probability sampling in `TraceState`").

use crate::context::{SpanContext, TraceState};
use crate::id::TraceId;

const KEY: &str = "ot";
const THRESHOLD: &str = "th";
const RANDOMNESS: &str = "rv";

/// Hex digits of 56 bits.
const DIGITS: usize = 14;

/// The sub-keys of the member, in order.
fn fields(state: &TraceState) -> impl Iterator<Item = (&str, &str)> {
    let list = state.get(KEY).unwrap_or("");
    list.split(';').filter_map(|field| field.split_once(':'))
}

fn field<'a>(state: &'a TraceState, key: &str) -> Option<&'a str> {
    fields(state).find_map(|(known, value)| (known == key).then_some(value))
}

fn hex(digits: &str) -> Option<u64> {
    let lower = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    if !digits.bytes().all(lower) {
        return None;
    }
    u64::from_str_radix(digits, 16).ok()
}

/// The threshold that the trace was sampled with so far; none if absent or malformed.
pub(super) fn threshold(state: &TraceState) -> Option<u64> {
    let digits = field(state, THRESHOLD)?;
    if digits.len() > DIGITS {
        return None;
    }
    let missing = u32::try_from(DIGITS - digits.len()).ok()?;
    // A shift of 56 leaves nothing of no digits.
    hex(digits).map(|value| value << (4 * missing))
}

/// The randomness of the trace: explicit, else the last 56 bits of its id.
pub(super) fn randomness(parent: Option<&SpanContext>, trace_id: TraceId) -> u64 {
    let explicit = parent
        .and_then(|parent| field(&parent.trace_state, RANDOMNESS))
        .filter(|digits| digits.len() == DIGITS)
        .and_then(hex);
    explicit.unwrap_or_else(|| {
        let [_, _, _, _, _, _, _, _, _, low @ ..] = trace_id.0;
        low.iter()
            .fold(0, |value, byte| (value << 8) | u64::from(*byte))
    })
}

/// The state with this threshold in place of the one it had; all else, `rv` above all, is kept.
pub(super) fn with_threshold(state: &TraceState, threshold: Option<u64>) -> TraceState {
    let mut list: Vec<String> = fields(state)
        .filter(|(key, _)| *key != THRESHOLD)
        .map(|(key, value)| format!("{key}:{value}"))
        .collect();
    let bare = list.join(";");
    if let Some(threshold) = threshold {
        let digits = format!("{threshold:014x}");
        let short = digits.trim_end_matches('0');
        let short = if short.is_empty() { "0" } else { short };
        list.insert(0, format!("{THRESHOLD}:{short}"));
    }
    if list.is_empty() {
        return if state.get(KEY).is_some() {
            state.remove(KEY)
        } else {
            state.clone()
        };
    }
    // Where there is no room for it, the state goes on without one.
    let with = state.insert(KEY, &list.join(";"));
    with.or_else(|_| state.insert(KEY, &bare))
        .unwrap_or_else(|_| state.remove(KEY))
}
