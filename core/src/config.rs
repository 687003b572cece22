//! What a provider is made of, as plain values: from code, then from the environment.
//!
//! Setters chain and never fail at once; the first unusable value is kept and reported by
//! [`Config::check`] and whatever is built from the configuration. Code wins over the environment.
//! Header values and credentials appear in no message and no `Debug`.

pub(crate) mod batch;
mod diagnostics;
#[cfg(feature = "otlp-http")]
mod endpoint;
pub(crate) mod env;
mod exporters;
#[cfg(feature = "config-file")]
mod file;
#[cfg(feature = "otlp-http")]
mod headers;
#[cfg(feature = "otlp-http")]
mod jaeger;
mod load;
#[cfg(feature = "otlp-http")]
mod others;
#[cfg(feature = "otlp-http")]
mod otlp;
#[cfg(feature = "otlp-http")]
mod otlp_file;
mod own;
pub(crate) mod percent;
mod propagation;
mod resource;
mod sampling;
mod signals;
#[cfg(feature = "otlp-http")]
mod zipkin;

pub use batch::BatchSettings;
pub(crate) use exporters::{PipelineConfig, PipelineKind};
#[cfg(feature = "metrics")]
pub use signals::MetricTemporality;
pub(crate) use signals::RecordConfig;
#[cfg(feature = "metrics")]
pub(crate) use signals::{MetricConfig, MetricExporter};

use crate::error::ConfigError;
use crate::export::ExporterFactory;
use crate::finished::OwnedValue;
use crate::limits::SpanLimits;
use crate::propagate::Propagator;
use crate::resource::{Detectors, Resource};
use crate::sampler::{Ratio, Sampler};
use crate::testing::MemoryExporter;
use exporters::Destination;
#[cfg(feature = "otlp-http")]
use otlp::Otlp;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How long shutdown and exit may take, all exporters together.
const DEFAULT_EXIT_TIMEOUT: Duration = Duration::from_secs(2);

/// The configuration of a provider.
///
/// ```
/// use libtracer::{Config, Ratio, Sampler};
///
/// let config = Config::new()
///     .service_name("checkout")
///     .resource_attribute("deployment.environment.name", "staging")
///     .sampler(Sampler::parent_based(Sampler::TraceIdRatio(Ratio::new(0.25)?)))
///     .otlp("https://collector.example:4318")
///     .otlp_header("x-api-key", "secret");
/// config.check()?;
/// assert!(!format!("{config:?}").contains("secret"));
/// # Ok::<(), libtracer::ConfigError>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Config {
    disabled: Option<bool>,
    service_name: Option<String>,
    resource: Resource,
    whole_resource: Option<Resource>,
    detectors: Detectors,
    language: Option<String>,
    sampler: Option<Sampler>,
    limits: Option<SpanLimits>,
    batch: Option<BatchSettings>,
    /// What code chose for single destinations, by their place in the list.
    own_batches: BTreeMap<usize, BatchSettings>,
    memory_limit: Option<usize>,
    propagator: Option<Arc<dyn Propagator>>,
    more_propagators: Vec<Arc<dyn Propagator>>,
    exit_timeout: Option<Duration>,
    block_when_full: Option<Duration>,
    diagnostic_level: Option<diagnostics::Level>,
    #[cfg(feature = "otlp-http")]
    otlp: Otlp,
    signals: signals::Signals,
    own: own::OwnCode,
    #[cfg(feature = "otlp-http")]
    others: others::Others,
    /// What code chose; an empty list is a choice too.
    destinations: Option<Vec<Destination>>,
    /// What the environment fills in.
    env: load::FromEnv,
    error: Option<ConfigError>,
    /// Shared by clones, so that each is shown once.
    warnings: Arc<Mutex<Vec<String>>>,
}

impl Config {
    /// A configuration that reads no `OTEL_*` variable and exports nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A configuration from `OTEL_*` variables: OTLP unless `OTEL_TRACES_EXPORTER` says otherwise; or
    /// from the file that `OTEL_CONFIG_FILE` names, and then from no other variable.
    pub fn from_env() -> Self {
        Self::new().load_env()
    }

    /// Turns tracing off or on, whatever `OTEL_SDK_DISABLED` says.
    pub fn disabled(mut self, disabled: bool) -> Self {
        self.disabled = Some(disabled);
        self
    }

