//! What another copy is answered: the work of this copy's own default provider.

use crate::context::{SpanContext, TraceState};
use crate::current::attach_span_context;
use crate::id::TraceId;
use crate::provider::{configured_default, flush_all};
use crate::runtime::runtime;
use crate::sampler::{Decision, SamplingInput};
use crate::span::{SpanHandle, SpanKind};
use std::time::Duration;

pub(super) fn attach(context: SpanContext) -> u64 {
    attach_span_context(context, SpanHandle::NONE)
}

/// Asks the sampler. Its attributes stay here: the span is not ours to write to.
pub(super) fn sample(
    parent: &SpanContext,
    trace_id: [u8; 16],
    name: &str,
    kind: u8,
) -> (u8, Option<TraceState>) {
    let Some(provider) = configured_default() else {
        return (0, None);
    };
    let kinds = [
        SpanKind::Internal,
        SpanKind::Server,
        SpanKind::Client,
        SpanKind::Producer,
        SpanKind::Consumer,
    ];
    let kind = kinds.into_iter().find(|known| *known as u8 == kind);
    let output = provider.sampler.ask(&SamplingInput {
        parent: Some(parent).filter(|parent| parent.is_valid()),
        trace_id: TraceId(trace_id),
        name,
        kind: kind.unwrap_or_default(),
        attributes: &[],
        links: &[],
    });
    let decision = match output.decision {
        Decision::Drop => 0,
        Decision::RecordOnly => 1,
        Decision::RecordAndSample => 2,
    };
    (decision, output.trace_state)
}

/// Takes over a finished, sampled span.
pub(super) fn publish(scope: &[u8], span: &[u8]) {
    let scope = runtime().scopes.of_header(scope);
    if let (Some(provider), Some(scope)) = (configured_default(), scope) {
        provider.adopt(scope, span);
    }
}

pub(super) fn flush(timeout_ms: u64) -> bool {
    flush_all(Duration::from_millis(timeout_ms)).is_ok()
}
