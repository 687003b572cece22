//! OTLP messages as the Python objects OpenTelemetry's users know.

use crate::finished::Event;
use crate::span::Ids;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
pub(crate) use opentelemetry_proto::tonic::trace::v1 as proto;
use pyo3::prelude::{PyAnyMethods, PyDictMethods, PyListMethods};
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyDict, PyList, PyMappingProxy, PyString, PyTuple};
use pyo3::{Bound, IntoPyObject, Py, PyAny, PyResult, Python};

type Object<'py> = PyResult<Bound<'py, PyAny>>;

/// The classes of OpenTelemetry's API that our answers are made of.
struct Api {
    span_context: Py<PyAny>,
    trace_flags: Py<PyAny>,
    trace_state: Py<PyAny>,
    span_kind: Py<PyAny>,
    status: Py<PyAny>,
    status_code: Py<PyAny>,
    link: Py<PyAny>,
}

static API: PyOnceLock<Api> = PyOnceLock::new();

fn api(py: Python<'_>) -> PyResult<&'static Api> {
    API.get_or_try_init(py, || {
        let module = py.import("opentelemetry.trace")?;
        let class = |name: &str| module.getattr(name).map(Bound::unbind);
        Ok(Api {
            span_context: class("SpanContext")?,
            trace_flags: class("TraceFlags")?,
            trace_state: class("TraceState")?,
            span_kind: class("SpanKind")?,
            status: class("Status")?,
            status_code: class("StatusCode")?,
            link: class("Link")?,
        })
    })
}

/// Ids from a message; missing or malformed ones are zero.
pub(crate) fn ids(trace_id: &[u8], span_id: &[u8], trace_flags: u32) -> Ids {
    const PARENT_IS_REMOTE: u32 = 0x200; // SpanFlags.CONTEXT_IS_REMOTE_MASK
    let [low, ..] = trace_flags.to_le_bytes();
    Ids {
        trace_id: trace_id.try_into().unwrap_or_default(),
        span_id: span_id.try_into().unwrap_or_default(),
        trace_flags: low,
        is_remote: u8::from(trace_flags & PARENT_IS_REMOTE != 0),
    }
}

/// An API `SpanContext`.
pub(crate) fn span_context<'py>(py: Python<'py>, ids: &Ids, trace_state: &str) -> Object<'py> {
    let api = api(py)?;
    let state = api.trace_state.bind(py);
    let state = if trace_state.is_empty() {
        state.call0()?
    } else {
        state.call_method1("from_header", (vec![trace_state],))?
    };
    api.span_context.bind(py).call1((
        u128::from_be_bytes(ids.trace_id),
        u64::from_be_bytes(ids.span_id),
        ids.is_remote != 0,
        api.trace_flags.bind(py).call1((ids.trace_flags,))?,
        state,
    ))
}

/// An API `SpanKind` from OTLP's number.
pub(crate) fn kind(py: Python<'_>, number: i32) -> Object<'_> {
    api(py)?
        .span_kind
        .bind(py)
        .call1((number.saturating_sub(1).max(0),))
}

/// An API `Status`.
pub(crate) fn status<'py>(py: Python<'py>, span: &proto::Span) -> Object<'py> {
    let api = api(py)?;
    let (code, text) = span
        .status
        .as_ref()
        .map_or((0, ""), |s| (s.code, s.message.as_str()));
    let code = api.status_code.bind(py).call1((code,))?;
    let text = (!text.is_empty()).then_some(text);
    api.status.bind(py).call1((code, text))
}

/// A time in nanoseconds; None for a time that is not known yet.
pub(crate) fn time(py: Python<'_>, unix_ns: u64) -> Object<'_> {
    Ok((unix_ns != 0).then_some(unix_ns).into_pyobject(py)?)
}

/// A count.
pub(crate) fn count(py: Python<'_>, count: u32) -> Object<'_> {
    Ok(count.into_pyobject(py)?.into_any())
}

/// Lower-case hexadecimal text.
pub(crate) fn hex<'py>(py: Python<'py>, bytes: &[u8]) -> Bound<'py, PyAny> {
    use std::fmt::Write;
    let mut text = String::with_capacity(bytes.len().saturating_mul(2));
    for byte in bytes {
        write!(text, "{byte:02x}").ok();
    }
    PyString::new(py, &text).into_any()
}

/// Attributes as a read-only mapping.
pub(crate) fn attributes<'py>(py: Python<'py>, attributes: &[KeyValue]) -> Object<'py> {
    let map = map_of(py, attributes)?;
    Ok(PyMappingProxy::new(py, map.as_mapping()).into_any())
}

fn map_of<'py>(py: Python<'py>, items: &[KeyValue]) -> PyResult<Bound<'py, PyDict>> {
    let map = PyDict::new(py);
    for item in items {
        map.set_item(&item.key, value(py, item.value.as_ref())?)?;
    }
    Ok(map)
}

fn value<'py>(py: Python<'py>, value_: Option<&AnyValue>) -> Object<'py> {
    let Some(value_) = value_.and_then(|value| value.value.as_ref()) else {
        return Ok(py.None().into_bound(py));
    };
    Ok(match value_ {
        Value::StringValue(text) => PyString::new(py, text).into_any(),
        Value::BoolValue(truth) => truth.into_pyobject(py)?.to_owned().into_any(),
        Value::IntValue(number) => number.into_pyobject(py)?.into_any(),
        Value::DoubleValue(number) => number.into_pyobject(py)?.into_any(),
        Value::BytesValue(bytes) => PyBytes::new(py, bytes).into_any(),
        Value::KvlistValue(list) => map_of(py, &list.values)?.into_any(),
        Value::ArrayValue(array) => {
            let items: PyResult<Vec<_>> = array
                .values
                .iter()
                .map(|item| value(py, Some(item)))
                .collect();
            PyTuple::new(py, items?)?.into_any()
        }
        // Not part of the trace signal.
        Value::StringValueStrindex(_) => py.None().into_bound(py),
    })
}

/// Events as a tuple.
pub(crate) fn events<'py>(py: Python<'py>, span: &proto::Span) -> Object<'py> {
    let events = PyList::empty(py);
    for event in &span.events {
        events.append(Bound::new(py, Event::new(py, event)?)?)?;
    }
    Ok(events.to_tuple().into_any())
}

/// API `Link`s as a tuple.
pub(crate) fn links<'py>(py: Python<'py>, span: &proto::Span) -> Object<'py> {
    let links = PyList::empty(py);
    for link in &span.links {
        let ids = ids(&link.trace_id, &link.span_id, link.flags);
        let context = span_context(py, &ids, &link.trace_state)?;
        let attributes = attributes(py, &link.attributes)?;
        links.append(api(py)?.link.bind(py).call1((context, attributes))?)?;
    }
    Ok(links.to_tuple().into_any())
}
