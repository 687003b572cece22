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
