//! Metrics: calls of language models counted, and everything that is measured as text.

use crate::runtime;
use libtracer_abi::tracer_llm_call;
use pyo3::{Python, pyfunction};
use std::ffi::CString;

/// Whether calls of language models are counted.
#[pyfunction]
pub(crate) fn counts_llm_calls() -> bool {
    runtime::counts_llm_calls()
}

/// Counts a call of a language model; what is zero or negative is not known.
#[pyfunction]
#[pyo3(signature = (provider, model, *, input_tokens=0, output_tokens=0, cost=0.0, duration=0.0))]
pub(crate) fn record_llm_call(
    provider: &str,
    model: &str,
    input_tokens: i64,
    output_tokens: i64,
    cost: f64,
    duration: f64,
) {
    let name = |text: &str| CString::new(text.replace('\0', "\u{fffd}")).unwrap_or_default();
    let call = tracer_llm_call {
        input_tokens: u64::try_from(input_tokens).unwrap_or(0),
        output_tokens: u64::try_from(output_tokens).unwrap_or(0),
        cost_dollars: cost,
        duration_seconds: duration,
        ..tracer_llm_call::default()
    };
    runtime::record_llm_call(&name(provider), &name(model), call);
}

/// Everything that is measured as it is now, in the Prometheus text format.
#[pyfunction]
pub(crate) fn metrics_text(py: Python<'_>) -> String {
    py.detach(runtime::metrics_text)
}
