//! Metrics: where they go, how often, with which temporality.

#[cfg(feature = "otlp-http")]
mod endpoint;

use crate::config::Config;
use crate::config::env::Env;
use crate::error::ConfigError;
use crate::export::{ExporterFactory, Signal};
use std::fmt;
use std::time::Duration;

/// The specification's interval and time-out.
const DEFAULT_INTERVAL: Duration = Duration::from_secs(60);
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

const NAMES: &str = "use otlp, console, prometheus or none";

/// Whether points of a series add up by themselves or each says what is new (OTLP exporter,
/// "temporality preference").
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum MetricTemporality {
    /// Each point holds all since the start: the default.
    #[default]
    Cumulative,
    /// Each point of a counter or histogram holds what came since the point before.
    Delta,
    /// Delta where that saves memory: synchronous counters and histograms.
    LowMemory,
}

impl From<MetricTemporality> for opentelemetry_sdk::metrics::Temporality {
    fn from(temporality: MetricTemporality) -> Self {
        match temporality {
            MetricTemporality::Cumulative => Self::Cumulative,
            MetricTemporality::Delta => Self::Delta,
            MetricTemporality::LowMemory => Self::LowMemory,
        }
    }
}

/// What was said about metrics.
#[derive(Clone, Debug, Default)]
pub(in crate::config) struct MetricOptions {
    /// What code chose; an empty list is a choice too.
    exporters: Option<Vec<Destination>>,
    env_exporters: Vec<Destination>,
    interval: Option<Duration>,
    export_timeout: Option<Duration>,
    temporality: Option<MetricTemporality>,
    of_itself: bool,
    of_llm_calls: bool,
}

/// Where metrics go.
#[derive(Clone)]
enum Destination {
    Otlp,
    Console,
    /// To whoever asks for the text.
    Prometheus,
    /// To a URL whose form says what is spoken there.
    #[cfg(feature = "otlp-http")]
    At(endpoint::At),
    Custom(String, ExporterFactory),
}

impl Destination {
    /// Whether points must hold all since the start.
    fn needs_totals(&self) -> bool {
        match self {
            #[cfg(feature = "otlp-http")]
            Self::At(at) => at.needs_totals(),
            _ => false,
        }
    }

    /// Whether the text format is asked for, or sent.
    fn needs_text(&self) -> bool {
        match self {
            Self::Prometheus => true,
            #[cfg(feature = "otlp-http")]
            Self::At(at) => at.needs_text(),
            _ => false,
        }
    }
}

/// An exporter of metrics, before there is a process for it.
#[derive(Clone)]
pub(crate) enum MetricExporter {
    Made(ExporterFactory),
    /// It sends the text of the process's metrics.
    #[cfg(feature = "otlp-http")]
    Pushgateway(Box<crate::export::http::Target>),
}

impl fmt::Debug for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Otlp => "otlp",
            Self::Console => "console",
            Self::Prometheus => "prometheus",
            #[cfg(feature = "otlp-http")]
            Self::At(at) => at.name(),
            Self::Custom(name, _) => name,
        })
    }
}

/// Everything a provider needs to know of its metrics.
pub(crate) struct MetricConfig {
    pub(crate) exporters: Vec<(String, MetricExporter)>,
    pub(crate) prometheus: bool,
    pub(crate) interval: Duration,
    pub(crate) export_timeout: Duration,
    pub(crate) temporality: MetricTemporality,
    /// This library measures itself.
    pub(crate) of_itself: bool,
    /// Calls of language models are counted.
    pub(crate) of_llm_calls: bool,
}

impl fmt::Debug for MetricConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.exporters.iter().map(|(name, _)| &**name).collect();
        f.debug_struct("MetricConfig")
            .field("exporters", &names)
            .field("interval", &self.interval)
            .field("temporality", &self.temporality)
            .field("of_itself", &self.of_itself)
            .finish_non_exhaustive()
    }
}

impl MetricOptions {
    pub(super) fn load_env(&mut self, env: &mut Env) {
        self.env_exporters = exporters_from_env(env);
        let millis = |env: &mut Env, name| {
            let millis = env.positive(name)?;
            Some(Duration::from_millis(u64::try_from(millis).ok()?))
        };
        if self.interval.is_none() {
            self.interval = millis(env, "OTEL_METRIC_EXPORT_INTERVAL");
        }
        if self.export_timeout.is_none() {
            self.export_timeout = env.timeout("OTEL_METRIC_EXPORT_TIMEOUT");
        }
        if self.temporality.is_none() {
            self.temporality = temporality_from_env(env);
        }
        let aggregation = "OTEL_EXPORTER_OTLP_METRICS_DEFAULT_HISTOGRAM_AGGREGATION";
        let known = |text: &str| (text == "explicit_bucket_histogram").then_some(());
        env.read(aggregation, "use explicit_bucket_histogram", known);
    }
}

fn temporality_from_env(env: &mut Env) -> Option<MetricTemporality> {
    let name = "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE";
    env.read(
        name,
        "use cumulative, delta or lowmemory",
        |text| match text.to_ascii_lowercase().as_str() {
            "cumulative" => Some(MetricTemporality::Cumulative),
            "delta" => Some(MetricTemporality::Delta),
            "lowmemory" => Some(MetricTemporality::LowMemory),
            _ => None,
        },
    )
}

/// The destinations of a comma list; calls `refuse` for each name that is not known.
fn parse(list: &str, mut refuse: impl FnMut(&str)) -> Vec<Destination> {
    let mut destinations = Vec::new();
    for name in super::names(list) {
        match name.as_str() {
            "none" => {}
            "otlp" => destinations.push(Destination::Otlp),
            "console" => destinations.push(Destination::Console),
            "prometheus" => destinations.push(Destination::Prometheus),
            _ => refuse(&name),
        }
    }
    destinations
}

