//! Filling in from the environment, and what results.

use super::env::Env;
use super::exporters::Destination;
use super::{
    BatchSettings, Config, DEFAULT_EXIT_TIMEOUT, diagnostics, propagation, resource, sampling,
};
use crate::limits::SpanLimits;
use crate::pipeline::diagnose;
use crate::propagate::Propagator;
use crate::resource::Resource;
use crate::sampler::Sampler;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// What the environment says, below what code says.
#[derive(Clone, Debug, Default)]
pub(super) struct FromEnv {
    disabled: bool,
    pub(super) resource: Resource,
    sampler: Option<Sampler>,
    limits: Option<SpanLimits>,
    batch: Option<BatchSettings>,
    pub(super) propagator: Option<Arc<dyn Propagator>>,
    destinations: Vec<Destination>,
    pub(super) diagnostic_level: Option<diagnostics::Level>,
}

impl Config {
    /// Takes from `OTEL_*` variables what code does not set, before or after; a variable that cannot
    /// be used is ignored with a warning ([`Config::take_warnings`]).
    pub fn load_env(self) -> Self {
        self.load(Env::of_process())
    }

    pub(super) fn load(mut self, mut env: Env) -> Self {
        self.env = FromEnv {
            disabled: env.switch("OTEL_SDK_DISABLED").unwrap_or(false),
            resource: resource::from_env(&mut env),
            sampler: sampling::from_env(&mut env),
            limits: Some(SpanLimits::from_env(&mut env)),
            batch: Some(BatchSettings::from_env(&mut env)),
            propagator: propagation::from_env(&mut env),
            destinations: destinations(&mut env),
            diagnostic_level: diagnostics::from_env(&mut env),
        };
        #[cfg(feature = "otlp-http")]
        self.otlp.load_env(&mut env);
        self.signals.load_env(&mut env);
        #[cfg(feature = "otlp-http")]
        self.others.load_env(&mut env);
        self.warnings = Arc::new(Mutex::new(env.into_warnings()));
        self
    }

    /// Shows the warnings that nobody took.
    pub(crate) fn print_warnings(&self) {
        self.take_warnings()
            .iter()
            .for_each(|text| diagnose::warn(text));
    }

    pub(crate) fn is_disabled(&self) -> bool {
        self.disabled.unwrap_or(self.env.disabled)
    }

    pub(super) fn destinations(&self) -> &[Destination] {
        if self.is_disabled() {
            return &[];
        }
        self.destinations
            .as_deref()
            .unwrap_or(&self.env.destinations)
    }

    /// The sampler in force; nothing is recorded when the SDK is disabled.
    pub(crate) fn sampler_in_force(&self) -> Sampler {
        if self.is_disabled() {
            return Sampler::AlwaysOff;
        }
        self.sampler
            .clone()
            .or_else(|| self.env.sampler.clone())
            .unwrap_or_default()
    }

    pub(crate) fn limits_in_force(&self) -> SpanLimits {
        self.limits.or(self.env.limits).unwrap_or_default()
    }

    pub(crate) fn batch_in_force(&self) -> BatchSettings {
        self.batch.or(self.env.batch).unwrap_or_default().fitted()
    }

    /// The bound of the whole process, if this configuration wants to set it.
    pub(crate) fn chosen_memory_limit(&self) -> Option<usize> {
        self.memory_limit
    }

    pub(crate) fn exit_timeout_in_force(&self) -> Duration {
        self.exit_timeout.unwrap_or(DEFAULT_EXIT_TIMEOUT)
    }
}

/// OTLP if the environment does not say.
fn destinations(env: &mut Env) -> Vec<Destination> {
    let variable = "OTEL_TRACES_EXPORTER";
    let Some(list) = env.text(variable) else {
        return vec![Destination::Otlp];
    };
    let mut refused = false;
    let destinations = Destination::parse(&list, |name, cure| {
        refused = true;
        env.warn_value(variable, name, cure);
    });
    // A list of unusable names only counts as not given.
    if refused && destinations.is_empty() {
        vec![Destination::Otlp]
    } else {
        destinations
    }
}
