//! How a binding emits log records.

use super::{owned, plain};
use crate::boundary::record;
use crate::log::{severity, text_or_null};
use crate::provider::{tracer_of, tracer_scope};
use crate::{ptr, value};
use libtracer::binding::with_encoded_body;
use libtracer::{LogRecord, Value};
use libtracer_abi::{tracer_emit, tracer_plain};

/// Attributes that are passed on without memory of their own.
const MOST: usize = 8;

pub(super) unsafe extern "C" fn log_emit(emit: *const tracer_emit) {
    // SAFETY: the binding passes a valid record.
    unsafe { emit_with(emit, |log: LogRecord<'_>| log.emit()) };
}

pub(super) unsafe extern "C" fn log_emit_encoded(
    emit: *const tracer_emit,
    body: *const u8,
    len: usize,
    first: *const tracer_plain,
    count: usize,
) {
    let complete = |log: LogRecord<'_>| {
        // SAFETY: the table's contract: valid for this call.
        let body = unsafe { ptr::bytes(body.cast(), len) };
        // SAFETY: as above.
        let given = unsafe { ptr::elements(first, count) };
        let mut attributes = [("", Value::Null); MOST];
        let (some, more) = given.split_at(given.len().min(MOST));
        for (place, plain) in attributes.iter_mut().zip(some) {
            // SAFETY: as above, and valid UTF-8.
            let key = unsafe { ptr::valid_text(plain.key, plain.key_len) };
            // SAFETY: as above.
            *place = (key, unsafe { plain::value_of(plain) });
        }
        let log = log.attributes(attributes.get(..some.len()).unwrap_or_default());
        let log = more.iter().fold(log, |log, plain| {
            // SAFETY: as above.
            let key = unsafe { ptr::valid_text(plain.key, plain.key_len) };
            // SAFETY: as above.
            log.attribute(key, unsafe { plain::value_of(plain) })
        });
        with_encoded_body(log, body).emit();
    };
    // SAFETY: the binding passes a valid record.
    unsafe { emit_with(emit, complete) };
}

/// Makes the record and gives it to `emit`.
///
/// # Safety
/// As the table's contract says of `tracer_table.log_emit`.
unsafe fn emit_with(emit: *const tracer_emit, complete: impl FnOnce(LogRecord<'_>)) {
    record(|| {
        // SAFETY: the binding passes a valid record, borrowed for this call.
        let emit = unsafe { &*emit };
        // SAFETY: the binding passes its own scope or NULL.
        let scope = unsafe { emit.scope.cast::<tracer_scope>().as_ref() };
        // SAFETY: the table's contract: valid UTF-8, valid for this call.
        let text = unsafe { ptr::valid_text(emit.text, emit.text_len) };
        // SAFETY: as above.
        let severity_text = unsafe { ptr::valid_text(emit.severity_text, emit.severity_text_len) };
        // SAFETY: as above.
        let event_name = unsafe { ptr::valid_text(emit.event_name, emit.event_name_len) };
        // SAFETY: as above.
        let body = unsafe { value::built(emit.body) };
        let body = body.map_or(text_or_null(emit.text, text), Value::Built);
        // SAFETY: as above.
        let attributes = unsafe { value::built(emit.attributes) };
        // SAFETY: as above.
        let given = unsafe { emit.context.as_ref() };
        // SAFETY: as above.
        let context = given.map(|context| unsafe { owned(context) });
        let mut log = tracer_of(scope)
            .logger()
            .record(severity(emit.severity), body)
            .severity_text(severity_text)
            .event_name(event_name)
            .at(emit.unix_ns)
            .observed_at(emit.observed_unix_ns);
        if let Some(map) = attributes {
            log = log.attributes_of(map);
        }
        if let Some(context) = &context {
            log = log.context(context);
        }
        complete(log);
    });
}
