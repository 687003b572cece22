//! Set-up, flush and shutdown: the calls that may fail, and say why.

use crate::object::SetAside;
use crate::runtime::{self, Failure, NewConfig};
use libtracer_abi::{TRACER_INVALID_ARGUMENT, TRACER_INVALID_CONFIG, TRACER_TIMEOUT};
use pyo3::prelude::PyAnyMethods;
use pyo3::{PyErr, PyResult, Python, intern, pyfunction};
use std::ffi::{CStr, CString};
use std::sync::atomic::{AtomicBool, Ordering};

/// Longest wait during which signals go unheard, in milliseconds.
const SLICE_MS: u32 = 1_000;

/// Installs a configuration in place of the present one. What is None comes from the environment.
#[pyfunction]
#[pyo3(signature = (*, service_name=None, endpoint=None, exporter=None, sample_rate=None,
    resource=vec![], enabled=None, protocol=None, headers=vec![],
    llm_metrics=false, metrics_endpoint=None, logs_exporter=None))]
#[expect(clippy::too_many_arguments, reason = "one argument for each option")]
pub(crate) fn configure(
    py: Python<'_>,
    service_name: Option<&str>,
    endpoint: Option<&str>,
    exporter: Option<&str>,
    sample_rate: Option<f64>,
    resource: Vec<(String, String)>,
    enabled: Option<bool>,
    protocol: Option<&str>,
    headers: Vec<(String, String)>,
    llm_metrics: bool,
    metrics_endpoint: Option<&str>,
    logs_exporter: Option<&str>,
) -> PyResult<()> {
    let set_up = || -> Result<NewConfig, Failure> {
        let config = NewConfig::new()?;
        config.language(c"python")?;
        text("service_name", service_name, |name| {
            config.service_name(name)
        })?;
        match (exporter, endpoint) {
            (Some("zipkin"), Some(_)) => text("endpoint", endpoint, |url| config.zipkin(url))?,
            (Some("jaeger"), Some(_)) => text("endpoint", endpoint, |url| config.jaeger(url))?,
            _ => {
                text("endpoint", endpoint, |url| config.endpoint(url))?;
                text("exporter", exporter, |name| config.exporter(name))?;
            }
        }
        text("protocol", protocol, |name| config.protocol(name))?;
        for (name, value) in headers {
            text("headers", Some(&name), |name| {
                text("headers", Some(&value), |value| config.header(name, value))
            })?;
        }
        text("logs_exporter", logs_exporter, |names| {
            config.logs_exporter(names)
        })?;
        for (key, value) in resource {
            text("resource", Some(&key), |key| {
                text("resource", Some(&value), |value| {
                    config.resource_text(key, value)
                })
            })?;
        }
        sample_rate.map_or(Ok(()), |rate| config.sample_rate(rate))?;
        enabled.map_or(Ok(()), |enabled| config.enabled(enabled))?;
        config.llm_metrics(llm_metrics)?;
        text("metrics_endpoint", metrics_endpoint, |url| {
            config.metrics_endpoint(url)
        })?;
        config.environment()?;
        Ok(config)
    };
    let config = set_up().map_err(|failure| raised(py, failure))?;
    py.detach(move || config.install())
        .map_err(|failure| raised(py, failure))
}

/// Sets a text option, when it is given.
pub(crate) fn text(
    option: &str,
    text: Option<&str>,
    set: impl FnOnce(&CStr) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let Some(text) = text else { return Ok(()) };
    match CString::new(text) {
        Ok(text) => set(&text),
        Err(_) => Err(Failure {
            status: TRACER_INVALID_ARGUMENT,
            why: format!("{option} holds a NUL character: remove it"),
        }),
    }
}

/// Whether tracing is configured, by this binding or by any other in the process.
#[pyfunction]
pub(crate) fn is_configured() -> bool {
    runtime::is_configured()
}

/// As [`is_configured`]; the first call that finds nothing lets the environment configure.
#[inline]
pub(crate) fn is_ready(py: Python<'_>) -> bool {
    runtime::is_configured() || first_use(py)
}

#[cold]
fn first_use(py: Python<'_>) -> bool {
    static ASKED: AtomicBool = AtomicBool::new(false);
    if ASKED.swap(true, Ordering::Relaxed) {
        return false;
    }
    let raised = SetAside::new(py);
    let module = py.import(intern!(py, "libtracer._configure"));
    let configured = module.and_then(|module| module.call_method0(intern!(py, "first_use")));
    drop((configured, raised));
    runtime::is_configured()
}

/// Exports what is finished; False when `timeout_ms` passed first. A signal may end the wait.
#[pyfunction]
pub(crate) fn force_flush(py: Python<'_>, timeout_ms: u32) -> PyResult<bool> {
    flushed(py, timeout_ms, runtime::flush)
}

/// Waits for a flush in slices, so that a signal may end the wait.
pub(crate) fn flushed(
    py: Python<'_>,
    timeout_ms: u32,
    flush: impl Fn(u32) -> Result<(), Failure> + Sync,
) -> PyResult<bool> {
    let mut left = timeout_ms;
    loop {
        let slice = left.min(SLICE_MS);
        if delivered(py, py.detach(|| flush(slice)))? {
            return Ok(true);
        }
        py.check_signals()?;
        left = left.saturating_sub(slice);
        if left == 0 {
            return Ok(false);
        }
    }
}

/// Exports what is finished and stops; False when `timeout_ms` passed first.
#[pyfunction]
pub(crate) fn shutdown(py: Python<'_>, timeout_ms: u32) -> PyResult<bool> {
    delivered(py, py.detach(|| runtime::shutdown(timeout_ms)))
}

pub(crate) fn delivered(py: Python<'_>, outcome: Result<(), Failure>) -> PyResult<bool> {
    match outcome {
        Ok(()) => Ok(true),
        Err(failure) if failure.status == TRACER_TIMEOUT => Ok(false),
        Err(failure) => Err(raised(py, failure)),
    }
}

/// A failure as `libtracer.ConfigError` or `libtracer.Error`.
pub(crate) fn raised(py: Python<'_>, failure: Failure) -> PyErr {
    let name = match failure.status {
        TRACER_INVALID_ARGUMENT | TRACER_INVALID_CONFIG => "ConfigError",
        _ => "Error",
    };
    let made = py
        .import("libtracer._errors")
        .and_then(|module| module.getattr(name))
        .and_then(|class| class.call1((failure.why,)));
    made.map_or_else(|error| error, PyErr::from_value)
}
