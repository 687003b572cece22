//! `Tracer`: spans of a named instrumentation scope, in the OpenTelemetry API's shape.

use crate::runtime::Scope;
use crate::span::{Span, option, pending, start_now};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::{PyAnyMethods, PyTypeMethods};
use pyo3::types::PyDict;
use pyo3::{Bound, PyAny, PyResult, intern, pyclass, pymethods};
use std::ffi::CString;

/// Makes the spans of one instrumentation scope; get one from `libtracer.get_tracer`.
#[pyclass(frozen, module = "libtracer")]
pub(crate) struct Tracer {
    scope: Scope,
    #[pyo3(get)]
    name: String,
}

/// What a span starts with; None stands for the default.
struct Start<'a, 'py> {
    context: Option<&'a Bound<'py, PyAny>>,
    kind: Option<&'a Bound<'py, PyAny>>,
    attributes: Option<&'a Bound<'py, PyAny>>,
    links: Option<&'a Bound<'py, PyAny>>,
    at: Option<u64>,
    options: u8,
}

impl Tracer {
    fn pending<'py>(
        &self,
        name: &Bound<'py, PyAny>,
        start: &Start<'_, 'py>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let made = pending(name.as_borrowed(), start.options)?;
        let Some(span) = Span::cast(made.as_borrowed()) else {
            return Ok(made);
        };
        // A plain dict in the place of the context is the attributes: the older order.
        let (context, attributes) = match start.context {
            Some(map) if map.is_exact_instance_of::<PyDict>() => (None, Some(map)),
            context => (context, start.attributes),
        };
        let slots = [
            (&span.context, context),
            (&span.attributes, attributes),
            (&span.links, start.links),
        ];
        for (slot, given) in slots {
            if let Some(object) = given {
                slot.put(object.clone());
            }
        }
        span.scope.set(self.scope);
        span.kind.set(start.kind.map_or(Ok(0), number_of)?);
        span.start_unix_ns.set(start.at.unwrap_or(0));
        Ok(made)
    }
}

/// OTLP's number of an API `SpanKind`.
fn number_of(kind: &Bound<'_, PyAny>) -> PyResult<i32> {
    let number = kind
        .getattr(intern!(kind.py(), "value"))
        .and_then(|value| value.extract());
    let number: i32 = number.map_err(|_| {
        let given = kind
            .get_type()
            .name()
            .map_or_else(|_| String::new(), |name| name.to_string());
        PyTypeError::new_err(format!("kind must be a SpanKind, not {given}"))
    })?;
    Ok(number.saturating_add(1))
}

fn options(record_exception: bool, set_status_on_exception: bool, end_on_exit: bool) -> u8 {
    let bit = |on: bool, bit: u8| if on { bit } else { 0 };
    bit(record_exception, option::RECORD_EXCEPTION)
        | bit(set_status_on_exception, option::SET_STATUS)
        | bit(end_on_exit, option::END_ON_EXIT)
}

#[pymethods]
impl Tracer {
    #[new]
    #[pyo3(signature = (name, version=None, schema_url=None))]
    fn new(name: &str, version: Option<&str>, schema_url: Option<&str>) -> PyResult<Self> {
        let text = |text: &str| CString::new(text.replace('\0', ""));
        let version = version.map(text).transpose()?;
        let schema = schema_url.map(text).transpose()?;
        let scope = Scope::new(&text(name)?, version.as_deref(), schema.as_deref());
        Ok(Self {
            scope,
            name: name.to_owned(),
        })
    }

    /// Starts a span now. Entering it makes it current; leaving it ends it.
    #[pyo3(signature = (name, context=None, kind=None, attributes=None, links=None,
        start_time=None, record_exception=true, set_status_on_exception=true, *, parent=None))]
    #[expect(
        clippy::too_many_arguments,
        reason = "the signature of OpenTelemetry's API"
    )]
    fn start_span<'py>(
        &self,
        name: &Bound<'py, PyAny>,
        context: Option<&Bound<'py, PyAny>>,
        kind: Option<&Bound<'py, PyAny>>,
        attributes: Option<&Bound<'py, PyAny>>,
        links: Option<&Bound<'py, PyAny>>,
        start_time: Option<u64>,
        record_exception: bool,
        set_status_on_exception: bool,
        parent: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let options = options(record_exception, set_status_on_exception, true);
        let context = parent.or(context);
        let start = Start {
            context,
            kind,
            attributes,
            links,
            at: start_time,
            options,
        };
        let made = self.pending(name, &start)?;
        if let Some(span) = Span::cast(made.as_borrowed()) {
            start_now(span)?;
        }
        Ok(made)
    }

    /// A span that starts and becomes current when entered; also a decorator.
    #[pyo3(signature = (name, context=None, kind=None, attributes=None, links=None,
        start_time=None, record_exception=true, set_status_on_exception=true, end_on_exit=true))]
    #[expect(
        clippy::too_many_arguments,
        reason = "the signature of OpenTelemetry's API"
    )]
    fn start_as_current_span<'py>(
        &self,
        name: &Bound<'py, PyAny>,
        context: Option<&Bound<'py, PyAny>>,
        kind: Option<&Bound<'py, PyAny>>,
        attributes: Option<&Bound<'py, PyAny>>,
        links: Option<&Bound<'py, PyAny>>,
        start_time: Option<u64>,
        record_exception: bool,
        set_status_on_exception: bool,
        end_on_exit: bool,
    ) -> PyResult<Bound<'py, PyAny>> {
        let options = options(record_exception, set_status_on_exception, end_on_exit);
        let start = Start {
            context,
            kind,
            attributes,
            links,
            at: start_time,
            options,
        };
        self.pending(name, &start)
    }

    fn __repr__(&self) -> String {
        format!("<Tracer {:?}>", self.name)
    }
}
