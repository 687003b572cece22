//! The log record of a traced call: its arguments, and how it ended.
//!
//! It is made after the call and inside its span, and only if somebody takes it. A coroutine or
//! generator keeps what it was called with until then.

use super::parameters::{Parameters, describe_unknown};
use crate::marks::{Marks, marks};
use crate::object::Args;
use crate::runtime::{Body, Builder, Emit, logs_are_kept};
use crate::span::{Ids, Span, full_name, message, option};
use crate::value::{self, Describer};
use libtracer_abi::{TRACER_SEVERITY_ERROR, TRACER_SEVERITY_INFO};
use pyo3::exceptions::PyException;
use pyo3::ffi::PyObject;
use pyo3::prelude::{PyAnyMethods, PyTupleMethods};
use pyo3::types::{PyString, PyTuple};
use pyo3::{Borrowed, Bound, PyAny, PyResult, Python};
use std::ptr;

/// How a call ended.
#[derive(Clone, Copy)]
pub(super) enum Ending<'a, 'py> {
    /// It returned this.
    Returned(Borrowed<'a, 'py, PyAny>),
    /// This left it.
    Raised(Borrowed<'a, 'py, PyAny>),
    /// It was given up before its end.
    Nothing,
}

/// Whether a record of the call is to be made, and somebody takes it.
#[inline]
pub(super) fn is_wanted(span: Span<'_, '_>) -> bool {
    span.has(option::LOGGED) && is_kept(span)
}

fn is_kept(span: Span<'_, '_>) -> bool {
    let scope = marks().map_or_else(|| span.scope.get(), |marks| marks.log_scope);
    logs_are_kept(scope)
}

/// Emits the record of a call.
#[cold]
pub(super) fn emit(
    span: Span<'_, '_>,
    parameters: Option<&Bound<'_, PyAny>>,
    args: &Args<'_, '_>,
    ending: Ending<'_, '_>,
) {
    if !span.has(option::RECORDING) {
        return; // what the sampler leaves out
    }
    Builder::with(|body| {
        describe(&mut Describer::new(body), span, parameters, args, ending);
        let id = uuid_of(span.ids.get());
        Builder::with(|attributes| {
            let marks = marks();
            attach(attributes, &id, marks);
            let (severity, severity_text) = if is_error(span, ending) {
                (TRACER_SEVERITY_ERROR, "ERROR")
            } else {
                (TRACER_SEVERITY_INFO, "INFO")
            };
            let record = Emit {
                scope: marks.map_or_else(|| span.scope.get(), |marks| marks.log_scope),
                severity,
                severity_text,
                body: Body::Built(body),
                attributes: Some(attributes),
                context: Some(span.context_value()),
                event_name: "",
                unix_ns: 0,
                observed_unix_ns: 0,
            };
            record.emit();
        });
    });
}

/// Whether the record tells of an error: an exception that was not asked to be left out.
fn is_error(span: Span<'_, '_>, ending: Ending<'_, '_>) -> bool {
    match ending {
        Ending::Raised(raised) => {
            span.has(option::RECORD_EXCEPTION) && raised.is_instance_of::<PyException>()
        }
        _ => false,
    }
}

fn describe(
    to: &mut Describer<'_>,
    span: Span<'_, '_>,
    parameters: Option<&Bound<'_, PyAny>>,
    args: &Args<'_, '_>,
    ending: Ending<'_, '_>,
) {
    let py = span.py();
    let body = to.builder();
    body.begin_map();
    if let Some(name) = span.name.get(py) {
        body.key("function.name");
        body.add_string(&value::any_text(&name));
    }
    if span.has(option::LOG_ARGS) {
        body.key("function.arguments");
        let parameters = parameters.and_then(|known| known.cast_exact::<Parameters>().ok());
        to.map(|to| match parameters {
            Some(parameters) => parameters.get().describe(args, to, py),
            None => describe_unknown(args, to, py),
        });
    }
    match ending {
        Ending::Returned(result) => output(to, span, Some(result)),
        Ending::Raised(raised) if !raised.is_instance_of::<PyException>() => output(to, span, None),
        Ending::Raised(raised) if span.has(option::RECORD_EXCEPTION) => {
            body.key("exception.type");
            body.add_string(&full_name(&raised));
            body.key("exception.message");
            to.add(PyString::new(py, &message(&raised)).as_any());
        }
        Ending::Raised(_) => {}
        Ending::Nothing => output(to, span, None),
    }
    body.end();
}

