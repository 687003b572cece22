//! Instrumentation scopes, captures and the account, safe to use.

use super::functions::{CaptureHandle, Scope as Native};
use super::{Builder, Provider, runtime};
use libtracer_abi::tracer_stats;
use std::ffi::{CStr, c_void};
use std::ptr::{self, NonNull};

/// An instrumentation scope. Scopes are never freed: there is one per name, and spans refer to them.
#[derive(Clone, Copy)]
pub(crate) struct Scope(*const Native);

// SAFETY: a scope is immutable and lives for ever.
unsafe impl Send for Scope {}
// SAFETY: as above.
unsafe impl Sync for Scope {}

impl Scope {
    /// The scope of spans that name none.
    pub(crate) const DEFAULT: Self = Self(ptr::null());

    /// A scope of the default provider, whichever that is when a span starts.
    pub(crate) fn new(name: &CStr, version: Option<&CStr>, schema_url: Option<&CStr>) -> Self {
        Self::new_in(None, name, version, schema_url, None)
    }

    /// A scope of this provider (None: the default one); `attributes` holds a map.
    pub(crate) fn new_in(
        provider: Option<&Provider>,
        name: &CStr,
        version: Option<&CStr>,
        schema_url: Option<&CStr>,
        attributes: Option<&Builder>,
    ) -> Self {
        let make = runtime().functions.tracer_scope_new_with_attributes;
        let provider = provider.map_or(ptr::null(), Provider::as_ptr);
        let version = version.map_or(ptr::null(), CStr::as_ptr);
        let schema = schema_url.map_or(ptr::null(), CStr::as_ptr);
        let attributes = attributes.map_or(ptr::null(), Builder::as_ptr);
        // SAFETY: a live provider or NULL; texts and attributes are copied.
        Self(unsafe { make(provider, name.as_ptr(), version, schema, attributes) })
    }

    /// As the function table takes it.
    #[inline]
    pub(crate) fn as_ptr(self) -> *const c_void {
        self.0
    }
}

/// `tracer_capture_otlp` and its like.
pub(super) type GiveMessage =
    unsafe extern "C" fn(*const CaptureHandle, usize, *mut *const u8, *mut usize) -> bool;

/// Every span that ends, and every log record, while this lives.
pub(crate) struct Captured(NonNull<CaptureHandle>);

// SAFETY: the C functions on a capture may be called from any thread.
unsafe impl Send for Captured {}
// SAFETY: as above, also by several threads at once.
unsafe impl Sync for Captured {}

impl Captured {
    /// Begins to capture; `None` when there is no memory.
    pub(crate) fn new() -> Option<Self> {
        // SAFETY: no precondition.
        NonNull::new(unsafe { (runtime().functions.tracer_capture_new)() }).map(Self)
    }

    /// Number of spans so far.
    pub(crate) fn len(&self) -> usize {
        // SAFETY: a live capture.
        unsafe { (runtime().functions.tracer_capture_count)(self.0.as_ptr()) }
    }

    /// One span as an encoded `ResourceSpans`.
    pub(crate) fn otlp(&self, index: usize) -> Option<&[u8]> {
        self.message(runtime().functions.tracer_capture_otlp, index)
    }

    /// The native capture, for calls that read it.
    pub(super) fn as_ptr(&self) -> *const CaptureHandle {
        self.0.as_ptr()
    }

    /// What one of the functions that give a message gives.
    pub(super) fn message(&self, call: GiveMessage, index: usize) -> Option<&[u8]> {
        let (mut bytes, mut len) = (ptr::null(), 0);
        // SAFETY: a live capture and valid out-pointers.
        let found = unsafe { call(self.0.as_ptr(), index, &raw mut bytes, &raw mut len) };
        if !found || bytes.is_null() {
            return None;
        }
        // SAFETY: valid until the capture is freed, which `&self` prevents.
        Some(unsafe { std::slice::from_raw_parts(bytes, len) })
    }
}

impl Drop for Captured {
    fn drop(&mut self) {
        // SAFETY: a live capture that nobody uses again.
        unsafe { (runtime().functions.tracer_capture_free)(self.0.as_ptr()) }
    }
}

/// The account of the process.
pub(crate) fn account() -> tracer_stats {
    let mut read = tracer_stats {
        struct_size: size_of::<tracer_stats>(),
        ..Default::default()
    };
    // SAFETY: a valid struct whose size is set.
    unsafe { (runtime().functions.tracer_read_stats)(&raw mut read) };
    read
}
