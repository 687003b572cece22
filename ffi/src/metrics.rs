//! Metrics: calls of language models counted, and everything that is measured as text.

use crate::boundary::{contain, guard, record};
use crate::options::prefix;
use crate::provider::tracer_provider;
use crate::ptr;
use crate::stats::copy_out;
use libtracer::{LlmCall, MetricStats, TracerProvider};
use libtracer_abi::{tracer_llm_call, tracer_metric_stats};
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
        if call.is_null() {
            return;
        }
        // SAFETY: as the header says.
        let call = unsafe { prefix(call, tracer_llm_call::default()) };
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

fn account(stats: &MetricStats) -> tracer_metric_stats {
    tracer_metric_stats {
        struct_size: size_of::<tracer_metric_stats>(),
        collected: stats.collected,
        exported: stats.exported,
        dropped: stats.dropped(),
        queued: stats.queued,
        dropped_queue_full: stats.dropped_queue_full,
        dropped_export_failed: stats.dropped_export_failed,
        dropped_rejected: stats.dropped_rejected,
        dropped_shutdown: stats.dropped_shutdown,
    }
}

/// Writes the account of exported metrics of a provider (NULL = the default one): exact when nothing
/// is moving. The caller sets `struct_size`; no more than that is written. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tracer_provider_read_metric_stats(
    provider: Option<&tracer_provider>,
    out: *mut tracer_metric_stats,
) {
    record(|| {
        if out.is_null() {
            return;
        }
        let read = of(provider).map(|it| it.metric_stats()).unwrap_or_default();
        let stats = account(read.first().unwrap_or(&MetricStats::default()));
        // SAFETY: as the header says; the size is the first member.
        unsafe { copy_out(stats, out) };
    });
}
