//! The few functions of `tracer.h` that this library uses, and a span that ends with its block.

use std::ffi::{CStr, c_char, c_void};
use std::ptr;
use std::sync::OnceLock;

#[repr(C)]
#[derive(Clone, Copy)]
struct Handle {
    slot: u64,
    generation: u64,
}

unsafe extern "C" {
    fn tracer_scope_new(
        provider: *const c_void,
        name: *const c_char,
        version: *const c_char,
        schema_url: *const c_char,
    ) -> *mut c_void;
    fn tracer_span_start(
        scope: *const c_void,
        name: *const c_char,
        options: *const c_void,
    ) -> Handle;
    safe fn tracer_span_enter(span: Handle);
    safe fn tracer_span_finish(span: Handle);
    fn tracer_span_set_int(span: Handle, key: *const c_char, value: i64);
    fn tracer_span_set_double(span: Handle, key: *const c_char, value: f64);
    fn tracer_span_set_string(span: Handle, key: *const c_char, text: *const c_char, len: usize);
}

/// The instrumentation scope, which lives as long as the process.
struct Scope(*mut c_void);

// SAFETY: `tracer.h` says: immutable, any thread may use it.
unsafe impl Send for Scope {}
// SAFETY: as above.
unsafe impl Sync for Scope {}

static SCOPE: OnceLock<Scope> = OnceLock::new();

/// A span that is current on this thread until it is dropped.
pub(crate) struct Span(Handle);

impl Span {
    /// Starts a child of what is current, in whichever language that was made.
    pub(crate) fn enter(name: &CStr) -> Self {
        let scope = SCOPE.get_or_init(|| {
            // SAFETY: texts with NUL; the other pointers may be NULL.
            Scope(unsafe {
                tracer_scope_new(
                    ptr::null(),
                    c"search.rank".as_ptr(),
                    c"1.0".as_ptr(),
                    ptr::null(),
                )
            })
        });
        // SAFETY: the scope lives on; the name has its NUL; NULL options are the usual ones.
        let span = Self(unsafe { tracer_span_start(scope.0, name.as_ptr(), ptr::null()) });
        tracer_span_enter(span.0);
        span.set_text(c"language", "Rust");
        span
    }

    /// Sets an integer.
    pub(crate) fn set_int(&self, key: &CStr, value: usize) {
        let value = i64::try_from(value).unwrap_or(i64::MAX);
        // SAFETY: the key has its NUL.
        unsafe { tracer_span_set_int(self.0, key.as_ptr(), value) };
    }

    /// Sets a number.
    pub(crate) fn set_double(&self, key: &CStr, value: f64) {
        // SAFETY: the key has its NUL.
        unsafe { tracer_span_set_double(self.0, key.as_ptr(), value) };
    }

    /// Sets a text.
    pub(crate) fn set_text(&self, key: &CStr, text: &str) {
        // SAFETY: the key has its NUL; text and length are of one slice.
        unsafe {
            tracer_span_set_string(self.0, key.as_ptr(), text.as_ptr().cast(), text.len());
        }
    }
}

impl Drop for Span {
    fn drop(&mut self) {
        tracer_span_finish(self.0);
    }
}
