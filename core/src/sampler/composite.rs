//! Consistent probability sampling (trace SDK, `CompositeSampler` and its composables): samplers
//! that say how likely they want a span, so that rules combine and metrics can be made of what is
//! left.

use super::ot;
use super::{Decision, Ratio, SamplingInput, SamplingOutput};
use crate::finished::OwnedValue;
use crate::thread::enter;
use std::fmt;
use std::sync::Arc;

/// What a [`Composable`] wants for a span.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct SamplingIntent {
    /// Traces whose randomness is below it are dropped: 0 keeps all of 2^56; none drops every one.
    pub threshold: Option<u64>,
    /// Whether the threshold says how many spans each kept one stands for.
    pub adjusted_count_reliable: bool,
    /// Attributes for the span, if it is kept.
    pub attributes: Vec<(String, OwnedValue)>,
}

impl SamplingIntent {
    /// Keep the share of traces above this threshold, which counts.
    #[must_use]
    pub fn keep_above(threshold: u64) -> Self {
        Self {
            threshold: Some(threshold),
            adjusted_count_reliable: true,
            attributes: Vec::new(),
        }
    }
}

/// A composable sampler of your own: wrap it in [`Composable::Custom`].
pub trait CustomComposable: fmt::Debug + Send + Sync {
    /// What it wants for a span that is about to start. Called on the starting thread.
    fn intent(&self, input: &SamplingInput<'_>) -> SamplingIntent;

    /// What it is called, with its settings.
    fn description(&self) -> String;
}

/// Whether a rule is for a span that is about to start.
pub type Predicate = Arc<dyn Fn(&SamplingInput<'_>) -> bool + Send + Sync>;

/// The parts of which a [`Sampler::composite`](super::Sampler::composite) is made.
///
/// ```
/// use libtracer::{Composable, Ratio, Sampler, SpanKind};
///
/// // No health checks, all that we serve, a tenth of the rest; children follow their parents.
/// let roots = Composable::rules([
///     (Composable::when(|span| span.name == "GET /health"), Composable::AlwaysOff),
///     (Composable::when(|span| span.kind == SpanKind::Server), Composable::AlwaysOn),
///     (Composable::when(|_| true), Composable::Probability(Ratio::new(0.1)?)),
/// ]);
/// let sampler = Sampler::composite(Composable::parent_threshold(roots));
/// # Ok::<(), libtracer::ConfigError>(())
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub enum Composable {
    /// Every span.
    AlwaysOn,
    /// No span.
    AlwaysOff,
    /// A share of all traces.
    Probability(Ratio),
    /// As the parent; the one within decides on roots. Made by [`Composable::parent_threshold`].
    ParentThreshold(Arc<Self>),
    /// The first whose rule applies; none = drop. Made by [`Composable::rules`].
    RuleBased(Arc<[(Predicate, Self)]>),
    /// As the one within, with attributes for the spans that are kept. Made by
    /// [`Composable::annotating`].
    Annotating(Arc<[(String, OwnedValue)]>, Arc<Self>),
    /// Your own.
    Custom(Arc<dyn CustomComposable>),
}

impl Composable {
    /// As the parent's threshold or flag says; `root` decides on spans without a parent.
    #[must_use]
    pub fn parent_threshold(root: Self) -> Self {
        Self::ParentThreshold(Arc::new(root))
    }

    /// The first whose predicate applies.
    #[must_use]
    pub fn rules(rules: impl IntoIterator<Item = (Predicate, Self)>) -> Self {
        Self::RuleBased(rules.into_iter().collect())
    }

    /// A predicate for [`Composable::rules`].
    pub fn when(applies: impl Fn(&SamplingInput<'_>) -> bool + Send + Sync + 'static) -> Predicate {
        Arc::new(applies)
    }

    /// As `delegate`, with these attributes on what it keeps.
    #[must_use]
    pub fn annotating<K: Into<String>, V: Into<OwnedValue>>(
        attributes: impl IntoIterator<Item = (K, V)>,
        delegate: Self,
    ) -> Self {
        let attributes = attributes
            .into_iter()
            .map(|(key, value)| (key.into(), value.into()));
        Self::Annotating(attributes.collect(), Arc::new(delegate))
    }

    /// What it wants for the span, without deciding (`GetSamplingIntent`).
    #[must_use]
    pub fn intent(&self, input: &SamplingInput<'_>) -> SamplingIntent {
        match self {
            Self::AlwaysOn => SamplingIntent::keep_above(0),
            Self::AlwaysOff => SamplingIntent::default(),
            Self::Probability(ratio) => ratio
                .threshold()
                .map_or_else(SamplingIntent::default, SamplingIntent::keep_above),
            Self::ParentThreshold(root) => match input.parent {
                Some(_) => of_parent(input),
                None => root.intent(input),
            },
            Self::RuleBased(rules) => {
                let rule = rules.iter().find(|(applies, _)| applies(input));
                rule.map(|(_, composable)| composable.intent(input))
                    .unwrap_or_default()
            }
            Self::Annotating(attributes, delegate) => {
                let mut intent = delegate.intent(input);
                intent.attributes.extend(attributes.iter().cloned());
                intent
            }
            Self::Custom(custom) => custom.intent(input),
        }
    }

    /// The decision (`CompositeSampler`).
    pub(super) fn sample(&self, input: &SamplingInput<'_>) -> SamplingOutput {
        let intent = self.intent(input);
        let randomness = if intent.adjusted_count_reliable {
            ot::randomness(input.parent, input.trace_id)
        } else {
            independent_randomness()
        };
        let kept = intent
            .threshold
            .is_some_and(|threshold| randomness >= threshold);
        let counts = kept && intent.adjusted_count_reliable;
        let before = input
            .parent
            .map(|parent| parent.trace_state.clone())
            .unwrap_or_default();
        let threshold = intent.threshold.filter(|_| counts);
        SamplingOutput {
            decision: if kept {
                Decision::RecordAndSample
            } else {
                Decision::Drop
            },
            attributes: if kept { intent.attributes } else { Vec::new() },
            trace_state: Some(ot::with_threshold(&before, threshold)),
        }
    }
}

/// The parent's threshold where it has one that agrees with its flag, else its flag.
fn of_parent(input: &SamplingInput<'_>) -> SamplingIntent {
    let Some(parent) = input.parent else {
        return SamplingIntent::default();
    };
    let sampled = parent.trace_flags.is_sampled();
    let randomness = ot::randomness(input.parent, input.trace_id);
    match ot::threshold(&parent.trace_state) {
        Some(threshold) if (randomness >= threshold) == sampled => {
            SamplingIntent::keep_above(threshold)
        }
        _ => SamplingIntent {
            threshold: sampled.then_some(0),
            ..SamplingIntent::default()
        },
    }
}

/// 56 random bits that have nothing to do with the trace.
fn independent_randomness() -> u64 {
    // A call that interrupts another keeps what it can.
    enter(|thread| u64::from_le_bytes(thread.ids.span_id().0) >> 8).unwrap_or(u64::MAX >> 8)
}

impl fmt::Display for Composable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AlwaysOn => f.write_str("ComposableAlwaysOn"),
            Self::AlwaysOff => f.write_str("ComposableAlwaysOff"),
            Self::Probability(ratio) => write!(f, "ComposableProbability{{{}}}", ratio.value()),
            Self::ParentThreshold(root) => write!(f, "ComposableParentThreshold{{root:{root}}}"),
            Self::RuleBased(rules) => {
                f.write_str("ComposableRuleBased{")?;
                for (place, (_, composable)) in rules.iter().enumerate() {
                    let comma = if place > 0 { "," } else { "" };
                    write!(f, "{comma}rule({composable})")?;
                }
                f.write_str("}")
            }
            Self::Annotating(_, delegate) => write!(f, "ComposableAnnotating{{{delegate}}}"),
            Self::Custom(custom) => f.write_str(&custom.description()),
        }
    }
}

impl fmt::Debug for Composable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests;
