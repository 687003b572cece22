//! What is said about the process that spans come from.

use super::{meant, set, tracer_config};
use crate::boundary::guard;
use crate::last_error::fail;
use crate::{attribute, ptr, value};
use libtracer::{ConfigError, Detector, ValueBuilder};
use libtracer_abi::{
    TRACER_INTERNAL, TRACER_INVALID_ARGUMENT, TRACER_INVALID_CONFIG, tracer_attribute,
    tracer_status, tracer_value,
};
use std::ffi::c_char;

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

/// Sets attributes of the resource, of any type; all are copied.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn tracer_config_set_resource_attributes(
    config: Option<&mut tracer_config>,
    attributes: *const tracer_attribute,
    count: usize,
) -> tracer_status {
    // SAFETY: as the header says.
    let map = guard(None, || Some(unsafe { attribute::map(attributes, count) }));
    let entries = map.map(|map| map.to_entries()).unwrap_or_default();
    set(config, |config| {
        entries.into_iter().fold(config, |config, (key, value)| {
            config.resource_attribute(key, value)
        })
    })
}

/// Sets the schema that the attributes of the resource follow; the first one set counts.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn tracer_config_set_resource_schema_url(
    config: Option<&mut tracer_config>,
    schema_url: *const c_char,
) -> tracer_status {
    // SAFETY: as the header says.
    let text = unsafe { ptr::text(schema_url) };
    set(config, |config| config.resource_schema_url(text))
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

/// Finds out about the process and where it runs, when a provider is made: a comma list of
/// container, host, process, `process_command` (may hold secrets), service. What is set wins.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn tracer_config_detect_resource(
    config: Option<&mut tracer_config>,
    names: *const c_char,
) -> tracer_status {
    // SAFETY: as the header says.
    let names = unsafe { ptr::text(names) };
    let wanted = || {
        let names = names.split(',').map(str::trim);
        names.filter(|name| !name.is_empty())
    };
    guard(TRACER_INTERNAL, || {
        let Some(config) = meant(config) else {
            return TRACER_INVALID_ARGUMENT;
        };
        if let Some(unknown) = wanted().find(|name| Detector::from_name(name).is_none()) {
            let cure = "use container, host, process, process_command or service";
            let why = ConfigError::new(format!("detector {unknown:?} is not known: {cure}"));
            return fail(TRACER_INVALID_CONFIG, &why);
        }
        let detectors = wanted().filter_map(Detector::from_name);
        set(Some(config), |config| config.detect_resource(detectors))
    })
}
