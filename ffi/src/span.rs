//! Spans: start, current, write, read, end. None of it fails.

use crate::boundary::{contain, record};
use crate::context::{handle, span, tracer_context};
use crate::options::{tracer_link, tracer_span_options};
use crate::provider::{tracer_of, tracer_scope};
use crate::recording::{
    add_link, set, set_all, set_short, start_fully, start_quickly, status_of, write,
};
use crate::{attribute, ptr, value};
use libtracer::binding::{UsualSpan, current_pair};
use libtracer::{SpanHandle, Value};
use libtracer_abi::{tracer_attribute, tracer_span, tracer_span_status, tracer_value};
use std::ffi::{c_char, c_void};

/// Starts a span of a scope (NULL = the default one) with options (NULL = the usual ones). It does
/// not become current. Nothing to free; end it on any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tracer_span_start(
    scope: Option<&tracer_scope>,
    name: *const c_char,
    options: *const tracer_span_options,
) -> tracer_span {
    contain(tracer_span::default(), || {
        // SAFETY: as the header says.
        let started = unsafe { start_quickly(scope, name, options) };
        // SAFETY: as the header says.
        span(started.unwrap_or_else(|| unsafe { start_fully(scope, name, options) }))
    })
}

/// Starts a span of the default scope and makes it current on this thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tracer_span_begin(name: *const c_char) -> tracer_span {
    contain(tracer_span::default(), || {
        // SAFETY: as the header says.
        let name = unsafe { ptr::text(name) };
        let started = tracer_of(None).span(&name).start_handle();
        started.enter();
        span(started)
    })
}

/// Undoes the last enter of the span on this thread and ends it: the end of a `tracer_span_begin`.
#[unsafe(no_mangle)]
pub extern "C" fn tracer_span_finish(span: tracer_span) {
    record(|| {
        let handle = handle(span);
        handle.leave();
        handle.end(0);
    });
}

/// Makes the span current on this thread.
#[unsafe(no_mangle)]
pub extern "C" fn tracer_span_enter(span: tracer_span) {
    record(|| handle(span).enter());
}

/// Undoes the last enter of the span on this thread. Wrong order is repaired and counted.
#[unsafe(no_mangle)]
pub extern "C" fn tracer_span_leave(span: tracer_span) {
    record(|| handle(span).leave());
}

/// Ends the span now. Its handle is stale from here; a context taken before stays valid.
#[unsafe(no_mangle)]
pub extern "C" fn tracer_span_end(span: tracer_span) {
    record(|| handle(span).end(0));
}

/// Ends the span at a time in Unix nanoseconds, 0 = now.
#[unsafe(no_mangle)]
pub extern "C" fn tracer_span_end_at(span: tracer_span, unix_ns: u64) {
    record(|| handle(span).end(unix_ns));
}

/// What is current on this thread, also in the language that called; the zero span if nothing is or
/// it is a span of another process.
#[unsafe(no_mangle)]
pub extern "C" fn tracer_span_current() -> tracer_span {
    contain(tracer_span::default(), || span(current_pair().1))
}

/// Sets a boolean attribute; the last value of a key counts. Key copied.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tracer_span_set_bool(span: tracer_span, key: *const c_char, value: bool) {
    // SAFETY: as the header says.
    unsafe {
        set_short(
            span,
            key,
            |span, key| span.set_bool(key, value),
            |span, key| span.set_bool(key, value),
        );
    }
}

/// Sets an integer attribute.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tracer_span_set_int(span: tracer_span, key: *const c_char, value: i64) {
    // SAFETY: as the header says.
    unsafe {
        set_short(
            span,
            key,
            |span, key| span.set_int(key, value),
            |span, key| span.set_int(key, value),
        );
    }
}

/// Sets a double attribute.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tracer_span_set_double(span: tracer_span, key: *const c_char, value: f64) {
    // SAFETY: as the header says.
    unsafe {
        set_short(
            span,
            key,
            |span, key| span.set_double(key, value),
            |span, key| span.set_double(key, value),
        );
    }
}

/// Sets a string attribute of `len` bytes, copied; invalid UTF-8 becomes U+FFFD and is counted.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tracer_span_set_string(
    span: tracer_span,
    key: *const c_char,
    text: *const c_char,
    len: usize,
) {
    let quickly = |span: UsualSpan, key: &str| {
        // SAFETY: as the header says.
        let plain = unsafe { ptr::plain_text_of(text, len) };
        plain.is_some_and(|text| span.set_text(key, text))
    };
    let fully = |span: SpanHandle, key: &str| {
        // SAFETY: as the header says.
        let text = unsafe { ptr::text_of(text, len) };
        span.set_text(key, &text);
    };
    // SAFETY: as the header says.
    unsafe { set_short(span, key, quickly, fully) };
}

/// Sets a bytes attribute, copied.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tracer_span_set_bytes(
    span: tracer_span,
    key: *const c_char,
    data: *const c_void,
    len: usize,
) {
    // SAFETY: as the header says.
    let bytes = unsafe { ptr::bytes(data.cast(), len) };
    // SAFETY: as the header says.
    unsafe { set(span, key, |span, key| span.set(key, Value::Bytes(bytes))) };
}