fn output(to: &mut Describer<'_>, span: Span<'_, '_>, result: Option<Borrowed<'_, '_, PyAny>>) {
    if !span.has(option::LOG_RESULT) {
        return;
    }
    to.builder().key("function.output");
    match result {
        Some(result) => to.add(&result),
        None => to.builder().add_null(),
    }
}

fn attach(attributes: &Builder, id: &str, marks: Option<&Marks>) {
    let said = marks.map(|marks| marks.attributes.as_slice());
    let said = said.unwrap_or_default();
    let said = said.iter().map(|(key, text)| (key.as_str(), text.as_str()));
    attributes.begin_map();
    for (key, text) in [("pat.log.id", id), ("pat.log.type", "trace")]
        .into_iter()
        .chain(said)
    {
        attributes.key(key);
        attributes.add_string(text);
    }
    attributes.end();
}

/// The random UUID of a call's record. The ids of the span are random, and nobody else's, in a
/// forked child too; they are mixed so that it does not look like them.
fn uuid_of(ids: Ids) -> String {
    let own = mixed(u64::from_be_bytes(ids.span_id));
    let (high, low) = ids.trace_id.split_at(8);
    let half = |bytes: &[u8]| bytes.try_into().map_or(0, u64::from_be_bytes);
    let bits = u128::from(mixed(half(high) ^ own)) << 64 | u128::from(mixed(half(low)) ^ own);
    let version = bits & !(0xf << 76) | 4 << 76;
    let bits = version & !(0b11 << 62) | 0b10 << 62;
    format!(
        "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
        bits >> 96,
        bits >> 80 & 0xffff,
        bits >> 64 & 0xffff,
        bits >> 48 & 0xffff,
        bits & 0xffff_ffff_ffff
    )
}

/// The output function of `SplitMix64`: one to one, and every bit depends on all.
fn mixed(bits: u64) -> u64 {
    let bits = (bits ^ bits >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let bits = (bits ^ bits >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ bits >> 31
}

/// What a coroutine or generator was called with, for its record: parameters, what stands for the
/// output (None: the result), names of the keyword arguments, all arguments.
pub(super) fn keep<'py>(
    py: Python<'py>,
    parameters: Option<&Bound<'py, PyAny>>,
    output: Option<&Bound<'py, PyAny>>,
    args: &Args<'_, 'py>,
) -> PyResult<Bound<'py, PyAny>> {
    let none = py.None().into_bound(py);
    let mut names = Vec::new();
    let mut kept = vec![
        parameters.unwrap_or(&none).clone(),
        output.unwrap_or(&none).clone(),
        none.clone(),
    ];
    kept.extend((0..args.positional()).filter_map(|index| Some(args.get(index)?.to_owned())));
    for (name, value) in args.keywords() {
        names.push(name);
        kept.push(value.to_owned());
    }
    if let Some(place) = kept.get_mut(2) {
        *place = PyTuple::new(py, names)?.into_any();
    }
    Ok(PyTuple::new(py, kept)?.into_any())
}

/// Emits the record of a coroutine or generator, from what [`keep`] kept.
#[cold]
pub(super) fn emit_kept(span: Span<'_, '_>, kept: &Bound<'_, PyAny>, ending: Ending<'_, '_>) {
    let py = span.py();
    let Ok(kept) = kept.cast::<PyTuple>() else {
        return;
    };
    let item = |index| kept.get_item(index).ok().filter(|item| !item.is_none());
    let (parameters, output, names) = (item(0), item(1), item(2));
    let values: Vec<*mut PyObject> = kept.iter_borrowed().skip(3).map(Borrowed::as_ptr).collect();
    let by_name = names.as_ref().and_then(|names| names.len().ok());
    let count = values.len().saturating_sub(by_name.unwrap_or(0));
    let names = names.as_ref().map_or(ptr::null_mut(), Bound::as_ptr);
    // SAFETY: the arguments and names of one call; `kept` and `names` hold them for longer.
    let args = unsafe { Args::new(py, values.as_ptr(), count.cast_signed(), names) };
    let ending = match (ending, &output) {
        (Ending::Returned(_) | Ending::Nothing, Some(output)) => {
            Ending::Returned(output.as_borrowed())
        }
        _ => ending,
    };
    emit(span, parameters.as_ref(), &args, ending);
}
