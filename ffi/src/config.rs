//! Configuration: what a provider is made from.

pub mod sampler;

pub mod limits;

pub mod destination;

pub mod pipeline;

pub mod resource;

pub mod diagnostics;

pub mod metrics;

pub mod log;

use crate::boundary::{guard, record};
use crate::exporter::OwnExporter;
use crate::last_error::{fail, invalid_config, missing};
use crate::pool::{self, Object, Pool};
use crate::processor::OwnProcessor;
use crate::ptr;
use libtracer::binding::{MisuseKind, count_misuse};
use libtracer::{Config, ConfigError, ParentBased, Predicate, Ratio, TracerProvider};
use libtracer_abi::{TRACER_INTERNAL, TRACER_INVALID_ARGUMENT, TRACER_OK, tracer_status};
use std::collections::VecDeque;
use std::ffi::c_char;
use std::ops::Deref;
use std::sync::Arc;

/// Options for a provider. One thread at a time; setting an option again replaces it, and one that
/// is refused leaves the configuration as it was.
#[expect(
    missing_debug_implementations,
    reason = "holds rules, which are functions"
)]
pub struct tracer_config {
    config: Config,
    /// The sampler, if it looks at parents.
    parent_based: Option<ParentBased>,
    rules: Vec<(Predicate, Ratio)>,
    /// Whether what the sampler drops is recorded for processors.
    records_unsampled: bool,
    /// What was said and is still to be shown.
    warnings: VecDeque<String>,
    /// Code of the program's own, which this holds until it is freed.
    processors: Vec<OwnProcessor>,
    exporters: Vec<OwnExporter>,
}

static CONFIGS: Pool<tracer_config> = Pool::new();

impl Object for tracer_config {
    const POOL: &'static Pool<Self> = &CONFIGS;

    fn empty(&mut self) {
        *self = Self::new(Config::new());
    }
}

/// The configuration that C means. None for NULL and for one that was freed: why is in `last_error`,
/// the status is `TRACER_INVALID_ARGUMENT`.
pub(crate) fn meant<C: Deref<Target = tracer_config>>(config: Option<C>) -> Option<C> {
    let Some(config) = config else {
        missing("config");
        return None;
    };
    if !CONFIGS.is_live(&raw const *config) {
        count_misuse(MisuseKind::Stale);
        fail(TRACER_INVALID_ARGUMENT, &"config was freed");
        return None;
    }
    Some(config)
}

impl tracer_config {
    fn new(config: Config) -> Self {
        Self {
            config: config.sdk_language("cpp"),
            parent_based: None,
            rules: Vec::new(),
            records_unsampled: false,
            warnings: VecDeque::new(),
            processors: Vec::new(),
            exporters: Vec::new(),
        }
    }

    pub(crate) fn from_env() -> Self {
        Self::new(Config::from_env())
    }

    /// Makes a provider, which holds the program's own code like this does.
    pub(crate) fn make_provider(&self) -> Result<TracerProvider, ConfigError> {
        self.processors.iter().for_each(OwnProcessor::hold);
        let made = self.give_exporters(TracerProvider::new);
        if made.is_err() {
            self.processors.iter().for_each(OwnProcessor::release);
        }
        made
    }

    /// Gives the destinations to a provider, which holds those of the program's own.
    pub(crate) fn give_exporters<R>(
        &self,
        give: impl FnOnce(&Config) -> Result<R, ConfigError>,
    ) -> Result<R, ConfigError> {
        self.exporters.iter().for_each(|exporter| exporter.hold());
        let given = give(&self.config);
        if given.is_err() {
            self.exporters
                .iter()
                .for_each(|exporter| exporter.release());
        }
        given
    }

    pub(crate) fn add_processor(&mut self, processor: OwnProcessor) -> tracer_status {
        let added = Arc::new(processor.clone());
        let status = set(Some(self), |config| config.processor(added));
        if status == TRACER_OK {
            self.processors.push(processor);
        }
        status
    }

    pub(crate) fn keep_exporter(&mut self, exporter: OwnExporter) {
        self.exporters.push(exporter);
    }
}