/// Sets an array, map or null; the value is copied and stays the caller's. NULL is null.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tracer_span_set_value(
    span: tracer_span,
    key: *const c_char,
    value: *const tracer_value,
) {
    // SAFETY: as the header says.
    let value = unsafe { value::built(value) }.map_or(Value::Null, Value::Built);
    // SAFETY: as the header says.
    unsafe { set(span, key, |span, key| span.set(key, value)) };
}

/// Sets several attributes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tracer_span_set_attributes(
    span: tracer_span,
    attributes: *const tracer_attribute,
    count: usize,
) {
    // SAFETY: as the header says.
    write(span, |span| unsafe { set_all(span, attributes, count) });
}

/// Sets the status: OK is final, UNSET is ignored, the description (or NULL) is kept for ERROR only.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tracer_span_set_status(
    span: tracer_span,
    status: tracer_span_status,
    description: *const c_char,
) {
    write(span, |span| {
        // SAFETY: as the header says.
        let description = unsafe { ptr::text(description) };
        span.set_status(status_of(status, &description));
    });
}

/// Replaces the name.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tracer_span_set_name(span: tracer_span, name: *const c_char) {
    write(span, |span| {
        // SAFETY: as the header says.
        let name = unsafe { ptr::text(name) };
        span.set_name(&name);
    });
}

/// Adds an event, now, with attributes (or NULL).
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tracer_span_add_event(
    span: tracer_span,
    name: *const c_char,
    attributes: *const tracer_attribute,
    count: usize,
) {
    // SAFETY: as the header says.
    unsafe { tracer_span_add_event_at(span, name, attributes, count, 0) };
}

/// Adds an event at a time in Unix nanoseconds, 0 = now.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tracer_span_add_event_at(
    span: tracer_span,
    name: *const c_char,
    attributes: *const tracer_attribute,
    count: usize,
    unix_ns: u64,
) {
    write(span, |span| {
        // SAFETY: as the header says.
        let name = unsafe { ptr::text(name) };
        // SAFETY: as the header says.
        let map = unsafe { attribute::map(attributes, count) };
        span.add_event(&name, unix_ns, &Value::Built(&map));
    });
}

/// Links another span, with attributes (or NULL). A NULL context is ignored.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tracer_span_add_link(
    span: tracer_span,
    context: *const tracer_context,
    attributes: *const tracer_attribute,
    count: usize,
) {
    let link = tracer_link {
        context,
        attributes,
        attribute_count: count,
    };
    // SAFETY: as the header says.
    write(span, |span| unsafe { add_link(span, &link) });
}

/// Records an error as an `exception` event: its type, message and stack trace, each may be NULL.
/// Does not set the status.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tracer_span_record_error(
    span: tracer_span,
    r#type: *const c_char,
    message: *const c_char,
    stacktrace: *const c_char,
) {
    write(span, |span| {
        let fields = [
            ("exception.type", r#type),
            ("exception.message", message),
            ("exception.stacktrace", stacktrace),
        ];
        // SAFETY: as the header says.
        let texts = fields.map(|(key, text)| (key, unsafe { ptr::text(text) }));
        let given = texts.iter().zip(fields);
        let given = given.filter(|(_, (_, text))| !text.is_null());
        let mut places = [("", Value::Null); 3];
        let mut count = 0;
        for (place, ((key, text), _)) in places.iter_mut().zip(given) {
            *place = (key, Value::String(text));
            count += 1;
        }
        let given = places.get(..count).unwrap_or_default();
        span.add_event("exception", 0, &Value::Map(given));
    });
}

/// Whether attributes and the rest are recorded: sampled or record-only, and not ended.
#[unsafe(no_mangle)]
pub extern "C" fn tracer_span_is_recording(span: tracer_span) -> bool {
    contain(false, || handle(span).is_recording())
}

/// Writes the 16 bytes of the trace id. False, and all zero, if the span has ended. NULL: false.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tracer_span_trace_id(span: tracer_span, out: *mut u8) -> bool {
    contain(false, || {
        let id = handle(span).context().trace_id;
        // SAFETY: as the header says.
        unsafe { ptr::write_bytes(&id.0, out) && id.is_valid() }
    })
}

/// Writes the 8 bytes of the span id; as above.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tracer_span_id(span: tracer_span, out: *mut u8) -> bool {
    contain(false, || {
        let id = handle(span).context().span_id;
        // SAFETY: as the header says.
        unsafe { ptr::write_bytes(&id.0, out) && id.is_valid() }
    })
}

/// Writes the trace id as 32 lower-case hex digits and NUL, 33 bytes; all zero if the span has
/// ended. NULL: false.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tracer_span_trace_id_hex(span: tracer_span, out: *mut c_char) -> bool {
    contain(false, || {
        let id = handle(span).context().trace_id;
        // SAFETY: as the header says.
        unsafe { ptr::write_hex(&id.0, out) && id.is_valid() }
    })
}

/// Writes the span id as 16 lower-case hex digits and NUL, 17 bytes; as above.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tracer_span_id_hex(span: tracer_span, out: *mut c_char) -> bool {
    contain(false, || {
        let id = handle(span).context().span_id;
        // SAFETY: as the header says.
        unsafe { ptr::write_hex(&id.0, out) && id.is_valid() }
    })
}
