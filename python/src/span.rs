//! The span as Python sees it: a type of CPython's own making, because its life is the hot path.
//!
//! A span is *pending* until it is entered or first used, so that `start_span("x")` can also be a
//! decorator that never starts one by itself; then *live*, until it *ended*. A span asked for
//! before tracing was configured is *void*: it takes everything and does nothing. The object keeps
//! its ids and, once ended, its encoding; the runtime keeps the rest. It never fails to record.

mod alloc;
mod error;
mod face;
mod functions;
mod life;
mod methods;
mod object;
mod properties;
mod read;
mod status;
mod surface;
mod verdict;
mod watched;
mod write;

use pyo3::prelude::{PyModule, PyModuleMethods};
use pyo3::sync::PyOnceLock;
use pyo3::{Bound, Py, PyAny, PyResult, Python, pyfunction};

pub(crate) use error::{full_name, message};
pub(crate) use functions::log_calls;
pub(crate) use life::{ensure_started as start_now, enter, exit, fresh, leave, pending};
pub(crate) use object::{Ids, Span, SpanBody, State, option};
pub(crate) use watched::set_default_tracer;

/// Answers `span.__class__`; made by `libtracer._facade` once OpenTelemetry's API is there.
static FACADE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
/// Answers `tracer.__class__`.
static TRACER_FACADE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();

/// Sets the functions that answer `span.__class__` and `tracer.__class__`.
#[pyfunction]
pub(crate) fn set_facade(class_of_spans: Bound<'_, PyAny>, class_of_tracers: Bound<'_, PyAny>) {
    let py = class_of_spans.py();
    FACADE.get_or_init(py, || class_of_spans.unbind());
    TRACER_FACADE.get_or_init(py, || class_of_tracers.unbind());
}

/// The function that answers `tracer.__class__`, once it is known.
pub(crate) fn class_of_tracers(py: Python<'_>) -> Option<&Bound<'_, PyAny>> {
    TRACER_FACADE.get(py).map(|class_of| class_of.bind(py))
}

/// Makes the type and the functions that make spans, and adds them to the module.
pub(crate) fn add_to(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let made = match alloc::existing_type(module.py()) {
        Some(made) => made, // imported anew: the type stays, as the spans made so far do
        None => alloc::set_type(methods::make_type(module.py())?),
    };
    module.add("Span", made)?;
    functions::add_to(module)
}
