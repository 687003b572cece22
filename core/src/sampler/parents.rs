//! What a sampler decides on a span below a parent where it needs nothing else to know: a table.

use super::{Decision, ParentFacts, Sampler};

/// The decision for each kind of parent; none where more than the parent counts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BelowParents([Option<Decision>; 4]);

impl BelowParents {
    pub(crate) fn of(sampler: &Sampler) -> Self {
        Self(
            [(false, false), (true, false), (false, true), (true, true)].map(
                |(sampled, remote)| {
                    let chosen = match sampler {
                        Sampler::ParentBased(rules) => {
                            rules.delegate(Some(ParentFacts { sampled, remote }))
                        }
                        other => other,
                    };
                    match chosen {
                        Sampler::AlwaysOn => Some(Decision::RecordAndSample),
                        Sampler::AlwaysOff => Some(Decision::Drop),
                        _ => None,
                    }
                },
            ),
        )
    }

    /// The decision, if the parent alone makes it.
    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "a copy would be made to be indexed"
    )]
    #[inline]
    pub(crate) fn decide(&self, parent: ParentFacts) -> Option<Decision> {
        let place = usize::from(parent.sampled) | usize::from(parent.remote) << 1;
        self.0.get(place).copied().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sampler::Ratio;

    #[test]
    fn the_table_says_what_the_sampler_says() {
        let half = Sampler::TraceIdRatio(Ratio::new(0.5).unwrap());
        let rules = crate::sampler::ParentBased {
            remote_sampled: half.clone(),
            local_not_sampled: Sampler::AlwaysOn,
            ..crate::sampler::ParentBased::new(Sampler::AlwaysOff)
        };
        for sampler in [
            Sampler::default(),
            Sampler::AlwaysOn,
            Sampler::AlwaysOff,
            half,
            Sampler::ParentBased(rules.into()),
            Sampler::always_record(Sampler::AlwaysOff),
        ] {
            let table = BelowParents::of(&sampler);
            for sampled in [false, true] {
                for remote in [false, true] {
                    let facts = ParentFacts { sampled, remote };
                    let said = [[0; 16], [255; 16]].map(|id| sampler.decide(Some(facts), &id));
                    if let Some(decision) = table.decide(facts) {
                        assert_eq!(said, [Some(decision); 2], "{sampler} {facts:?}");
                    }
                }
            }
        }
        let usual = ParentFacts {
            sampled: true,
            remote: true,
        };
        let decision = BelowParents::of(&Sampler::default()).decide(usual);
        assert_eq!(decision, Some(Decision::RecordAndSample));
    }
}
