//! Metrics: calls of language models counted, and everything that is measured as text.

use crate::boundary::{contain, guard, record};
use crate::provider::tracer_provider;
use crate::ptr;
use libtracer::{LlmCall, TracerProvider};
use libtracer_abi::tracer_llm_call;
use std::ffi::c_char;
use std::time::Duration;

fn of(provider: Option<&tracer_provider>) -> Option<TracerProvider> {
    let default = || libtracer::binding::default_provider();
    provider.map(|it| it.0.clone()).or_else(default)
}

/// Whether calls of language models are counted (NULL: in the default provider).
#[unsafe(no_mangle)]
pub extern "C" fn tracer_metrics_counts_llm_calls(provider: Option<&tracer_provider>) -> bool {
    contain(false, || {
        of(provider).is_some_and(|it| it.counts_llm_calls())
    })
}

/// Counts a call of a language model (NULL: in the default provider), whether its span is sampled or
/// not: one request, its tokens, cost and duration. Nothing unless `tracer_config_set_llm_metrics`. A
/// refused allocation aborts, as in set-up.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tracer_metrics_record_llm_call(
    provider: Option<&tracer_provider>,
    call: *const tracer_llm_call,
) {
    record(|| {
        let Some(counting) = of(provider).filter(TracerProvider::counts_llm_calls) else {
            return;
        };
        // SAFETY: as the header says.
        let Some(call) = (unsafe { read(call) }) else {
            return;
        };
        // SAFETY: as the header says.
        let name = unsafe { ptr::text(call.provider) };
        // SAFETY: as the header says.
        let model = unsafe { ptr::text(call.model) };
        let told = LlmCall::new(&name, &model)
            .tokens(call.input_tokens, call.output_tokens)
            .cost(call.cost_dollars);
        counting.record_llm_call(&match Duration::try_from_secs_f64(call.duration_seconds) {
            Ok(duration) if !duration.is_zero() => told.duration(duration),
            _ => told,
        });
    });
}

/// Writes everything that is measured as it is now (NULL: in the default provider) in the Prometheus
/// text format: at most `len` bytes with the final NUL. Returns the bytes of the whole text without
/// the NUL, which may be more by the next call. `buf` may be NULL: only asks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tracer_metrics_text(
    provider: Option<&tracer_provider>,
    buf: *mut c_char,
    len: usize,
) -> usize {
    guard(0, || {
        let text = of(provider).map(|it| it.metrics_text()).unwrap_or_default();
        // SAFETY: as the header says.
        unsafe { ptr::write_cut(&text, buf, len) }
    })
}

/// The call as this library knows it; what an older caller does not have is not known.
///
/// # Safety
/// `call` is NULL or points to `struct_size` readable bytes.
unsafe fn read(call: *const tracer_llm_call) -> Option<tracer_llm_call> {
    if call.is_null() {
        return None;
    }
    let mut known = tracer_llm_call::default();
    // SAFETY: the size is the struct's first member in every version.
    let size = unsafe { call.cast::<usize>().read() };
    let size = size.min(size_of::<tracer_llm_call>());
    // Every version ends between members; anything else must not leave half of a pointer.
    let size = size - size % align_of::<tracer_llm_call>();
    // SAFETY: the caller's struct is that long, and an older, shorter one is a prefix of ours.
    unsafe {
        (&raw mut known)
            .cast::<u8>()
            .copy_from_nonoverlapping(call.cast(), size);
    };
    Some(known)
}
