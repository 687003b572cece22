//! Which spans are recorded.

use super::{meant, set, tracer_config};
use crate::boundary::guard;
use crate::last_error::{fail, invalid_config};
use crate::ptr;
use crate::recording::kind;
use libtracer::{Composable, ParentBased, Predicate, Ratio, Sampler, SamplingInput};
use libtracer_abi::{
    TRACER_INTERNAL, TRACER_INVALID_ARGUMENT, TRACER_OK, TRACER_PARENT_LOCAL_NOT_SAMPLED,
    TRACER_PARENT_LOCAL_SAMPLED, TRACER_PARENT_REMOTE_NOT_SAMPLED, TRACER_PARENT_REMOTE_SAMPLED,
    TRACER_SAMPLER_ALWAYS_OFF, TRACER_SAMPLER_ALWAYS_ON, TRACER_SAMPLER_PARENT_ALWAYS_OFF,
    TRACER_SAMPLER_PARENT_ALWAYS_ON, TRACER_SAMPLER_PARENT_PROBABILITY,
    TRACER_SAMPLER_PARENT_RATIO, TRACER_SAMPLER_PARENT_RULES, TRACER_SAMPLER_PROBABILITY,
    TRACER_SAMPLER_RATIO, TRACER_SAMPLER_RULES, tracer_parent, tracer_sampler, tracer_span_kind,
    tracer_status,
};
use std::ffi::c_char;
use std::sync::Arc;

/// The sampler of a constant, and whether it decides for roots only.
fn sampler_of(
    rules: &[(Predicate, Ratio)],
    sampler: tracer_sampler,
    ratio: f64,
) -> Result<(Sampler, bool), tracer_status> {
    let share = || {
        let ratio = Ratio::new(ratio).map_err(|error| invalid_config(&error))?;
        Ok::<_, tracer_status>(Composable::Probability(ratio))
    };
    let below_parents = |roots| Sampler::composite(Composable::parent_threshold(roots));
    let by_rules = |rest| {
        let before = rules
            .iter()
            .map(|(applies, ratio)| (Arc::clone(applies), Composable::Probability(*ratio)));
        let rest = (Composable::when(|_| true), rest);
        Composable::rules(before.chain(std::iter::once(rest)))
    };
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
        TRACER_SAMPLER_PROBABILITY => (Sampler::composite(share()?), false),
        TRACER_SAMPLER_PARENT_PROBABILITY => (below_parents(share()?), false),
        TRACER_SAMPLER_RULES => (Sampler::composite(by_rules(share()?)), false),
        TRACER_SAMPLER_PARENT_RULES => (below_parents(by_rules(share()?)), false),
        other => {
            let why = format!("sampler {other} is unknown; use a TRACER_SAMPLER_ constant");
            return Err(fail(TRACER_INVALID_ARGUMENT, &why));
        }
    })
}

pub(crate) fn status(result: Result<(), tracer_status>) -> tracer_status {
    result.map_or_else(|status| status, |()| TRACER_OK)
}

/// Sets the sampler; `ratio` (0 to 1) is for those by ratio, probability and rules.
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn tracer_config_set_sampler(
    config: Option<&mut tracer_config>,
    sampler: tracer_sampler,
    ratio: f64,
) -> tracer_status {
    let choose = || {
        let config = meant(config).ok_or(TRACER_INVALID_ARGUMENT)?;
        let (root, roots_only) = sampler_of(&config.rules, sampler, ratio)?;
        match config.choose_sampler(root, roots_only) {
            TRACER_OK => Ok(()),
            refused => Err(refused),
        }
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
        let config = meant(config).ok_or(TRACER_INVALID_ARGUMENT)?;
        let chosen = match sampler_of(&config.rules, sampler, ratio)? {
            (root, true) => Sampler::parent_based(root),
            (plain, false) => plain,
        };
        config.choose_parent_sampler(parent, || Ok(chosen))
    };
    guard(TRACER_INTERNAL, || status(choose()))
}

