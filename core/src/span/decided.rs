//! Spans about which a language binding has decided itself, by samplers and id generators of its own.

use super::start::{Start, Started};
use crate::id::{SpanId, TraceId};
use crate::provider::Provider;
use crate::sampler::Decision;

/// What a binding has decided about a span before it starts; what it leaves open is the provider's.
#[derive(Clone, Copy, Debug, Default)]
pub struct Decided<'a> {
    /// The trace of a root, and whether its id is random. A child is in its parent's.
    pub trace: Option<(TraceId, bool)>,
    /// The id of the span.
    pub span_id: Option<SpanId>,
    /// What becomes of it.
    pub decision: Option<Decision>,
    /// What takes the place of the parent's trace state; may be empty.
    pub trace_state: Option<&'a str>,
}

impl Provider {
    /// Starts a span as its binding has decided.
    #[cold]
    pub(crate) fn start_decided(
        &'static self,
        start: &Start<'_>,
        decided: &Decided<'_>,
    ) -> Started {
        self.start_specially(start, self.hooks.special(), Some(decided))
    }
}
