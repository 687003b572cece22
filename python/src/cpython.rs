//! The functions of CPython that the stable ABI leaves out and a span cannot do without.
//!
//! Every CPython from 3.10 on exports them. They are looked up by name at import, so that the
//! extension links to the stable ABI only.

use pyo3::exceptions::PyImportError;
use pyo3::ffi::{self, PyObject};
use pyo3::prelude::{PyDictMethods, PyTupleMethods};
use pyo3::types::{PyDict, PyTuple};
use pyo3::{Borrowed, Bound, PyAny, PyResult, Python};
use std::ffi::{CStr, c_int, c_void};
use std::ptr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicPtr, Ordering};

/// A call by the vectorcall protocol: callee, arguments, their number with a flag, keyword names.
pub(crate) type Vectorcall = unsafe extern "C" fn(
    *mut PyObject,
    *const *mut PyObject,
    usize,
    *mut PyObject,
) -> *mut PyObject;

/// `PY_VECTORCALL_ARGUMENTS_OFFSET`, which may be set in the number of arguments.
pub(crate) const OFFSET_FLAG: usize = 1 << (usize::BITS - 1);

/// `PyContextVar_Get` and its kin, resolved.
pub(crate) struct CPython {
    /// Reads a `ContextVar` into an owned reference, NULL when it has no value.
    pub(crate) contextvar_get:
        unsafe extern "C" fn(*mut PyObject, *mut PyObject, *mut *mut PyObject) -> c_int,
    /// Sets a `ContextVar` and returns the token that undoes it.
    pub(crate) contextvar_set: unsafe extern "C" fn(*mut PyObject, *mut PyObject) -> *mut PyObject,
    /// Undoes a set by its token.
    pub(crate) contextvar_reset: unsafe extern "C" fn(*mut PyObject, *mut PyObject) -> c_int,
    /// Calls an object by the vectorcall protocol.
    pub(crate) vectorcall: Vectorcall,
    /// `tp_call` of a type that has a vectorcall slot.
    pub(crate) vectorcall_call: ffi::ternaryfunc,
    /// Binds a callable to an instance.
    pub(crate) method_new: unsafe extern "C" fn(*mut PyObject, *mut PyObject) -> *mut PyObject,
    /// 1 when the calling thread holds the GIL.
    pub(crate) gil_check: unsafe extern "C" fn() -> c_int,
    /// Below 3.12 a collection inside a `ContextVar` change may free what the change still reads.
    pub(crate) guard_collector: bool,
}

static CPYTHON: OnceLock<CPython> = OnceLock::new();

/// The functions found at import.
#[inline]
pub(crate) fn cpython() -> &'static CPython {
    // SAFETY: `load` ran to its end before the module offered anything that calls this.
    unsafe { CPYTHON.get().unwrap_unchecked() }
}

/// The interpreter whose objects our statics hold.
static INTERPRETER: AtomicPtr<ffi::PyInterpreterState> = AtomicPtr::new(ptr::null_mut());

/// Whether the calling thread runs the interpreter that imported the extension first.
pub(crate) fn is_our_interpreter(_py: Python<'_>) -> bool {
    // SAFETY: the GIL is held, as `_py` shows.
    let here = unsafe { ffi::PyInterpreterState_Get() };
    let (success, failure) = (Ordering::AcqRel, Ordering::Acquire);
    match INTERPRETER.compare_exchange(ptr::null_mut(), here, success, failure) {
        Ok(_) => true,
        Err(ours) => ours == here,
    }
}

/// Refuses a second interpreter: the statics of this extension hold objects of the first.
pub(crate) fn check_interpreter(py: Python<'_>) -> PyResult<()> {
    if is_our_interpreter(py) {
        return Ok(());
    }
    Err(PyImportError::new_err(
        "libtracer serves one interpreter of a process, and another one has imported it: trace \
         there, or from native code",
    ))
}

