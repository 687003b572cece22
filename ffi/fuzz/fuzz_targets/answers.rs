//! The program's own code, which says what it was told to say.

use crate::look::{look_at, read};
use crate::texts::{Text, attribute, pointer};
use arbitrary::Arbitrary;
use libtracer_abi::{TRACER_STRING, tracer_decision, tracer_span};
use std::cell::RefCell;
use std::ffi::c_void;
use std::mem::zeroed;
use std::ptr::{null, null_mut};
use tracer::baggage::tracer_context_with_baggage;
use tracer::config::sampler::tracer_config_set_sampler;
use tracer::config::{
    tracer_config_free, tracer_config_new, tracer_config_set_exporter,
    tracer_config_set_propagators,
};
use tracer::context::tracer_context;
use tracer::processor::{
    tracer_config_add_processor, tracer_ended_span, tracer_ended_span_view,
    tracer_processor_callbacks,
};
use tracer::propagation::{tracer_carrier_get, tracer_carrier_key, tracer_carrier_set};
use tracer::propagator::{tracer_config_add_propagator, tracer_propagator_callbacks};
use tracer::provider::tracer_init;
use tracer::sampler::*;
use tracer::span::tracer_span_set_string;
use tracer::view::{tracer_span_view_free, tracer_span_view_new};

/// What the program's own code says when it is called.
#[derive(Arbitrary, Clone, Debug, Default)]
pub struct Said {
    decision: i32,
    share: f64,
    key: Text,
    value: Text,
    trace_state: Text,
    fields: Vec<(Text, Text)>,
}

thread_local! {
    pub static SAID: RefCell<Said> = RefCell::default();
}

fn said() -> Said {
    SAID.with_borrow(Clone::clone)
}

unsafe fn add(input: *const tracer_sampling_input, output: *mut tracer_sampling_output) -> Said {
    let (said, input) = (said(), unsafe { &*input });
    unsafe { read(input.attributes, input.attribute_count, 0) };
    let key = said.key.named();
    let added = attribute(pointer(&key), TRACER_STRING, said.value.parts());
    let output = unsafe { output.as_ref() };
    unsafe { tracer_sampling_output_set_attributes(output, &raw const added, 1) };
    let state = said.trace_state.named();
    unsafe { tracer_sampling_output_set_tracestate(output, pointer(&state)) };
    tracer_sampling_output_set_adjusted_count_reliable(output, said.share > 0.5);
    said
}

unsafe extern "C" fn sample(
    _: *mut c_void,
    input: *const tracer_sampling_input,
    output: *mut tracer_sampling_output,
) -> tracer_decision {
    unsafe { add(input, output) }.decision
}

unsafe extern "C" fn share(
    _: *mut c_void,
    input: *const tracer_sampling_input,
    output: *mut tracer_sampling_output,
) -> f64 {
    unsafe { add(input, output) }.share
}

unsafe extern "C" fn on_start(_: *mut c_void, span: tracer_span, _: *const tracer_context) {
    let said = said();
    let (data, len) = said.value.parts();
    unsafe { tracer_span_set_string(span, pointer(&said.key.named()), data, len) };
    let view = tracer_span_view_new(span);
    unsafe { look_at(view) };
    unsafe { tracer_span_view_free(view) };
    unsafe { tracer_span_view_free(view) };
}

unsafe extern "C" fn on_end(_: *mut c_void, ended: *const tracer_ended_span) {
    unsafe { look_at(tracer_ended_span_view(ended.as_ref())) };
}

unsafe extern "C" fn inject(
    _: *mut c_void,
    _: *const tracer_context,
    set: tracer_carrier_set,
    carrier: *mut c_void,
) {
    for (key, value) in said().fields {
        let (key, value) = (key.named(), value.named());
        if let Some(set) = set {
            unsafe { set(carrier, pointer(&key), pointer(&value)) };
        }
    }
}

unsafe extern "C" fn extract(
    _: *mut c_void,
    known: *const tracer_context,
    get: tracer_carrier_get,
    key: tracer_carrier_key,
    carrier: *mut c_void,
) -> *mut tracer_context {
    let said = said();
    let name = said.key.named();
    let (Some(get), Some(key)) = (get, key) else {
        return null_mut();
    };
    let first = unsafe { key(carrier, said.fields.len()) };
    let value = unsafe {
        get(
            carrier,
            if first.is_null() {
                pointer(&name)
            } else {
                first
            },
        )
    };
    unsafe { tracer_context_with_baggage(known.as_ref(), pointer(&name), value, null()) }
}

/// Makes the default provider, which asks all of this.
pub fn install() {
    let config = tracer_config_new();
    // SAFETY: structs of C without a pointer that is used, each of the size that it says.
    let status = unsafe {
        let mut sampler: tracer_sampler_callbacks = zeroed();
        sampler.struct_size = size_of::<tracer_sampler_callbacks>();
        sampler.sample = Some(sample);
        let mut sharing = sampler;
        sharing.sample = None;
        sharing.share = Some(share);
        let mut processor: tracer_processor_callbacks = zeroed();
        processor.struct_size = size_of::<tracer_processor_callbacks>();
        processor.on_start = Some(on_start);
        processor.on_end = Some(on_end);
        let mut propagator: tracer_propagator_callbacks = zeroed();
        propagator.struct_size = size_of::<tracer_propagator_callbacks>();
        propagator.inject = Some(inject);
        propagator.extract = Some(extract);
        tracer_config_set_exporter(config.as_mut(), c"none".as_ptr())
            | tracer_config_set_propagators(
                config.as_mut(),
                c"tracecontext,baggage,b3,jaeger".as_ptr(),
            )
            | tracer_config_set_sampler(config.as_mut(), 0, 0.0)
            | tracer_config_set_sampler_callbacks(config.as_mut(), &raw const sampler, true)
            | tracer_config_set_parent_sampler_callbacks(config.as_mut(), 0, &raw const sharing)
            | tracer_config_set_parent_sampler_callbacks(config.as_mut(), 2, &raw const sharing)
            | tracer_config_set_parent_sampler_callbacks(config.as_mut(), 3, &raw const sampler)
            | tracer_config_add_processor(config.as_mut(), &raw const processor)
            | tracer_config_add_propagator(config.as_mut(), &raw const propagator)
    };
    assert_eq!(status, 0);
    // SAFETY: made above.
    unsafe {
        assert_eq!(tracer_init(config.as_ref()), 0);
        tracer_config_free(config);
    }
}
