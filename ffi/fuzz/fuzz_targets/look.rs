//! Looks at all of what the library lends.

use libtracer_abi::{TRACER_NESTED, tracer_attribute, tracer_log_view, tracer_span_view};
use std::ffi::CStr;
use std::mem::MaybeUninit;
use std::slice::from_raw_parts;
use tracer::value_view::{tracer_value_entries, tracer_value_shape};
use tracer::view::tracer_attribute_text;

/// # Safety
/// Reads all of so many attributes, as their owner lends them.
pub unsafe fn read(attributes: *const tracer_attribute, count: usize, depth: usize) {
    if count == 0 {
        return;
    }
    for attribute in unsafe { from_raw_parts(attributes, count) } {
        let mut text = [1; 64];
        unsafe { tracer_attribute_text(attribute, text.as_mut_ptr(), text.len()) };
        assert!(text.contains(&0));
        assert!(
            attribute.key.is_null() || unsafe { CStr::from_ptr(attribute.key) }.to_str().is_ok()
        );
        if attribute.r#type == TRACER_NESTED && depth < 80 {
            let nested = unsafe { attribute.value.nested };
            let mut count = MaybeUninit::uninit();
            let shape = unsafe { tracer_value_shape(nested) };
            let entries = unsafe { tracer_value_entries(nested, Some(&mut count)) };
            assert!((0..=3).contains(&shape));
            unsafe { read(entries, count.assume_init(), depth + 1) };
        }
    }
}

/// # Safety
/// Looks at all of a span, as its owner lends it.
pub unsafe fn look_at(view: *const tracer_span_view) {
    let Some(view) = (unsafe { view.as_ref() }) else {
        return;
    };
    for text in [
        view.name,
        view.trace_state,
        view.status_description,
        view.scope_name,
    ] {
        assert!(unsafe { CStr::from_ptr(text) }.to_str().is_ok());
    }
    unsafe { read(view.attributes, view.attribute_count, 0) };
    if view.event_count > 0 {
        for event in unsafe { from_raw_parts(view.events, view.event_count) } {
            unsafe { read((**event).attributes, (**event).attribute_count, 0) };
        }
    }
    if view.link_count > 0 {
        for link in unsafe { from_raw_parts(view.links, view.link_count) } {
            unsafe { read((**link).attributes, (**link).attribute_count, 0) };
        }
    }
}

/// # Safety
/// Looks at all of a log record, as its owner lends it.
pub unsafe fn look_at_log(view: *const tracer_log_view) {
    let view = unsafe { &*view };
    unsafe { read(view.body, usize::from(!view.body.is_null()), 0) };
    unsafe { read(view.attributes, view.attribute_count, 0) };
    unsafe { read(view.resource_attributes, view.resource_attribute_count, 0) };
}
