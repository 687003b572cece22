//! The span context: what identifies a span across threads and processes (OpenTelemetry trace API,
//! `SpanContext`; W3C Trace Context level 2), and the [`Context`] that carries it with baggage.

mod state;
mod value;

pub use state::{TraceState, TraceStateError};
pub use value::Context;
pub(crate) use value::Extras;

use crate::id::{SpanId, TraceId};

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

    /// Whether the trace id is known to be random.
    #[must_use]
    pub fn is_random(self) -> bool {
        self.0 & Self::RANDOM.0 != 0
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
    /// The length of a `traceparent` header.
    pub const TRACEPARENT_LEN: usize = 55;

    /// Whether both ids are set.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.trace_id.is_valid() && self.span_id.is_valid()
    }

    /// The context of a W3C `traceparent` header with its `tracestate`, if it is a valid one.
    ///
    /// A `tracestate` that is not valid is discarded, and the rest kept. Allocates for `tracestate`
    /// only; never panics, and looks at 55 bytes of `traceparent` whatever its length.
    #[must_use]
    pub fn from_traceparent(traceparent: &str, tracestate: &str) -> Option<Self> {
        let mut context = Self::of_traceparent(traceparent)?;
        context.trace_state = TraceState::from_header(tracestate);
        Some(context)
    }

    /// The context of a `traceparent` header alone.
    pub(crate) fn of_traceparent(text: &str) -> Option<Self> {
        let bytes = text.trim_matches([' ', '\t']).as_bytes();
        let version = hex::<1>(bytes.get(0..2)?)?;
        let future = bytes.get(55).is_none_or(|byte| *byte == b'-');
        let separated = [2, 35, 52].iter().all(|at| bytes.get(*at) == Some(&b'-'));
        if !separated || version == [0xff] || (version == [0] && bytes.len() != 55) || !future {
            return None;
        }
        let [flags] = hex::<1>(bytes.get(53..55)?)?;
        let context = Self {
            trace_id: TraceId(hex(bytes.get(3..35)?)?),
            span_id: SpanId(hex(bytes.get(36..52)?)?),
            trace_flags: TraceFlags(flags & KNOWN_FLAGS),
            is_remote: true,
            trace_state: TraceState::default(),
        };
        context.is_valid().then_some(context)
    }

    /// The W3C `traceparent` header of this context.
    #[must_use]
    pub fn to_traceparent(&self) -> String {
        self.write_traceparent(&mut [0; Self::TRACEPARENT_LEN])
            .to_owned()
    }

    /// Writes the W3C `traceparent` header of this context into `buffer`; allocates nothing.
    #[must_use]
    pub fn write_traceparent<'b>(&self, buffer: &'b mut [u8; Self::TRACEPARENT_LEN]) -> &'b str {
        let flags = [self.trace_flags.0 & KNOWN_FLAGS];
        let fields: [&[u8]; 4] = [&[0], &self.trace_id.0, &self.span_id.0, &flags];
        let digits = fields.into_iter().enumerate().flat_map(|(place, field)| {
            let dash = (place > 0).then_some(b'-');
            dash.into_iter()
                .chain(field.iter().flat_map(|byte| hex_pair(*byte)))
        });
        for (place, digit) in buffer.iter_mut().zip(digits) {
            *place = digit;
        }
        std::str::from_utf8(buffer).unwrap_or_default()
    }
}

/// Flags that no version defines yet are sent as zero.
const KNOWN_FLAGS: u8 = TraceFlags::SAMPLED.0 | TraceFlags::RANDOM.0;

/// A byte as two lower-case hex digits.
#[inline]
pub(crate) fn hex_pair(byte: u8) -> [u8; 2] {
    let digit = |value: u8| match value {
        0..=9 => b'0' + value,
        _ => b'a' + value - 10,
    };
    [digit(byte >> 4), digit(byte & 15)]
}

/// Lower-case hex digits as bytes.
pub(crate) fn hex<const N: usize>(digits: &[u8]) -> Option<[u8; N]> {
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
mod tests;
