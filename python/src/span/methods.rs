//! The type's tables: methods, properties, slots, and the module functions that make spans.

use super::object::{Span, SpanObject, option};
use super::{alloc, life, read, write};
use crate::context;
use crate::object::{Args, forever, getter, method, missing, new_type, offset_member};
use pyo3::exceptions::PyTypeError;
use pyo3::ffi::{self, PyMethodDef};
use pyo3::prelude::{PyAnyMethods, PyModule};
use pyo3::types::PyBool;
use pyo3::{Borrowed, Bound, PyAny, PyErr, PyResult, Python, intern};
use std::ffi::c_void;
use std::mem::offset_of;

/// `False`, as `__exit__` returns it.
#[inline]
pub(super) fn false_object(py: Python<'_>) -> Bound<'_, PyAny> {
    PyBool::new(py, false).to_owned().into_any()
}

/// Turns a function on a span into the shape of a method.
macro_rules! span_method {
    ($name:literal, $body:path) => {{
        fn on_span<'py>(
            this: Borrowed<'_, 'py, PyAny>,
            args: Args<'_, 'py>,
        ) -> PyResult<Bound<'py, PyAny>> {
            // SAFETY: only used in the method table of the type.
            let span = unsafe { Span::of_method(this) };
            $body(span, args)
        }
        method!($name, on_span)
    }};
}

/// Turns a reader into a method without arguments.
macro_rules! reading_method {
    ($name:literal, $function:literal, $body:path) => {{
        fn read<'py>(
            this: Borrowed<'_, 'py, PyAny>,
            args: Args<'_, 'py>,
        ) -> PyResult<Bound<'py, PyAny>> {
            args.parse($function, [], 0)?;
            $body(this)
        }
        method!($name, read)
    }};
}

/// The end of a method table.
fn end_of_methods() -> PyMethodDef {
    PyMethodDef::zeroed()
}

fn methods() -> Vec<PyMethodDef> {
    vec![
        span_method!(c"__enter__", write::enter),
        span_method!(c"__exit__", write::exit),
        span_method!(c"__aenter__", async_enter),
        span_method!(c"__aexit__", async_exit),
        span_method!(c"set_attribute", write::set_attribute),
        span_method!(c"set_attributes", write::set_attributes),
        span_method!(c"add_event", write::add_event),
        span_method!(c"add_link", write::add_link),
        span_method!(c"set_status", write::set_status),
        span_method!(c"update_name", write::update_name),
        span_method!(c"record_exception", write::record_exception),
        span_method!(c"end", write::end),
        reading_method!(c"get_span_context", "get_span_context", read::span_context),
        reading_method!(c"is_recording", "is_recording", read::is_recording),
        end_of_methods(),
    ]
}

fn properties() -> Vec<ffi::PyGetSetDef> {
    vec![
        getter!(c"__class__", read::class),
        getter!(c"context", read::span_context),
        getter!(c"name", read::name),
        getter!(c"kind", read::kind),
        getter!(c"parent", read::parent),
        getter!(c"attributes", read::attributes),
        getter!(c"events", read::events),
        getter!(c"links", read::links),
        getter!(c"status", read::status),
        getter!(c"start_time", read::start_time),
        getter!(c"end_time", read::end_time),
        getter!(c"dropped_attributes", read::dropped_attributes),
        getter!(c"dropped_events", read::dropped_events),
        getter!(c"dropped_links", read::dropped_links),
        getter!(c"trace_id", read::trace_id),
        getter!(c"span_id", read::span_id),
        getter!(c"parent_id", read::parent_id),
        ffi::PyGetSetDef::default(),
    ]
}

unsafe extern "C" fn call_slot(
    this: *mut ffi::PyObject,
    args: *mut ffi::PyObject,
    _keywords: *mut ffi::PyObject,
) -> *mut ffi::PyObject {
    // SAFETY: CPython calls slots with the GIL held.
    let py = unsafe { Python::assume_attached() };
    // SAFETY: CPython keeps the callee alive for the call.
    let this = unsafe { Borrowed::from_ptr(py, this) };
    // SAFETY: CPython keeps the tuple of arguments alive for the call.
    let args = unsafe { Borrowed::from_ptr(py, args) };
    crate::object::finish(py, || {
        // SAFETY: a slot of the type.
        let span = unsafe { Span::of_method(this) };
        write::decorate(span, &args.to_owned())
    })
}

