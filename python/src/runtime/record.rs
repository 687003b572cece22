//! The calls of the function table, safe to use: one small method each.

use super::{Builder, runtime};
use libtracer_abi::{
    tracer_context_value, tracer_current_hook, tracer_span, tracer_start, tracer_started,
    tracer_verdict,
};
use std::ffi::{c_char, c_void};
use std::mem::MaybeUninit;
use std::ptr;

/// A span of the runtime. Every call takes it by value, and a stale one is a counted no-op.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Handle(pub(crate) tracer_span);

/// Collects the bytes the runtime shows us.
unsafe extern "C" fn keep(argument: *mut c_void, bytes: *const u8, len: usize) {
    // SAFETY: `argument` is the `Vec<u8>` that `end` or `read` below borrows for the call.
    let buffer = unsafe { &mut *argument.cast::<Vec<u8>>() };
    // SAFETY: the runtime gives `len` readable bytes for the duration of this call.
    let shown = unsafe { std::slice::from_raw_parts(bytes, len) };
    buffer.clear();
    buffer.extend_from_slice(shown);
}

impl Handle {
    /// Starts a span.
    #[inline]
    pub(crate) fn start(start: &tracer_start) -> tracer_started {
        let mut started = MaybeUninit::<tracer_started>::uninit();
        // SAFETY: both pointers are valid, and what `start` points to outlives the call.
        unsafe { (runtime().table.span_start)(ptr::from_ref(start), started.as_mut_ptr()) };
        // SAFETY: `span_start` always writes its result.
        unsafe { started.assume_init() }
    }

    /// Starts a span that is already decided about, in whole or in part.
    pub(crate) fn start_decided(start: &tracer_start, verdict: &tracer_verdict) -> tracer_started {
        let mut started = MaybeUninit::<tracer_started>::uninit();
        let call = runtime().table.span_start_decided;
        // SAFETY: all pointers are valid, and what they point to outlives the call.
        unsafe {
            call(
                ptr::from_ref(start),
                ptr::from_ref(verdict),
                started.as_mut_ptr(),
            );
        };
        // SAFETY: `span_start_decided` always writes its result.
        unsafe { started.assume_init() }
    }

    /// The time on the span's own clock, in Unix nanoseconds: its end if it ended now.
    pub(crate) fn now(self) -> u64 {
        // SAFETY: any handle may be asked.
        unsafe { (runtime().table.span_now)(self.0) }
    }

    /// Ends the span and keeps its encoding in `buffer`. False when it had ended already.
    #[inline]
    pub(crate) fn end(self, end_unix_ns: u64, buffer: &mut Vec<u8>) -> bool {
        let argument = ptr::from_mut(buffer).cast();
        // SAFETY: `keep` gets `argument` back before the call returns, and only then.
        unsafe { (runtime().table.span_end)(self.0, end_unix_ns, Some(keep), argument) }
    }

    /// The encoding of the span as it is now; empty when it has ended.
    pub(crate) fn read(self) -> Vec<u8> {
        let mut buffer = Vec::new();
        let argument = ptr::from_mut(&mut buffer).cast();
        // SAFETY: `keep` gets `argument` back before the call returns, and only then.
        unsafe { (runtime().table.span_read)(self.0, keep, argument) };
        buffer
    }

    /// Whether the span is live and recording.
    #[inline]
    pub(crate) fn is_recording(self) -> bool {
        // SAFETY: any handle may be asked.
        unsafe { (runtime().table.span_is_recording)(self.0) }
    }

    /// Sets a text attribute.
    #[inline]
    pub(crate) fn set_string(self, key: &str, text: &str) {
        let (key, key_len) = parts(key);
        let (text, len) = parts(text);
        // SAFETY: both texts are valid for the call, which copies them.
        unsafe { (runtime().table.span_set_string)(self.0, key, key_len, text, len) }
    }

