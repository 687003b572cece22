//! The value of OpenTelemetry's `ContextVar` on this thread, read without the GIL.
//!
//! A `contextvars.Context` keeps its variables in a tree that never changes; a change makes a new
//! tree, and only the thread that runs in a context changes it. So a thread may read the tree of
//! its own current context at any time: the thread state holds the context, and the context what is
//! in it. The tree is walked by the collector's view of it (`tp_traverse`), which is CPython's own
//! code and touches no reference count. Where the context stands in a thread state, and how the
//! tree shows itself, is tried out at import; an interpreter that differs is never read from.

use pyo3::exceptions::PyRuntimeError;
use pyo3::ffi::{self, PyObject, PyThreadState, PyTypeObject};
use pyo3::prelude::{PyAnyMethods, PyModule, PyModuleMethods};
use pyo3::types::{PyList, PyListMethods, PyTypeMethods};
use pyo3::{Bound, PyAny, PyResult, Python, intern, pyfunction, wrap_pyfunction};
use std::ffi::{c_int, c_void};
use std::ptr::{self, NonNull};
use std::sync::OnceLock;

/// Words of a thread state searched for its context; every known version has it within.
const SEARCHED_WORDS: usize = 36;
/// Variables that are enough for every kind of node to occur in the tree.
const TRIED_VARIABLES: usize = 64;
/// Kinds of node, the tree's own object among them.
const MAX_KINDS: usize = 4;

/// What a thread finds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Value {
    /// The variable has no value here.
    Unset,
    /// This one; alive until the thread next runs Python code.
    Object(NonNull<PyObject>),
    /// This interpreter cannot be read from.
    Unknown,
}

/// How to read: found out once, by [`learn`].
struct Layout {
    /// Word of the thread state that points to its context.
    offset: usize,
    /// Shows what a `Context` refers to.
    context: ffi::traverseproc,
    kinds: Kinds,
    variable: *mut PyObject,
}

/// The types of the tree and its nodes, with what shows their contents.
type Kinds = [(*mut PyTypeObject, Option<ffi::traverseproc>); MAX_KINDS];

// SAFETY: the pointers are to types and a variable that live for ever, and are only compared.
unsafe impl Send for Layout {}
// SAFETY: as above.
unsafe impl Sync for Layout {}

static LAYOUT: OnceLock<Layout> = OnceLock::new();

/// The variable's value in the current context of this thread, whose state `state` is.
pub(super) fn value(state: *mut PyThreadState) -> Value {
    let Some(layout) = LAYOUT.get() else {
        return Value::Unknown;
    };
    match NonNull::new(context_at(state, layout.offset)) {
        None => Value::Unset, // the thread has set no variable yet
        Some(context) => find(context, layout.variable, layout.context, &layout.kinds),
    }
}

/// The address of the context of this thread; 0 = none, or not known where it is.
pub(super) fn context_here() -> usize {
    // SAFETY: may be asked on any thread.
    let state = unsafe { ffi::PyGILState_GetThisThreadState() };
    LAYOUT
        .get()
        .map_or(0, |layout| context_at(state, layout.offset).addr())
}

fn context_at(state: *mut PyThreadState, offset: usize) -> *mut PyObject {
    // SAFETY: `learn` saw that a thread state holds its context at this offset.
    let place = unsafe { state.cast::<*mut PyObject>().add(offset) };
    // SAFETY: as above; only the thread itself changes the word.
    unsafe { place.read() }
}

/// A walk through a tree.
struct Walk<'a> {
    wanted: *mut PyObject,
    kinds: &'a Kinds,
    /// Seen last; a node shows a value right before its key.
    last: *mut PyObject,
    found: *mut PyObject,
}

fn find(
    context: NonNull<PyObject>,
    wanted: *mut PyObject,
    shows: ffi::traverseproc,
    kinds: &Kinds,
) -> Value {
    let mut walk = Walk {
        wanted,
        kinds,
        last: ptr::null_mut(),
        found: ptr::null_mut(),
    };
    // SAFETY: the thread's own context, or one that the caller keeps, and the walk `visit` expects.
    unsafe { shows(context.as_ptr(), visit, (&raw mut walk).cast()) };
    NonNull::new(walk.found).map_or(Value::Unset, Value::Object)
}

/// Called for every reference; other than 0 ends the walk.
unsafe extern "C" fn visit(object: *mut PyObject, walk: *mut c_void) -> c_int {
    let walk: *mut Walk<'_> = walk.cast();
    // SAFETY: `find` passes its own walk, which nobody else uses meanwhile.
    let seen = unsafe { &mut *walk };
    if object == seen.wanted {
        seen.found = seen.last;
        return 1;
    }
    seen.last = object;
    // SAFETY: a live object; its type is read, as always allowed.
    let kind = unsafe { ffi::Py_TYPE(object) };
    let shows = seen.kinds.iter().find(|(node, _)| *node == kind);
    let Some((_, Some(shows))) = shows.copied() else {
        return 0;
    };
    // SAFETY: a node of the tree, kept by what refers to it, shown by its own type's function.
    unsafe { shows(object, visit, walk.cast()) }
}

