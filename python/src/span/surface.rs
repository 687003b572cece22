//! The rest of opentelemetry-sdk's surface of a span: where it comes from, its JSON, its copies.

use super::object::{Ids, Span, State, option};
use super::read::{Read, parent, span_context, started, with_record};
use crate::decode;
use crate::object::Args;
use crate::sdk;
use crate::tracer::Tracer;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::{PyAnyMethods, PyModule};
use pyo3::types::PyString;
use pyo3::{Borrowed, Bound, IntoPyObject, PyAny, Python, intern};

/// What a tracer answers for its spans, or what stands for a tracer that says nothing.
fn of_tracer<'py>(span: Span<'_, 'py>, name: &Bound<'py, PyString>) -> Read<'py> {
    let py = span.py();
    let tracer = span.tracer.get(py);
    let tracer = tracer
        .as_ref()
        .and_then(|held| held.cast_exact::<Tracer>().ok());
    match tracer.and_then(|tracer| tracer.get().settings(py)) {
        Some(settings) => settings.getattr(name),
        None => py
            .import(intern!(py, "libtracer._origin"))?
            .getattr(name)?
            .call1((tracer,)),
    }
}

/// `resource`
pub(super) fn resource<'py>(this: Borrowed<'_, 'py, PyAny>) -> Read<'py> {
    of_tracer(started(this)?, intern!(this.py(), "resource"))
}

/// `instrumentation_scope`
pub(super) fn scope<'py>(this: Borrowed<'_, 'py, PyAny>) -> Read<'py> {
    of_tracer(started(this)?, intern!(this.py(), "_instrumentation_scope"))
}

/// `_instrumentation_info`
pub(super) fn info<'py>(this: Borrowed<'_, 'py, PyAny>) -> Read<'py> {
    of_tracer(started(this)?, intern!(this.py(), "instrumentation_info"))
}

/// `instrumentation_info`: the scope by its older name, with the SDK's warning.
pub(super) fn deprecated_info<'py>(this: Borrowed<'_, 'py, PyAny>) -> Read<'py> {
    shape(this.py(), "warn_of_info")?.call0()?;
    info(this)
}

/// A function of `libtracer._shapes`.
fn shape<'py>(py: Python<'py>, name: &str) -> Read<'py> {
    PyModule::import(py, "libtracer._shapes")?.getattr(name)
}

/// `_format_context`
pub(super) fn format_context<'py>(this: Borrowed<'_, 'py, PyAny>) -> Read<'py> {
    shape(this.py(), "format_context")
}

/// `_format_attributes`
pub(super) fn format_attributes<'py>(this: Borrowed<'_, 'py, PyAny>) -> Read<'py> {
    shape(this.py(), "format_attributes")
}

/// `_format_events`
pub(super) fn format_events<'py>(this: Borrowed<'_, 'py, PyAny>) -> Read<'py> {
    shape(this.py(), "format_events")
}

/// `_format_links`
pub(super) fn format_links<'py>(this: Borrowed<'_, 'py, PyAny>) -> Read<'py> {
    shape(this.py(), "format_links")
}

/// `to_json(indent=4)`
pub(super) fn to_json<'py>(this: Span<'_, 'py>, args: Args<'_, 'py>) -> Read<'py> {
    let [indent] = args.parse("to_json", ["indent"], 1)?;
    let to_json = shape(this.py(), "to_json")?;
    match indent {
        Some(indent) => to_json.call1((this.object(), indent)),
        None => to_json.call1((this.object(),)),
    }
}

/// `_readable_span()`: the span as it is now, for readers that keep it.
pub(super) fn readable<'py>(this: Borrowed<'_, 'py, PyAny>) -> Read<'py> {
    let (py, span) = (this.py(), started(this)?);
    let Some(sdk) = sdk::loaded(py) else {
        return with_record(span, |record| {
            let finished =
                crate::finished::ReadableSpan::of(record.clone(), resource(this)?, scope(this)?);
            Ok(Bound::new(py, finished)?.into_any())
        });
    };
    let origin = (resource(this)?, scope(this)?, info(this)?);
    let name = span.name.get(py);
    let (context, parent) = (span_context(this)?, parent(this)?);
    let kind = decode::kind(py, span.kind.get())?;
    with_record(span, |record| {
        let times = (
            decode::time(py, record.start_time_unix_nano)?,
            decode::time(py, record.end_time_unix_nano)?,
        );
        let attributes = decode::dict(py, &record.attributes)?;
        let attributes = sdk::bounded(attributes, record.dropped_attributes_count)?;
        sdk.getattr(intern!(py, "readable"))?.call1((
            name,
            context,
            parent,
            kind,
            decode::status(py, record)?,
            times,
            attributes,
            (sdk::events(&sdk, record)?, record.dropped_events_count),
            (
                decode::links(py, record, sdk::bounded)?,
                record.dropped_links_count,
            ),
            origin,
        ))
    })
}

/// `__copy__()` and `__deepcopy__(memo)`: a span is one thing, and so is its copy.
#[expect(clippy::unnecessary_wraps, reason = "the shape of a method")]
pub(super) fn copy<'py>(this: Span<'_, 'py>, _args: Args<'_, 'py>) -> Read<'py> {
    Ok(this.to_owned())
}

/// `__reduce_ex__(protocol)`: a span belongs to its process.
pub(super) fn reduce<'py>(_this: Span<'_, 'py>, _args: Args<'_, 'py>) -> Read<'py> {
    Err(PyTypeError::new_err(
        "a span cannot be pickled, for it lives in this process: send its get_span_context(), \
         or inject it into a carrier",
    ))
}

/// `repr(span)`
pub(super) fn repr<'py>(this: Borrowed<'_, 'py, PyAny>) -> Read<'py> {
    // SAFETY: a slot of the type.
    let span = unsafe { Span::of_method(this) };
    let text = if span.has(option::SDK) && span.state.get() != State::Pending {
        let name = span.name.get(this.py());
        let name = name.map(|name| name.str()).transpose()?;
        let name = name.as_ref().map(crate::value::text_of).unwrap_or_default();
        let context = span_context(this)?.str()?;
        let context = crate::value::text_of(&context);
        format!("Span(name=\"{name}\", context={context})")
    } else {
        own_repr(span)
    };
    Ok(text.into_pyobject(this.py())?.into_any())
}

fn own_repr(span: Span<'_, '_>) -> String {
    let name = span.name.get(span.py());
    let name = name
        .as_ref()
        .map(crate::value::any_text)
        .unwrap_or_default();
    let Ids {
        trace_id, span_id, ..
    } = span.ids.get();
    let state = match span.state.get() {
        State::Pending => "not started",
        State::Live => "live",
        State::Ended => "ended",
        State::Void => "no-op",
    };
    format!(
        "<Span {name:?} {state} trace_id={:032x} span_id={:016x}>",
        u128::from_be_bytes(trace_id),
        u64::from_be_bytes(span_id)
    )
}
