//! Finished spans, read-only and shaped as OpenTelemetry's SDK shapes them.

use crate::decode::{self, proto};
use opentelemetry_proto::tonic::common::v1 as common;
use pyo3::{Bound, Py, PyAny, PyResult, Python, pyclass, pymethods};

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

/// What a span came from: service, process, host.
#[pyclass(frozen, get_all, module = "libtracer")]
pub(crate) struct Resource {
    attributes: Py<PyAny>,
    schema_url: String,
}

/// Which library made a span.
#[pyclass(frozen, get_all, module = "libtracer")]
pub(crate) struct InstrumentationScope {
    name: String,
    version: String,
    schema_url: String,
    attributes: Py<PyAny>,
}

/// A span that has ended.
#[pyclass(frozen, module = "libtracer")]
pub(crate) struct ReadableSpan {
    span: proto::Span,
    resource: Py<Resource>,
    scope: Py<InstrumentationScope>,
}

impl ReadableSpan {
    /// From a message that holds one span; `None` when it holds none.
    pub(crate) fn new(py: Python<'_>, message: proto::ResourceSpans) -> PyResult<Option<Self>> {
        let resource = message.resource.unwrap_or_default();
        let resource = Resource {
            attributes: decode::attributes(py, &resource.attributes)?.unbind(),
            schema_url: message.schema_url,
        };
        let Some(scoped) = message.scope_spans.into_iter().next() else {
            return Ok(None);
        };
        let common::InstrumentationScope {
            name,
            version,
            attributes,
            ..
        } = scoped.scope.unwrap_or_default();
        let scope = InstrumentationScope {
            name,
            version,
            schema_url: scoped.schema_url,
            attributes: decode::attributes(py, &attributes)?.unbind(),
        };
        let Some(span) = scoped.spans.into_iter().next() else {
            return Ok(None);
        };
        Ok(Some(Self {
            span,
            resource: Py::new(py, resource)?,
            scope: Py::new(py, scope)?,
        }))
    }
}

type Object<'py> = PyResult<Bound<'py, PyAny>>;

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
        decode::links(py, &self.span)
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
    fn resource<'py>(&self, py: Python<'py>) -> Bound<'py, Resource> {
        self.resource.bind(py).clone()
    }

    #[getter]
    fn instrumentation_scope<'py>(&self, py: Python<'py>) -> Bound<'py, InstrumentationScope> {
        self.scope.bind(py).clone()
    }

    fn __repr__(&self) -> String {
        format!("<ReadableSpan {:?}>", self.span.name)
    }
}
