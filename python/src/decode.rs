//! OTLP messages as the Python objects OpenTelemetry's users know.

mod api;

use crate::finished::Event;
use crate::span::Ids;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
pub(crate) use opentelemetry_proto::tonic::logs::v1 as logs;
pub(crate) use opentelemetry_proto::tonic::trace::v1 as proto;
use pyo3::prelude::PyDictMethods;
use pyo3::types::{PyBytes, PyDict, PyList, PyMappingProxy, PyString, PyTuple};
use pyo3::{Bound, IntoPyObject, PyAny, PyResult, Python};

pub(crate) use api::Api;

type Object<'py> = PyResult<Bound<'py, PyAny>>;

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
    Api::get(py)?.span_context(py, ids, trace_state)
}

/// An API `SpanKind` from OTLP's number.
pub(crate) fn kind(py: Python<'_>, number: i32) -> Object<'_> {
    Ok(Api::get(py)?.kind(py, number))
}

/// An API `Status`.
pub(crate) fn status<'py>(py: Python<'py>, span: &proto::Span) -> Object<'py> {
    let (code, text) = span
        .status
        .as_ref()
        .map_or((0, ""), |s| (s.code, s.message.as_str()));
    let text = (!text.is_empty()).then(|| PyString::new(py, text).into_any());
    Api::get(py)?.status(py, code, text.as_ref())
}

/// A time in nanoseconds; None for a time that is not known yet.
pub(crate) fn time(py: Python<'_>, unix_ns: u64) -> Object<'_> {
    Ok((unix_ns != 0).then_some(unix_ns).into_pyobject(py)?)
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
    let map = dict(py, attributes)?;
    Ok(PyMappingProxy::new(py, map.as_mapping()).into_any())
}

/// Attributes as a dict of the caller's own.
pub(crate) fn dict<'py>(py: Python<'py>, items: &[KeyValue]) -> PyResult<Bound<'py, PyDict>> {
    dict_of(py, items, Arrays::Tuples)
}

fn dict_of<'py>(
    py: Python<'py>,
    items: &[KeyValue],
    arrays: Arrays,
) -> PyResult<Bound<'py, PyDict>> {
    let map = PyDict::new(py);
    for item in items {
        map.set_item(&item.key, value(py, item.value.as_ref(), arrays)?)?;
    }
    Ok(map)
}

/// What becomes of arrays.
#[derive(Clone, Copy)]
pub(crate) enum Arrays {
    /// As in attributes.
    Tuples,
    /// As in what a log record says.
    Lists,
}

/// A value; None for none.
pub(crate) fn value<'py>(
    py: Python<'py>,
    value_: Option<&AnyValue>,
    arrays: Arrays,
) -> Object<'py> {
    let Some(value_) = value_.and_then(|value| value.value.as_ref()) else {
        return Ok(py.None().into_bound(py));
    };
    Ok(match value_ {
        Value::StringValue(text) => PyString::new(py, text).into_any(),
        Value::BoolValue(truth) => truth.into_pyobject(py)?.to_owned().into_any(),
        Value::IntValue(number) => number.into_pyobject(py)?.into_any(),
        Value::DoubleValue(number) => number.into_pyobject(py)?.into_any(),
        Value::BytesValue(bytes) => PyBytes::new(py, bytes).into_any(),
        Value::KvlistValue(list) => dict_of(py, &list.values, arrays)?.into_any(),
        Value::ArrayValue(array) => {
            let items: PyResult<Vec<_>> = array
                .values
                .iter()
                .map(|item| value(py, Some(item), arrays))
                .collect();
            match arrays {
                Arrays::Tuples => PyTuple::new(py, items?)?.into_any(),
                Arrays::Lists => PyList::new(py, items?)?.into_any(),
            }
        }
        // Not part of these signals.
        Value::StringValueStrindex(_) => py.None().into_bound(py),
    })
}

/// Events as a tuple of [`Event`]s.
pub(crate) fn events<'py>(py: Python<'py>, span: &proto::Span) -> Object<'py> {
    let events: PyResult<Vec<_>> = span
        .events
        .iter()
        .map(|event| Bound::new(py, Event::new(py, event)?))
        .collect();
    Ok(PyTuple::new(py, events?)?.into_any())
}

/// API `Link`s as a tuple; `bound` makes their attributes from a dict and the number of those
/// dropped.
pub(crate) fn links<'py>(
    py: Python<'py>,
    span: &proto::Span,
    bound: impl Fn(Bound<'py, PyDict>, u32) -> Object<'py>,
) -> Object<'py> {
    let link = |link: &proto::span::Link| {
        let ids = ids(&link.trace_id, &link.span_id, link.flags);
        let context = span_context(py, &ids, &link.trace_state)?;
        let attributes = bound(dict(py, &link.attributes)?, link.dropped_attributes_count)?;
        Api::get(py)?.link(py, &context, &attributes)
    };
    let links: PyResult<Vec<_>> = span.links.iter().map(link).collect();
    Ok(PyTuple::new(py, links?)?.into_any())
}
