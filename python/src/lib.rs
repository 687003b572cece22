//! The extension `libtracer._native`: Python's way into the one runtime of the process.
//!
//! It is a client of `libtracer.so.1` and holds no recorder of its own. What runs once per span
//! ([`span`], [`traced`], [`context`]) is written on CPython's C API, because the price of a span
//! is the price of its Python objects; everything cold is ordinary `PyO3`. The GIL orders every
//! access to the state in here: the module says so to a free-threaded interpreter.

mod config;
mod context;
mod cpython;
mod decode;
mod exporter;
mod finished;
mod log;
mod marks;
mod metrics;
mod notice;
mod object;
mod provider;
mod runtime;
mod sdk;
mod span;
mod stats;
mod testing;
mod traced;
mod tracer;
mod value;

/// The native half of the package `libtracer`; use the names the package re-exports.
#[pyo3::pymodule(gil_used = true)]
mod _native {
    use pyo3::prelude::{Bound, PyAnyMethods, PyModule, PyResult};

    #[pymodule_export]
    use super::config::{configure, force_flush, is_configured, shutdown};
    #[pymodule_export]
    use super::context::{bind_context, bind_public_context, is_bound};
    #[pymodule_export]
    use super::exporter::check_exporter;
    #[pymodule_export]
    use super::finished::{Event, InstrumentationScope, LogRecord, ReadableSpan, Resource};
    #[pymodule_export]
    use super::log::emit_log;
    #[pymodule_export]
    use super::marks::set_marks;
    #[pymodule_export]
    use super::metrics::{counts_llm_calls, metrics_text, record_llm_call};
    #[pymodule_export]
    use super::provider::Provider;
    #[pymodule_export]
    use super::runtime::{library_path, version};
    #[pymodule_export]
    use super::span::{log_calls, set_default_tracer, set_facade};
    #[pymodule_export]
    use super::stats::stats;
    #[pymodule_export]
    use super::testing::Capture;
    #[pymodule_export]
    use super::traced::{Parameters, wrap};
    #[pymodule_export]
    use super::tracer::Tracer;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        super::cpython::check_interpreter(module.py())?;
        super::cpython::load(module.py())?;
        super::runtime::load()?;
        super::span::add_to(module)?;
        super::traced::add_to(module)?;
        super::context::add_to(module)?;
        // The stub is the list of names, and it knows the private ones too.
        module.delattr("__all__")
    }
}
