//! The account of the runtime as a dict.

use crate::runtime;
use crate::value::{CONVERTED, MENDED};
use libtracer_abi::tracer_stats;
use pyo3::prelude::PyDictMethods;
use pyo3::types::PyDict;
use pyo3::{Bound, PyResult, Python, pyfunction};
use std::sync::atomic::Ordering;

/// Copies fields of the account under their own names.
macro_rules! copy_fields {
    ($from:ident, $into:ident, $($field:ident)*) => {
        $($into.set_item(stringify!($field), $from.$field)?;)*
    };
}

/// The account since the process began, in spans:
/// `started = exported + dropped + queued + spooled + open`.
#[pyfunction]
pub(crate) fn stats(py: Python<'_>) -> PyResult<Bound<'_, PyDict>> {
    let mut read = runtime::account();
    read.invalid_utf8 = read
        .invalid_utf8
        .saturating_add(MENDED.load(Ordering::Relaxed));
    let account = counts(py, &read)?;
    account.set_item("converted_values", CONVERTED.load(Ordering::Relaxed))?;
    Ok(account)
}

/// The counts of an account under their own names.
pub(crate) fn counts<'py>(py: Python<'py>, read: &tracer_stats) -> PyResult<Bound<'py, PyDict>> {
    let account = PyDict::new(py);
    copy_fields!(read, account,
        started exported dropped queued spooled open
        dropped_queue_full dropped_open_limit dropped_export_failed dropped_rejected
        dropped_shutdown dropped_reentrant dropped_no_memory dropped_no_exporter
        unsampled record_only stale invalid_utf8 detach_order unknown_parent
        invalid_attribute panics memory_bytes);
    Ok(account)
}