/// Finds out how to read `variable`; where that fails, nothing is ever read.
pub(super) fn learn(variable: &Bound<'_, PyAny>) -> PyResult<()> {
    let py = variable.py();
    let (context, tried) = tried_context(py)?;
    let shows = traverse_of(&context).ok_or_else(not_as_known)?;
    let kinds = kinds_of(&context)?;
    let reads =
        |wanted: &Bound<'_, PyAny>| find(non_null(&context), wanted.as_ptr(), shows, &kinds);
    for (key, value) in &tried {
        if reads(key) != Value::Object(non_null(value)) {
            return Ok(());
        }
    }
    let offset = find_offset(py)?;
    if offset == 0 || reads(variable) != Value::Unset {
        return Ok(());
    }
    LAYOUT.get_or_init(|| Layout {
        offset,
        context: shows,
        kinds,
        variable: variable.as_ptr(),
    });
    Ok(())
}

fn non_null(object: &Bound<'_, PyAny>) -> NonNull<PyObject> {
    // SAFETY: a live object is not NULL.
    unsafe { NonNull::new_unchecked(object.as_ptr()) }
}

fn not_as_known() -> pyo3::PyErr {
    PyRuntimeError::new_err("libtracer: this interpreter's contexts show nothing")
}

type Pairs<'py> = Vec<(Bound<'py, PyAny>, Bound<'py, PyAny>)>;

/// A context with variables of known values.
fn tried_context(py: Python<'_>) -> PyResult<(Bound<'_, PyAny>, Pairs<'_>)> {
    let module = py.import(intern!(py, "contextvars"))?;
    let context = module.getattr(intern!(py, "Context"))?.call0()?;
    let class = module.getattr(intern!(py, "ContextVar"))?;
    let mut tried = Vec::with_capacity(TRIED_VARIABLES);
    for _ in 0..TRIED_VARIABLES {
        let (key, value) = (class.call1(("tried",))?, PyList::empty(py).into_any());
        let set = key.getattr(intern!(py, "set"))?;
        context.call_method1(intern!(py, "run"), (set, &value))?;
        tried.push((key, value));
    }
    Ok((context, tried))
}

/// The types of what a tried context refers to, other than its variables and their values.
fn kinds_of(context: &Bound<'_, PyAny>) -> PyResult<Kinds> {
    let py = context.py();
    let referents = py
        .import(intern!(py, "gc"))?
        .getattr(intern!(py, "get_referents"))?;
    let variable = py
        .import(intern!(py, "contextvars"))?
        .getattr(intern!(py, "ContextVar"))?;
    let mut kinds: Kinds = [(ptr::null_mut(), None); MAX_KINDS];
    let mut open = vec![context.clone()];
    while let Some(object) = open.pop() {
        for found in referents.call1((object,))?.cast::<PyList>()?.iter() {
            let leaf = found.is_instance(&variable)? || found.is_instance_of::<PyList>();
            if !leaf && note(&mut kinds, &found) {
                open.push(found);
            }
        }
    }
    Ok(kinds)
}

/// Notes the type of a node; false when there are more kinds than there can be.
fn note(kinds: &mut Kinds, node: &Bound<'_, PyAny>) -> bool {
    let kind = node.get_type().as_type_ptr();
    let Some(place) = kinds
        .iter_mut()
        .find(|(known, _)| known.is_null() || *known == kind)
    else {
        return false;
    };
    *place = (kind, traverse_of(node));
    true
}

/// What shows the references of an object of this one's type.
fn traverse_of(object: &Bound<'_, PyAny>) -> Option<ffi::traverseproc> {
    let kind = object.get_type().as_type_ptr();
    // SAFETY: a live type; from 3.10 on static ones may be asked too.
    let slot = unsafe { ffi::PyType_GetSlot(kind, ffi::Py_tp_traverse) };
    // SAFETY: NULL, or the slot's function, whose signature CPython's headers give.
    unsafe { std::mem::transmute::<*mut c_void, Option<ffi::traverseproc>>(slot) }
}

/// Finds where a thread state keeps its context, by looking at two known ones.
fn find_offset(py: Python<'_>) -> PyResult<usize> {
    let module = py.import(intern!(py, "libtracer._native"))?;
    let probe = module.getattr(intern!(py, "context_offset"))?;
    let class = py
        .import(intern!(py, "contextvars"))?
        .getattr(intern!(py, "Context"))?;
    let mut seen = [0_usize; 2];
    let contexts = [class.call0()?, class.call0()?];
    for (place, context) in seen.iter_mut().zip(&contexts) {
        let found = context.call_method1(intern!(py, "run"), (&probe, context))?;
        *place = found.extract()?;
    }
    let [first, second] = seen;
    Ok(if first == second { first } else { 0 })
}

/// In which word of the thread state `context` stands; 0 = in none.
#[pyfunction]
fn context_offset(context: &Bound<'_, PyAny>) -> usize {
    // SAFETY: called from Python, so there is a thread state.
    let state: *const usize = unsafe { ffi::PyThreadState_Get() }.cast();
    (1..SEARCHED_WORDS)
        .find(|index| {
            // SAFETY: a thread state is larger than this on every supported version.
            let place = unsafe { state.add(*index) };
            // SAFETY: as above, and aligned for words.
            let word = unsafe { place.read() };
            word == context.as_ptr().addr()
        })
        .unwrap_or(0)
}

/// Adds the probe to the module.
pub(super) fn add_to(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(context_offset, module)?)
}
