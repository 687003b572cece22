//! The type's tables: methods, properties, slots.

use super::object::{Span, SpanObject};
use super::{alloc, error, face, properties, read, status, surface, write};
use crate::object::{Args, forever, method, new_type, offset_member};
use pyo3::ffi::{self, PyMethodDef};
use pyo3::prelude::PyAnyMethods;
use pyo3::types::PyBool;
use pyo3::{Borrowed, Bound, PyAny, PyResult, Python, intern};
use std::ffi::{CStr, c_void};
use std::mem::offset_of;

/// `False`, as `__exit__` returns it.
#[inline]
pub(super) fn false_object(py: Python<'_>) -> Bound<'_, PyAny> {
    PyBool::new(py, false).to_owned().into_any()
}

/// Turns a function on a span into the shape of a method.
macro_rules! span_method {
    ($name:literal, $doc:literal, $body:path) => {{
        fn on_span<'py>(
            this: Borrowed<'_, 'py, PyAny>,
            args: Args<'_, 'py>,
        ) -> PyResult<Bound<'py, PyAny>> {
            // SAFETY: only used in the method table of the type.
            let span = unsafe { Span::of_method(this) };
            $body(span, args)
        }
        method!($name, $doc, on_span)
    }};
}

/// Turns a reader into a method without arguments.
macro_rules! reading_method {
    ($name:literal, $doc:literal, $function:literal, $body:path) => {{
        fn read<'py>(
            this: Borrowed<'_, 'py, PyAny>,
            args: Args<'_, 'py>,
        ) -> PyResult<Bound<'py, PyAny>> {
            args.parse($function, [], 0)?;
            $body(this)
        }
        method!($name, $doc, read)
    }};
}

/// Beginning, end and identity.
fn life_methods() -> Vec<PyMethodDef> {
    vec![
        span_method!(
            c"__enter__",
            c"__enter__($self)\n--\n\nStart the span if need be and make it current.",
            write::enter
        ),
        span_method!(
            c"__exit__",
            c"__exit__($self, kind, exception, traceback, /)\n--\n\nNote the exception, make current what was before, and end the span.",
            write::exit
        ),
        span_method!(
            c"__aenter__",
            c"__aenter__($self)\n--\n\n``__enter__`` for ``async with``.",
            async_enter
        ),
        span_method!(
            c"__aexit__",
            c"__aexit__($self, kind, exception, traceback, /)\n--\n\n``__exit__`` for ``async with``.",
            async_exit
        ),
        span_method!(
            c"end",
            c"end($self, end_time=None)\n--\n\nEnd the span, now or at a time in nanoseconds since 1970; only the first call counts.",
            write::end
        ),
        span_method!(
            c"start",
            c"start($self, start_time=None, parent_context=None)\n--\n\nStart the span, if a tracer has not: of opentelemetry-sdk's interface.",
            write::start
        ),
        reading_method!(
            c"get_span_context",
            c"get_span_context($self)\n--\n\nThe span's ``SpanContext``: ids as ints, flags and trace state.",
            "get_span_context",
            read::span_context
        ),
        reading_method!(
            c"is_recording",
            c"is_recording($self)\n--\n\nWhether the span is live and takes attributes.",
            "is_recording",
            read::is_recording
        ),
    ]
}

/// What `libtracer.tracer` calls things.
fn face_methods() -> Vec<PyMethodDef> {
    vec![
        span_method!(
            c"set_tag",
            c"set_tag($self, key, value)\n--\n\n``set_attribute`` by the name that ``libtracer.tracer`` gives it.",
            face::set_tag
        ),
        span_method!(
            c"set_error",
            c"set_error($self, error)\n--\n\nSet the status to ERROR by a text or an exception.",
            face::set_error
        ),
        span_method!(
            c"to_dict",
            c"to_dict($self)\n--\n\nThe span as a dict, as ``libtracer.tracer.Span.to_dict`` gives it.",
            face::to_dict
        ),
    ]
}

