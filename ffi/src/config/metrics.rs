//! What is measured, and where that goes.

use super::{set, tracer_config};
use crate::ptr;
use libtracer_abi::tracer_status;
use std::ffi::c_char;
use std::time::Duration;

/// Counts calls of language models or not (the default), as `tracer_metrics_record_llm_call` tells
/// them.
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn tracer_config_set_llm_metrics(
    config: Option<&mut tracer_config>,
    enabled: bool,
) -> tracer_status {
    set(config, |config| config.llm_metrics(enabled))
}

/// Exports metrics to a URL too, whose form says how: a path that ends in `/v1/metrics` is OTLP over
/// HTTP; no path, such as `http://prometheus:9090`, is Prometheus' OTLP receiver; and one with
/// `/metrics/job/NAME` a Pushgateway. Ports 4318 and 4317 without a path are a collector's.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn tracer_config_add_metrics_endpoint(
    config: Option<&mut tracer_config>,
    url: *const c_char,
) -> tracer_status {
    // SAFETY: as the header says.
    let text = unsafe { ptr::text(url) };
    set(config, |config| config.metrics_endpoint(text))
}

/// Sets metrics exporters, a comma list: otlp, console, prometheus (the text alone); or none.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn tracer_config_set_metrics_exporter(
    config: Option<&mut tracer_config>,
    names: *const c_char,
) -> tracer_status {
    // SAFETY: as the header says.
    let text = unsafe { ptr::text(names) };
    set(config, |config| config.metrics_exporters(text))
}

/// Sets how often metrics are exported (60,000 ms unless set); a flush and the exit do it too.
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn tracer_config_set_metrics_interval(
    config: Option<&mut tracer_config>,
    interval_ms: u32,
) -> tracer_status {
    let interval = Duration::from_millis(u64::from(interval_ms));
    set(config, |config| config.metrics_interval(interval))
}

/// Measures the library itself or not (the default): spans and log records started, queued, exported
/// and lost, as `otel.sdk.*` of OpenTelemetry's conventions. Recording costs no more.
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn tracer_config_set_self_metrics(
    config: Option<&mut tracer_config>,
    enabled: bool,
) -> tracer_status {
    set(config, |config| config.self_metrics(enabled))
}
