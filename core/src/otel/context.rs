//! Span contexts and times, theirs and ours.

use super::convert;
use crate::context::{SpanContext, TraceFlags, TraceState};
use crate::id::{SpanId, TraceId};
use opentelemetry::trace as theirs;
use std::time::{SystemTime, UNIX_EPOCH};

pub(super) fn ours(context: &theirs::SpanContext) -> SpanContext {
    SpanContext {
        trace_id: TraceId(context.trace_id().to_bytes()),
        span_id: SpanId(context.span_id().to_bytes()),
        trace_flags: TraceFlags(context.trace_flags().to_u8()),
        is_remote: context.is_remote(),
        trace_state: TraceState::from_header(&context.trace_state().header()),
    }
}

pub(super) fn theirs(context: &SpanContext) -> theirs::SpanContext {
    theirs::SpanContext::new(
        theirs::TraceId::from_bytes(context.trace_id.0),
        theirs::SpanId::from_bytes(context.span_id.0),
        theirs::TraceFlags::new(context.trace_flags.0),
        context.is_remote,
        convert::trace_state(context.trace_state.as_str()),
    )
}

/// Unix nanoseconds, never 0: that would mean now.
pub(super) fn unix_ns(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn a_context_survives_the_round_trip() {
        let header = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-03";
        let context = SpanContext::from_traceparent(header, "a=1,b=2").unwrap();
        assert_eq!(ours(&theirs(&context)), context);
        let none = SpanContext::default();
        assert_eq!(ours(&theirs(&none)), none);
    }

    #[test]
    fn times_outside_of_the_range_are_its_ends() {
        assert_eq!(unix_ns(UNIX_EPOCH + Duration::from_nanos(7)), 7);
        assert_eq!(unix_ns(UNIX_EPOCH), 1);
        assert_eq!(unix_ns(UNIX_EPOCH - Duration::from_secs(1)), 1);
    }
}
