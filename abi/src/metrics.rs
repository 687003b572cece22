//! What is told of a call of a language model.

use core::ffi::c_char;
use core::ptr::null;

/// A call of a language model. Begin with `TRACER_LLM_CALL_INIT`; zero means not known.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct tracer_llm_call {
    /// `sizeof(tracer_llm_call)` as the caller knows it.
    pub struct_size: usize,
    /// Who offers the model, such as "openai"; borrowed.
    pub provider: *const c_char,
    /// The model, such as "gpt-4o"; borrowed.
    pub model: *const c_char,
    /// Tokens that the model read.
    pub input_tokens: u64,
    /// Tokens that the model wrote.
    pub output_tokens: u64,
    /// What the call cost, in US dollars.
    pub cost_dollars: f64,
    /// How long it took.
    pub duration_seconds: f64,
}

impl Default for tracer_llm_call {
    fn default() -> Self {
        Self {
            struct_size: size_of::<Self>(),
            provider: null(),
            model: null(),
            input_tokens: 0,
            output_tokens: 0,
            cost_dollars: 0.0,
            duration_seconds: 0.0,
        }
    }
}

/// The account of exported metrics of a provider's first pipeline since the process began; a metric
/// counts once for each time that it was collected. `collected = exported + dropped + queued`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub struct tracer_metric_stats {
    /// Set by the caller to `sizeof(tracer_metric_stats)`.
    pub struct_size: usize,
    /// Metrics collected.
    pub collected: u64,
    /// Metrics the exporter delivered.
    pub exported: u64,
    /// Metrics lost, the sum of the causes below.
    pub dropped: u64,
    /// Metrics in memory.
    pub queued: u64,
    /// Lost: memory bound reached.
    pub dropped_queue_full: u64,
    /// Lost: the destination refused for good.
    pub dropped_export_failed: u64,
    /// Lost: refused within an accepted request, in which points are counted: the most it can be.
    pub dropped_rejected: u64,
    /// Lost: not delivered by the deadline of the shutdown.
    pub dropped_shutdown: u64,
}
