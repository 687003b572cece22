//! The functions of CPython that the stable ABI leaves out and a span cannot do without.
//!
//! Every CPython from 3.10 on exports them. They are looked up by name at import, so that the
//! extension links to the stable ABI only.

use crate::object::forget_error;
use pyo3::exceptions::PyImportError;
use pyo3::ffi::{self, PyObject, PySendResult};
use pyo3::prelude::{PyAnyMethods, PyDictMethods, PyTupleMethods};
use pyo3::types::{PyDict, PyString, PyTuple};
use pyo3::{Borrowed, Bound, PyAny, PyResult, Python};
use std::ffi::{CStr, c_int, c_void};
use std::ptr;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicPtr, Ordering};

/// A call by the vectorcall protocol: callee, arguments, their number with a flag, keyword names.
pub(crate) type Vectorcall = unsafe extern "C-unwind" fn(
    *mut PyObject,
    *const *mut PyObject,
    usize,
    *mut PyObject,
) -> *mut PyObject;

/// `PY_VECTORCALL_ARGUMENTS_OFFSET`, which may be set in the number of arguments.
pub(crate) const OFFSET_FLAG: usize = 1 << (usize::BITS - 1);

/// `PyObject_Str` and `PyObject_Repr`.
type Text = unsafe extern "C-unwind" fn(*mut PyObject) -> *mut PyObject;

/// `PyIter_Send`: the iterator, what to send, and where what comes back goes.
type Send =
    unsafe extern "C-unwind" fn(*mut PyObject, *mut PyObject, *mut *mut PyObject) -> PySendResult;

/// `PyContextVar_Get` and its kin, resolved.
pub(crate) struct CPython {
    /// Reads a `ContextVar` into an owned reference, NULL when it has no value.
    pub(crate) contextvar_get:
        unsafe extern "C" fn(*mut PyObject, *mut PyObject, *mut *mut PyObject) -> c_int,
    /// Sets a `ContextVar` and returns the token that undoes it.
    pub(crate) contextvar_set: unsafe extern "C" fn(*mut PyObject, *mut PyObject) -> *mut PyObject,
    /// Undoes a set by its token.
    pub(crate) contextvar_reset: unsafe extern "C" fn(*mut PyObject, *mut PyObject) -> c_int,
    vectorcall: Vectorcall,
    iter_send: Send,
    str: Text,
    repr: Text,
    is_instance: unsafe extern "C-unwind" fn(*mut PyObject, *mut PyObject) -> c_int,
    /// `tp_call` of a type that has a vectorcall slot.
    pub(crate) vectorcall_call: ffi::ternaryfunc,
    /// Binds a callable to an instance.
    pub(crate) method_new: unsafe extern "C" fn(*mut PyObject, *mut PyObject) -> *mut PyObject,
    /// 1 when the calling thread holds the GIL.
    pub(crate) gil_check: unsafe extern "C" fn() -> c_int,
    /// Below 3.12 a collection inside a `ContextVar` change may free what the change still reads.
    pub(crate) guard_collector: bool,
}

impl CPython {
    /// Calls an object by the vectorcall protocol.
    ///
    /// # Safety
    ///
    /// As `PyObject_Vectorcall` demands, with the GIL held.
    #[inline]
    pub(crate) unsafe fn vectorcall(
        &self,
        callee: *mut PyObject,
        args: *const *mut PyObject,
        count: usize,
        names: *mut PyObject,
    ) -> *mut PyObject {
        // SAFETY: as the caller promises.
        staying(|| unsafe { (self.vectorcall)(callee, args, count, names) })
    }

    /// Resumes an object by the iterator protocol.
    ///
    /// # Safety
    ///
    /// As `PyIter_Send` demands, with the GIL held.
    #[inline]
    pub(crate) unsafe fn iter_send(
        &self,
        object: *mut PyObject,
        value: *mut PyObject,
        result: *mut *mut PyObject,
    ) -> PySendResult {
        // SAFETY: as the caller promises.
        staying(|| unsafe { (self.iter_send)(object, value, result) })
    }
}

/// Keeps a thread where it is when its stack is unwound.
struct Stay;

impl Drop for Stay {
    fn drop(&mut self) {
        loop {
            std::thread::park();
        }
    }
}

/// Runs what may run the program's code. When the interpreter goes down, CPython below 3.14 ends a
/// daemon thread that comes back for the GIL by unwinding its stack, which would end the process at
/// the first frame of ours: the thread stays here instead, as newer interpreters have it.
#[inline]
#[expect(
    clippy::mem_forget,
    reason = "its drop is for the stack that is unwound"
)]
fn staying<R>(run: impl FnOnce() -> R) -> R {
    let stay = Stay;
    let result = run();
    std::mem::forget(stay);
    result
}

/// `object.name(*args)` where the program's code may run for long.
pub(crate) fn call_method<'py, const N: usize>(
    object: &Bound<'py, PyAny>,
    name: &Bound<'py, PyString>,
    args: [&Bound<'py, PyAny>; N],
) -> PyResult<Bound<'py, PyAny>> {
    let method = object.getattr(name)?;
    let args = args.map(Bound::as_ptr);
    // SAFETY: live objects, as many as are said, with the GIL held.
    let result =
        unsafe { cpython().vectorcall(method.as_ptr(), args.as_ptr(), N, ptr::null_mut()) };
    // SAFETY: an owned reference, or NULL with an exception set.
    unsafe { Bound::from_owned_ptr_or_err(object.py(), result) }
}

/// `str(object)`
pub(crate) fn str_of<'py>(object: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyString>> {
    text_by(cpython().str, object)
}

/// `repr(object)`
pub(crate) fn repr_of<'py>(object: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyString>> {
    text_by(cpython().repr, object)
}

/// `isinstance(object, class)`; false when the question raises.
pub(crate) fn is_a(object: &Bound<'_, PyAny>, class: &Bound<'_, PyAny>) -> bool {
    let ask = cpython().is_instance;
    // SAFETY: two live objects, with the GIL held.
    let answer = staying(|| unsafe { ask(object.as_ptr(), class.as_ptr()) });
    if answer < 0 {
        forget_error(object.py());
    }
    answer > 0
}

fn text_by<'py>(text: Text, object: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyString>> {
    // SAFETY: a live object, with the GIL held.
    let made = staying(|| unsafe { text(object.as_ptr()) });
    // SAFETY: an owned reference, or NULL with an exception set.
    let made = unsafe { Bound::from_owned_ptr_or_err(object.py(), made) };
    Ok(made?.cast_into()?)
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
        str: find!(c"PyObject_Str" as Text),
        is_instance: find!(
            c"PyObject_IsInstance"
                as unsafe extern "C-unwind" fn(*mut PyObject, *mut PyObject) -> c_int
        ),
        repr: find!(c"PyObject_Repr" as Text),
        iter_send: find!(c"PyIter_Send" as Send),
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
unsafe extern "C-unwind" fn call_with_dict(
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
            staying(|| unsafe { call(callee, args, count, keywords) })
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
