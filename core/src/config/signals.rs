//! Log records and metrics: where they go, how they are batched and limited.

#[cfg(feature = "metrics")]
mod metrics;

#[cfg(feature = "metrics")]
pub use metrics::MetricTemporality;
#[cfg(feature = "metrics")]
pub(crate) use metrics::{MetricConfig, MetricExporter};

use super::env::Env;
use super::{BatchSettings, Config, PipelineConfig, PipelineKind};
use crate::error::ConfigError;
use crate::export::{ExporterFactory, Signal};
use crate::limits::SpanLimits;
use crate::testing::MemoryExporter;
use std::fmt;
use std::time::Duration;

/// The specification's schedule delay of log records.
const LOGS_DELAY: Duration = Duration::from_secs(1);
/// The longest that a log record waits to be printed.
const CONSOLE_DELAY: Duration = Duration::from_millis(200);

const NAMES: &str = "use otlp, console or none";

/// What concerns log records and metrics only.
#[derive(Clone, Debug, Default)]
pub(super) struct Signals {
    /// What code chose; an empty list is a choice too.
    logs: Option<Vec<LogDestination>>,
    env_logs: Vec<LogDestination>,
    logs_batch: Option<BatchSettings>,
    env_logs_batch: Option<BatchSettings>,
    limits: Option<SpanLimits>,
    env_limits: Option<SpanLimits>,
    #[cfg(feature = "metrics")]
    metrics: metrics::MetricOptions,
}

/// Where log records go.
#[derive(Clone)]
enum LogDestination {
    Otlp,
    Console,
    Memory(MemoryExporter),
    Custom(String, ExporterFactory),
}

impl LogDestination {
    fn name(&self) -> &str {
        match self {
            Self::Otlp => "otlp",
            Self::Console => "console",
            Self::Memory(_) => "memory",
            Self::Custom(name, _) => name,
        }
    }
}

impl fmt::Debug for LogDestination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Everything a provider needs to know of its log records.
#[derive(Debug)]
pub(crate) struct RecordConfig {
    pub(crate) pipelines: Vec<PipelineConfig>,
    pub(crate) limits: SpanLimits,
    pub(crate) disabled: bool,
}

impl Signals {
    pub(super) fn load_env(&mut self, env: &mut Env) {
        self.env_logs_batch = Some(batch_from_env(env));
        self.env_limits = Some(limits_from_env(env));
        self.env_logs = logs_from_env(env);
        #[cfg(feature = "metrics")]
        self.metrics.load_env(env);
    }
}

