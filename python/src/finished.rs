//! Finished spans and log records (`log`), read-only and shaped as OpenTelemetry's SDK shapes them.

use crate::decode::{self, proto};
use crate::sdk;
use pyo3::prelude::PyAnyMethods;
use pyo3::{Bound, Py, PyAny, PyResult, Python, intern, pyclass, pymethods};

pub(crate) use log::LogRecord;
pub(crate) use origin::{InstrumentationScope, Resource};

mod log;
mod origin;

type Object<'py> = PyResult<Bound<'py, PyAny>>;

/// Something that happened during a span.
#[pyclass(frozen, get_all, module = "libtracer")]
pub(crate) struct Event {
    name: String,
    timestamp: u64,
    attributes: Py<PyAny>,
    dropped_attributes: u32,
}

impl Event {
    /// From its message.
    pub(crate) fn new(py: Python<'_>, event: &proto::span::Event) -> PyResult<Self> {
        Ok(Self {
            name: event.name.clone(),
            timestamp: event.time_unix_nano,
            attributes: decode::attributes(py, &event.attributes)?.unbind(),
            dropped_attributes: event.dropped_attributes_count,
        })
    }
}

#[pymethods]
impl Event {
    fn __repr__(&self, py: Python<'_>) -> String {
        format!(
            "Event(name={:?}, attributes={})",
            self.name,
            self.attributes.bind(py)
        )
    }
}

/// A span that has ended.
#[pyclass(frozen, module = "libtracer", weakref)]
pub(crate) struct ReadableSpan {
    span: proto::Span,
    resource: Py<PyAny>,
    scope: Py<PyAny>,
}

impl ReadableSpan {
    /// A span and where it comes from.
    pub(crate) fn of(
        span: proto::Span,
        resource: Bound<'_, PyAny>,
        scope: Bound<'_, PyAny>,
    ) -> Self {
        Self {
            span,
            resource: resource.unbind(),
            scope: scope.unbind(),
        }
    }

    /// From a message that holds one span; `None` when it holds none.
    pub(crate) fn new(py: Python<'_>, message: proto::ResourceSpans) -> PyResult<Option<Self>> {
        let resource = message.resource.unwrap_or_default();
        let resource = Resource::new(
            decode::attributes(py, &resource.attributes)?,
            message.schema_url,
        );
        let Some(scoped) = message.scope_spans.into_iter().next() else {
            return Ok(None);
        };
        let scope = InstrumentationScope::of(py, scoped.scope, scoped.schema_url)?;
        let Some(span) = scoped.spans.into_iter().next() else {
            return Ok(None);
        };
        Ok(Some(Self {
            span,
            resource: Py::new(py, resource)?.into_any(),
            scope: Py::new(py, scope)?.into_any(),
        }))
    }
}

#[pymethods]
impl ReadableSpan {
    #[getter]
    fn name(&self) -> &str {
        &self.span.name
    }

    #[getter]
    fn context<'py>(&self, py: Python<'py>) -> Object<'py> {
        self.get_span_context(py)
    }

    fn get_span_context<'py>(&self, py: Python<'py>) -> Object<'py> {
        let mut ids = decode::ids(&self.span.trace_id, &self.span.span_id, self.span.flags);
        ids.is_remote = 0;
        decode::span_context(py, &ids, &self.span.trace_state)
    }

    #[getter]
    fn parent<'py>(&self, py: Python<'py>) -> Object<'py> {
        let ids = decode::ids(
            &self.span.trace_id,
            &self.span.parent_span_id,
            self.span.flags,
        );
        if !ids.is_valid() {
            return Ok(py.None().into_bound(py));
        }
        decode::span_context(py, &ids, &self.span.trace_state)
    }

    #[getter]
    fn kind<'py>(&self, py: Python<'py>) -> Object<'py> {
        decode::kind(py, self.span.kind)
    }

    #[getter]
    fn attributes<'py>(&self, py: Python<'py>) -> Object<'py> {
        decode::attributes(py, &self.span.attributes)
    }

    #[getter]
    fn events<'py>(&self, py: Python<'py>) -> Object<'py> {
        decode::events(py, &self.span)
    }

    #[getter]
    fn links<'py>(&self, py: Python<'py>) -> Object<'py> {
        decode::links(py, &self.span, sdk::bounded)
    }

    #[getter]
    fn status<'py>(&self, py: Python<'py>) -> Object<'py> {
        decode::status(py, &self.span)
    }

    #[getter]
    fn start_time<'py>(&self, py: Python<'py>) -> Object<'py> {
        decode::time(py, self.span.start_time_unix_nano)
    }

    #[getter]
    fn end_time<'py>(&self, py: Python<'py>) -> Object<'py> {
        decode::time(py, self.span.end_time_unix_nano)
    }

    #[getter]
    fn dropped_attributes(&self) -> u32 {
        self.span.dropped_attributes_count
    }

    #[getter]
    fn dropped_events(&self) -> u32 {
        self.span.dropped_events_count
    }

    #[getter]
    fn dropped_links(&self) -> u32 {
        self.span.dropped_links_count
    }

    #[getter]
    fn trace_id<'py>(&self, py: Python<'py>) -> Bound<'py, PyAny> {
        decode::hex(py, &self.span.trace_id)
    }

    #[getter]
    fn span_id<'py>(&self, py: Python<'py>) -> Bound<'py, PyAny> {
        decode::hex(py, &self.span.span_id)
    }

    #[getter]
    fn parent_id<'py>(&self, py: Python<'py>) -> Option<Bound<'py, PyAny>> {
        let parent = &self.span.parent_span_id;
        parent
            .iter()
            .any(|byte| *byte != 0)
            .then(|| decode::hex(py, parent))
    }

    #[getter]
    fn resource<'py>(&self, py: Python<'py>) -> Bound<'py, PyAny> {
        self.resource.bind(py).clone()
    }

    #[getter]
    fn instrumentation_scope<'py>(&self, py: Python<'py>) -> Bound<'py, PyAny> {
        self.scope.bind(py).clone()
    }

    /// The span as JSON, with opentelemetry-sdk's fields.
    #[pyo3(signature = (indent=Some(4)), text_signature = "($self, indent=4)")]
    fn to_json<'py>(slf: &Bound<'py, Self>, indent: Option<usize>) -> Object<'py> {
        let shapes = slf.py().import(intern!(slf.py(), "libtracer._shapes"))?;
        shapes.call_method1(intern!(slf.py(), "to_json"), (slf, indent))
    }

    fn __copy__<'py>(slf: &Bound<'py, Self>) -> Bound<'py, Self> {
        slf.clone()
    }

    fn __deepcopy__<'py>(slf: &Bound<'py, Self>, _memo: &Bound<'_, PyAny>) -> Bound<'py, Self> {
        slf.clone()
    }

    fn __repr__(&self) -> String {
        format!("<ReadableSpan {:?}>", self.span.name)
    }
}
