//! The function table: the calls that a language binding makes for every span.
//!
//! A binding gives lengths and valid UTF-8, so that nothing is scanned twice. Spans are shared:
//! several threads may use one.

mod log;
mod plain;
mod start;

use crate::boundary::{contain, record};
use crate::context::{handle, span};
use crate::recording::status_of;
use crate::{ptr, value};
use libtracer::binding::{Foreign, Parent, current_native, set_current_hook};
use libtracer::{SpanContext, SpanHandle, SpanId, TraceState, Value};
use libtracer_abi::{
    TRACER_ABI_VERSION, tracer_context_value, tracer_current_hook, tracer_span, tracer_table,
    tracer_value,
};
use log::{log_emit, log_emit_encoded};
use plain::span_set_plain;
use start::{NO_CONTEXT, parent, span_start, span_start_decided, value_of};
use std::ffi::{c_char, c_void};
use std::ptr::null;
use std::sync::atomic::{AtomicPtr, Ordering};

#[expect(clippy::cast_possible_truncation, reason = "some two hundred bytes")]
const SIZE: u32 = size_of::<tracer_table>() as u32;

static TABLE: tracer_table = tracer_table {
    version: TRACER_ABI_VERSION,
    size: SIZE,
    span_start,
    span_end,
    span_read,
    span_is_recording,
    span_set_string,
    span_set_bool,
    span_set_int,
    span_set_double,
    span_set_bytes,
    span_set_value,
    span_add_event,
    span_add_link,
    span_set_status,
    span_set_name,
    set_current_hook: install_hook,
    current_native: native,
    span_start_decided,
    span_now,
    span_set_plain,
    log_emit,
    log_emit_encoded,
};

/// The function table for language bindings, NULL if this library does not offer the version.
/// Static; `size` says how much of it is there.
#[unsafe(no_mangle)]
pub extern "C" fn tracer_table_get(version: u32) -> *const tracer_table {
    if version == TRACER_ABI_VERSION {
        &raw const TABLE
    } else {
        null()
    }
}

type Copy = unsafe extern "C" fn(argument: *mut c_void, bytes: *const u8, len: usize);

unsafe extern "C" fn span_now(span: tracer_span) -> u64 {
    contain(0, || handle(span).now())
}

unsafe extern "C" fn span_end(
    span: tracer_span,
    end_unix_ns: u64,
    copy: Option<Copy>,
    argument: *mut c_void,
) -> bool {
    contain(false, || match copy {
        None => handle(span).end_with(end_unix_ns, None),
        Some(copy) => {
            // SAFETY: the binding's function and its argument belong together.
            let mut show = |bytes: &[u8]| unsafe { copy(argument, bytes.as_ptr(), bytes.len()) };
            handle(span).end_with(end_unix_ns, Some(&mut show))
        }
    })
}

unsafe extern "C" fn span_read(span: tracer_span, copy: Copy, argument: *mut c_void) -> bool {
    contain(false, || {
        // SAFETY: the binding's function and its argument belong together.
        handle(span).read(&mut |bytes| unsafe { copy(argument, bytes.as_ptr(), bytes.len()) })
    })
}

unsafe extern "C" fn span_is_recording(span: tracer_span) -> bool {
    contain(false, || handle(span).is_recording())
}

/// Runs `work` with the key; a value stays in registers on its way.
///
/// # Safety
/// The key is valid UTF-8 and lives for this call.
#[inline]
unsafe fn set(
    span: tracer_span,
    key: *const c_char,
    key_len: usize,
    work: impl FnOnce(SpanHandle, &str),
) {
    record(|| {
        // SAFETY: as the caller vouches.
        let key = unsafe { ptr::valid_text(key, key_len) };
        work(handle(span), key);
    });
}

unsafe extern "C" fn span_set_string(
    span: tracer_span,
    key: *const c_char,
    key_len: usize,
    text: *const c_char,
    len: usize,
) {
    // SAFETY: the table's contract: valid UTF-8, valid for this call.
    let text = unsafe { ptr::valid_text(text, len) };
    // SAFETY: as above.
    unsafe { set(span, key, key_len, |span, key| span.set_text(key, text)) };
}

unsafe extern "C" fn span_set_bool(
    span: tracer_span,
    key: *const c_char,
    key_len: usize,
    value: bool,
) {
    // SAFETY: the table's contract.
    unsafe { set(span, key, key_len, |span, key| span.set_bool(key, value)) };
}

unsafe extern "C" fn span_set_int(
    span: tracer_span,
    key: *const c_char,
    key_len: usize,
    value: i64,
) {
    // SAFETY: the table's contract.
    unsafe { set(span, key, key_len, |span, key| span.set_int(key, value)) };
}

unsafe extern "C" fn span_set_double(
    span: tracer_span,
    key: *const c_char,
    key_len: usize,
    value: f64,
) {
    // SAFETY: the table's contract.
    unsafe { set(span, key, key_len, |span, key| span.set_double(key, value)) };
}

