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
use crate::last_error::{invalid_config, missing};
use crate::ptr;
use libtracer::{Config, ParentBased};
use libtracer_abi::{TRACER_INTERNAL, TRACER_OK, tracer_status};
use std::collections::VecDeque;
use std::ffi::c_char;

/// Options for a provider. One thread at a time; setting an option again replaces it, and one that
/// is refused leaves the configuration as it was.
#[derive(Debug)]
pub struct tracer_config {
    config: Config,
    /// The sampler, if it looks at parents.
    parent_based: Option<ParentBased>,
    /// What was said and is still to be shown.
    warnings: VecDeque<String>,
}

impl tracer_config {
    fn new(config: Config) -> Self {
        Self {
            config: config.sdk_language("cpp"),
            parent_based: None,
            warnings: VecDeque::new(),
        }
    }

    pub(crate) fn from_env() -> Self {
        Self::new(Config::from_env())
    }

    pub(crate) fn get(&self) -> &Config {
        &self.config
    }
}

/// Tries an option; the configuration changes only if it is usable.
pub(crate) fn set(
    config: Option<&mut tracer_config>,
    option: impl FnOnce(Config) -> Config,
) -> tracer_status {
    guard(TRACER_INTERNAL, || {
        let Some(config) = config else {
            return missing("config");
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
pub extern "C" fn tracer_config_new() -> Option<Box<tracer_config>> {
    guard(None, || Some(Box::new(tracer_config::new(Config::new()))))
}

/// Frees a configuration; providers made from it go on. NULL is allowed.
#[unsafe(no_mangle)]
pub extern "C" fn tracer_config_free(config: Option<Box<tracer_config>>) {
    record(|| drop(config));
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
    set(config, |config| config.exporters(text))
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
