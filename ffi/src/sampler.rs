//! Samplers of the program's own.

use crate::attribute;
use crate::boundary::guard;
use crate::callbacks::{Callbacks, read_versioned, tracer_destroy};
use crate::config::sampler::status;
use crate::config::{meant, tracer_config};
use crate::context::tracer_context;
use crate::last_error::missing;
use crate::ptr;
use crate::view::Kept;
use libtracer::{
    Composable, CustomComposable, CustomSampler, Decision, OwnedValue, Ratio, Sampler,
    SamplingInput, SamplingIntent, SamplingOutput, TraceState,
};
use libtracer_abi::{
    TRACER_DECISION_DROP, TRACER_DECISION_RECORD_AND_SAMPLE, TRACER_DECISION_RECORD_ONLY,
    TRACER_INTERNAL, TRACER_INVALID_ARGUMENT, tracer_attribute, tracer_decision, tracer_parent,
    tracer_span_kind, tracer_status,
};
use std::cell::{Cell, RefCell};
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

/// What a sampler adds to a span; for the call of `sample` or `share` only.
#[derive(Debug, Default)]
pub struct tracer_sampling_output {
    attributes: RefCell<Vec<(String, OwnedValue)>>,
    trace_state: RefCell<Option<TraceState>>,
    is_unreliable: Cell<bool>,
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
    /// Decides on a span: returns a `TRACER_DECISION_` constant. NULL if `share` is set.
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
    pub destroy: tracer_destroy,
    /// In place of `sample`: says which share of the traces like this one is kept, 0 to 1; other
    /// numbers keep nothing. The library chooses them and keeps the share in `tracestate`
    /// (OpenTelemetry's composable samplers). `output` takes no `tracestate`.
    pub share: Option<
        unsafe extern "C" fn(
            user_data: *mut c_void,
            input: *const tracer_sampling_input,
            output: *mut tracer_sampling_output,
        ) -> f64,
    >,
}

const NONE: tracer_sampler_callbacks = tracer_sampler_callbacks {
    struct_size: 0,
    user_data: std::ptr::null_mut(),
    sample: None,
    description: std::ptr::null(),
    destroy: None,
    share: None,
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

impl OwnSampler {
    /// Asks a callback that `which` chooses; with what it added.
    fn ask<R>(
        &self,
        input: &SamplingInput<'_>,
        ask: impl FnOnce(
            &tracer_sampler_callbacks,
            *mut c_void,
            *const tracer_sampling_input,
            *mut tracer_sampling_output,
        ) -> Option<R>,
    ) -> (Option<R>, tracer_sampling_output) {
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
        let calling = |calls: &_, data| ask(calls, data, &raw const shown, &raw mut added);
        let answer = self.callbacks.call(calling).flatten();
        (answer, added)
    }
}

impl CustomSampler for OwnSampler {
    fn sample(&self, input: &SamplingInput<'_>) -> SamplingOutput {
        let (decision, added) = self.ask(input, |calls, data, shown, added| {
            // SAFETY: the program's own function and data, as the header says.
            Some(unsafe { calls.sample?(data, shown, added) })
        });
        let mut output = SamplingOutput::from(match decision {
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

impl CustomComposable for OwnSampler {
    fn intent(&self, input: &SamplingInput<'_>) -> SamplingIntent {
        let (share, added) = self.ask(input, |calls, data, shown, added| {
            // SAFETY: the program's own function and data, as the header says.
            Some(unsafe { calls.share?(data, shown, added) })
        });
        let ratio = share.and_then(|share| Ratio::new(share).ok());
        let chosen = ratio.map_or(Composable::AlwaysOff, Composable::Probability);
        let mut intent = chosen.intent(input);
        intent.adjusted_count_reliable &= !added.is_unreliable.get();
        intent.attributes = added.attributes.into_inner();
        intent
    }

    fn description(&self) -> String {
        self.description.clone()
    }
}

/// The sampler of callbacks, or the one for roots only.
///
/// # Safety
/// As for [`read_versioned`].
unsafe fn read(
    callbacks: *const tracer_sampler_callbacks,
    roots_only: bool,
) -> Result<Sampler, tracer_status> {
    // SAFETY: as the caller vouches.
    let calls = unsafe { read_versioned(callbacks, NONE) }.ok_or_else(|| missing("callbacks"))?;
    if calls.sample.is_none() && calls.share.is_none() {
        return Err(missing("callbacks.sample"));
    }
    // SAFETY: as the caller vouches.
    let description = unsafe { ptr::text(calls.description) };
    let own = Arc::new(OwnSampler {
        description: match &*description {
            "" => "CustomSampler".to_owned(),
            given => given.to_owned(),
        },
        callbacks: Callbacks::new(calls, calls.user_data, calls.destroy),
    });
    Ok(match calls.share {
        None => Sampler::Custom(own),
        Some(_) if roots_only => {
            Sampler::composite(Composable::parent_threshold(Composable::Custom(own)))
        }
        Some(_) => Sampler::composite(Composable::Custom(own)),
    })
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
        let Some(config) = meant(config) else {
            return TRACER_INVALID_ARGUMENT;
        };
        // SAFETY: as the header says.
        match unsafe { read(callbacks, roots_only) } {
            // A share looks at parents itself.
            Ok(sampler @ Sampler::Composite(_)) => config.choose_sampler(sampler, false),
            Ok(sampler) => config.choose_sampler(sampler, roots_only),
            Err(refused) => refused,
        }
    })
}

/// Sets a sampler of the program's own for spans below one kind of parent, as
/// `tracer_config_set_parent_sampler` sets a built-in one. The struct is copied; its `user_data`
/// stays, see `destroy`, unless the call is refused. NULL is refused.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn tracer_config_set_parent_sampler_callbacks(
    config: Option<&mut tracer_config>,
    parent: tracer_parent,
    callbacks: *const tracer_sampler_callbacks,
) -> tracer_status {
    guard(TRACER_INTERNAL, || {
        let Some(config) = meant(config) else {
            return TRACER_INVALID_ARGUMENT;
        };
        // SAFETY: as the header says.
        let sampler = || unsafe { read(callbacks, false) };
        status(config.choose_parent_sampler(parent, sampler))
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

/// Says whether the share counts: whether a span that is kept stands for so many more (OpenTelemetry's
/// `adjusted_count_reliable`). True unless set. If not, it is kept by a chance of its own, whatever
/// other services drew, and `tracestate` does not tell the share. Within `share` only. NULL is allowed.
#[unsafe(no_mangle)]
pub extern "C" fn tracer_sampling_output_set_adjusted_count_reliable(
    output: Option<&tracer_sampling_output>,
    reliable: bool,
) {
    guard((), || {
        if let Some(output) = output {
            output.is_unreliable.set(!reliable);
        }
    });
}
