//! `OTEL_TRACES_SAMPLER` and its argument.

use super::env::Env;
use crate::sampler::{Ratio, Sampler};

const KNOWN: &str = "use always_on, always_off, traceidratio, parentbased_always_on, \
                     parentbased_always_off or parentbased_traceidratio";
const PARENT_BASED: &str = "parentbased_";

/// The sampler that the environment names.
pub(super) fn from_env(env: &mut Env) -> Option<Sampler> {
    let name = env.read("OTEL_TRACES_SAMPLER", KNOWN, |text| {
        let name = text.to_ascii_lowercase();
        let root = name.strip_prefix(PARENT_BASED).unwrap_or(&name);
        matches!(root, "always_on" | "always_off" | "traceidratio").then_some(name)
    })?;
    let root = match name.strip_prefix(PARENT_BASED).unwrap_or(&name) {
        "always_off" => Sampler::AlwaysOff,
        "traceidratio" => ratio(env).map_or(Sampler::AlwaysOn, Sampler::TraceIdRatio),
        _ => Sampler::AlwaysOn,
    };
    Some(if name.starts_with(PARENT_BASED) {
        Sampler::parent_based(root)
    } else {
        root
    })
}

/// Asked for only by samplers that have a ratio: another's argument is nobody's mistake.
fn ratio(env: &mut Env) -> Option<Ratio> {
    let wrong = "use a number from 0 to 1";
    env.read("OTEL_TRACES_SAMPLER_ARG", wrong, |text| text.parse().ok())
}
