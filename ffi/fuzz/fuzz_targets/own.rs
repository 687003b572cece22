//! Random answers of the program's own code, which samplers, processors, propagators and carriers are,
//! and log records; what came of them is looked at in whole. Nothing has panicked, the account holds.
#![no_main]

mod answers;
mod look;
mod texts;

use answers::{SAID, Said, install};
use arbitrary::Arbitrary;
use libfuzzer_sys::fuzz_target;
use libtracer_abi::tracer_value;
use look::{look_at, look_at_log};
use std::ffi::{CStr, CString, c_char, c_void};
use std::mem::zeroed;
use std::ptr::{null, null_mut};
use std::sync::Once;
use texts::{Text, attribute, check, pointer};
use tracer::baggage::tracer_context_with_baggage;
use tracer::capture::{tracer_capture_count, tracer_capture_free, tracer_capture_new};
use tracer::capture_view::tracer_capture_span;
use tracer::context::{
    tracer_context, tracer_context_attach, tracer_context_detach, tracer_context_free,
    tracer_span_context,
};
use tracer::log::{tracer_capture_log_count, tracer_log_emit, tracer_log_options};
use tracer::log_view::tracer_capture_log;
use tracer::options::{tracer_link, tracer_span_options};
use tracer::propagation::{
    tracer_context_extract, tracer_context_from_headers, tracer_context_inject,
};
use tracer::span::{tracer_span_end, tracer_span_start};
use tracer::value::*;

#[derive(Arbitrary, Debug)]
enum Call {
    Say(Said),
    Span(Text, i32, bool),
    Log(i32, Text, Text, Text, bool),
    Inject,
    Extract(Vec<(Text, Text)>),
    Headers(Text, Text, Text),
    Baggage(Text, Text, Text),
    Attach,
}

type Fields = Vec<(Option<CString>, Option<CString>)>;

unsafe extern "C" fn get(carrier: *mut c_void, key: *const c_char) -> *const c_char {
    let fields = unsafe { &*carrier.cast::<Fields>() };
    let key = unsafe { CStr::from_ptr(key) };
    let found = fields.iter().find(|(name, _)| name.as_deref() == Some(key));
    found.map_or(null(), |(_, value)| pointer(value))
}

unsafe extern "C" fn key(carrier: *mut c_void, index: usize) -> *const c_char {
    let fields = unsafe { &*carrier.cast::<Fields>() };
    fields.get(index).map_or(null(), |(name, _)| pointer(name))
}

unsafe extern "C" fn set(carrier: *mut c_void, key: *const c_char, value: *const c_char) {
    let copied = |text| Some(unsafe { CStr::from_ptr(text) }.to_owned());
    unsafe { &mut *carrier.cast::<Fields>() }.push((copied(key), copied(value)));
}

/// Puts another context in place of one, which is freed.
///
/// # Safety
/// Both were made.
unsafe fn replace(context: &mut *mut tracer_context, made: *mut tracer_context) {
    unsafe { tracer_context_free(std::mem::replace(context, made)) };
}

/// # Safety
/// The context was made, or is NULL, and so is the value.
unsafe fn make(context: &mut *mut tracer_context, value: *mut tracer_value, call: &Call) {
    let place = context.cast_const();
    let given = unsafe { place.as_ref() };
    match call {
        Call::Say(said) => SAID.set(said.clone()),
        Call::Span(name, kind, kept) => {
            let mut options: tracer_span_options = unsafe { zeroed() };
            options.struct_size = size_of::<tracer_span_options>();
            options.kind = *kind;
            options.parent = place;
            let mut links: [tracer_link; 1] = unsafe { zeroed() };
            links[0].context = place;
            options.links = links.as_ptr();
            options.link_count = 1;
            let span =
                unsafe { tracer_span_start(None, pointer(&name.named()), &raw const options) };
            if *kept {
                unsafe { replace(context, tracer_span_context(span)) };
            }
            tracer_span_end(span);
        }
        Call::Log(severity, text, key, state, nested) => {
            let (name, kind) = (key.named(), state.named());
            let added = attribute(pointer(&name), *severity, text.parts());
            let mut options: tracer_log_options = unsafe { zeroed() };
            options.struct_size = size_of::<tracer_log_options>();
            options.attributes = &raw const added;
            options.attribute_count = 1;
            options.context = place;
            options.severity_text = pointer(&kind);
            options.event_name = pointer(&name);
            unsafe { tracer_value_begin_map(value) };
            let (data, len) = key.parts();
            unsafe { tracer_value_key(value, data, len) };
            unsafe { tracer_value_add_int(value, 1) };
            if *nested {
                unsafe { tracer_value_end(value) };
                options.body = value;
            }
            let (data, len) = text.parts();
            unsafe { tracer_log_emit(None, *severity, data, len, &raw const options) };
        }
        Call::Inject => {
            let mut to = Fields::new();
            unsafe { tracer_context_inject(given, Some(set), (&raw mut to).cast()) };
            let made =
                unsafe { tracer_context_extract(Some(get), Some(key), (&raw mut to).cast()) };
            unsafe { replace(context, made) };
        }
        Call::Extract(fields) => {
            let named = |(key, value): &(Text, Text)| (key.named(), value.named());
            let mut from = fields.iter().map(named).collect::<Fields>();
            let made =
                unsafe { tracer_context_extract(Some(get), Some(key), (&raw mut from).cast()) };
            unsafe { replace(context, made) };
        }
        Call::Headers(parent, state, baggage) => {
            let (parent, state, baggage) = (parent.named(), state.named(), baggage.named());
            let made = unsafe {
                tracer_context_from_headers(pointer(&parent), pointer(&state), pointer(&baggage))
            };
            unsafe { replace(context, made) };
        }
        Call::Baggage(name, value, metadata) => {
            let (name, value, metadata) = (name.named(), value.named(), metadata.named());
            let made = unsafe {
                tracer_context_with_baggage(
                    given,
                    pointer(&name),
                    pointer(&value),
                    pointer(&metadata),
                )
            };
            unsafe { replace(context, made) };
        }
        Call::Attach => tracer_context_detach(tracer_context_attach(given)),
    }
}

fuzz_target!(|calls: Vec<Call>| {
    static ONCE: Once = Once::new();
    ONCE.call_once(install);
    let capture = tracer_capture_new();
    let value = tracer_value_new();
    let mut context = null_mut();
    for call in calls.iter().take(100) {
        // SAFETY: the value is freed below; all else that is pointed to lives for the call.
        unsafe { make(&mut context, value, call) };
    }
    // SAFETY: made above.
    let seen = unsafe { capture.as_ref() };
    for index in 0..tracer_capture_count(seen) {
        // SAFETY: lent until the capture is freed.
        unsafe { look_at(tracer_capture_span(seen, index)) };
    }
    for index in 0..tracer_capture_log_count(seen) {
        // SAFETY: as above.
        unsafe { look_at_log(tracer_capture_log(seen, index)) };
    }
    // SAFETY: made above or by a call.
    unsafe {
        tracer_capture_free(capture);
        tracer_value_free(value);
        tracer_context_free(context);
    }
    SAID.set(Said::default());
    check();
});
