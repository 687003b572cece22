//! The destinations by name, and the pipelines that lead to them. The one place that names exporters.

use super::Config;
use super::batch::BatchSettings;
use crate::error::ConfigError;
use crate::export::Console;
use crate::export::{ExporterFactory, Signal};
use crate::testing::MemoryExporter;
use std::fmt;
use std::time::Duration;

#[cfg(feature = "otlp-http")]
const NAMES: &str = "use otlp, zipkin, jaeger, console, otlp/file, otlp/stdout, memory or none";

/// The longest that a finished trace waits to be printed.
const CONSOLE_DELAY: Duration = Duration::from_millis(200);

/// A destination that was asked for.
#[derive(Clone)]
pub(super) enum Destination {
    Otlp,
    /// To this endpoint, whatever was chosen for others.
    #[cfg(feature = "otlp-http")]
    OtlpTo(super::endpoint::Endpoint),
    Console,
    Memory(MemoryExporter),
    Custom(String, ExporterFactory),
    #[cfg(feature = "otlp-http")]
    Other(super::others::Other),
}

impl Destination {
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Otlp => "otlp",
            #[cfg(feature = "otlp-http")]
            Self::OtlpTo(_) => "otlp",
            Self::Console => "console",
            Self::Memory(_) => "memory",
            Self::Custom(name, _) => name,
            #[cfg(feature = "otlp-http")]
            Self::Other(other) => other.name(),
        }
    }

    /// When it exports, where `batch` was asked for: a person does not wait for the screen as long
    /// as a receiver may.
    fn batch(&self, batch: BatchSettings) -> BatchSettings {
        match self {
            Self::Console => BatchSettings {
                schedule_delay: batch.schedule_delay.min(CONSOLE_DELAY),
                ..batch
            },
            _ => batch,
        }
    }

    /// The destinations of a comma list; calls `refuse` for each name that is not known.
    pub(super) fn parse(list: &str, mut refuse: impl FnMut(&str, &str)) -> Vec<Self> {
        let mut destinations: Vec<Self> = Vec::new();
        let names = || {
            list.split(',')
                .map(str::trim)
                .filter(|name| !name.is_empty())
        };
        for name in names() {
            let destination = match name.to_ascii_lowercase().as_str() {
                "otlp" => Self::Otlp,
                "console" => Self::Console,
                "memory" => Self::Memory(MemoryExporter::new()),
                "none" if names().count() == 1 => continue,
                "none" => {
                    refuse(name, "use none alone, or leave it out");
                    continue;
                }
                other => match Self::other(other) {
                    Ok(destination) => destination,
                    Err(cure) => {
                        refuse(name, cure);
                        continue;
                    }
                },
            };
            if destinations
                .iter()
                .all(|known| known.name() != destination.name())
            {
                destinations.push(destination);
            }
        }
        destinations
    }

    #[cfg(feature = "otlp-http")]
    fn other(name: &str) -> Result<Self, &'static str> {
        let other = super::others::Other::parse(name).ok_or(NAMES)?;
        Ok(Self::Other(other))
    }

    #[cfg(not(feature = "otlp-http"))]
    fn other(_: &str) -> Result<Self, &'static str> {
        Err("use console, memory or none; others need the feature otlp-http")
    }
}

impl fmt::Debug for Destination {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Where a pipeline leads.
#[derive(Clone)]
pub(crate) enum PipelineKind {
    /// To an exporter in the worker thread.
    Exporter(ExporterFactory),
    /// Into memory, within the end of each span.
    Memory(MemoryExporter),
}

/// One way out for finished spans, checked and ready to run.
#[derive(Clone)]
pub(crate) struct PipelineConfig {
    /// The exporter's name, for the account and for messages.
    pub(crate) name: String,
    /// The exporter in the words of the semantic conventions, where they have some.
    #[cfg_attr(not(feature = "metrics"), expect(dead_code, reason = "for metrics"))]
    pub(crate) component: String,
    pub(crate) kind: PipelineKind,
    pub(crate) batch: BatchSettings,
}

impl PipelineConfig {
    /// Whether the worker serves it.
    pub(crate) fn is_exporter(&self) -> bool {
        matches!(self.kind, PipelineKind::Exporter(_))
    }
}

impl fmt::Debug for PipelineConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PipelineConfig")
            .field("name", &self.name)
            .field("batch", &self.batch)
            .finish_non_exhaustive()
    }
}

impl Config {
    /// The pipelines to run; none if the SDK is disabled or nothing is to leave.
    pub(crate) fn build_pipelines(&self) -> Result<Vec<PipelineConfig>, ConfigError> {
        self.check()?;
        let batch = self.batch_in_force();
        let pipeline = |(place, destination): (usize, &Destination)| {
            let kind = match destination {
                Destination::Otlp => PipelineKind::Exporter(self.otlp_factory(Signal::Traces)?),
                #[cfg(feature = "otlp-http")]
                Destination::OtlpTo(endpoint) => {
                    PipelineKind::Exporter(self.otlp.to(endpoint).factory(Signal::Traces)?)
                }
                Destination::Memory(exporter) => PipelineKind::Memory(exporter.clone()),
                Destination::Console => PipelineKind::Exporter(Console::factory()),
                Destination::Custom(_, factory) => PipelineKind::Exporter(factory.clone()),
                #[cfg(feature = "otlp-http")]
                Destination::Other(other) => PipelineKind::Exporter(other.factory(self)?),
            };
            let component = match destination {
                Destination::Otlp => self.otlp_component(Signal::Traces),
                #[cfg(feature = "otlp-http")]
                Destination::OtlpTo(endpoint) => self.otlp.to(endpoint).component(Signal::Traces),
                other if other.name() == "zipkin" => "zipkin_http_span_exporter".to_owned(),
                other => other.name().to_owned(),
            };
            Ok(PipelineConfig {
                name: destination.name().to_owned(),
                component,
                kind,
                batch: self
                    .own_batch(place)
                    .unwrap_or_else(|| destination.batch(batch)),
            })
        };
        self.destinations()
            .iter()
            .enumerate()
            .map(pipeline)
            .collect()
    }
}

impl Config {
    #[cfg(feature = "otlp-http")]
    pub(super) fn otlp_factory(&self, signal: Signal) -> Result<ExporterFactory, ConfigError> {
        self.otlp.factory(signal)
    }

    #[cfg(not(feature = "otlp-http"))]
    pub(super) fn otlp_factory(&self, _: Signal) -> Result<ExporterFactory, ConfigError> {
        let text = "exporter \"otlp\" is not built in: enable the feature otlp-http";
        Err(ConfigError::new(text))
    }

    #[cfg(feature = "otlp-http")]
    pub(super) fn otlp_component(&self, signal: Signal) -> String {
        self.otlp.component(signal)
    }

    #[cfg(not(feature = "otlp-http"))]
    pub(super) fn otlp_component(&self, _: Signal) -> String {
        String::new()
    }
}
