//! Filling in from the environment, and what results.

use super::env::Env;
use super::exporters::Destination;
use super::{
    BatchSettings, Config, DEFAULT_EXIT_TIMEOUT, diagnostics, propagation, resource, sampling,
};
#[cfg(not(feature = "config-file"))]
use crate::error::ConfigError;
use crate::limits::SpanLimits;
use crate::pipeline::diagnose;
use crate::propagate::Propagator;
use crate::resource::{Detectors, Resource};
use crate::sampler::Sampler;
use crate::scope::ScopeRule;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Names the file that stands in for the environment; the second is the name of before 1.0.
const CONFIG_FILE: [&str; 2] = ["OTEL_CONFIG_FILE", "OTEL_EXPERIMENTAL_CONFIG_FILE"];

/// What the environment says, below what code says.
#[derive(Clone, Debug, Default)]
pub(super) struct FromEnv {
    pub(super) disabled: bool,
    pub(super) resource: Resource,
    pub(super) detectors: Detectors,
    pub(super) sampler: Option<Sampler>,
    pub(super) limits: Option<SpanLimits>,
    pub(super) batch: Option<BatchSettings>,
    pub(super) propagator: Option<Arc<dyn Propagator>>,
    pub(super) destinations: Vec<Destination>,
    /// Of single destinations, by their place in the list.
    pub(super) own_batches: BTreeMap<usize, BatchSettings>,
    pub(super) scope_rule: Option<ScopeRule>,
    pub(super) diagnostic_level: Option<diagnostics::Level>,
}

impl Config {
    /// Takes from `OTEL_*` variables what code does not set, before or after; a variable that cannot
    /// be used is ignored with a warning ([`Config::take_warnings`]).
    pub fn load_env(self) -> Self {
        self.load(Env::of_process())
    }

    pub(crate) fn load(mut self, mut env: Env) -> Self {
        if let Some(path) = CONFIG_FILE.iter().find_map(|name| env.text(name)) {
            return self.load_named_file(&path);
        }
        self.env = FromEnv {
            disabled: env.switch("OTEL_SDK_DISABLED").unwrap_or(false),
            resource: resource::from_env(&mut env),
            sampler: sampling::from_env(&mut env),
            limits: Some(SpanLimits::from_env(&mut env)),
            batch: Some(BatchSettings::from_env(&mut env)),
            propagator: propagation::from_env(&mut env),
            destinations: destinations(&mut env),
            diagnostic_level: diagnostics::from_env(&mut env),
            ..FromEnv::default()
        };
        #[cfg(feature = "otlp-http")]
        self.otlp.load_env(&mut env);
        self.signals.load_env(&mut env);
        #[cfg(feature = "otlp-http")]
        self.others.load_env(&mut env);
        self.warn_all(env.into_warnings());
        self
    }

    /// The file that the environment names: nothing else of it counts.
    #[cfg(feature = "config-file")]
    fn load_named_file(self, path: &str) -> Self {
        self.load_file(path.as_ref(), &|name| std::env::var(name).ok())
    }

    #[cfg(not(feature = "config-file"))]
    fn load_named_file(mut self, path: &str) -> Self {
        let cure = "enable the feature config-file, or unset the variable";
        let wrong = "cannot be read by this build";
        self.refuse(ConfigError::value("OTEL_CONFIG_FILE", path, wrong, cure));
        self
    }

    /// In place of the warnings of an earlier source.
    pub(super) fn warn_all(&mut self, warnings: Vec<String>) {
        self.warnings = Arc::new(Mutex::new(warnings));
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
