//! `Provider`: the native side of `libtracer.trace.TracerProvider`.

use crate::runtime::Scope;
use crate::tracer::Tracer;
use pyo3::{Py, PyAny, PyResult, pyclass, pymethods};
use std::ffi::CString;

/// A native provider; `libtracer.trace.TracerProvider` holds one.
#[pyclass(frozen, module = "libtracer")]
pub(crate) struct Provider;

#[pymethods]
impl Provider {
    #[new]
    fn new() -> Self {
        Self
    }

    /// A tracer of this provider. `settings` answers for it in Python.
    #[pyo3(signature = (settings, name, version=None, schema_url=None))]
    fn tracer(
        &self,
        settings: Py<PyAny>,
        name: &str,
        version: Option<&str>,
        schema_url: Option<&str>,
    ) -> PyResult<Tracer> {
        let text = |text: &str| CString::new(text.replace('\0', ""));
        let version = version.map(text).transpose()?;
        let schema = schema_url.map(text).transpose()?;
        let scope = Scope::new(&text(name)?, version.as_deref(), schema.as_deref());
        Ok(Tracer::of_provider(name, scope, settings))
    }
}