    /// Sets a boolean attribute.
    #[inline]
    pub(crate) fn set_bool(self, key: &str, value: bool) {
        let (key, key_len) = parts(key);
        // SAFETY: the key is valid for the call, which copies it.
        unsafe { (runtime().table.span_set_bool)(self.0, key, key_len, value) }
    }

    /// Sets an integer attribute.
    #[inline]
    pub(crate) fn set_int(self, key: &str, value: i64) {
        let (key, key_len) = parts(key);
        // SAFETY: the key is valid for the call, which copies it.
        unsafe { (runtime().table.span_set_int)(self.0, key, key_len, value) }
    }

    /// Sets a number attribute.
    #[inline]
    pub(crate) fn set_double(self, key: &str, value: f64) {
        let (key, key_len) = parts(key);
        // SAFETY: the key is valid for the call, which copies it.
        unsafe { (runtime().table.span_set_double)(self.0, key, key_len, value) }
    }

    /// Sets a bytes attribute.
    pub(crate) fn set_bytes(self, key: &str, value: &[u8]) {
        let (key, key_len) = parts(key);
        let call = runtime().table.span_set_bytes;
        // SAFETY: key and value are valid for the call, which copies them.
        unsafe { call(self.0, key, key_len, value.as_ptr(), value.len()) }
    }

    /// Sets an attribute to an array, a map or null.
    pub(crate) fn set_value(self, key: &str, value: &Builder) {
        let (key, key_len) = parts(key);
        // SAFETY: key and builder are valid for the call, which copies what they hold.
        unsafe { (runtime().table.span_set_value)(self.0, key, key_len, value.as_ptr()) }
    }

    /// Adds an event; `attributes` holds a map.
    pub(crate) fn add_event(self, name: &str, unix_ns: u64, attributes: Option<&Builder>) {
        let (name, len) = parts(name);
        let attributes = attributes.map_or(ptr::null(), Builder::as_ptr);
        // SAFETY: name and builder are valid for the call, which copies what they hold.
        unsafe { (runtime().table.span_add_event)(self.0, name, len, unix_ns, attributes) }
    }

    /// Adds a link; `attributes` holds a map.
    pub(crate) fn add_link(self, to: &tracer_context_value, attributes: Option<&Builder>) {
        let attributes = attributes.map_or(ptr::null(), Builder::as_ptr);
        // SAFETY: context and builder are valid for the call, which copies what they hold.
        unsafe { (runtime().table.span_add_link)(self.0, ptr::from_ref(to), attributes) }
    }

    /// Sets the status by OTLP's numbers.
    pub(crate) fn set_status(self, status: i32, description: &str) {
        let (description, len) = parts(description);
        // SAFETY: the description is valid for the call, which copies it.
        unsafe { (runtime().table.span_set_status)(self.0, status, description, len) }
    }

    /// Replaces the name.
    pub(crate) fn set_name(self, name: &str) {
        let (name, len) = parts(name);
        // SAFETY: the name is valid for the call, which copies it.
        unsafe { (runtime().table.span_set_name)(self.0, name, len) }
    }
}

/// The native span that was entered on this thread since `foreign` became current, if one was.
pub(crate) fn native_since(
    foreign: &tracer_context_value,
) -> Option<(tracer_context_value, tracer_span)> {
    let mut context = MaybeUninit::<tracer_context_value>::uninit();
    let mut span = tracer_span::default();
    let call = runtime().table.current_native;
    // SAFETY: all pointers are valid.
    let found = unsafe { call(ptr::from_ref(foreign), context.as_mut_ptr(), &raw mut span) };
    if !found {
        return None;
    }
    // SAFETY: written, as there is one.
    Some((unsafe { context.assume_init() }, span))
}

/// Installs Python's answer to "what is current here".
pub(crate) fn set_current_hook(hook: tracer_current_hook) {
    // SAFETY: the hook has the contract of `tracer_current_hook` and lives as long as the process.
    unsafe { (runtime().table.set_current_hook)(Some(hook)) }
}

pub(super) fn parts(text: &str) -> (*const c_char, usize) {
    (text.as_ptr().cast(), text.len())
}
