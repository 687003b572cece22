//! The module's functions that make spans, or make one current step by step.

use super::object::{Span, option};
use super::{face, life};
use crate::context;
use crate::object::{Args, add_functions, method, missing};
use pyo3::exceptions::PyTypeError;
use pyo3::ffi::PyMethodDef;
use pyo3::prelude::{PyAnyMethods, PyModule};
use pyo3::{Borrowed, Bound, IntoPyObject, PyAny, PyResult, intern, pyfunction};

/// Adds the functions on spans and on the current context to the module.
pub(super) fn add_to(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let mut functions = vec![
        method!(
            c"start_span",
            c"start_span(name, *, record_exception=True, attributes=None)\n--\n\n\
            A span for a block: it starts and becomes current when entered, and ends when left.\n\n\
            Use it with ``with`` or ``async with``, or as a decorator. Until tracing is configured it\n\
            is a no-op.",
            start_span
        ),
        method!(
            c"get_current_span",
            c"get_current_span()\n--\n\nThe span that is current here, whoever made it, or None.",
            context::get_current_span
        ),
        method!(
            c"fresh",
            c"fresh(template, /)\n--\n\nA span that will start as the template would.",
            fresh
        ),
        method!(
            c"recipe",
            c"recipe(template, /)\n--\n\nName, attributes, ``record_exception`` and what is logged of what ``start_span`` made.",
            recipe
        ),
        method!(
            c"get_current",
            c"get_current()\n--\n\nThe current OpenTelemetry ``Context``.",
            context::get_current
        ),
        method!(
            c"attach",
            c"attach(context, /)\n--\n\nMake a ``Context`` current; returns the token for ``detach``.",
            context::attach
        ),
        method!(
            c"detach",
            c"detach(token, /)\n--\n\nUndo an ``attach``.",
            context::detach
        ),
    ];
    functions.append(&mut face_functions());
    add_functions(module, functions)
}

/// The functions on spans and their faces.
fn face_functions() -> Vec<PyMethodDef> {
    vec![
        method!(
            c"enter_face",
            c"enter_face(span, face, /)\n--\n\nMake a span current, shown as its face.",
            face::enter
        ),
        method!(
            c"leave_face",
            c"leave_face(span, exception=None, /)\n--\n\nNote an exception and undo ``enter_face``; the span goes on.",
            face::leave
        ),
        method!(
            c"get_face",
            c"get_face(span, /)\n--\n\nThe face that is kept with a span, or None.",
            face::get
        ),
        method!(
            c"show_face",
            c"show_face(span, face, /)\n--\n\nShow a span as a face wherever it is current.",
            face::show
        ),
        method!(
            c"set_face",
            c"set_face(span, face, /)\n--\n\nKeep a face with a span that is not shown as one.",
            face::set
        ),
    ]
}

/// `start_span(name, *, record_exception=True, attributes=None)`
fn start_span<'py>(
    module: Borrowed<'_, 'py, PyAny>,
    args: Args<'_, 'py>,
) -> PyResult<Bound<'py, PyAny>> {
    const NAME: &str = "start_span";
    let [name, attributes, record] = match args.usual(intern!(module.py(), "attributes")) {
        Some([name, attributes]) => [Some(name), Some(attributes), None],
        None => args.parse(NAME, ["name", "attributes", "record_exception"], 1)?,
    };
    let name = name.ok_or_else(|| missing(NAME, "name"))?;
    let mut options = option::DEFAULT | option::GATED;
    if let Some(record) = record
        && !record.is_truthy()?
    {
        options &= !option::RECORD_EXCEPTION;
    }
    let made = life::pending(name, options)?;
    if let Some(attributes) = attributes.filter(|given| !given.is_none())
        && let Some(span) = Span::cast(made.as_borrowed())
    {
        span.attributes.put(attributes.to_owned());
    }
    Ok(made)
}

/// The span a module function was called with.
pub(super) fn only_span<'a, 'py>(function: &str, args: &Args<'a, 'py>) -> PyResult<Span<'a, 'py>> {
    let given = args.get(0).ok_or_else(|| missing(function, "span"))?;
    let wrong = || PyTypeError::new_err(format!("{function}() takes a span of libtracer"));
    Span::cast(given).ok_or_else(wrong)
}

/// `fresh(template)`: a new pending span that will start as the template would.
fn fresh<'py>(
    _module: Borrowed<'_, 'py, PyAny>,
    args: Args<'_, 'py>,
) -> PyResult<Bound<'py, PyAny>> {
    life::fresh(only_span("fresh", &args)?)
}

/// `recipe(template)`: what `start_span` was given for a span that has not started.
fn recipe<'py>(
    _module: Borrowed<'_, 'py, PyAny>,
    args: Args<'_, 'py>,
) -> PyResult<Bound<'py, PyAny>> {
    let span = only_span("recipe", &args)?;
    let py = span.py();
    if !span.has(option::GATED) {
        return Err(PyTypeError::new_err(
            "only spans of libtracer.start_span can be copied to another process",
        ));
    }
    let (name, attributes) = (span.name.get(py), span.attributes.get(py));
    let record = span.has(option::RECORD_EXCEPTION);
    let log = (span.has(option::LOG_ARGS), span.has(option::LOG_RESULT));
    let log = span.has(option::LOGGED).then_some(log);
    Ok((name, attributes, record, log)
        .into_pyobject(py)?
        .into_any())
}

/// Has calls that are traced after a template logged, with or without their arguments and results.
#[pyfunction]
#[pyo3(signature = (template, args, results, /))]
pub(crate) fn log_calls(template: &Bound<'_, PyAny>, args: bool, results: bool) {
    if let Some(span) = Span::cast(template.as_borrowed()) {
        span.mark(option::LOGGED);
        span.mark(if args { option::LOG_ARGS } else { 0 });
        span.mark(if results { option::LOG_RESULT } else { 0 });
    }
}
