//! Samplers (OpenTelemetry trace SDK, "Sampling"): which spans are recorded and which are exported.
//!
//! The built-in ones decide on ids alone, without allocation. A custom one is asked with everything
//! known at the start of the span.

mod composite;
mod custom;
mod ot;
mod parents;
mod ratio;

pub use composite::{Composable, CustomComposable, Predicate, SamplingIntent};
pub use custom::{CustomSampler, SamplingInput, SamplingOutput};
pub(crate) use parents::BelowParents;
pub use ratio::Ratio;

use std::fmt;
use std::sync::Arc;

/// What becomes of a span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Nothing is recorded.
    Drop,
    /// Recorded for processors; not exported.
    RecordOnly,
    /// Recorded and exported.
    RecordAndSample,
}

impl Decision {
    /// At least recorded.
    fn recorded(self) -> Self {
        match self {
            Self::Drop => Self::RecordOnly,
            other => other,
        }
    }
}

/// What the built-in samplers want to know of a valid parent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ParentFacts {
    pub(crate) sampled: bool,
    pub(crate) remote: bool,
}

/// Decides which spans are recorded. The default follows the parent and samples every root.
///
/// ```
/// use libtracer::{Ratio, Sampler};
///
/// let a_tenth = Sampler::parent_based(Sampler::TraceIdRatio(Ratio::new(0.1)?));
/// assert!(a_tenth.description().starts_with("ParentBased{root:TraceIdRatioBased{0.1},"));
/// # Ok::<(), libtracer::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Sampler {
    /// Every span.
    AlwaysOn,
    /// No span.
    AlwaysOff,
    /// A share of all traces, chosen by trace id.
    TraceIdRatio(Ratio),
    /// As the parent was; made by [`Sampler::parent_based`].
    ParentBased(Arc<ParentBased>),
    /// As the one within, but what it drops is recorded for processors; made by
    /// [`Sampler::always_record`].
    AlwaysRecord(Arc<Self>),
    /// By rules that keep probabilities known; made by [`Sampler::composite`].
    Composite(Arc<Composable>),
    /// Your own.
    Custom(Arc<dyn CustomSampler>),
}

/// A sampler for each kind of parent.
#[derive(Clone, Debug)]
pub struct ParentBased {
    /// For spans without a valid parent.
    pub root: Sampler,
    /// The parent is of another process and sampled.
    pub remote_sampled: Sampler,
    /// The parent is of another process and not sampled.
    pub remote_not_sampled: Sampler,
    /// The parent is of this process and sampled.
    pub local_sampled: Sampler,
    /// The parent is of this process and not sampled.
    pub local_not_sampled: Sampler,
}

impl ParentBased {
    /// Asks `root` for roots; else does as the parent did.
    #[must_use]
    pub fn new(root: Sampler) -> Self {
        Self {
            root,
            remote_sampled: Sampler::AlwaysOn,
            remote_not_sampled: Sampler::AlwaysOff,
            local_sampled: Sampler::AlwaysOn,
            local_not_sampled: Sampler::AlwaysOff,
        }
    }

    #[inline]
    fn delegate(&self, parent: Option<ParentFacts>) -> &Sampler {
        match parent {
            None => &self.root,
            Some(ParentFacts {
                sampled: true,
                remote: false,
            }) => &self.local_sampled,
            Some(ParentFacts {
                sampled: false,
                remote: false,
            }) => &self.local_not_sampled,
            Some(ParentFacts {
                sampled: true,
                remote: true,
            }) => &self.remote_sampled,
            Some(ParentFacts {
                sampled: false,
                remote: true,
            }) => &self.remote_not_sampled,
        }
    }

    fn delegates(&self) -> [&Sampler; 5] {
        [
            &self.root,
            &self.remote_sampled,
            &self.remote_not_sampled,
            &self.local_sampled,
            &self.local_not_sampled,
        ]
    }
}

impl Default for Sampler {
    fn default() -> Self {
        Self::parent_based(Self::AlwaysOn)
    }
}

impl Sampler {
    /// As the parent was; `root` decides on spans without one.
    #[must_use]
    pub fn parent_based(root: Self) -> Self {
        Self::ParentBased(Arc::new(ParentBased::new(root)))
    }

    /// As `root`, but what it drops is still recorded, for processors alone (trace SDK,
    /// `AlwaysRecord`).
    #[must_use]
    pub fn always_record(root: Self) -> Self {
        Self::AlwaysRecord(Arc::new(root))
    }

