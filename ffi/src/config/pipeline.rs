//! How finished spans wait, and how long anybody waits for them.

use super::{set, tracer_config};
use libtracer::BatchSettings;
use libtracer_abi::tracer_status;
use std::time::Duration;

pub(super) fn settings(
    queue: usize,
    batch: usize,
    delay_ms: u32,
    timeout_ms: u32,
) -> BatchSettings {
    let mut settings = BatchSettings {
        max_queue_size: (queue != 0).then_some(queue),
        ..BatchSettings::default()
    };
    if batch != 0 {
        settings.max_export_batch_size = batch;
    }
    if delay_ms != 0 {
        settings.schedule_delay = Duration::from_millis(u64::from(delay_ms));
    }
    if timeout_ms != 0 {
        settings.export_timeout = Duration::from_millis(u64::from(timeout_ms));
    }
    settings
}

/// Sets when pipelines export: queue size in spans (0 = bounded by memory only), spans of a batch,
/// schedule delay and export timeout in milliseconds (0 = the default: 512, 5000, 30000). A batch of
/// 1 exports each span at once (OpenTelemetry's simple processor); no end of a span waits for it.
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn tracer_config_set_batch(
    config: Option<&mut tracer_config>,
    max_queue_size: usize,
    max_export_batch_size: usize,
    schedule_delay_ms: u32,
    export_timeout_ms: u32,
) -> tracer_status {
    let batch = settings(
        max_queue_size,
        max_export_batch_size,
        schedule_delay_ms,
        export_timeout_ms,
    );
    set(config, |config| config.batch(batch))
}

/// As `tracer_config_set_batch`, for the destination alone that was added last.
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn tracer_config_set_destination_batch(
    config: Option<&mut tracer_config>,
    max_queue_size: usize,
    max_export_batch_size: usize,
    schedule_delay_ms: u32,
    export_timeout_ms: u32,
) -> tracer_status {
    let batch = settings(
        max_queue_size,
        max_export_batch_size,
        schedule_delay_ms,
        export_timeout_ms,
    );
    set(config, |config| config.destination_batch(batch))
}

/// Lets the end of a span wait, `longest_ms` at most, where its queue or the memory bound is full,
/// for batch jobs that would rather wait than lose spans. 0, the default: nothing ever waits, and
/// what does not fit is dropped and counted.
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn tracer_config_set_blocking(
    config: Option<&mut tracer_config>,
    longest_ms: u32,
) -> tracer_status {
    let longest = Duration::from_millis(u64::from(longest_ms));
    set(config, |config| config.block_when_full(longest))
}

/// Sets how long the end of the program may wait for exporters, all together (2,000 ms unless set).
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn tracer_config_set_exit_timeout(
    config: Option<&mut tracer_config>,
    timeout_ms: u32,
) -> tracer_status {
    let timeout = Duration::from_millis(u64::from(timeout_ms));
    set(config, |config| config.exit_timeout(timeout))
}

/// Sets the most memory that spans of this process may hold, 262,144 bytes at least (32 MiB unless
/// set). The last provider that sets it decides for all.
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn tracer_config_set_memory_limit(
    config: Option<&mut tracer_config>,
    bytes: usize,
) -> tracer_status {
    set(config, |config| config.memory_limit(bytes))
}
