//! What becomes of a span that is about to start.

/// What becomes of a span (OpenTelemetry trace SDK, `Decision`).
pub type tracer_decision = i32;
/// In a `tracer_verdict`: the provider's sampler is asked.
pub const TRACER_DECISION_ASK: tracer_decision = -1;
/// Nothing is recorded.
pub const TRACER_DECISION_DROP: tracer_decision = 0;
/// Recorded for processors and not exported.
pub const TRACER_DECISION_RECORD_ONLY: tracer_decision = 1;
/// Recorded and exported.
pub const TRACER_DECISION_RECORD_AND_SAMPLE: tracer_decision = 2;
