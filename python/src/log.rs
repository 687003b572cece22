//! Emitting log records: Python values become the runtime's before it is called.

use crate::context::Parent;
use crate::runtime::{self, Body, Emit, Scope};
use crate::tracer::Tracer;
use crate::value::{self, Rules, text_of};
use pyo3::prelude::PyAnyMethods;
use pyo3::types::PyString;
use pyo3::{Bound, PyAny, PyResult, intern, pyfunction};

/// Emits a log record. `scope` is a tracer, whose scope it is; `span` is a span, a `SpanContext` or
/// a `Context`, and the current span if it is not given. Never fails for what a value is: what
/// OpenTelemetry has no type for becomes text.
#[pyfunction]
#[pyo3(signature = (*, scope=None, body=None, severity_number=None, severity_text=None,
    attributes=None, span=None, timestamp=None, observed_timestamp=None, event_name=None))]
#[expect(clippy::too_many_arguments, reason = "the fields of a log record")]
pub(crate) fn emit_log(
    scope: Option<&Bound<'_, Tracer>>,
    body: Option<&Bound<'_, PyAny>>,
    severity_number: Option<&Bound<'_, PyAny>>,
    severity_text: Option<&Bound<'_, PyString>>,
    attributes: Option<&Bound<'_, PyAny>>,
    span: Option<&Bound<'_, PyAny>>,
    timestamp: Option<u64>,
    observed_timestamp: Option<u64>,
    event_name: Option<&Bound<'_, PyString>>,
) -> PyResult<()> {
    let severity_text = severity_text.map(text_of).unwrap_or_default();
    let event_name = event_name.map(text_of).unwrap_or_default();
    let given = span.map(Parent::given).transpose()?;
    let log = Emit {
        scope: scope.map_or(Scope::DEFAULT, |tracer| tracer.get().scope()),
        severity: severity_number.map_or(Ok(0), number_of)?,
        severity_text: &severity_text,
        body: Body::None,
        attributes: None,
        context: given.as_ref().map(|given| given.context),
        event_name: &event_name,
        unix_ns: timestamp.unwrap_or(0),
        observed_unix_ns: observed_timestamp.unwrap_or(0),
    };
    if !runtime::logs_are_kept(log.scope) {
        // Counted only: nothing is converted for nobody.
        log.emit();
        return Ok(());
    }
    value::with_body(body, Rules::Own, |body| {
        value::with_map(attributes, Rules::Own, |attributes| {
            Emit {
                body,
                attributes,
                ..log
            }
            .emit();
        });
    });
    Ok(())
}

/// OTLP's number of a severity: a number, or OpenTelemetry's `SeverityNumber`.
fn number_of(severity: &Bound<'_, PyAny>) -> PyResult<i32> {
    severity
        .extract()
        .or_else(|_| severity.getattr(intern!(severity.py(), "value"))?.extract())
}
