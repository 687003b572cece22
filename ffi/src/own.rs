//! Smaller things that a provider may take from the program: ids, the time, which scopes record.

use crate::boundary::guard;
use crate::config::{set, tracer_config};
use crate::last_error::missing;
use crate::ptr;
use libtracer::binding::SavedErrno;
use libtracer::{Clock, IdGenerator, SpanId, TraceId};
use libtracer_abi::{TRACER_INTERNAL, tracer_status};
use std::ffi::{c_char, c_void};
use std::sync::Arc;

/// Writes an id of `len` bytes, 16 for a trace and 8 for a span; all zero is replaced by a random one.
pub type tracer_id_generator =
    Option<unsafe extern "C" fn(user_data: *mut c_void, out: *mut u8, len: usize)>;

/// Tells the time in Unix nanoseconds; 0 = the system's.
pub type tracer_clock = Option<unsafe extern "C" fn(user_data: *mut c_void) -> u64>;

/// Whether the spans of an instrumentation scope are recorded.
pub type tracer_scope_filter = Option<
    unsafe extern "C" fn(
        user_data: *mut c_void,
        name: *const c_char,
        version: *const c_char,
    ) -> bool,
>;

/// A function with its data, both for as long as the process lives.
#[derive(Clone, Copy, Debug)]
struct Own<F> {
    function: F,
    data: *mut c_void,
    random: bool,
}

// SAFETY: the header asks for functions and data that any thread may use.
unsafe impl<F> Send for Own<F> {}
// SAFETY: as above.
unsafe impl<F> Sync for Own<F> {}

impl IdGenerator for Own<unsafe extern "C" fn(*mut c_void, *mut u8, usize)> {
    fn trace_id(&self) -> TraceId {
        let _errno = SavedErrno::now();
        let mut id = TraceId::default();
        // SAFETY: the program's own function and data, as the header says.
        unsafe { (self.function)(self.data, id.0.as_mut_ptr(), id.0.len()) };
        id
    }

    fn span_id(&self) -> SpanId {
        let _errno = SavedErrno::now();
        let mut id = SpanId::default();
        // SAFETY: the program's own function and data, as the header says.
        unsafe { (self.function)(self.data, id.0.as_mut_ptr(), id.0.len()) };
        id
    }

    fn is_random(&self) -> bool {
        self.random
    }
}

impl Clock for Own<unsafe extern "C" fn(*mut c_void) -> u64> {
    fn unix_ns(&self) -> u64 {
        let _errno = SavedErrno::now();
        // SAFETY: the program's own function and data, as the header says.
        unsafe { (self.function)(self.data) }
    }
}

impl Own<unsafe extern "C" fn(*mut c_void, *const c_char, *const c_char) -> bool> {
    fn records(&self, name: &str, version: &str) -> bool {
        let (name, version) = (ptr::c_text(name), ptr::c_text(version));
        let _errno = SavedErrno::now();
        // SAFETY: the program's own function and data, as the header says.
        unsafe { (self.function)(self.data, name.as_ptr(), version.as_ptr()) }
    }
}

/// Sets where trace and span ids come from, such as a counter in tests; `is_random` says whether at
/// least 56 bits of each trace id are. Called in the thread that starts a span, several at once; it and
/// `user_data` must live as long as the process. NULL is refused.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn tracer_config_set_id_generator(
    config: Option<&mut tracer_config>,
    generator: tracer_id_generator,
    is_random: bool,
    user_data: *mut c_void,
) -> tracer_status {
    guard(TRACER_INTERNAL, || {
        let Some(function) = generator else {
            return missing("generator");
        };
        let own = Own {
            function,
            data: user_data,
            random: is_random,
        };
        set(config, |config| config.id_generator(Arc::new(own)))
    })
}

/// Sets the clock of spans, such as one that a test moves. Called in the thread that starts, ends or
/// adds an event to a span; as above.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn tracer_config_set_clock(
    config: Option<&mut tracer_config>,
    clock: tracer_clock,
    user_data: *mut c_void,
) -> tracer_status {
    guard(TRACER_INTERNAL, || {
        let Some(function) = clock else {
            return missing("clock");
        };
        let own = Own {
            function,
            data: user_data,
            random: false,
        };
        set(config, |config| config.clock(Arc::new(own)))
    })
}

/// Sets which instrumentation scopes record: asked once for each, when it is first made or used; as
/// above. Spans of the others stand for their parents.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn tracer_config_set_scope_filter(
    config: Option<&mut tracer_config>,
    filter: tracer_scope_filter,
    user_data: *mut c_void,
) -> tracer_status {
    guard(TRACER_INTERNAL, || {
        let Some(function) = filter else {
            return missing("filter");
        };
        let own = Own {
            function,
            data: user_data,
            random: false,
        };
        set(config, |config| {
            config.tracer_configurator(move |scope| own.records(&scope.name, &scope.version))
        })
    })
}
