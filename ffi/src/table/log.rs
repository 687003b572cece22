//! How a binding emits log records.

use super::owned;
use crate::boundary::record;
use crate::log::{severity, text_or_null};
use crate::provider::{tracer_of, tracer_scope};
use crate::{ptr, value};
use libtracer::Value;
use libtracer_abi::tracer_emit;

pub(super) unsafe extern "C" fn log_emit(emit: *const tracer_emit) {
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
        log.emit();
    });
}