/// The names in a comma list, in lower case, each once.
fn names(list: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for name in list.split(',').map(|name| name.trim().to_ascii_lowercase()) {
        if !name.is_empty() && !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// The destinations of a comma list; calls `refuse` for each name that is not known.
fn parse(list: &str, mut refuse: impl FnMut(&str)) -> Vec<LogDestination> {
    let mut destinations = Vec::new();
    for name in names(list) {
        match name.as_str() {
            "none" => {}
            "otlp" => destinations.push(LogDestination::Otlp),
            "console" => destinations.push(LogDestination::Console),
            _ => refuse(&name),
        }
    }
    destinations
}

/// Nothing unless the environment asks: who takes a tracing library asks for traces.
fn logs_from_env(env: &mut Env) -> Vec<LogDestination> {
    let variable = "OTEL_LOGS_EXPORTER";
    let list = env.text(variable).unwrap_or_default();
    parse(&list, |name| env.warn_value(variable, name, NAMES))
}

/// The specification's values for log records: 512 records, 1 s, 30 s.
fn default_batch() -> BatchSettings {
    BatchSettings {
        schedule_delay: LOGS_DELAY,
        ..BatchSettings::default()
    }
}

fn batch_from_env(env: &mut Env) -> BatchSettings {
    let default = default_batch();
    BatchSettings {
        max_queue_size: env.positive("OTEL_BLRP_MAX_QUEUE_SIZE"),
        max_export_batch_size: env
            .positive("OTEL_BLRP_MAX_EXPORT_BATCH_SIZE")
            .unwrap_or(default.max_export_batch_size),
        schedule_delay: env
            .duration("OTEL_BLRP_SCHEDULE_DELAY")
            .unwrap_or(default.schedule_delay),
        export_timeout: env
            .timeout("OTEL_BLRP_EXPORT_TIMEOUT")
            .unwrap_or(default.export_timeout),
    }
    .fitted()
}

/// A limit of log records' own wins over a general one.
fn limits_from_env(env: &mut Env) -> SpanLimits {
    let attributes = env
        .count("OTEL_LOGRECORD_ATTRIBUTE_COUNT_LIMIT")
        .or_else(|| env.count("OTEL_ATTRIBUTE_COUNT_LIMIT"));
    let length = env
        .count("OTEL_LOGRECORD_ATTRIBUTE_VALUE_LENGTH_LIMIT")
        .or_else(|| env.count("OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT"));
    SpanLimits {
        attributes: attributes.unwrap_or(SpanLimits::DEFAULT_COUNT),
        attribute_value_length: length.unwrap_or(SpanLimits::UNLIMITED),
        ..SpanLimits::DEFAULT
    }
}

impl Config {
    /// Exports log records by OTLP, to where [`Config::endpoint`] or the environment says, with the
    /// path of logs. Without this or another destination for logs they are counted and go nowhere,
    /// unless `OTEL_LOGS_EXPORTER` says otherwise; the specification's default would be `otlp`.
    ///
    /// ```
    /// use libtracer::Config;
    ///
    /// let config = Config::new().otlp("http://localhost:4318").otlp_logs();
    /// # config.check()?;
    /// # Ok::<(), libtracer::ConfigError>(())
    /// ```
    pub fn otlp_logs(self) -> Self {
        self.add_logs(LogDestination::Otlp)
    }

    /// Exports log records to those in a comma list of `otlp`, `console`; or to `none`.
    pub fn logs_exporters(mut self, names: impl AsRef<str>) -> Self {
        let mut error = None;
        let destinations = parse(names.as_ref(), |name| {
            let wrong = "is not usable";
            error = Some(ConfigError::value("logs exporter", name, wrong, NAMES));
        });
        self.signals.logs = Some(destinations);
        if let Some(error) = error {
            self.refuse(error);
        }
        self
    }

    /// Prints log records on the standard output, one line each.
    pub fn logs_console(self) -> Self {
        self.add_logs(LogDestination::Console)
    }

    /// Keeps log records in `exporter`, from where the program reads them.
    pub fn logs_memory(self, exporter: &MemoryExporter) -> Self {
        self.add_logs(LogDestination::Memory(exporter.clone()))
    }

    /// Exports log records to what `factory` makes; `name` stands for it in the account and in
    /// messages. Its batches are of [`crate::Signal::Logs`].
    pub fn logs_exporter(self, name: impl Into<String>, factory: ExporterFactory) -> Self {
        self.add_logs(LogDestination::Custom(name.into(), factory))
    }

    /// When pipelines of log records export, and how much at once.
    pub fn logs_batch(mut self, batch: BatchSettings) -> Self {
        if batch.max_export_batch_size == 0 || batch.max_queue_size == Some(0) {
            self.refuse(ConfigError::new(
                "batch and queue sizes of 0 are not usable for logs: use 1 or more",
            ));
        }
        self.signals.logs_batch = Some(batch.fitted());
        self
    }

    /// How many attributes a log record may have, and how many characters a string value or bytes a
    /// bytes value of theirs (default 128 and no limit). What is over is dropped or cut.
    pub fn logs_limits(mut self, attributes: usize, value_length: usize) -> Self {
        self.signals.limits = Some(SpanLimits {
            attributes,
            attribute_value_length: value_length,
            ..SpanLimits::DEFAULT
        });
        self
    }

    fn add_logs(mut self, destination: LogDestination) -> Self {
        let logs = self.signals.logs.get_or_insert_default();
        logs.push(destination);
        self
    }

    /// What a provider does with log records; no pipelines if the SDK is disabled.
    pub(crate) fn build_records(&self) -> Result<RecordConfig, ConfigError> {
        self.check()?;
        let signals = &self.signals;
        let chosen = signals.logs.as_deref().unwrap_or(&signals.env_logs);
        Ok(RecordConfig {
            pipelines: self.log_pipelines(chosen)?,
            limits: signals.limits.or(signals.env_limits).unwrap_or_default(),
            disabled: self.is_disabled(),
        })
    }

    /// The pipelines that a provider gets for its log records while it lives: those that code chose,
    /// as it has those of the environment.
    pub(crate) fn build_more_records(&self) -> Result<Vec<PipelineConfig>, ConfigError> {
        self.log_pipelines(self.signals.logs.as_deref().unwrap_or_default())
    }

    fn log_pipelines(&self, chosen: &[LogDestination]) -> Result<Vec<PipelineConfig>, ConfigError> {
        let signals = &self.signals;
        let batch = signals.logs_batch.or(signals.env_logs_batch);
        let batch = batch.unwrap_or_else(default_batch);
        let pipeline = |destination: &LogDestination| {
            let kind = match destination {
                LogDestination::Otlp => PipelineKind::Exporter(self.otlp_factory(Signal::Logs)?),
                LogDestination::Memory(exporter) => PipelineKind::Memory(exporter.clone()),
                LogDestination::Console => PipelineKind::Exporter(crate::logs::console::factory()),
                LogDestination::Custom(_, factory) => PipelineKind::Exporter(factory.clone()),
            };
            let schedule_delay = match destination {
                LogDestination::Console => batch.schedule_delay.min(CONSOLE_DELAY),
                _ => batch.schedule_delay,
            };
            let component = match destination {
                LogDestination::Otlp => self.otlp_component(Signal::Logs),
                other => other.name().to_owned(),
            };
            Ok(PipelineConfig {
                name: destination.name().to_owned(),
                component,
                kind,
                batch: BatchSettings {
                    schedule_delay,
                    ..batch
                },
            })
        };
        let chosen = if self.is_disabled() { &[] } else { chosen };
        chosen.iter().map(pipeline).collect()
    }
}

#[cfg(test)]
mod tests;
