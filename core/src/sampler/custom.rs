//! A sampler of the user's own, and what passes between it and the runtime.

use super::Decision;
use crate::context::{SpanContext, TraceState};
use crate::id::TraceId;
use crate::{OwnedValue, SpanKind};
use std::fmt;

/// A sampler of your own: wrap it in [`Sampler::Custom`](super::Sampler::Custom).
///
/// ```
/// use libtracer::{CustomSampler, Decision, Sampler, SamplingInput, SamplingOutput};
/// use std::sync::Arc;
///
/// #[derive(Debug)]
/// struct NoHealthChecks;
///
/// impl CustomSampler for NoHealthChecks {
///     fn sample(&self, input: &SamplingInput<'_>) -> SamplingOutput {
///         match input.name {
///             "GET /health" => Decision::Drop.into(),
///             _ => Decision::RecordAndSample.into(),
///         }
///     }
///
///     fn description(&self) -> String {
///         "NoHealthChecks".into()
///     }
/// }
///
/// let sampler = Sampler::parent_based(Sampler::Custom(Arc::new(NoHealthChecks)));
/// ```
pub trait CustomSampler: fmt::Debug + Send + Sync {
    /// Decides on a span that is about to start. Called on the starting thread.
    fn sample(&self, input: &SamplingInput<'_>) -> SamplingOutput;

    /// What it is called, with its settings.
    fn description(&self) -> String;
}

/// What is known of a span that is about to start.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct SamplingInput<'a> {
    /// Its parent, if it has a valid one.
    pub parent: Option<&'a SpanContext>,
    /// Its trace.
    pub trace_id: TraceId,
    /// Its name.
    pub name: &'a str,
    /// Its kind.
    pub kind: SpanKind,
    /// The attributes given at the start.
    pub attributes: &'a [(String, OwnedValue)],
    /// The spans it was linked to at the start.
    pub links: &'a [SpanContext],
}

/// What becomes of the span, and what the sampler adds to it.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct SamplingOutput {
    /// What becomes of it.
    pub decision: Decision,
    /// Attributes to set on it.
    pub attributes: Vec<(String, OwnedValue)>,
    /// Its `tracestate`; none keeps the parent's.
    pub trace_state: Option<TraceState>,
}

impl From<Decision> for SamplingOutput {
    fn from(decision: Decision) -> Self {
        Self {
            decision,
            attributes: Vec::new(),
            trace_state: None,
        }
    }
}
