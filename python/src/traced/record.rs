//! The log record of a traced call: its arguments, and how it ended.
//!
//! It is made after the call and inside its span, and only if somebody takes it. A coroutine or
//! generator keeps what it was called with until then.

use super::parameters::{Parameters, describe_unknown};
use crate::marks::marks;
use crate::object::Args;
use crate::runtime::{Body, Emit, Plain, logs_are_kept};
use crate::span::{Ids, Span, full_name, message, option};
use crate::value::{self, Describer, Encoded};
use libtracer_abi::{TRACER_SEVERITY_ERROR, TRACER_SEVERITY_INFO};
use pyo3::exceptions::PyException;
use pyo3::ffi::PyObject;
use pyo3::prelude::{PyAnyMethods, PyTupleMethods};
use pyo3::types::{PyString, PyTuple};
use pyo3::{Borrowed, Bound, PyAny, PyResult, Python};
use std::cell::Cell;
use std::ptr;

/// Attributes of a record at most: two of its own, and the marks.
const MOST: usize = 8;

thread_local! {
    /// What a record is written into. Describing values may run code that makes records in turn, so
    /// it is taken out while it is used.
    static IDLE: Cell<Encoded> = const { Cell::new(Encoded::new()) };
}

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
    let mut body = IDLE.try_with(Cell::take).unwrap_or_default();
    describe(
        &mut Describer::new(&mut body),
        span,
        parameters,
        args,
        ending,
    );
    let marks = marks();
    let id = uuid_of(span.ids.get());
    let id = std::str::from_utf8(&id).unwrap_or_default();
    let mut attributes = [Plain::NONE; MOST];
    let said = marks.map(|marks| marks.attributes.as_slice());
    let said = said.unwrap_or_default();
    let said = said.iter().map(|(key, text)| (key.as_str(), text.as_str()));
    let own = [("pat.log.id", id), ("pat.log.type", "trace")];
    for (place, (key, text)) in attributes.iter_mut().zip(own.into_iter().chain(said)) {
        *place = Plain::text(key, text);
    }
    let count = own
        .len()
        .saturating_add(marks.map_or(0, |marks| marks.attributes.len()));
    let (severity, severity_text) = if is_error(span, ending) {
        (TRACER_SEVERITY_ERROR, "ERROR")
    } else {
        (TRACER_SEVERITY_INFO, "INFO")
    };
    let record = Emit {
        scope: marks.map_or_else(|| span.scope.get(), |marks| marks.log_scope),
        severity,
        severity_text,
        body: Body::None,
        attributes: None,
        context: Some(span.context_value()),
        event_name: "",
        unix_ns: 0,
        observed_unix_ns: 0,
    };
    record.emit_encoded(
        body.as_slice(),
        attributes.get(..count).unwrap_or(&attributes),
    );
    body.clear();
    IDLE.try_with(|idle| idle.set(body)).ok();
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
    to.map(|to| {
        if let Some(name) = span.name.get(py) {
            to.named("function.name", |to| {
                to.to().add_string(&value::any_text(&name));
            });
        }
        if span.has(option::LOG_ARGS) {
            let parameters = parameters.and_then(|known| known.cast_exact::<Parameters>().ok());
            to.named("function.arguments", |to| {
                to.map(|to| match parameters {
                    Some(parameters) => parameters.get().describe(args, to, py),
                    None => describe_unknown(args, to, py),
                });
            });
        }
        ended(to, span, ending);
    });
}

/// Adds the output, or the exception.
fn ended(to: &mut Describer<'_>, span: Span<'_, '_>, ending: Ending<'_, '_>) {
    match ending {
        Ending::Returned(result) => output(to, span, Some(result)),
        Ending::Raised(raised) if !raised.is_instance_of::<PyException>() => output(to, span, None),
        Ending::Raised(raised) if span.has(option::RECORD_EXCEPTION) => {
            to.named("exception.type", |to| {
                to.to().add_string(&full_name(&raised));
            });
            let message = PyString::new(span.py(), &message(&raised));
            to.named("exception.message", |to| to.add(&message));
        }
        Ending::Raised(_) => {}
        Ending::Nothing => output(to, span, None),
    }
}

fn output(to: &mut Describer<'_>, span: Span<'_, '_>, result: Option<Borrowed<'_, '_, PyAny>>) {
    if span.has(option::LOG_RESULT) {
        to.named("function.output", |to| {
            if let Some(result) = result {
                to.add(&result);
            }
        });
    }
}

/// The random UUID of a call's record. The ids of the span are random, and nobody else's, in a
/// forked child too; they are mixed so that it does not look like them.
fn uuid_of(ids: Ids) -> [u8; 36] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let own = mixed(u64::from_be_bytes(ids.span_id));
    let (high, low) = ids.trace_id.split_at(8);
    let half = |bytes: &[u8]| bytes.try_into().map_or(0, u64::from_be_bytes);
    let high = mixed(half(high) ^ own) & !0xf000 | 0x4000;
    let low = (mixed(half(low)) ^ own) & !(0b11 << 62) | 0b10 << 62;
    let bits = u128::from(high) << 64 | u128::from(low);
    let mut text = [b'-'; 36];
    let places = (0..36_usize).filter(|place| !matches!(place, 8 | 13 | 18 | 23));
    for (place, shift) in places.zip((0..32_u32).rev()) {
        let digit = usize::try_from(bits >> (shift * 4) & 0xf).unwrap_or(0);
        if let (Some(place), Some(digit)) = (text.get_mut(place), DIGITS.get(digit)) {
            *place = *digit;
        }
    }
    text
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
