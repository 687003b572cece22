//! `sampler`: the built-in ones by name.

use super::composite;
use super::node::{At, Read};
use crate::sampler::{ParentBased, Ratio, Sampler};

pub(super) fn read(at: &At<'_>) -> Read<Sampler> {
    let (kind, options) = at.kind()?;
    if kind == "composite/development" {
        return Ok(Sampler::composite(composite::read(&options)?));
    }
    let mut fields = options.fields()?;
    match kind {
        "always_on" => Ok(Sampler::AlwaysOn),
        "always_off" => Ok(Sampler::AlwaysOff),
        "always_record" => Ok(Sampler::always_record(read(&fields.need("root")?)?)),
        "trace_id_ratio_based" => {
            let ratio = ratio(fields.get("ratio").as_ref())?;
            Ok(Sampler::TraceIdRatio(ratio))
        }
        "parent_based" => {
            let mut delegate = |name, default| match fields.get(name) {
                Some(at) => read(&at),
                None => Ok(default),
            };
            let mut rules = ParentBased::new(delegate("root", Sampler::AlwaysOn)?);
            rules.remote_sampled = delegate("remote_parent_sampled", Sampler::AlwaysOn)?;
            rules.remote_not_sampled = delegate("remote_parent_not_sampled", Sampler::AlwaysOff)?;
            rules.local_sampled = delegate("local_parent_sampled", Sampler::AlwaysOn)?;
            rules.local_not_sampled = delegate("local_parent_not_sampled", Sampler::AlwaysOff)?;
            Ok(Sampler::ParentBased(rules.into()))
        }
        "probability/development" => Ok(Sampler::probability(ratio(fields.get("ratio").as_ref())?)),
        _ => Err(options.error(
            "is no sampler here: use always_on, always_off, always_record, trace_id_ratio_based, \
             parent_based, probability/development or composite/development",
        )),
    }
}

/// A share of all; 1 if nothing is said.
pub(super) fn ratio(at: Option<&At<'_>>) -> Read<Ratio> {
    let value = match at {
        Some(at) => at.number()?.unwrap_or(1.0),
        None => 1.0,
    };
    Ratio::new(value).map_err(|error| match at {
        Some(at) => at.because(&error),
        None => error,
    })
}
