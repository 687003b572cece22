//! Set-up, flush and shutdown: the calls that may fail, and say why.

use crate::runtime::{Config, last_error, runtime};
use libtracer_abi::{
    TRACER_INVALID_ARGUMENT, TRACER_INVALID_CONFIG, TRACER_OK, TRACER_SAMPLER_PARENT_RATIO,
    TRACER_SHUT_DOWN, TRACER_TIMEOUT, tracer_status,
};
use pyo3::exceptions::PyMemoryError;
use pyo3::prelude::PyAnyMethods;
use pyo3::{PyErr, PyResult, Python, pyfunction};
use std::ffi::{CString, c_char};
use std::ptr::NonNull;

/// A configuration under construction.
struct NewConfig(NonNull<Config>);

// SAFETY: used by one thread at a time, while the GIL is released for it.
unsafe impl Send for NewConfig {}

type SetText = unsafe extern "C" fn(*mut Config, *const c_char) -> tracer_status;

impl NewConfig {
    fn new() -> PyResult<Self> {
        // SAFETY: no precondition.
        let config = unsafe { (runtime().functions.tracer_config_new)() };
        NonNull::new(config)
            .map(Self)
            .ok_or_else(|| PyMemoryError::new_err("no memory for a configuration"))
    }

    /// Sets one text option, when it is given.
    fn text(&self, py: Python<'_>, option: &str, set: SetText, text: Option<&str>) -> PyResult<()> {
        let Some(text) = text else { return Ok(()) };
        let Ok(text) = CString::new(text) else {
            let why = format!("{option} holds a NUL character: remove it");
            return Err(failure(py, TRACER_INVALID_ARGUMENT, why));
        };
        // SAFETY: a live configuration and a NUL-terminated text, which is copied.
        let status = unsafe { set(self.0.as_ptr(), text.as_ptr()) };
        check(py, status)
    }

    /// Sets the share of traces to keep, when it is given.
    fn sample_rate(&self, py: Python<'_>, rate: Option<f64>) -> PyResult<()> {
        let Some(rate) = rate else { return Ok(()) };
        let set = runtime().functions.tracer_config_set_sampler;
        // SAFETY: a live configuration.
        check(py, unsafe {
            set(self.0.as_ptr(), TRACER_SAMPLER_PARENT_RATIO, rate)
        })
    }

    /// Fills what was not set from the environment.
    fn environment(&self, py: Python<'_>) -> PyResult<()> {
        // SAFETY: a live configuration.
        check(py, unsafe {
            (runtime().functions.tracer_config_load_env)(self.0.as_ptr())
        })
    }

    /// Installs the default provider.
    fn install(self) -> Result<(), (tracer_status, String)> {
        // SAFETY: a live configuration, read before the call returns.
        let status = unsafe { (runtime().functions.tracer_init)(self.0.as_ptr()) };
        if status == TRACER_OK {
            Ok(())
        } else {
            Err((status, last_error(status)))
        }
    }
}

impl Drop for NewConfig {
    fn drop(&mut self) {
        // SAFETY: a live configuration that nobody uses again.
        unsafe { (runtime().functions.tracer_config_free)(self.0.as_ptr()) }
    }
}

/// Installs a configuration in place of the present one. What is None comes from the environment.
#[pyfunction]
#[pyo3(signature = (*, service_name=None, endpoint=None, exporter=None, sample_rate=None))]
pub(crate) fn configure(
    py: Python<'_>,
    service_name: Option<&str>,
    endpoint: Option<&str>,
    exporter: Option<&str>,
    sample_rate: Option<f64>,
) -> PyResult<()> {
    let config = NewConfig::new()?;
    let functions = &runtime().functions;
    config.text(
        py,
        "service_name",
        functions.tracer_config_set_service_name,
        service_name,
    )?;
    config.text(
        py,
        "endpoint",
        functions.tracer_config_set_endpoint,
        endpoint,
    )?;
    config.text(
        py,
        "exporter",
        functions.tracer_config_set_exporter,
        exporter,
    )?;
    config.sample_rate(py, sample_rate)?;
    config.environment(py)?;
    py.detach(move || config.install())
        .map_err(|(status, why)| failure(py, status, why))
}

/// Whether tracing is configured, by this binding or by any other in the process.
#[pyfunction]
pub(crate) fn is_configured() -> bool {
    crate::runtime::is_configured()
}

/// Exports what is finished; False when `timeout_ms` passed first.
#[pyfunction]
pub(crate) fn force_flush(py: Python<'_>, timeout_ms: u32) -> PyResult<bool> {
    // SAFETY: no precondition.
    let status = py.detach(|| unsafe { (runtime().functions.tracer_flush)(timeout_ms) });
    delivered(py, status)
}

/// Exports what is finished and stops; False when `timeout_ms` passed first.
#[pyfunction]
pub(crate) fn shutdown(py: Python<'_>, timeout_ms: u32) -> PyResult<bool> {
    // SAFETY: no precondition.
    let status = py.detach(|| unsafe { (runtime().functions.tracer_shutdown)(timeout_ms) });
    delivered(py, status)
}

fn delivered(py: Python<'_>, status: tracer_status) -> PyResult<bool> {
    match status {
        TRACER_OK | TRACER_SHUT_DOWN => Ok(true),
        TRACER_TIMEOUT => Ok(false),
        _ => Err(failure(py, status, last_error(status))),
    }
}

fn check(py: Python<'_>, status: tracer_status) -> PyResult<()> {
    if status == TRACER_OK {
        Ok(())
    } else {
        Err(failure(py, status, last_error(status)))
    }
}

/// A failed status as `libtracer.ConfigError` or `libtracer.Error`.
fn failure(py: Python<'_>, status: tracer_status, why: String) -> PyErr {
    let name = match status {
        TRACER_INVALID_ARGUMENT | TRACER_INVALID_CONFIG => "ConfigError",
        _ => "Error",
    };
    let made = py
        .import("libtracer._errors")
        .and_then(|module| module.getattr(name))
        .and_then(|class| class.call1((why,)));
    made.map_or_else(|error| error, PyErr::from_value)
}