unsafe extern "C" fn repr_slot(this: *mut ffi::PyObject) -> *mut ffi::PyObject {
    // SAFETY: CPython calls slots with the GIL held.
    let py = unsafe { Python::assume_attached() };
    // SAFETY: CPython keeps the object alive for the call.
    let this = unsafe { Borrowed::from_ptr(py, this) };
    crate::object::finish(py, || read::repr_object(this))
}

/// Makes the type of spans.
pub(super) fn make_type(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    let weak = offset_member(c"__weaklistoffset__", offset_of!(SpanObject, weak));
    let slot = |slot, pfunc| ffi::PyType_Slot { slot, pfunc };
    let slots = vec![
        slot(ffi::Py_tp_dealloc, alloc::dealloc as *mut c_void),
        slot(ffi::Py_tp_traverse, alloc::traverse as *mut c_void),
        slot(ffi::Py_tp_clear, alloc::clear as *mut c_void),
        slot(ffi::Py_tp_call, call_slot as *mut c_void),
        slot(ffi::Py_tp_repr, repr_slot as *mut c_void),
        slot(ffi::Py_tp_methods, forever(methods()).cast()),
        slot(ffi::Py_tp_getset, forever(properties()).cast()),
        slot(
            ffi::Py_tp_members,
            forever(vec![weak, ffi::PyMemberDef::default()]).cast(),
        ),
    ];
    let flags = ffi::Py_TPFLAGS_HAVE_GC;
    new_type(py, c"libtracer.Span", size_of::<SpanObject>(), flags, slots)
}

/// Adds `start_span` and the functions on the current context to the module.
pub(super) fn add_functions(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let table = forever(vec![
        method!(c"start_span", start_span),
        method!(c"fresh", fresh),
        method!(c"activate", activate),
        method!(c"deactivate", deactivate),
        method!(c"get_current_span", context::get_current_span),
        method!(c"get_current", context::get_current),
        method!(c"attach", context::attach),
        method!(c"detach", context::detach),
        end_of_methods(),
    ]);
    // SAFETY: a live module and a table that lives for ever.
    let status = unsafe { ffi::PyModule_AddFunctions(module.as_ptr(), table) };
    if status < 0 {
        Err(PyErr::fetch(module.py()))
    } else {
        Ok(())
    }
}

/// `start_span(name, *, record_exception=True, attributes=None)`
fn start_span<'py>(
    _module: Borrowed<'_, 'py, PyAny>,
    args: Args<'_, 'py>,
) -> PyResult<Bound<'py, PyAny>> {
    const NAME: &str = "start_span";
    let [name, attributes, record] =
        args.parse(NAME, ["name", "attributes", "record_exception"], 1)?;
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
fn only_span<'a, 'py>(function: &str, args: &Args<'a, 'py>) -> PyResult<Span<'a, 'py>> {
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

/// `activate(span)`: makes it current until `deactivate`, without ending it then.
fn activate<'py>(
    _module: Borrowed<'_, 'py, PyAny>,
    args: Args<'_, 'py>,
) -> PyResult<Bound<'py, PyAny>> {
    let span = only_span("activate", &args)?;
    life::enter(span)?;
    Ok(span.to_owned())
}

/// `deactivate(span)`: undoes `activate`.
fn deactivate<'py>(
    _module: Borrowed<'_, 'py, PyAny>,
    args: Args<'_, 'py>,
) -> PyResult<Bound<'py, PyAny>> {
    let span = only_span("deactivate", &args)?;
    life::leave(span);
    Ok(span.to_owned())
}

/// `__aenter__()`: an awaitable that enters when awaited.
fn async_enter<'py>(this: Span<'_, 'py>, _args: Args<'_, 'py>) -> PyResult<Bound<'py, PyAny>> {
    let py = this.py();
    let module = py.import(intern!(py, "libtracer._traced"))?;
    module.call_method1(intern!(py, "enter_later"), (this.to_owned(),))
}

/// `__aexit__(type, exception, traceback)`: an awaitable that leaves when awaited.
fn async_exit<'py>(this: Span<'_, 'py>, args: Args<'_, 'py>) -> PyResult<Bound<'py, PyAny>> {
    let py = this.py();
    let module = py.import(intern!(py, "libtracer._traced"))?;
    let exception = args.get(1).map(Borrowed::to_owned);
    module.call_method1(intern!(py, "exit_later"), (this.to_owned(), exception))
}
