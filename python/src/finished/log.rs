//! Log records that were emitted.

use super::{InstrumentationScope, Object, Resource};
use crate::decode::{self, Arrays, logs};
use pyo3::prelude::PyAnyMethods;
use pyo3::{Bound, Py, PyAny, PyResult, Python, intern, pyclass, pymethods};

/// A log record that was emitted, with the fields of OpenTelemetry's `LogRecord`.
#[pyclass(frozen, module = "libtracer", weakref)]
pub(crate) struct LogRecord {
    record: logs::LogRecord,
    resource: Py<Resource>,
    scope: Py<InstrumentationScope>,
}

impl LogRecord {
    /// From a message that holds one record; `None` when it holds none.
    pub(crate) fn new(py: Python<'_>, message: logs::ResourceLogs) -> PyResult<Option<Self>> {
        let resource = message.resource.unwrap_or_default();
        let resource = Resource::new(
            decode::attributes(py, &resource.attributes)?,
            message.schema_url,
        );
        let Some(scoped) = message.scope_logs.into_iter().next() else {
            return Ok(None);
        };
        let scope = InstrumentationScope::of(py, scoped.scope, scoped.schema_url)?;
        let Some(record) = scoped.log_records.into_iter().next() else {
            return Ok(None);
        };
        Ok(Some(Self {
            record,
            resource: Py::new(py, resource)?,
            scope: Py::new(py, scope)?,
        }))
    }
}

#[pymethods]
impl LogRecord {
    #[getter]
    fn body<'py>(&self, py: Python<'py>) -> Object<'py> {
        decode::value(py, self.record.body.as_ref(), Arrays::Lists)
    }

    #[getter]
    fn severity_number<'py>(&self, py: Python<'py>) -> Object<'py> {
        let module = py.import(intern!(py, "libtracer._severity"))?;
        let number = self.record.severity_number;
        module.call_method1(intern!(py, "SeverityNumber"), (number,))
    }

    #[getter]
    fn severity_text(&self) -> Option<&str> {
        let text = &self.record.severity_text;
        (!text.is_empty()).then_some(text)
    }

    #[getter]
    fn event_name(&self) -> Option<&str> {
        let name = &self.record.event_name;
        (!name.is_empty()).then_some(name)
    }

    #[getter]
    fn attributes<'py>(&self, py: Python<'py>) -> Object<'py> {
        decode::attributes(py, &self.record.attributes)
    }

    #[getter]
    fn dropped_attributes(&self) -> u32 {
        self.record.dropped_attributes_count
    }

    #[getter]
    fn timestamp(&self) -> u64 {
        self.record.time_unix_nano
    }

    #[getter]
    fn observed_timestamp(&self) -> u64 {
        self.record.observed_time_unix_nano
    }

    #[getter]
    fn trace_id<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyAny>> {
        let id = &self.record.trace_id;
        (!id.is_empty()).then(|| decode::hex(py, id))
    }

    #[getter]
    fn span_id<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyAny>> {
        let id = &self.record.span_id;
        (!id.is_empty()).then(|| decode::hex(py, id))
    }

    #[getter]
    fn trace_flags(&self) -> u32 {
        self.record.flags & 0xff // LogRecordFlags.TRACE_FLAGS_MASK
    }

    #[getter]
    fn resource<'py>(&self, py: Python<'py>) -> Bound<'py, Resource> {
        self.resource.bind(py).clone()
    }

    #[getter]
    fn instrumentation_scope<'py>(&self, py: Python<'py>) -> Bound<'py, InstrumentationScope> {
        self.scope.bind(py).clone()
    }

    fn __copy__<'py>(slf: &Bound<'py, Self>) -> Bound<'py, Self> {
        slf.clone()
    }

    fn __deepcopy__<'py>(slf: &Bound<'py, Self>, _memo: &Bound<'_, PyAny>) -> Bound<'py, Self> {
        slf.clone()
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let severity = self.severity_text().unwrap_or_default();
        Ok(format!("<LogRecord {severity} {}>", self.body(py)?.repr()?))
    }
}
