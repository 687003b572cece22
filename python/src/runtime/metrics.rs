//! Metrics of the default provider, safe to use.

use super::runtime;
use libtracer_abi::{tracer_llm_call, tracer_metric_stats};
use std::ffi::CStr;
use std::ptr;

/// Room for the text of a few models; more is made when it is asked for.
const USUAL: usize = 16 * 1024;

/// Whether calls of language models are counted.
pub(crate) fn counts_llm_calls() -> bool {
    // SAFETY: NULL is the default provider, whichever that is now.
    unsafe { (runtime().functions.tracer_metrics_counts_llm_calls)(ptr::null()) }
}

/// Counts a call, of which all is said but the names.
pub(crate) fn record_llm_call(provider: &CStr, model: &CStr, call: tracer_llm_call) {
    let call = tracer_llm_call {
        provider: provider.as_ptr(),
        model: model.as_ptr(),
        ..call
    };
    let record = runtime().functions.tracer_metrics_record_llm_call;
    // SAFETY: NULL is the default provider; the texts are valid for the call, which copies them.
    unsafe { record(ptr::null(), &raw const call) }
}

/// The account of exported metrics.
pub(crate) fn metric_account() -> tracer_metric_stats {
    let mut read = tracer_metric_stats {
        struct_size: size_of::<tracer_metric_stats>(),
        ..Default::default()
    };
    let call = runtime().functions.tracer_provider_read_metric_stats;
    // SAFETY: NULL is the default provider, and a valid struct whose size is set.
    unsafe { call(ptr::null(), &raw mut read) };
    read
}

/// Everything that is measured, as Prometheus reads it.
pub(crate) fn metrics_text() -> String {
    let write = runtime().functions.tracer_metrics_text;
    let mut buffer = vec![0_u8; USUAL];
    loop {
        // SAFETY: the buffer is as long as is said.
        let whole = unsafe { write(ptr::null(), buffer.as_mut_ptr().cast(), buffer.len()) };
        if whole < buffer.len() {
            buffer.truncate(whole);
            return String::from_utf8_lossy(&buffer).into_owned();
        }
        // With room for what is counted meanwhile.
        buffer.resize(whole + USUAL, 0);
    }
}
