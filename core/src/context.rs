//! The span context: what identifies a span across threads and processes (OpenTelemetry trace API,
//! `SpanContext`; W3C Trace Context).

use crate::id::{SpanId, TraceId};
use std::fmt;
use std::sync::Arc;

/// The W3C trace flags of a context.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct TraceFlags(pub u8);

impl TraceFlags {
    /// The trace is recorded.
    pub const SAMPLED: Self = Self(1);
    /// The trace id is random (Trace Context level 2).
    pub const RANDOM: Self = Self(2);

    /// Whether the trace is recorded.
    #[must_use]
    pub fn is_sampled(self) -> bool {
        self.0 & Self::SAMPLED.0 != 0
    }
}

/// Vendor data that travels with a trace: the text of the W3C `tracestate` header, immutable.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct TraceState(Option<Arc<str>>);

impl TraceState {
    /// The longest header that is kept; longer ones are dropped whole, as W3C allows.
    const MAX_LEN: usize = 8192;

    /// Keeps the header's text; empty, overlong or not printable ASCII gives an empty state.
    #[must_use]
    pub fn from_header(text: &str) -> Self {
        let fits = !text.is_empty() && text.len() <= Self::MAX_LEN;
        let printable = text.bytes().all(|byte| matches!(byte, 0x20..=0x7e | b'\t'));
        Self((fits && printable).then(|| Arc::from(text)))
    }

    /// The header's text; empty if there is none.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_deref().unwrap_or("")
    }
}

impl fmt::Debug for TraceState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

/// Identifies a span for its children, here or elsewhere. The default is the invalid context.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct SpanContext {
    /// The trace.
    pub trace_id: TraceId,
    /// The span.
    pub span_id: SpanId,
    /// Sampled and random flags.
    pub trace_flags: TraceFlags,
    /// Whether it came from another process.
    pub is_remote: bool,
    /// Vendor data.
    pub trace_state: TraceState,
}

impl SpanContext {
    /// Whether both ids are set.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.trace_id.is_valid() && self.span_id.is_valid()
    }

    /// The context of a W3C `traceparent` header with its `tracestate`, if it is a valid one.
    #[must_use]
    pub fn from_traceparent(traceparent: &str, tracestate: &str) -> Option<Self> {
        let bytes = traceparent.trim_ascii().as_bytes();
        let version = hex::<1>(bytes.get(0..2)?)?;
        let future = bytes.get(55).is_none_or(|byte| *byte == b'-');
        let separated = [2, 35, 52].iter().all(|at| bytes.get(*at) == Some(&b'-'));
        if !separated || version == [0xff] || (version == [0] && bytes.len() != 55) || !future {
            return None;
        }
        let context = Self {
            trace_id: TraceId(hex(bytes.get(3..35)?)?),
            span_id: SpanId(hex(bytes.get(36..52)?)?),
            trace_flags: TraceFlags(hex::<1>(bytes.get(53..55)?)?[0] & 3),
            is_remote: true,
            trace_state: TraceState::from_header(tracestate),
        };
        context.is_valid().then_some(context)
    }

    /// The W3C `traceparent` header of this context.
    #[must_use]
    pub fn to_traceparent(&self) -> String {
        format!(
            "00-{}-{}-{:02x}",
            self.trace_id, self.span_id, self.trace_flags.0
        )
    }
}

/// Lower-case hex digits as bytes.
fn hex<const N: usize>(digits: &[u8]) -> Option<[u8; N]> {
    let mut out = [0; N];
    for (byte, pair) in out.iter_mut().zip(digits.chunks_exact(2)) {
        for digit in pair {
            let value = match digit {
                b'0'..=b'9' => digit - b'0',
                b'a'..=b'f' => digit - b'a' + 10,
                _ => return None,
            };
            *byte = (*byte << 4) | value;
        }
    }
    (digits.len() == 2 * N).then_some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEADER: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn a_traceparent_survives_the_round_trip() {
        let context = SpanContext::from_traceparent(HEADER, "a=1").unwrap();
        assert!(context.is_remote && context.trace_flags.is_sampled());
        assert_eq!(context.trace_state.as_str(), "a=1");
        assert_eq!(context.to_traceparent(), HEADER);
    }

    #[test]
    fn malformed_traceparents_are_refused() {
        let later = HEADER.replacen("00", "01", 1);
        assert!(SpanContext::from_traceparent(&format!("{later}-x"), "").is_some());
        let zero_trace = HEADER.replace("4bf92f3577b34da6a3ce929d0e0e4736", &"0".repeat(32));
        let zero_span = HEADER.replace("00f067aa0ba902b7", &"0".repeat(16));
        for bad in [
            "",
            "00",
            &HEADER[..54],
            &format!("{HEADER}-x"),
            &format!("{later}x"),
            &HEADER.replace('f', "F"),
            &HEADER.replacen("00", "ff", 1),
            &HEADER.replacen('-', "_", 1),
            &zero_trace,
            &zero_span,
        ] {
            assert_eq!(SpanContext::from_traceparent(bad, ""), None, "{bad}");
        }
    }
}