/// What a program may say.
fn write_methods() -> Vec<PyMethodDef> {
    vec![
        span_method!(
            c"set_attribute",
            c"set_attribute($self, key, value)\n--\n\nSet an attribute: any value is taken, and the last one of a key wins.",
            write::set_attribute
        ),
        span_method!(
            c"set_attributes",
            c"set_attributes($self, attributes)\n--\n\nSet every attribute of a mapping.",
            write::set_attributes
        ),
        span_method!(
            c"add_event",
            c"add_event($self, name, attributes=None, timestamp=None)\n--\n\nAdd an event, now or at a time in nanoseconds since 1970.",
            write::add_event
        ),
        span_method!(
            c"add_link",
            c"add_link($self, context, attributes=None)\n--\n\nAdd a link to another span by its ``SpanContext``.",
            write::add_link
        ),
        span_method!(
            c"set_status",
            c"set_status($self, status, description=None)\n--\n\nSet the status: a ``Status``, a ``StatusCode``, \"ok\" or \"error\".",
            status::set_status
        ),
        span_method!(
            c"update_name",
            c"update_name($self, name)\n--\n\nReplace the name.",
            write::update_name
        ),
        span_method!(
            c"record_exception",
            c"record_exception($self, exception, attributes=None, timestamp=None, escaped=False)\n--\n\nAdd an exception as an event; the one that leaves the block too is added only once.",
            error::record_exception
        ),
    ]
}

/// What turns a span into something else.
fn shape_methods() -> Vec<PyMethodDef> {
    vec![
        span_method!(
            c"to_json",
            c"to_json($self, indent=4)\n--\n\nThe span as JSON, with opentelemetry-sdk's fields.",
            surface::to_json
        ),
        reading_method!(
            c"_readable_span",
            c"_readable_span($self)\n--\n\nThe span as it is now, for readers that keep it.",
            "_readable_span",
            surface::readable
        ),
        span_method!(
            c"__copy__",
            c"__copy__($self)\n--\n\nThe span itself.",
            surface::copy
        ),
        span_method!(
            c"__deepcopy__",
            c"__deepcopy__($self, memo, /)\n--\n\nThe span itself.",
            surface::copy
        ),
        span_method!(
            c"__reduce_ex__",
            c"__reduce_ex__($self, protocol, /)\n--\n\nRaises: a span cannot be pickled.",
            surface::reduce
        ),
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
    crate::object::finish(py, || surface::repr(this))
}

/// `Span.__doc__`
const DOC: &CStr = c"An operation of the program, with OpenTelemetry's methods and properties.\n\n\
    Made by ``start_span`` and by tracers; never by calling the class.";

/// Makes the type of spans.
pub(super) fn make_type(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    let weak = offset_member(c"__weaklistoffset__", offset_of!(SpanObject, weak));
    let mut methods = life_methods();
    methods.append(&mut write_methods());
    methods.append(&mut face_methods());
    methods.append(&mut shape_methods());
    methods.push(PyMethodDef::zeroed());
    let mut properties = properties::all();
    properties.push(ffi::PyGetSetDef::default());
    let slot = |slot, pfunc| ffi::PyType_Slot { slot, pfunc };
    let slots = vec![
        slot(ffi::Py_tp_doc, DOC.as_ptr().cast_mut().cast()),
        slot(ffi::Py_tp_dealloc, alloc::dealloc as *mut c_void),
        slot(ffi::Py_tp_traverse, alloc::traverse as *mut c_void),
        slot(ffi::Py_tp_clear, alloc::clear as *mut c_void),
        slot(ffi::Py_tp_call, call_slot as *mut c_void),
        slot(ffi::Py_tp_repr, repr_slot as *mut c_void),
        slot(ffi::Py_tp_methods, forever(methods).cast()),
        slot(ffi::Py_tp_getset, forever(properties).cast()),
        slot(
            ffi::Py_tp_members,
            forever(vec![weak, ffi::PyMemberDef::default()]).cast(),
        ),
    ];
    let flags = ffi::Py_TPFLAGS_HAVE_GC;
    new_type(py, c"libtracer.Span", size_of::<SpanObject>(), flags, slots)
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