/// Nothing unless the environment asks: who takes a tracing library asks for traces.
fn exporters_from_env(env: &mut Env) -> Vec<Destination> {
    let variable = "OTEL_METRICS_EXPORTER";
    let list = env.text(variable).unwrap_or_default();
    parse(&list, |name| env.warn_value(variable, name, NAMES))
}

impl Config {
    /// Exports metrics by OTLP, to where [`Config::endpoint`] or the environment says, with the path
    /// of metrics. Without this or another destination metrics do not leave, unless
    /// `OTEL_METRICS_EXPORTER` says otherwise; the specification's default would be `otlp`.
    pub fn otlp_metrics(self) -> Self {
        self.add_metrics(Destination::Otlp)
    }

    /// Exports metrics to those in a comma list of `otlp`, `console`, `prometheus` (the text only,
    /// without a server); or to `none`.
    pub fn metrics_exporters(mut self, names: impl AsRef<str>) -> Self {
        let mut error = None;
        let destinations = parse(names.as_ref(), |name| {
            let wrong = "is not usable";
            error = Some(ConfigError::value("metrics exporter", name, wrong, NAMES));
        });
        self.signals.metrics.exporters = Some(destinations);
        if let Some(error) = error {
            self.refuse(error);
        }
        self
    }

    /// Prints metrics on the standard output, one line a point.
    pub fn metrics_console(self) -> Self {
        self.add_metrics(Destination::Console)
    }

    /// Exports metrics to what `factory` makes; `name` stands for it in messages. Its batches are of
    /// [`crate::Signal::Metrics`].
    pub fn metrics_exporter(self, name: impl Into<String>, factory: ExporterFactory) -> Self {
        self.add_metrics(Destination::Custom(name.into(), factory))
    }

    /// Keeps metrics for [`prometheus_text`](crate::otel::MeterProvider::prometheus_text), also where
    /// they are exported; the text is there anyway where they are not.
    pub fn prometheus(self) -> Self {
        self.add_metrics(Destination::Prometheus)
    }

    /// How often metrics are collected and exported (default 60 s).
    pub fn metrics_interval(mut self, interval: Duration) -> Self {
        if interval.is_zero() {
            let text = "metrics interval of 0 is not usable: use 1 ms or more";
            self.refuse(ConfigError::new(text));
        }
        self.signals.metrics.interval = Some(interval);
        self
    }

    /// How long one export of metrics may take (default 30 s).
    pub fn metrics_export_timeout(mut self, timeout: Duration) -> Self {
        self.signals.metrics.export_timeout = Some(timeout);
        self
    }

    /// Whether exported metrics are cumulative (the default) or deltas.
    pub fn metrics_temporality(mut self, temporality: MetricTemporality) -> Self {
        self.signals.metrics.temporality = Some(temporality);
        self
    }

    /// Measures this library itself with the metrics `otel.sdk.*` of the semantic conventions (in
    /// development), among the provider's other metrics: spans and log records started, queued,
    /// exported and lost. They are read from the account when metrics are collected, so that
    /// recording costs no more.
    pub fn self_metrics(mut self, on: bool) -> Self {
        self.signals.metrics.of_itself = on;
        self
    }

    /// Counts calls of language models, told by [`crate::TracerProvider::record_llm_call`], as
    /// `ai_llm_requests_total`, `ai_llm_tokens_total`, `ai_llm_cost_dollars` and the histogram
    /// `ai_llm_duration_seconds`, with the labels `provider` and `model`; tokens have `type`, which is
    /// `input` or `output`. They leave with the provider's other metrics.
    pub fn llm_metrics(mut self, on: bool) -> Self {
        self.signals.metrics.of_llm_calls = on;
        self
    }

    fn add_metrics(mut self, destination: Destination) -> Self {
        let metrics = &mut self.signals.metrics;
        metrics.exporters.get_or_insert_default().push(destination);
        self
    }

    /// What a provider does with metrics; nothing leaves if the SDK is disabled.
    pub(crate) fn build_metrics(&self) -> Result<MetricConfig, ConfigError> {
        let options = &self.signals.metrics;
        let chosen = options.exporters.as_deref();
        let chosen = chosen.unwrap_or(&options.env_exporters);
        let chosen = if self.is_disabled() { &[] } else { chosen };
        let mut exporters = Vec::new();
        for destination in chosen {
            let exporter = match destination {
                Destination::Prometheus => continue,
                Destination::Otlp => MetricExporter::Made(self.otlp_factory(Signal::Metrics)?),
                Destination::Console => MetricExporter::Made(crate::metrics::console::factory()),
                #[cfg(feature = "otlp-http")]
                Destination::At(at) => at.exporter(&self.otlp)?,
                Destination::Custom(_, factory) => MetricExporter::Made(factory.clone()),
            };
            exporters.push((format!("{destination:?}"), exporter));
        }
        let temporality = if chosen.iter().any(Destination::needs_totals) {
            MetricTemporality::Cumulative
        } else {
            options.temporality.unwrap_or_default()
        };
        Ok(MetricConfig {
            exporters,
            prometheus: chosen.iter().any(Destination::needs_text),
            interval: options.interval.unwrap_or(DEFAULT_INTERVAL),
            export_timeout: options.export_timeout.unwrap_or(DEFAULT_TIMEOUT),
            temporality,
            of_itself: options.of_itself && !self.is_disabled(),
            of_llm_calls: options.of_llm_calls && !self.is_disabled(),
        })
    }
}