unsafe extern "C" fn span_set_bytes(
    span: tracer_span,
    key: *const c_char,
    key_len: usize,
    data: *const u8,
    len: usize,
) {
    // SAFETY: the table's contract.
    let bytes = unsafe { ptr::bytes(data, len) };
    // SAFETY: as above.
    unsafe {
        set(span, key, key_len, |span, key| {
            span.set(key, Value::Bytes(bytes));
        });
    };
}

unsafe extern "C" fn span_set_value(
    span: tracer_span,
    key: *const c_char,
    key_len: usize,
    value: *const tracer_value,
) {
    // SAFETY: the table's contract.
    let value = unsafe { value::built(value) }.map_or(Value::Null, Value::Built);
    // SAFETY: as above.
    unsafe { set(span, key, key_len, |span, key| span.set(key, value)) };
}

unsafe extern "C" fn span_add_event(
    span: tracer_span,
    name: *const c_char,
    name_len: usize,
    unix_ns: u64,
    attributes: *const tracer_value,
) {
    record(|| {
        // SAFETY: the table's contract: valid UTF-8, valid for this call.
        let name = unsafe { ptr::valid_text(name, name_len) };
        // SAFETY: as above.
        let attributes = unsafe { value::built(attributes) }.map_or(Value::Null, Value::Built);
        handle(span).add_event(name, unix_ns, &attributes);
    });
}

unsafe extern "C" fn span_add_link(
    span: tracer_span,
    context: *const tracer_context_value,
    attributes: *const tracer_value,
) {
    record(|| {
        // SAFETY: the table's contract.
        let Some(context) = (unsafe { context.as_ref() }) else {
            return;
        };
        // SAFETY: as above.
        let context = unsafe { owned(context) };
        // SAFETY: as above.
        let attributes = unsafe { value::built(attributes) }.map_or(Value::Null, Value::Built);
        handle(span).add_link(&context, &attributes);
    });
}

/// # Safety
/// The trace state is as the ABI says.
unsafe fn owned(context: &tracer_context_value) -> SpanContext {
    // SAFETY: as the caller vouches.
    let parent = unsafe { parent(context, SpanHandle::NONE) };
    SpanContext {
        trace_id: parent.trace_id,
        span_id: parent.span_id,
        trace_flags: parent.trace_flags,
        is_remote: parent.is_remote,
        trace_state: TraceState::from_header(parent.trace_state),
    }
}

unsafe extern "C" fn span_set_status(
    span: tracer_span,
    status: i32,
    description: *const c_char,
    len: usize,
) {
    record(|| {
        // SAFETY: the table's contract: valid UTF-8, valid for this call.
        let description = unsafe { ptr::valid_text(description, len) };
        handle(span).set_status(status_of(status, description));
    });
}

unsafe extern "C" fn span_set_name(span: tracer_span, name: *const c_char, name_len: usize) {
    record(|| {
        // SAFETY: the table's contract: valid UTF-8, valid for this call.
        let name = unsafe { ptr::valid_text(name, name_len) };
        handle(span).set_name(name);
    });
}

static HOOK: AtomicPtr<c_void> = AtomicPtr::new(std::ptr::null_mut());

unsafe extern "C" fn install_hook(hook: Option<tracer_current_hook>) {
    record(|| {
        let address = hook.map_or(std::ptr::null_mut(), |hook| hook as *mut c_void);
        HOOK.store(address, Ordering::Release);
        set_current_hook(hook.map(|_| ask_hook as libtracer::binding::CurrentHook));
    });
}

fn ask_hook() -> Foreign {
    let hook = HOOK.load(Ordering::Acquire);
    if hook.is_null() {
        return Foreign::None;
    }
    // SAFETY: only `install_hook` stores here, and only a `tracer_current_hook` or NULL.
    let hook = unsafe { std::mem::transmute::<*mut c_void, tracer_current_hook>(hook) };
    let (mut context, mut current) = (NO_CONTEXT, tracer_span::default());
    // SAFETY: both places are writable.
    match unsafe { hook(&raw mut context, &raw mut current) } {
        0 => Foreign::None,
        // SAFETY: what a hook writes is as the ABI says.
        1 => Foreign::Known(unsafe { owned(&context) }, handle(current)),
        _ => Foreign::Unknown(SpanId(context.span_id)),
    }
}

unsafe extern "C" fn native(
    foreign: *const tracer_context_value,
    out_context: *mut tracer_context_value,
    out_span: *mut tracer_span,
) -> bool {
    contain(false, || {
        // SAFETY: the table's contract.
        let base = unsafe { foreign.as_ref() }.map_or(SpanId::default(), |c| SpanId(c.span_id));
        let Some((context, current)) = current_native(base) else {
            return false;
        };
        // The trace state stays behind: it would die with this call.
        let shown = Parent {
            trace_state: "",
            ..Parent::from(&context)
        };
        // SAFETY: the binding passes writable memory.
        unsafe { out_context.write(value_of(&shown)) };
        // SAFETY: as above.
        unsafe { out_span.write(span(current)) };
        true
    })
}
