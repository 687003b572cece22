//! Where log records go, and how.

use super::pipeline::settings;
use super::{set, tracer_config};
use crate::ptr;
use libtracer_abi::tracer_status;
use std::ffi::c_char;

/// Exporters of log records, a comma list: otlp (to the endpoint of spans, with the path of logs),
/// console; or none. Unless set `OTEL_LOGS_EXPORTER` decides, if the environment is loaded.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn tracer_config_set_logs_exporter(
    config: Option<&mut tracer_config>,
    names: *const c_char,
) -> tracer_status {
    // SAFETY: as the header says.
    let text = unsafe { ptr::text(names) };
    set(config, |config| config.logs_exporters(text))
}

/// As `tracer_config_set_batch`, for log records (0 = the default: bounded by memory only, 512, 1000,
/// 30000).
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn tracer_config_set_logs_batch(
    config: Option<&mut tracer_config>,
    max_queue_size: usize,
    max_export_batch_size: usize,
    schedule_delay_ms: u32,
    export_timeout_ms: u32,
) -> tracer_status {
    let delay = match schedule_delay_ms {
        0 => 1000,
        given => given,
    };
    let batch = settings(
        max_queue_size,
        max_export_batch_size,
        delay,
        export_timeout_ms,
    );
    set(config, |config| config.logs_batch(batch))
}

/// Sets how many attributes a log record may have, and how many characters a text or bytes a bytes
/// value of theirs (128 and no limit unless set): 0 = the default, else a number or a `TRACER_LIMIT_*`.
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn tracer_config_set_logs_limits(
    config: Option<&mut tracer_config>,
    attributes: usize,
    attribute_value_length: usize,
) -> tracer_status {
    let attributes = super::limits::count(attributes, libtracer::SpanLimits::DEFAULT_COUNT);
    let length = super::limits::count(attribute_value_length, libtracer::SpanLimits::UNLIMITED);
    set(config, |config| config.logs_limits(attributes, length))
}
