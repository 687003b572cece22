//! The account of the runtime as a dict.

use crate::runtime;
use crate::value::{CONVERTED, MENDED};
use libtracer_abi::{tracer_log_stats, tracer_stats};
use pyo3::prelude::PyDictMethods;
use pyo3::types::PyDict;
use pyo3::{Bound, PyResult, Python, pyfunction};
use std::sync::atomic::Ordering;

/// Copies fields of an account under their own names, after a prefix.
macro_rules! copy_fields {
    ($prefix:literal, $from:ident, $into:ident, $($field:ident)*) => {
        $($into.set_item(concat!($prefix, stringify!($field)), $from.$field)?;)*
    };
}

/// The account since the process began, in spans:
/// `started = exported + dropped + queued + spooled + open`, and in log records:
/// `logs_emitted = logs_exported + logs_dropped + logs_queued`, and in metrics that were collected:
/// `metrics_collected = metrics_exported + metrics_dropped + metrics_queued`.
#[pyfunction]
pub(crate) fn stats(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    let mut read = runtime::account();
    read.invalid_utf8 = read
        .invalid_utf8
        .saturating_add(MENDED.load(Ordering::Relaxed));
    let account = counts(py, &read, &runtime::log_account())?;
    let metrics = runtime::metric_account();
    copy_fields!("metrics_", metrics, account,
        collected exported dropped queued
        dropped_queue_full dropped_export_failed dropped_rejected dropped_shutdown);
    account.set_item("converted_values", CONVERTED.load(Ordering::Relaxed))?;
    Ok(account)
}

/// The counts of an account under their own names.
///
/// Those of log records begin with `logs_`.
pub(crate) fn counts<'py>(
    py: Python<'py>,
    read: &tracer_stats,
    logs: &tracer_log_stats,
) -> PyResult<Bound<'py, PyDict>> {
    let account = PyDict::new(py);
    copy_fields!("", read, account,
        started exported dropped queued spooled open
        dropped_queue_full dropped_open_limit dropped_export_failed dropped_rejected
        dropped_shutdown dropped_reentrant dropped_no_memory dropped_no_exporter
        unsampled record_only stale invalid_utf8 detach_order unknown_parent
        invalid_attribute panics memory_bytes);
    copy_fields!("logs_", logs, account,
        emitted exported dropped queued
        dropped_queue_full dropped_export_failed dropped_rejected dropped_shutdown
        dropped_reentrant dropped_no_memory dropped_no_exporter);
    Ok(account)
}

/// What an account of a provider without exporters has counted since `before` was read.
pub(crate) fn since(mut read: tracer_stats, before: &tracer_stats) -> tracer_stats {
    macro_rules! less {
        ($($field:ident)*) => {
            $(read.$field = read.$field.saturating_sub(before.$field);)*
        };
    }
    less!(started dropped dropped_open_limit dropped_shutdown dropped_reentrant dropped_no_memory
        dropped_no_exporter unsampled record_only);
    read
}
