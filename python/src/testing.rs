//! The native half of `libtracer.testing`: every span that ends while a capture lives.

use crate::decode::proto;
use crate::finished::ReadableSpan;
use crate::runtime::{CaptureHandle, runtime};
use prost::Message;
use pyo3::exceptions::PyMemoryError;
use pyo3::{PyResult, Python, pyclass, pymethods};
use std::ptr::{self, NonNull};

/// Collects ended spans until it is closed.
#[pyclass(frozen, module = "libtracer._native")]
pub(crate) struct Capture {
    handle: NonNull<CaptureHandle>,
}

// SAFETY: the C functions on a capture may be called from any thread.
unsafe impl Send for Capture {}
// SAFETY: as above, also by several threads at once.
unsafe impl Sync for Capture {}

#[pymethods]
impl Capture {
    #[new]
    fn new() -> PyResult<Self> {
        // SAFETY: no precondition.
        let handle = unsafe { (runtime().functions.tracer_capture_new)() };
        let handle = NonNull::new(handle)
            .ok_or_else(|| PyMemoryError::new_err("no memory to capture spans"))?;
        Ok(Self { handle })
    }

    /// Number of spans so far.
    fn __len__(&self) -> usize {
        // SAFETY: a live capture.
        unsafe { (runtime().functions.tracer_capture_count)(self.handle.as_ptr()) }
    }

    /// The span at `index`, in the order in which they ended.
    fn read(&self, py: Python<'_>, index: usize) -> PyResult<Option<ReadableSpan>> {
        let mut bytes = ptr::null();
        let mut len = 0;
        let call = runtime().functions.tracer_capture_otlp;
        // SAFETY: a live capture and valid out-pointers.
        let found = unsafe { call(self.handle.as_ptr(), index, &raw mut bytes, &raw mut len) };
        if !found || bytes.is_null() {
            return Ok(None);
        }
        // SAFETY: valid until the capture is freed.
        let message = unsafe { std::slice::from_raw_parts(bytes, len) };
        match proto::ResourceSpans::decode(message) {
            Ok(message) => ReadableSpan::new(py, message),
            Err(_) => Ok(None),
        }
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        // SAFETY: a live capture that nobody uses again.
        unsafe { (runtime().functions.tracer_capture_free)(self.handle.as_ptr()) }
    }
}
