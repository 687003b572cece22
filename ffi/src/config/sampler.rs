//! Which spans are recorded.

use super::{set, tracer_config};
use crate::boundary::guard;
use crate::last_error::{fail, invalid_config, missing};
use libtracer::{ParentBased, Ratio, Sampler};
use libtracer_abi::{
    TRACER_INTERNAL, TRACER_INVALID_ARGUMENT, TRACER_OK, TRACER_PARENT_LOCAL_NOT_SAMPLED,
    TRACER_PARENT_LOCAL_SAMPLED, TRACER_PARENT_REMOTE_NOT_SAMPLED, TRACER_PARENT_REMOTE_SAMPLED,
    TRACER_SAMPLER_ALWAYS_OFF, TRACER_SAMPLER_ALWAYS_ON, TRACER_SAMPLER_PARENT_ALWAYS_OFF,
    TRACER_SAMPLER_PARENT_ALWAYS_ON, TRACER_SAMPLER_PARENT_RATIO, TRACER_SAMPLER_RATIO,
    tracer_parent, tracer_sampler, tracer_status,
};
use std::sync::Arc;

/// The sampler of a constant, and whether it decides for roots only.
fn sampler_of(sampler: tracer_sampler, ratio: f64) -> Result<(Sampler, bool), tracer_status> {
    let by_ratio = || {
        let ratio = Ratio::new(ratio).map_err(|error| invalid_config(&error))?;
        Ok::<_, tracer_status>(Sampler::TraceIdRatio(ratio))
    };
    Ok(match sampler {
        TRACER_SAMPLER_PARENT_ALWAYS_ON => (Sampler::AlwaysOn, true),
        TRACER_SAMPLER_ALWAYS_ON => (Sampler::AlwaysOn, false),
        TRACER_SAMPLER_ALWAYS_OFF => (Sampler::AlwaysOff, false),
        TRACER_SAMPLER_PARENT_ALWAYS_OFF => (Sampler::AlwaysOff, true),
        TRACER_SAMPLER_RATIO => (by_ratio()?, false),
        TRACER_SAMPLER_PARENT_RATIO => (by_ratio()?, true),
        other => {
            let why = format!("sampler {other} is unknown; use a TRACER_SAMPLER_ constant");
            return Err(fail(TRACER_INVALID_ARGUMENT, &why));
        }
    })
}

fn status(result: Result<(), tracer_status>) -> tracer_status {
    result.map_or_else(|status| status, |()| TRACER_OK)
}

/// Sets the sampler; `ratio` (0 to 1) is for the two ratio samplers.
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn tracer_config_set_sampler(
    config: Option<&mut tracer_config>,
    sampler: tracer_sampler,
    ratio: f64,
) -> tracer_status {
    let choose = || {
        let config = config.ok_or_else(|| missing("config"))?;
        let (root, below_parents) = sampler_of(sampler, ratio)?;
        config.parent_based = below_parents.then(|| ParentBased::new(root.clone()));
        take(config, root)
    };
    guard(TRACER_INTERNAL, || status(choose()))
}

/// Sets the sampler of spans below one kind of parent, in place of what the sampler set before, a
/// `TRACER_SAMPLER_PARENT_` one, does there. Setting that again undoes it.
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn tracer_config_set_parent_sampler(
    config: Option<&mut tracer_config>,
    parent: tracer_parent,
    sampler: tracer_sampler,
    ratio: f64,
) -> tracer_status {
    let choose = || {
        let config = config.ok_or_else(|| missing("config"))?;
        let Some(parent_based) = &mut config.parent_based else {
            let why =
                "the sampler does not look at parents: set a TRACER_SAMPLER_PARENT_ one before";
            return Err(fail(TRACER_INVALID_ARGUMENT, &why));
        };
        let place = match parent {
            TRACER_PARENT_REMOTE_SAMPLED => &mut parent_based.remote_sampled,
            TRACER_PARENT_REMOTE_NOT_SAMPLED => &mut parent_based.remote_not_sampled,
            TRACER_PARENT_LOCAL_SAMPLED => &mut parent_based.local_sampled,
            TRACER_PARENT_LOCAL_NOT_SAMPLED => &mut parent_based.local_not_sampled,
            other => {
                let why = format!("parent {other} is unknown; use a TRACER_PARENT_ constant");
                return Err(fail(TRACER_INVALID_ARGUMENT, &why));
            }
        };
        *place = match sampler_of(sampler, ratio)? {
            (root, true) => Sampler::parent_based(root),
            (plain, false) => plain,
        };
        let root = parent_based.root.clone();
        take(config, root)
    };
    guard(TRACER_INTERNAL, || status(choose()))
}

/// Puts what was chosen into the configuration.
fn take(config: &mut tracer_config, root: Sampler) -> Result<(), tracer_status> {
    let sampler = match &config.parent_based {
        Some(parent_based) => Sampler::ParentBased(Arc::new(parent_based.clone())),
        None => root,
    };
    match set(Some(config), |config| config.sampler(sampler)) {
        TRACER_OK => Ok(()),
        refused => Err(refused),
    }
}
