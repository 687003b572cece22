//! The streaming builder of nested values, safe to use.

use super::runtime;
use libtracer_abi::tracer_value;
use std::cell::Cell;
use std::ptr::NonNull;

thread_local! {
    /// Idle builders of a thread: two, for what a log record says and its attributes. Conversions may
    /// run Python code that converts in turn, so a builder is taken out while it is used.
    static IDLE: [Cell<Option<Builder>>; 2] = const { [Cell::new(None), Cell::new(None)] };
}

/// An array, a map or null under construction.
pub(crate) struct Builder {
    value: NonNull<tracer_value>,
}

/// Defines the calls that take nothing, or one plain value.
macro_rules! builder_calls {
    ($($(#[$doc:meta])* $name:ident($($argument:ident: $kind:ty)?) = $function:ident;)*) => {
        $($(#[$doc])*
        pub(crate) fn $name(&self $(, $argument: $kind)?) {
            // SAFETY: `value` is a live builder that this one owns.
            unsafe { (runtime().functions.$function)(self.value.as_ptr() $(, $argument)?) }
        })*
    };
}

impl Builder {
    /// Runs `build` with an empty builder; `None` when there is no memory for one.
    pub(crate) fn with<R>(build: impl FnOnce(&Self) -> R) -> Option<R> {
        let idle = IDLE.try_with(|idle| idle.iter().find_map(Cell::take));
        let builder = idle.ok().flatten().or_else(Self::new)?;
        let result = build(&builder);
        // SAFETY: a live builder that we own.
        unsafe { (runtime().functions.tracer_value_clear)(builder.value.as_ptr()) };
        IDLE.try_with(|[first, second]| {
            if let Some(other) = first.replace(Some(builder)) {
                second.set(Some(other));
            }
        })
        .ok();
        Some(result)
    }

    fn new() -> Option<Self> {
        // SAFETY: no precondition.
        let value = unsafe { (runtime().functions.tracer_value_new)() };
        NonNull::new(value).map(|value| Self { value })
    }

    /// The native builder, for calls that read it.
    pub(super) fn as_ptr(&self) -> *const tracer_value {
        self.value.as_ptr()
    }

    builder_calls! {
        /// Opens an array.
        begin_array() = tracer_value_begin_array;
        /// Opens a map.
        begin_map() = tracer_value_begin_map;
        /// Closes what was opened last.
        end() = tracer_value_end;
        /// Adds null.
        add_null() = tracer_value_add_null;
        /// Adds a boolean.
        add_bool(value: bool) = tracer_value_add_bool;
        /// Adds an integer.
        add_int(value: i64) = tracer_value_add_int;
        /// Adds a number.
        add_double(value: f64) = tracer_value_add_double;
    }

    /// Names the next value of a map.
    pub(crate) fn key(&self, key: &str) {
        let call = runtime().functions.tracer_value_key;
        // SAFETY: `value` is a live builder; the text is copied before the call returns.
        unsafe { call(self.value.as_ptr(), key.as_ptr().cast(), key.len()) }
    }

    /// Adds a text.
    pub(crate) fn add_string(&self, text: &str) {
        let call = runtime().functions.tracer_value_add_string;
        // SAFETY: `value` is a live builder; the text is copied before the call returns.
        unsafe { call(self.value.as_ptr(), text.as_ptr().cast(), text.len()) }
    }

    /// Adds bytes.
    pub(crate) fn add_bytes(&self, bytes: &[u8]) {
        let call = runtime().functions.tracer_value_add_bytes;
        // SAFETY: `value` is a live builder; the bytes are copied before the call returns.
        unsafe { call(self.value.as_ptr(), bytes.as_ptr().cast(), bytes.len()) }
    }
}

impl Drop for Builder {
    fn drop(&mut self) {
        // SAFETY: a live builder that we own and nobody uses again.
        unsafe { (runtime().functions.tracer_value_free)(self.value.as_ptr()) }
    }
}