impl tracer_config {
    /// Sets a sampler, for roots only or for all spans.
    pub(crate) fn choose_sampler(&mut self, sampler: Sampler, roots_only: bool) -> tracer_status {
        self.parent_based = roots_only.then(|| ParentBased::new(sampler.clone()));
        status(take(self, sampler))
    }

    /// Sets the sampler of spans below a kind of parent; it is made only if there is a place for it.
    pub(crate) fn choose_parent_sampler(
        &mut self,
        parent: tracer_parent,
        sampler: impl FnOnce() -> Result<Sampler, tracer_status>,
    ) -> Result<(), tracer_status> {
        let Some(parent_based) = &mut self.parent_based else {
            let why = "the sampler does not look at parents: set a TRACER_SAMPLER_PARENT_ one, or \
                       one of your own for roots only, before";
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
        *place = sampler()?;
        let root = parent_based.root.clone();
        take(self, root)
    }
}

/// Puts what was chosen into the configuration.
fn take(config: &mut tracer_config, root: Sampler) -> Result<(), tracer_status> {
    let sampler = match &config.parent_based {
        Some(parent_based) => Sampler::ParentBased(Arc::new(parent_based.clone())),
        None => root,
    };
    let sampler = if config.records_unsampled {
        Sampler::always_record(sampler)
    } else {
        sampler
    };
    match set(Some(config), |config| config.sampler(sampler)) {
        TRACER_OK => Ok(()),
        refused => Err(refused),
    }
}

/// Records what the sampler drops for processors alone, from the next setting of a sampler on
/// (OpenTelemetry's `AlwaysRecord`).
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn tracer_config_set_record_unsampled(
    config: Option<&mut tracer_config>,
    record: bool,
) -> tracer_status {
    guard(TRACER_INTERNAL, || match meant(config) {
        Some(config) => {
            config.records_unsampled = record;
            TRACER_OK
        }
        None => TRACER_INVALID_ARGUMENT,
    })
}

/// Adds a rule to a sampler by rules that is set afterwards: `ratio` of the traces whose root has this
/// name (a last `*` stands for any end), kind and text attribute. NULL name, key or text, and a kind
/// of 0: any. The first rule that is for a span counts.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn tracer_config_add_sampling_rule(
    config: Option<&mut tracer_config>,
    name: *const c_char,
    span_kind: tracer_span_kind,
    key: *const c_char,
    text: *const c_char,
    ratio: f64,
) -> tracer_status {
    // SAFETY: as the header says.
    let owned =
        |text: *const c_char| (!text.is_null()).then(|| unsafe { ptr::text(text) }.into_owned());
    let [name, key, text] = [name, key, text].map(owned);
    guard(TRACER_INTERNAL, || {
        let Some(config) = meant(config) else {
            return TRACER_INVALID_ARGUMENT;
        };
        let ratio = match Ratio::new(ratio) {
            Ok(ratio) => ratio,
            Err(error) => return invalid_config(&error),
        };
        let wanted = (span_kind != 0).then(|| kind(span_kind));
        let applies = move |span: &SamplingInput<'_>| {
            let has = |key: &str| {
                let value = span.attributes.iter().find(|(known, _)| known == key);
                let value = value.map(|(_, value)| value);
                value.is_some_and(|value| text.is_none() || value.as_str() == text.as_deref())
            };
            name.as_deref().is_none_or(|name| is_named(span.name, name))
                && wanted.is_none_or(|wanted| wanted == span.kind)
                && key.as_deref().is_none_or(has)
        };
        config.rules.push((Composable::when(applies), ratio));
        TRACER_OK
    })
}

fn is_named(name: &str, wanted: &str) -> bool {
    match wanted.strip_suffix('*') {
        Some(start) => name.starts_with(start),
        None => name == wanted,
    }
}
