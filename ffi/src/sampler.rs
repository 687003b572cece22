//! Samplers of the program's own.

use crate::attribute;
use crate::boundary::guard;
use crate::callbacks::{Callbacks, Destroy, read_versioned};
use crate::config::tracer_config;
use crate::context::tracer_context;
use crate::last_error::missing;
use crate::ptr;
use crate::view::Kept;
use libtracer::{
    CustomSampler, Decision, OwnedValue, Sampler, SamplingInput, SamplingOutput, TraceState,
};
use libtracer_abi::{
    TRACER_DECISION_DROP, TRACER_DECISION_RECORD_AND_SAMPLE, TRACER_DECISION_RECORD_ONLY,
    TRACER_INTERNAL, tracer_attribute, tracer_decision, tracer_span_kind, tracer_status,
};
use std::cell::RefCell;
use std::ffi::{c_char, c_void};
use std::sync::Arc;

/// What is known of a span that is about to start; borrowed for the call of `sample`.
#[repr(C)]
#[expect(missing_debug_implementations, reason = "points to C unions")]
pub struct tracer_sampling_input {
    /// `sizeof(tracer_sampling_input)` of the library.
    pub struct_size: usize,
    /// Its trace, 16 bytes.
    pub trace_id: [u8; 16],
    /// Its kind.
    pub kind: tracer_span_kind,
    /// Its name, NUL-terminated.
    pub name: *const c_char,
    /// Its parent; NULL for a root.
    pub parent: *const tracer_context,
    /// The attributes given at the start.
    pub attributes: *const tracer_attribute,
    /// Their number.
    pub attribute_count: usize,
    /// The spans linked at the start.
    pub links: *const *const tracer_context,
    /// Their number.
    pub link_count: usize,
}

/// What a sampler adds to a span; for the call of `sample` only.
#[derive(Debug, Default)]
pub struct tracer_sampling_output {
    attributes: RefCell<Vec<(String, OwnedValue)>>,
    trace_state: RefCell<Option<TraceState>>,
}

/// A sampler of the program's own. `sample` is called in the thread that starts a span, several at
/// once; it may use the API (spans it starts are not sampled), but must not throw, longjmp out or end
/// its thread.
#[repr(C)]
#[derive(Clone, Copy)]
#[expect(missing_debug_implementations, reason = "C function pointers")]
pub struct tracer_sampler_callbacks {
    /// `sizeof(tracer_sampler_callbacks)` as the caller knows it.
    pub struct_size: usize,
    /// What the callbacks are called with.
    pub user_data: *mut c_void,
    /// Decides on a span: returns a `TRACER_DECISION_` constant.
    pub sample: Option<
        unsafe extern "C" fn(
            user_data: *mut c_void,
            input: *const tracer_sampling_input,
            output: *mut tracer_sampling_output,
        ) -> tracer_decision,
    >,
    /// What it is called, with its settings; or NULL. Copied.
    pub description: *const c_char,
    /// The configuration is freed and no provider was made from it: those keep their sampler as long
    /// as the process lives.
    pub destroy: Destroy,
}

const NONE: tracer_sampler_callbacks = tracer_sampler_callbacks {
    struct_size: 0,
    user_data: std::ptr::null_mut(),
    sample: None,
    description: std::ptr::null(),
    destroy: None,
};

/// Between the program's callbacks and providers; given back when nobody has it any more.
#[derive(Debug)]
struct OwnSampler {
    callbacks: Callbacks<tracer_sampler_callbacks>,
    description: String,
}

impl Drop for OwnSampler {
    fn drop(&mut self) {
        self.callbacks.release();
    }
}

impl CustomSampler for OwnSampler {
    fn sample(&self, input: &SamplingInput<'_>) -> SamplingOutput {
        let mut kept = Kept::default();
        let (attributes, attribute_count) = kept.attributes(input.attributes.to_vec());
        let parent = input.parent.cloned().map(tracer_context::of_span);
        let links = input.links.iter().cloned().map(tracer_context::of_span);
        let links: Vec<tracer_context> = links.collect();
        let places: Vec<*const tracer_context> = links.iter().map(std::ptr::from_ref).collect();
        let shown = tracer_sampling_input {
            struct_size: size_of::<tracer_sampling_input>(),
            trace_id: input.trace_id.0,
            kind: input.kind as i32,
            name: kept.text(input.name),
            parent: parent.as_ref().map_or(std::ptr::null(), std::ptr::from_ref),
            attributes,
            attribute_count,
            links: places.as_ptr(),
            link_count: places.len(),
        };
        let mut added = tracer_sampling_output::default();
        let decision = self.callbacks.call(|calls, data| {
            let sample = calls.sample?;
            // SAFETY: the program's own function and data, as the header says.
            Some(unsafe { sample(data, &raw const shown, &raw mut added) })
        });
        let mut output = SamplingOutput::from(match decision.flatten() {
            Some(TRACER_DECISION_RECORD_AND_SAMPLE) => Decision::RecordAndSample,
            Some(TRACER_DECISION_RECORD_ONLY) => Decision::RecordOnly,
            // What is no decision is none for the span.
            Some(TRACER_DECISION_DROP | _) | None => Decision::Drop,
        });
        output.attributes = added.attributes.into_inner();
        output.trace_state = added.trace_state.into_inner();
        output
    }

    fn description(&self) -> String {
        self.description.clone()
    }
}

/// Sets a sampler of the program's own; where `roots_only`, spans with a parent do as it did. The
/// struct is copied; its `user_data` stays, see `destroy`. NULL is refused.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn tracer_config_set_sampler_callbacks(
    config: Option<&mut tracer_config>,
    callbacks: *const tracer_sampler_callbacks,
    roots_only: bool,
) -> tracer_status {
    guard(TRACER_INTERNAL, || {
        let Some(config) = config else {
            return missing("config");
        };
        // SAFETY: as the header says.
        let Some(calls) = (unsafe { read_versioned(callbacks, NONE) }) else {
            return missing("callbacks");
        };
        if calls.sample.is_none() {
            return missing("callbacks.sample");
        }
        // SAFETY: as the header says.
        let description = unsafe { ptr::text(calls.description) };
        let own = OwnSampler {
            description: match &*description {
                "" => "CustomSampler".to_owned(),
                given => given.to_owned(),
            },
            callbacks: Callbacks::new(calls, calls.user_data, calls.destroy),
        };
        config.choose_sampler(Sampler::Custom(Arc::new(own)), roots_only)
    })
}

/// Sets attributes that the span gets if it is recorded; copied. Within `sample` only. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tracer_sampling_output_set_attributes(
    output: Option<&tracer_sampling_output>,
    attributes: *const tracer_attribute,
    count: usize,
) {
    guard((), || {
        if let Some(output) = output {
            // SAFETY: as the header says.
            let map = unsafe { attribute::map(attributes, count) };
            output.attributes.replace(map.to_entries());
        }
    });
}

/// Sets the `tracestate` of the span, in place of its parent's. Within `sample` only. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tracer_sampling_output_set_tracestate(
    output: Option<&tracer_sampling_output>,
    tracestate: *const c_char,
) {
    guard((), || {
        if let Some(output) = output {
            // SAFETY: as the header says.
            let text = unsafe { ptr::text(tracestate) };
            let state = TraceState::from_header(&text);
            output.trace_state.replace(Some(state));
        }
    });
}
