//! Baggage: what the application sends along with a context.

use crate::boundary::guard;
use crate::context::{or_current, tracer_context};
use crate::{pool, ptr};
use libtracer::Baggage;
use libtracer_abi::tracer_text;
use std::ffi::{c_char, c_void};

/// Sees one pair of a baggage; the texts are borrowed for the call and not NUL-terminated.
pub type tracer_baggage_visit = Option<
    unsafe extern "C" fn(
        user_data: *mut c_void,
        name: tracer_text,
        value: tracer_text,
        metadata: tracer_text,
    ),
>;

/// Makes a copy of a context with a pair of baggage set, or removed where `value` is NULL; a NULL
/// name removes all. `metadata` such as "ttl=30" may be NULL. Caller frees it. Thread-safe. NULL
/// context: what is current.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tracer_context_with_baggage(
    context: Option<&tracer_context>,
    name: *const c_char,
    value: *const c_char,
    metadata: *const c_char,
) -> *mut tracer_context {
    pool::give(|| {
        let (named, given) = (!name.is_null(), !value.is_null());
        // SAFETY: as the header says.
        let name = unsafe { ptr::text(name) };
        // SAFETY: as the header says.
        let value = unsafe { ptr::text(value) };
        // SAFETY: as the header says.
        let metadata = unsafe { ptr::text(metadata) };
        or_current(context, |context| {
            let before = context.value().baggage();
            let after = match (named, given) {
                (false, _) => Baggage::new(),
                (true, false) => before.without(&name),
                (true, true) => before.with_metadata(&name, &value, &metadata),
            };
            let changed = context.value().with_baggage(after);
            context.with(changed)
        })
    })
}

/// Writes the value of a pair of baggage: at most `len` bytes with the NUL. Returns the length of
/// all of it; `SIZE_MAX`, and an empty text, if there is no such pair. Thread-safe. NULL context:
/// what is current; NULL `buf`: only asks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tracer_context_baggage(
    context: Option<&tracer_context>,
    name: *const c_char,
    buf: *mut c_char,
    len: usize,
) -> usize {
    guard(usize::MAX, || {
        // SAFETY: as the header says.
        let name = unsafe { ptr::text(name) };
        or_current(context, |context| {
            let value = context.value().baggage().get(&name);
            // SAFETY: as the header says.
            let whole = unsafe { ptr::write_cut(value.unwrap_or_default(), buf, len) };
            value.map_or(usize::MAX, |_| whole)
        })
    })
}

/// Writes all baggage as a W3C `baggage` header: at most `len` bytes with the NUL. Returns the
/// length of all of it, 0 if there is none. Thread-safe. NULL context: what is current; NULL `buf`:
/// only asks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tracer_context_baggage_header(
    context: Option<&tracer_context>,
    buf: *mut c_char,
    len: usize,
) -> usize {
    guard(0, || {
        or_current(context, |context| {
            let header = context.value().baggage().to_header();
            // SAFETY: as the header says.
            unsafe { ptr::write_cut(&header, buf, len) }
        })
    })
}

/// Calls `visit` with each pair of baggage and `user_data`, on this thread, before it returns. NULL
/// context: what is current. NULL `visit`: nothing happens.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tracer_context_visit_baggage(
    context: Option<&tracer_context>,
    visit: tracer_baggage_visit,
    user_data: *mut c_void,
) {
    guard((), || {
        let Some(visit) = visit else { return };
        or_current(context, |context| {
            let baggage = context.value().baggage();
            for (name, value) in baggage.iter() {
                let metadata = baggage.metadata(name).unwrap_or_default();
                let (name, value) = (ptr::lent(name), ptr::lent(value));
                // SAFETY: the caller's own function and data, as the header says.
                unsafe { visit(user_data, name, value, ptr::lent(metadata)) };
            }
        });
    });
}