    /// Consistent probability sampling by these rules; the thresholds travel in `tracestate` (trace
    /// SDK, `CompositeSampler`).
    #[must_use]
    pub fn composite(rules: Composable) -> Self {
        Self::Composite(Arc::new(rules))
    }

    /// A share of all traces, which travels in `tracestate` (trace SDK, `ProbabilitySampler`).
    #[must_use]
    pub fn probability(ratio: Ratio) -> Self {
        Self::composite(Composable::Probability(ratio))
    }

    /// The specification's name for this sampler and its settings.
    #[must_use]
    pub fn description(&self) -> String {
        self.to_string()
    }

    /// The decision of a sampler that needs no more than ids; nothing if a custom one has to be
    /// asked. `parent` is none for a root and for an invalid parent.
    #[inline]
    pub(crate) fn decide(
        &self,
        parent: Option<ParentFacts>,
        trace_id: &[u8; 16],
    ) -> Option<Decision> {
        let chosen = match self {
            Self::ParentBased(parent_based) => parent_based.delegate(parent),
            other => other,
        };
        let record = match chosen {
            Self::AlwaysOn => true,
            Self::AlwaysOff => false,
            Self::TraceIdRatio(ratio) => ratio.samples(trace_id),
            Self::ParentBased(_) | Self::AlwaysRecord(_) => {
                return chosen.decide_nested(parent, trace_id);
            }
            Self::Composite(_) | Self::Custom(_) => return None,
        };
        Some(if record {
            Decision::RecordAndSample
        } else {
            Decision::Drop
        })
    }

    /// Out of the way of inlining, which recursion would end.
    #[cold]
    fn decide_nested(&self, parent: Option<ParentFacts>, trace_id: &[u8; 16]) -> Option<Decision> {
        match self {
            Self::AlwaysRecord(root) => root.decide(parent, trace_id).map(Decision::recorded),
            other => other.decide(parent, trace_id),
        }
    }

    /// Whether it decides on more than ids: then a start says all that it knows.
    pub(crate) fn is_asking(&self) -> bool {
        match self {
            Self::AlwaysOn | Self::AlwaysOff | Self::TraceIdRatio(_) => false,
            Self::ParentBased(parent_based) => {
                parent_based.delegates().iter().any(|one| one.is_asking())
            }
            Self::AlwaysRecord(root) => root.is_asking(),
            Self::Composite(_) | Self::Custom(_) => true,
        }
    }

    /// The decision of any sampler, with all that it may add.
    #[cold]
    pub(crate) fn ask(&self, input: &SamplingInput<'_>) -> SamplingOutput {
        let facts = input.parent.map(|parent| ParentFacts {
            sampled: parent.trace_flags.is_sampled(),
            remote: parent.is_remote,
        });
        match self {
            Self::Custom(custom) => custom.sample(input),
            Self::Composite(rules) => rules.sample(input),
            Self::ParentBased(parent_based) => parent_based.delegate(facts).ask(input),
            Self::AlwaysRecord(root) => {
                let output = root.ask(input);
                let decision = output.decision.recorded();
                SamplingOutput { decision, ..output }
            }
            native => {
                let decision = native.decide(facts, &input.trace_id.0);
                decision.unwrap_or(Decision::Drop).into()
            }
        }
    }
}

impl fmt::Display for Sampler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AlwaysOn => f.write_str("AlwaysOnSampler"),
            Self::AlwaysOff => f.write_str("AlwaysOffSampler"),
            Self::TraceIdRatio(ratio) => write!(f, "TraceIdRatioBased{{{}}}", ratio.value()),
            Self::ParentBased(parent_based) => {
                let [root, remote_on, remote_off, local_on, local_off] = parent_based.delegates();
                write!(
                    f,
                    "ParentBased{{root:{root},remoteParentSampled:{remote_on},"
                )?;
                write!(
                    f,
                    "remoteParentNotSampled:{remote_off},localParentSampled:{local_on},"
                )?;
                write!(f, "localParentNotSampled:{local_off}}}")
            }
            Self::AlwaysRecord(root) => write!(f, "AlwaysRecordSampler{{{root}}}"),
            Self::Composite(rules) => write!(f, "CompositeSampler{{{rules}}}"),
            Self::Custom(custom) => f.write_str(&custom.description()),
        }
    }
}

#[cfg(test)]
mod tests;
