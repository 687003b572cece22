//! The answer to native code that asks what is current in Python on its thread.

use super::attached::{self, Known};
use super::unlocked::{self, Value};
use super::{Parent, binding, current};
use crate::cpython::{cpython, is_our_interpreter};
use crate::object::{SetAside, Slot};
use crate::runtime::set_current_hook;
use crate::span::{Ids, Span, SpanBody};
use libtracer_abi::{tracer_context_value, tracer_span};
use pyo3::{Bound, PyAny, Python, ffi};
use std::panic::catch_unwind;

/// The answer is known, also when nothing is current.
const KNOWN: i32 = 1;
/// Python has no say on this thread.
const NO_SAY: i32 = 0;
/// Python runs on this thread, and cannot tell.
const UNKNOWN: i32 = -1;

/// The object that the last answer's trace state lives in. The GIL orders access to it.
struct Owner(Slot);

// SAFETY: touched only with the GIL held (the module demands one).
unsafe impl Sync for Owner {}

static OWNER: Owner = Owner(Slot::empty());

/// Tells the runtime to ask us.
pub(super) fn install() {
    set_current_hook(hook);
}

unsafe extern "C" fn hook(
    out_context: *mut tracer_context_value,
    out_span: *mut tracer_span,
) -> i32 {
    let answer = catch_unwind(ask).unwrap_or(Err(UNKNOWN));
    let (status, context, span) = match answer {
        Ok((context, span)) => (KNOWN, context, span),
        Err(status) => (status, no_span(status), tracer_span::default()),
    };
    // SAFETY: the runtime gives valid out-pointers.
    unsafe { out_context.write(context) };
    // SAFETY: as above.
    unsafe { out_span.write(span) };
    status
}

/// No span; of an unknown one, what identifies the context it is in.
fn no_span(status: i32) -> tracer_context_value {
    let mut ids = Ids::default();
    if status == UNKNOWN {
        ids.span_id = (unlocked::context_here() as u64).to_ne_bytes();
    }
    ids.with_trace_state("")
}

type Answer = Result<(tracer_context_value, tracer_span), i32>;

fn ask() -> Answer {
    // SAFETY: may be asked at any time; 0 after the interpreter is gone.
    if unsafe { ffi::Py_IsInitialized() } == 0 {
        return Err(NO_SAY);
    }
    // SAFETY: may be asked on any thread.
    let state = unsafe { ffi::PyGILState_GetThisThreadState() };
    if state.is_null() {
        return Err(NO_SAY);
    }
    // SAFETY: may be asked on any thread.
    if unsafe { (cpython().gil_check)() } == 1 {
        // SAFETY: the GIL is held, as just seen.
        let py = unsafe { Python::assume_attached() };
        return if is_our_interpreter(py) {
            Ok(with_gil(py))
        } else {
            Err(NO_SAY)
        };
    }
    without_gil(unlocked::value(state))
}

/// The answer for the variable's value.
fn without_gil(value: Value) -> Answer {
    let nothing = || (Ids::default().with_trace_state(""), tracer_span::default());
    let object = match value {
        Value::Unset => return Ok(nothing()),
        Value::Unknown => return Err(UNKNOWN),
        Value::Object(object) => object,
    };
    // SAFETY: the context of this thread keeps the object until Python code runs on the thread.
    if let Some(span) = unsafe { SpanBody::peek(object) } {
        return Ok((span.context_value(), span.handle.get().0));
    }
    // SAFETY: as above.
    match unsafe { attached::peek(object) } {
        Some(Known::Span(context, span)) => Ok((context, span)),
        Some(Known::Nothing) => Ok(nothing()),
        Some(Known::Foreign) | None => Err(UNKNOWN),
    }
}

fn with_gil(py: Python<'_>) -> (tracer_context_value, tracer_span) {
    let value = binding(py).ok().and_then(|binding| current(binding, py));
    let Some(value) = value else {
        return (Ids::default().with_trace_state(""), tracer_span::default());
    };
    match Span::cast(value.as_borrowed()) {
        // The context variable keeps the span alive while the caller looks at its trace state.
        Some(span) => (span.context_value(), span.handle.get().0),
        None => in_context(&value),
    }
}

/// A `Context` is current, perhaps with a span of another library: asking that one runs Python
/// code, so an exception of the caller's is set aside.
#[cold]
fn in_context(value: &Bound<'_, PyAny>) -> (tracer_context_value, tracer_span) {
    let py = value.py();
    let raised = SetAside::new(py);
    let parent = Parent::current(value).unwrap_or_else(|_| Parent::root());
    let answer = (parent.context, parent.span);
    if let Some(owner) = parent.into_owner() {
        OWNER.0.put(owner);
    }
    drop(raised);
    answer
}