    /// The logical name of the service (`service.name`).
    pub fn service_name(mut self, name: impl Into<String>) -> Self {
        self.service_name = Some(name.into());
        self
    }

    /// An attribute of the resource, such as `service.version`.
    pub fn resource_attribute(
        mut self,
        key: impl AsRef<str>,
        value: impl Into<OwnedValue>,
    ) -> Self {
        match key.as_ref() {
            "" => self.refuse(ConfigError::new(
                "resource attribute without a key: name it",
            )),
            key => self.resource.set(key, value.into()),
        }
        self
    }

    /// The language that spans are recorded in (`telemetry.sdk.language`), for bindings.
    pub fn sdk_language(mut self, language: impl Into<String>) -> Self {
        self.language = Some(language.into());
        self
    }

    /// Which spans are recorded.
    pub fn sampler(mut self, sampler: Sampler) -> Self {
        self.sampler = Some(sampler);
        self
    }

    /// The share of traces that are recorded, from 0 to 1; spans with a parent do as it did.
    pub fn sample_ratio(mut self, ratio: f64) -> Self {
        match Ratio::new(ratio) {
            Ok(ratio) => self.sampler(Sampler::parent_based(Sampler::TraceIdRatio(ratio))),
            Err(error) => {
                self.refuse(error);
                self
            }
        }
    }

    /// How much one span may hold.
    pub fn limits(mut self, limits: SpanLimits) -> Self {
        self.limits = Some(limits);
        self
    }

    /// The most memory, in bytes, that spans of this process may hold (default 32 MiB). The last
    /// provider that sets it decides for all.
    pub fn memory_limit(mut self, bytes: usize) -> Self {
        const LEAST: usize = 256 * 1024; // a few threads' chunks
        if bytes < LEAST {
            let cure = "use at least 262144 bytes";
            self.refuse(ConfigError::value(
                "memory limit",
                &bytes.to_string(),
                "is too low",
                cure,
            ));
        }
        self.memory_limit = Some(bytes);
        self
    }

    /// How long shutdown and the end of the program may wait for exporters (default 2 s).
    pub fn exit_timeout(mut self, timeout: Duration) -> Self {
        self.exit_timeout = Some(timeout);
        self
    }

    /// Prints finished traces as trees on the standard output.
    pub fn console(self) -> Self {
        self.add(Destination::Console)
    }

    /// Keeps finished spans in `exporter`, from where the program reads them.
    pub fn memory(self, exporter: &MemoryExporter) -> Self {
        self.add(Destination::Memory(exporter.clone()))
    }

    /// Exports to what `factory` makes; `name` stands for it in the account and in messages.
    pub fn exporter(self, name: impl Into<String>, factory: ExporterFactory) -> Self {
        self.add(Destination::Custom(name.into(), factory))
    }

    /// Exports to those in a comma list of `otlp`, `zipkin`, `jaeger`, `console`, `otlp/file`,
    /// `otlp/stdout`, `memory`; or to `none`. Where they are is said by other options or the
    /// environment, or is their default: this machine, and `traces.jsonl` for `otlp/file`.
    pub fn exporters(mut self, names: impl AsRef<str>) -> Self {
        let mut error = None;
        let refuse = |name: &str, cure: &str| {
            error = Some(ConfigError::value("exporter", name, "is not usable", cure));
        };
        self.destinations = Some(Destination::parse(names.as_ref(), refuse));
        if let Some(error) = error {
            self.refuse(error);
        }
        self
    }

    fn add(mut self, destination: Destination) -> Self {
        self.destinations.get_or_insert_default().push(destination);
        self
    }

    /// Keeps the first error.
    fn refuse(&mut self, error: ConfigError) {
        self.error.get_or_insert(error);
    }

    /// Whether every value given so far is usable by itself.
    ///
    /// # Errors
    ///
    /// The first value that is not: its option, the value, and what would be right.
    pub fn check(&self) -> Result<(), ConfigError> {
        self.error.clone().map_or(Ok(()), Err)
    }

    /// What the environment said that is ignored, each once; for the program to show.
    ///
    /// What nobody takes is written to standard error when a provider is built.
    #[must_use]
    pub fn take_warnings(&self) -> Vec<String> {
        let mut warnings = self.warnings.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *warnings)
    }
}

#[cfg(test)]
mod tests;
