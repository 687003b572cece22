//! Declarative configuration (OpenTelemetry configuration data model, file format 1): a YAML file in
//! place of `OTEL_*` variables.
//!
//! What the file says stands where the environment's word stands otherwise: below what code says.
//! What cannot be used is an error with file, line and property; what is not known is a warning.

mod composite;
mod exporter;
mod node;
mod pattern;
mod processors;
mod resource;
mod sampler;
mod substitute;
mod yaml;

use super::load::FromEnv;
use super::{Config, propagation};
use crate::error::ConfigError;
use crate::limits::SpanLimits;
use crate::pipeline::diagnose::DiagnosticLevel;
use crate::propagate::{CompositePropagator, Propagator};
use node::{At, Read, Report};
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;
use substitute::Variables;

/// Larger files are no configuration.
const MAX_BYTES: usize = 1024 * 1024;
const TOO_LARGE: &str = "is larger than 1 MiB: give the path of a configuration file";

impl Config {
    /// What the configuration file at `path` says, as YAML of OpenTelemetry's file format 1.0 or
    /// later; no variables of the environment but those that the file refers to, and those for
    /// proxies.
    ///
    /// Read of it are `disabled`, `log_level`, `resource`, `attribute_limits`, `propagator` and
    /// `tracer_provider`. [`Config::from_env`] does the same where `OTEL_CONFIG_FILE` names a file.
    /// A file that cannot be used is an error of [`Config::check`]; properties that are not known
    /// are warned about ([`Config::take_warnings`]).
    ///
    /// ```no_run
    /// use libtracer::{Config, TracerProvider};
    ///
    /// let provider = TracerProvider::new(&Config::from_file("otel.yaml"))?;
    /// # Ok::<(), libtracer::ConfigError>(())
    /// ```
    pub fn from_file(path: impl AsRef<Path>) -> Self {
        Self::new().load_from_file(path)
    }

    /// As [`Config::from_file`], below what code sets, before or after.
    pub fn load_from_file(self, path: impl AsRef<Path>) -> Self {
        self.load_file(path.as_ref(), &of_process)
    }

    pub(super) fn load_file(mut self, path: &Path, variables: Variables<'_>) -> Self {
        let report = Report {
            file: path.display().to_string(),
            ..Report::default()
        };
        match read(path, &report, variables) {
            Ok(loaded) => self.env = loaded,
            Err(error) => self.refuse(error),
        }
        self.warn_all(report.warnings.into_inner());
        self
    }
}

fn of_process(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// The start of a regular file: anything else may never end.
fn read_bounded(path: &Path) -> std::io::Result<String> {
    if !std::fs::metadata(path)?.is_file() {
        return Err(std::io::Error::other("it is not a regular file"));
    }
    let mut text = String::new();
    let file = std::fs::File::open(path)?;
    file.take(MAX_BYTES as u64 + 1).read_to_string(&mut text)?;
    Ok(text)
}

fn read(path: &Path, report: &Report, variables: Variables<'_>) -> Read<FromEnv> {
    let cannot = |why: &str| {
        let cure = "give the path of a file that can be read";
        ConfigError::value("configuration file", &report.file, why, cure)
    };
    let text = read_bounded(path).map_err(|error| cannot(&error.to_string()))?;
    if text.len() > MAX_BYTES {
        return Err(report.error(1, TOO_LARGE));
    }
    let tree = yaml::parse(&text, variables).map_err(|(line, wrong)| report.error(line, &wrong))?;
    let Some(tree) = tree else {
        return Err(report.error(1, "is empty: begin with file_format: \"1.0\""));
    };
    whole(&At::root(&tree, report))
}

fn whole(at: &At<'_>) -> Read<FromEnv> {
    let mut fields = at.fields()?;
    check_format(&fields.need("file_format")?)?;
    let mut loaded = FromEnv::default();
    if let Some(disabled) = fields.get("disabled") {
        loaded.disabled = disabled.switch()?.unwrap_or(false);
    }
    if let Some(level) = fields.get("log_level") {
        loaded.diagnostic_level = Some(Some(log_level(&level)?));
    }
    if let Some(resource) = fields.get("resource") {
        (loaded.resource, loaded.detectors) = resource::read(&resource)?;
    }
    let mut limits = SpanLimits::DEFAULT;
    if let Some(general) = fields.get("attribute_limits") {
        processors::read_attribute_limits(&mut general.fields()?, &mut limits)?;
    }
    let propagators = match fields.get("propagator") {
        Some(propagator) => propagators(&propagator)?,
        None => Vec::new(),
    };
    loaded.propagator = Some(Arc::new(CompositePropagator::new(propagators)));
    match fields.get("tracer_provider") {
        Some(provider) => processors::read(&provider, limits, &mut loaded)?,
        None => loaded.limits = Some(limits),
    }
    let elsewhere = "is not read from the file: it is ignored";
    for name in [
        "meter_provider",
        "logger_provider",
        "instrumentation/development",
        "distribution",
    ] {
        fields.unsupported(name, elsewhere);
    }
    Ok(loaded)
}

/// Any 1.x, candidates too: later ones add to it.
fn check_format(at: &At<'_>) -> Read<()> {
    let text = at.text()?.unwrap_or_default();
    let (major, minor) = text.split_once('.').unwrap_or((text, ""));
    let minor = minor.split('-').next().unwrap_or_default();
    if major != "1" || minor.parse::<u16>().is_err() {
        return Err(at.error("is a format that is not known here: use \"1.0\" or a later 1.x"));
    }
    Ok(())
}

fn log_level(at: &At<'_>) -> Read<DiagnosticLevel> {
    let text = at.text()?.unwrap_or_default();
    let name = text.strip_suffix(['2', '3', '4']).unwrap_or(text);
    match name {
        "trace" | "debug" => Ok(DiagnosticLevel::Debug),
        "info" => Ok(DiagnosticLevel::Info),
        "warn" => Ok(DiagnosticLevel::Warn),
        "error" | "fatal" => Ok(DiagnosticLevel::Error),
        _ => Err(at.error("is no level: use trace, debug, info, warn, error or fatal")),
    }
}

/// `composite`, then what `composite_list` adds to it.
fn propagators(at: &At<'_>) -> Read<Vec<Arc<dyn Propagator>>> {
    let mut fields = at.fields()?;
    let mut names: Vec<String> = Vec::new();
    if let Some(composite) = fields.get("composite") {
        for entry in composite.list()? {
            let (name, options) = entry.kind()?;
            options.fields()?;
            names.push(name.to_owned());
        }
    }
    if let Some(list) = fields.get("composite_list") {
        names.push(list.text()?.unwrap_or_default().to_owned());
    }
    let mut wrong = None;
    let propagators = propagation::parse_all(&names.join(","), |name, cure| {
        wrong.get_or_insert(format!("{name:?} is not usable: {cure}"));
    });
    match wrong {
        Some(wrong) => Err(at.error(&wrong)),
        None => Ok(propagators),
    }
}

#[cfg(test)]
mod tests;
