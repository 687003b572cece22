//! Configuration: what a provider is made from.

pub mod sampler;

pub mod limits;

pub mod destination;

use crate::boundary::{guard, record};
use crate::last_error::{invalid_config, missing};
use crate::ptr;
use crate::value;
use libtracer::{BatchSettings, Config, ParentBased, ValueBuilder};
use libtracer_abi::{TRACER_INTERNAL, TRACER_OK, tracer_status, tracer_value};
use std::ffi::c_char;
use std::time::Duration;

/// Options for a provider. One thread at a time; setting an option again replaces it, and one that
/// is refused leaves the configuration as it was.
#[derive(Debug)]
pub struct tracer_config {
    config: Config,
    /// The sampler, if it looks at parents.
    parent_based: Option<ParentBased>,
}

impl tracer_config {
    fn new(config: Config) -> Self {
        Self {
            config: config.sdk_language("cpp"),
            parent_based: None,
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

/// Turns tracing on or off, whatever `OTEL_SDK_DISABLED` says. Off: spans stand for their parents.
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn tracer_config_set_enabled(
    config: Option<&mut tracer_config>,
    enabled: bool,
) -> tracer_status {
    set(config, |config| config.disabled(!enabled))
}

/// Sets `service.name`.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn tracer_config_set_service_name(
    config: Option<&mut tracer_config>,
    name: *const c_char,
) -> tracer_status {
    // SAFETY: as the header says.
    let text = unsafe { ptr::text(name) };
    set(config, |config| config.service_name(text))
}

/// Sets `telemetry.sdk.language`, for language bindings ("cpp" unless set).
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn tracer_config_set_language(
    config: Option<&mut tracer_config>,
    language: *const c_char,
) -> tracer_status {
    // SAFETY: as the header says.
    let text = unsafe { ptr::text(language) };
    set(config, |config| config.sdk_language(text))
}

/// Sets a text attribute of the resource, such as `service.version`.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn tracer_config_set_resource_string(
    config: Option<&mut tracer_config>,
    key: *const c_char,
    value: *const c_char,
) -> tracer_status {
    // SAFETY: as the header says.
    let key = unsafe { ptr::text(key) };
    // SAFETY: as the header says.
    let value = unsafe { ptr::text(value) };
    set(config, |config| {
        config.resource_attribute(key, value.as_ref())
    })
}

/// Sets the whole resource: the entries of a map value and their schema URL (or NULL), and nothing
/// else: no option above, no variable and no default adds to it. For language bindings.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn tracer_config_set_resource(
    config: Option<&mut tracer_config>,
    attributes: *const tracer_value,
    schema_url: *const c_char,
) -> tracer_status {
    // SAFETY: as the header says.
    let schema_url = unsafe { ptr::text(schema_url) };
    // SAFETY: as the header says.
    let attributes = unsafe { value::built(attributes) };
    set(config, |config| {
        let attributes = attributes.map(ValueBuilder::to_entries);
        config.whole_resource(attributes.unwrap_or_default(), schema_url)
    })
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

/// Sets the most memory that spans of this process may hold (32 MiB unless set).
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn tracer_config_set_memory_limit(
    config: Option<&mut tracer_config>,
    bytes: usize,
) -> tracer_status {
    set(config, |config| config.memory_limit(bytes))
}

/// Sets when pipelines export: queue size in spans (0 = bounded by memory only), spans of a batch,
/// schedule delay and export timeout in milliseconds (0 = the default: 512, 5000, 30000).
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn tracer_config_set_batch(
    config: Option<&mut tracer_config>,
    max_queue_size: usize,
    max_export_batch_size: usize,
    schedule_delay_ms: u32,
    export_timeout_ms: u32,
) -> tracer_status {
    let mut batch = BatchSettings {
        max_queue_size: (max_queue_size != 0).then_some(max_queue_size),
        ..BatchSettings::default()
    };
    if max_export_batch_size != 0 {
        batch.max_export_batch_size = max_export_batch_size;
    }
    if schedule_delay_ms != 0 {
        batch.schedule_delay = Duration::from_millis(u64::from(schedule_delay_ms));
    }
    if export_timeout_ms != 0 {
        batch.export_timeout = Duration::from_millis(u64::from(export_timeout_ms));
    }
    set(config, |config| config.batch(batch))
}