/// Finds the functions; an interpreter without one of them cannot import the extension.
pub(crate) fn load(py: Python<'_>) -> PyResult<()> {
    macro_rules! find {
        ($name:literal as $kind:ty) => {{
            let address = address_of($name)?;
            // SAFETY: CPython's headers give the function of this name this signature.
            unsafe { std::mem::transmute::<*mut c_void, $kind>(address) }
        }};
    }
    type Get = unsafe extern "C" fn(*mut PyObject, *mut PyObject, *mut *mut PyObject) -> c_int;
    type Binary = unsafe extern "C" fn(*mut PyObject, *mut PyObject) -> *mut PyObject;
    type Reset = unsafe extern "C" fn(*mut PyObject, *mut PyObject) -> c_int;
    let vectorcall_dict = find!(c"PyObject_VectorcallDict" as Vectorcall);
    let found = CPython {
        contextvar_get: find!(c"PyContextVar_Get" as Get),
        contextvar_set: find!(c"PyContextVar_Set" as Binary),
        contextvar_reset: find!(c"PyContextVar_Reset" as Reset),
        vectorcall: if py.version_info() >= (3, 11) {
            find!(c"PyObject_Vectorcall" as Vectorcall)
        } else {
            VECTORCALL_DICT.get_or_init(|| vectorcall_dict);
            call_with_dict
        },
        vectorcall_call: find!(c"PyVectorcall_Call" as ffi::ternaryfunc),
        method_new: find!(c"PyMethod_New" as Binary),
        gil_check: find!(c"PyGILState_Check" as unsafe extern "C" fn() -> c_int),
        guard_collector: py.version_info() < (3, 12),
    };
    CPYTHON.get_or_init(|| found);
    Ok(())
}

/// `PyObject_VectorcallDict`, which takes a dict where the newer function takes names.
static VECTORCALL_DICT: OnceLock<Vectorcall> = OnceLock::new();

/// `PyObject_Vectorcall` for CPython 3.10, which has it in its headers only.
unsafe extern "C" fn call_with_dict(
    callee: *mut PyObject,
    args: *const *mut PyObject,
    count: usize,
    names: *mut PyObject,
) -> *mut PyObject {
    let Some(call) = VECTORCALL_DICT.get() else {
        return ptr::null_mut();
    };
    // SAFETY: CPython calls with the GIL held.
    let py = unsafe { Python::assume_attached() };
    // SAFETY: NULL or a tuple that the caller keeps alive for the call.
    let names = unsafe { Borrowed::from_ptr_or_opt(py, names) };
    let keywords = names.map(|names| {
        // SAFETY: the keyword values follow the positional ones.
        let values = unsafe { args.add(count & !OFFSET_FLAG) };
        keywords(names, values)
    });
    match keywords.transpose() {
        Err(error) => {
            error.restore(py);
            ptr::null_mut()
        }
        Ok(keywords) => {
            let keywords = keywords.as_ref().map_or(ptr::null_mut(), Bound::as_ptr);
            // SAFETY: the caller's own arguments, its keywords now in a dict.
            unsafe { call(callee, args, count, keywords) }
        }
    }
}

/// Keyword names and the values that belong to them as a dict.
fn keywords<'py>(
    names: Borrowed<'_, 'py, PyAny>,
    values: *const *mut PyObject,
) -> PyResult<Bound<'py, PyDict>> {
    let keywords = PyDict::new(names.py());
    for (index, name) in names.cast::<PyTuple>()?.iter_borrowed().enumerate() {
        // SAFETY: there are as many values as names.
        let place = unsafe { values.add(index) };
        // SAFETY: as above.
        let value = unsafe { *place };
        // SAFETY: the caller keeps its arguments alive for the call.
        keywords.set_item(name, unsafe { Borrowed::from_ptr(names.py(), value) })?;
    }
    Ok(keywords)
}

fn address_of(name: &CStr) -> PyResult<*mut c_void> {
    // SAFETY: `name` is a NUL-terminated string; the default handle is always valid.
    let address = unsafe { libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr()) };
    if address.is_null() {
        return Err(PyImportError::new_err(format!(
            "libtracer needs CPython 3.10 or later: this interpreter does not export {}",
            name.to_string_lossy()
        )));
    }
    Ok(address)
}

/// Holds the cyclic collector off while it lives, where the interpreter needs that.
pub(crate) struct CollectorOff {
    was_on: bool,
}

impl CollectorOff {
    /// Until the value is dropped no collection starts.
    #[inline]
    pub(crate) fn new(_py: Python<'_>) -> Self {
        let was_on = cpython().guard_collector && {
            // SAFETY: the GIL is held, as `_py` shows.
            let state = unsafe { ffi::PyGC_Disable() };
            state == 1
        };
        Self { was_on }
    }
}

impl Drop for CollectorOff {
    #[inline]
    fn drop(&mut self) {
        if self.was_on {
            // SAFETY: made under the GIL and dropped in the same call.
            unsafe { ffi::PyGC_Enable() };
        }
    }
}
