//! The shapes that opentelemetry-sdk gives to what is read of a span. Its classes are used once the
//! program has loaded it, and never before.

use crate::decode::{self, proto};
use pyo3::prelude::{PyAnyMethods, PyDictMethods, PyModule};
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyTuple};
use pyo3::{Bound, Py, PyAny, PyResult, Python, intern};

type Object<'py> = PyResult<Bound<'py, PyAny>>;

/// `libtracer._sdk`, if the program has loaded opentelemetry-sdk.
pub(crate) fn loaded(py: Python<'_>) -> Option<Bound<'_, PyModule>> {
    static SDK: PyOnceLock<Py<PyModule>> = PyOnceLock::new();
    if let Some(found) = SDK.get(py) {
        return Some(found.bind(py).clone());
    }
    let modules = py
        .import(intern!(py, "sys"))
        .ok()?
        .getattr("modules")
        .ok()?;
    let modules = modules.cast::<PyDict>().ok()?;
    if !modules.contains("opentelemetry.sdk.trace").ok()? {
        return None;
    }
    // A release of the SDK that is only half there, or looks different inside, is as good as none.
    let found = py.import("libtracer._sdk").ok()?;
    Some(SDK.get_or_init(py, || found.unbind()).bind(py).clone())
}

/// OpenTelemetry's `BoundedAttributes` around `values`.
pub(crate) fn bounded(values: Bound<'_, PyDict>, dropped: u32) -> Object<'_> {
    static BOUNDED: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let py = values.py();
    let bounded = BOUNDED.get_or_try_init(py, || {
        PyModule::import(py, "libtracer._shapes")?
            .getattr("bounded")
            .map(Bound::unbind)
    })?;
    bounded.bind(py).call1((values, dropped))
}

/// Events as a tuple of the SDK's.
pub(crate) fn events<'py>(sdk: &Bound<'py, PyModule>, span: &proto::Span) -> Object<'py> {
    let py = sdk.py();
    if span.events.is_empty() {
        return Ok(PyTuple::empty(py).into_any());
    }
    let make = sdk.getattr(intern!(py, "event"))?;
    let events: PyResult<Vec<_>> = span
        .events
        .iter()
        .map(|event| {
            let attributes = decode::dict(py, &event.attributes)?;
            let dropped = event.dropped_attributes_count;
            make.call1((&event.name, event.time_unix_nano, attributes, dropped))
        })
        .collect();
    Ok(PyTuple::new(py, events?)?.into_any())
}