impl Drop for tracer_config {
    fn drop(&mut self) {
        self.processors.iter().for_each(OwnProcessor::release);
        self.exporters
            .iter()
            .for_each(|exporter| exporter.release());
    }
}

/// Tries an option; the configuration changes only if it is usable.
pub(crate) fn set(
    config: Option<&mut tracer_config>,
    option: impl FnOnce(Config) -> Config,
) -> tracer_status {
    guard(TRACER_INTERNAL, || {
        let Some(config) = meant(config) else {
            return TRACER_INVALID_ARGUMENT;
        };
        let changed = option(config.config.clone());
        match changed.check() {
            Ok(()) => {
                config.config = changed;
                TRACER_OK
            }
            Err(error) => invalid_config(&error),
        }
    })
}

/// Makes a configuration that reads no environment and exports nothing yet. Caller frees it.
#[unsafe(no_mangle)]
pub extern "C" fn tracer_config_new() -> *mut tracer_config {
    pool::give(|| tracer_config::new(Config::new()))
}

/// Frees a configuration; providers made from it go on. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tracer_config_free(config: *mut tracer_config) {
    pool::free(config);
}

/// Takes from `OTEL_*` variables what is not set in code, before or after. A variable that cannot be
/// used is ignored, with one line on standard error.
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn tracer_config_load_env(config: Option<&mut tracer_config>) -> tracer_status {
    set(config, Config::load_env)
}

/// Takes from a configuration file (OpenTelemetry's YAML, format 1.x) what is not set in code, before
/// or after, in place of `OTEL_*` variables. A NULL path is refused, and a file that cannot be used.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn tracer_config_load_file(
    config: Option<&mut tracer_config>,
    path: *const c_char,
) -> tracer_status {
    if path.is_null() {
        return missing("path");
    }
    // SAFETY: as the header says.
    let path = unsafe { ptr::text(path) };
    set(config, |config| config.load_from_file(path.as_ref()))
}

/// Turns tracing on or off, whatever `OTEL_SDK_DISABLED` says. Off: spans stand for their parents.
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn tracer_config_set_enabled(
    config: Option<&mut tracer_config>,
    enabled: bool,
) -> tracer_status {
    set(config, |config| config.disabled(!enabled))
}

/// Exporters, a comma list: otlp, zipkin, jaeger, console, otlp/file, otlp/stdout, memory; or none.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn tracer_config_set_exporter(
    config: Option<&mut tracer_config>,
    names: *const c_char,
) -> tracer_status {
    // SAFETY: as the header says.
    let text = unsafe { ptr::text(names) };
    let Some(config) = meant(config) else {
        return TRACER_INVALID_ARGUMENT;
    };
    let status = set(Some(config), |config| config.exporters(text));
    if status == TRACER_OK {
        // They were replaced, those of the program's own too.
        record(|| config.exporters.drain(..).for_each(|own| own.release()));
    }
    status
}

/// Sets the formats that contexts travel in, while this is the configuration of the default
/// provider: a comma list of tracecontext, baggage, b3, b3multi, jaeger; or none
/// ("tracecontext,baggage" unless set). Tracing that is off still propagates.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn tracer_config_set_propagators(
    config: Option<&mut tracer_config>,
    names: *const c_char,
) -> tracer_status {
    // SAFETY: as the header says.
    let text = unsafe { ptr::text(names) };
    set(config, |config| config.propagators(text))
}

/// Takes one thing that the environment or a file said and that is ignored, each once: at most `len`
/// bytes with the NUL; the rest is lost. Returns the length of all of it, 0 if there is none left.
/// What nobody takes is said when a provider is made.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tracer_config_take_warning(
    config: Option<&mut tracer_config>,
    buf: *mut c_char,
    len: usize,
) -> usize {
    guard(0, || {
        let Some(config) = config else { return 0 };
        if config.warnings.is_empty() {
            config.warnings = config.config.take_warnings().into();
        }
        let warning = config.warnings.pop_front().unwrap_or_default();
        // SAFETY: as the header says.
        unsafe { ptr::write_cut(&warning, buf, len) }
    })
}
