//! The table of what can be read of a span. A name with an underscore is the field of
//! opentelemetry-sdk's span under which processors in the wild read it.

use super::{read, surface};
use crate::object::getter;
use pyo3::ffi::PyGetSetDef;

/// Every property of the type.
pub(super) fn all() -> Vec<PyGetSetDef> {
    let mut all = identity();
    all.append(&mut content());
    all.append(&mut origin());
    all.append(&mut own());
    all.append(&mut fields());
    all
}

/// Which span it is.
fn identity() -> Vec<PyGetSetDef> {
    vec![
        getter!(
            c"__class__",
            c"The class OpenTelemetry's isinstance checks accept.",
            read::class
        ),
        getter!(
            c"context",
            c"The span's ``SpanContext``.",
            read::span_context
        ),
        getter!(c"name", c"The name.", read::name),
        getter!(c"kind", c"The ``SpanKind``.", read::kind),
        getter!(
            c"parent",
            c"``SpanContext`` of the parent, None for a root.",
            read::parent
        ),
    ]
}

/// What was said about it.
fn content() -> Vec<PyGetSetDef> {
    vec![
        getter!(
            c"attributes",
            c"The attributes so far, read-only.",
            read::attributes
        ),
        getter!(c"events", c"The events so far.", read::events),
        getter!(c"links", c"The links so far.", read::links),
        getter!(c"status", c"The ``Status``.", read::status),
        getter!(
            c"start_time",
            c"Start in nanoseconds since 1970.",
            read::start_time
        ),
        getter!(
            c"end_time",
            c"End in nanoseconds since 1970, None before it.",
            read::end_time
        ),
        getter!(
            c"dropped_attributes",
            c"Attributes beyond the limit, or without a usable key.",
            read::dropped_attributes
        ),
        getter!(
            c"dropped_events",
            c"Events beyond the limit.",
            read::dropped_events
        ),
        getter!(
            c"dropped_links",
            c"Links beyond the limit.",
            read::dropped_links
        ),
    ]
}

/// Where it comes from.
fn origin() -> Vec<PyGetSetDef> {
    vec![
        getter!(
            c"resource",
            c"The resource: service, process, host.",
            surface::resource
        ),
        getter!(
            c"instrumentation_scope",
            c"The library that made the span.",
            surface::scope
        ),
        getter!(
            c"instrumentation_info",
            c"The same by its older name; deprecated.",
            surface::deprecated_info
        ),
    ]
}

/// Ids as text.
fn own() -> Vec<PyGetSetDef> {
    vec![
        getter!(
            c"trace_id",
            c"Trace id, 32 hexadecimal digits.",
            read::trace_id
        ),
        getter!(
            c"span_id",
            c"Span id, 16 hexadecimal digits.",
            read::span_id
        ),
        getter!(
            c"parent_id",
            c"Span id of the parent, None for a root.",
            read::parent_id
        ),
    ]
}

/// opentelemetry-sdk's fields and formatting functions.
fn fields() -> Vec<PyGetSetDef> {
    vec![
        getter!(c"_name", c"``name``", read::name),
        getter!(c"_context", c"``context``", read::span_context),
        getter!(c"_kind", c"``kind``", read::kind),
        getter!(c"_parent", c"``parent``", read::parent),
        getter!(
            c"_attributes",
            c"``attributes`` as a ``BoundedAttributes``",
            read::bounded_attributes
        ),
        getter!(c"_events", c"``events``", read::events),
        getter!(c"_links", c"``links``", read::links),
        getter!(c"_status", c"``status``", read::status),
        getter!(c"_start_time", c"``start_time``", read::start_time),
        getter!(c"_end_time", c"``end_time``", read::end_time),
        getter!(c"_resource", c"``resource``", surface::resource),
        getter!(
            c"_instrumentation_scope",
            c"``instrumentation_scope``",
            surface::scope
        ),
        getter!(
            c"_instrumentation_info",
            c"``instrumentation_info``, without its warning",
            surface::info
        ),
        getter!(
            c"_format_context",
            c"A function: the ids for JSON.",
            surface::format_context
        ),
        getter!(
            c"_format_attributes",
            c"A function: attributes for JSON.",
            surface::format_attributes
        ),
        getter!(
            c"_format_events",
            c"A function: events for JSON.",
            surface::format_events
        ),
        getter!(
            c"_format_links",
            c"A function: links for JSON.",
            surface::format_links
        ),
    ]
}
