//! Contexts: what is current, and how it travels between threads and processes.

use crate::boundary::{guard, record};
use crate::ptr;
use libtracer::binding::{attach_span_context, current_pair, current_with_base, detach};
use libtracer::{SpanContext, SpanHandle, SpanId};
use libtracer_abi::tracer_span;
use std::ffi::c_char;

/// A span's context, kept: a parent that outlives its span. Immutable; any thread may use it.
#[derive(Clone, Debug)]
pub struct tracer_context {
    pub(crate) context: SpanContext,
    pub(crate) handle: SpanHandle,
    /// The calling language's span when this was taken as current, if it could tell.
    base: Option<SpanId>,
}

impl tracer_context {
    /// Whether it was asked of a span that had ended.
    pub(crate) fn is_stale(&self) -> bool {
        self.handle != SpanHandle::NONE && !self.context.is_valid()
    }
}

pub(crate) fn handle(span: tracer_span) -> SpanHandle {
    SpanHandle::from_raw(span.slot, span.generation)
}

pub(crate) fn span(handle: SpanHandle) -> tracer_span {
    let (slot, generation) = handle.to_raw();
    tracer_span { slot, generation }
}

/// What is current on this thread, also in the language that called. Caller frees it. Never NULL
/// (but for a refused allocation); without a current span it is an invalid context.
#[unsafe(no_mangle)]
pub extern "C" fn tracer_context_current() -> Option<Box<tracer_context>> {
    guard(None, || {
        let (context, handle, base) = current_with_base();
        Some(Box::new(tracer_context {
            context,
            handle,
            base,
        }))
    })
}

/// The context of a span, to be its children's parent even after it has ended. Caller frees it.
#[unsafe(no_mangle)]
pub extern "C" fn tracer_span_context(span: tracer_span) -> Option<Box<tracer_context>> {
    guard(None, || {
        let handle = handle(span);
        Some(Box::new(tracer_context {
            context: handle.context(),
            handle,
            base: None,
        }))
    })
}

/// The context in a W3C `traceparent` header and its `tracestate` (or NULL). Caller frees it.
/// A malformed header gives an invalid context: spans below it are roots.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tracer_context_from_traceparent(
    traceparent: *const c_char,
    tracestate: *const c_char,
) -> Option<Box<tracer_context>> {
    guard(None, || {
        // SAFETY: as the header says.
        let traceparent = unsafe { ptr::text(traceparent) };
        // SAFETY: as the header says.
        let tracestate = unsafe { ptr::text(tracestate) };
        let context = SpanContext::from_traceparent(&traceparent, &tracestate).unwrap_or_default();
        Some(Box::new(tracer_context {
            context,
            handle: SpanHandle::NONE,
            base: None,
        }))
    })
}

/// Frees a context. NULL is allowed.
#[unsafe(no_mangle)]
pub extern "C" fn tracer_context_free(context: Option<Box<tracer_context>>) {
    record(|| drop(context));
}

/// Whether it identifies a span. NULL: false.
#[unsafe(no_mangle)]
pub extern "C" fn tracer_context_is_valid(context: Option<&tracer_context>) -> bool {
    guard(false, || {
        context.is_some_and(|context| context.context.is_valid())
    })
}

/// Writes the W3C `traceparent` of a context to 56 bytes: 55 characters and NUL. False, and an empty text, if
/// the context is invalid or NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tracer_context_traceparent(
    context: Option<&tracer_context>,
    out: *mut c_char,
) -> bool {
    guard(false, || {
        let context = context
            .map(|context| context.context.clone())
            .unwrap_or_default();
        // SAFETY: as the header says.
        unsafe { write_traceparent(&context, out) }
    })
}

/// Writes the W3C `traceparent` of what is current on this thread; as above.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tracer_traceparent(out: *mut c_char) -> bool {
    // SAFETY: as the header says.
    guard(false, || unsafe {
        write_traceparent(&current_pair().0, out)
    })
}

/// # Safety
/// `out` is NULL or has 56 writable bytes.
unsafe fn write_traceparent(context: &SpanContext, out: *mut c_char) -> bool {
    let text = if context.is_valid() {
        context.to_traceparent()
    } else {
        String::new()
    };
    // SAFETY: a `traceparent` has 55 characters.
    let written = unsafe { ptr::write_text(&text, out) };
    written && !text.is_empty()
}

/// Makes a context current on this thread. Returns a token for `tracer_context_detach`; 0 for NULL.
#[unsafe(no_mangle)]
pub extern "C" fn tracer_context_attach(context: Option<&tracer_context>) -> u64 {
    guard(0, || {
        context.map_or(0, |given| {
            attach_span_context(given.context.clone(), given.handle, given.base)
        })
    })
}

/// Undoes an attach, on the thread that made it. Wrong order is repaired and counted; 0 is ignored.
#[unsafe(no_mangle)]
pub extern "C" fn tracer_context_detach(token: u64) {
    record(|| {
        if token != 0 {
            detach(token);
        }
    });
}
