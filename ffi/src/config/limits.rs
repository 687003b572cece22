//! How much one span may hold.

use super::{set, tracer_config};
use crate::boundary::guard;
use crate::last_error::fail;
use libtracer::SpanLimits;
use libtracer_abi::{
    TRACER_INTERNAL, TRACER_INVALID_ARGUMENT, TRACER_LIMIT_ZERO, tracer_limits, tracer_status,
};
use std::mem::offset_of;

/// Sets how much one span may hold. NULL restores the defaults.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn tracer_config_set_limits(
    config: Option<&mut tracer_config>,
    limits: *const tracer_limits,
) -> tracer_status {
    let mut chosen = SpanLimits::default();
    // SAFETY: as the header says.
    let Some(given) = (unsafe { read_limits(limits) }) else {
        let why = "limits.struct_size is too small; set it to sizeof(tracer_limits)";
        return guard(TRACER_INTERNAL, || fail(TRACER_INVALID_ARGUMENT, &why));
    };
    for (to, from) in [
        (&mut chosen.attributes, given.attributes),
        (
            &mut chosen.attribute_value_length,
            given.attribute_value_length,
        ),
        (&mut chosen.events, given.events),
        (&mut chosen.links, given.links),
        (&mut chosen.attributes_per_event, given.attributes_per_event),
        (&mut chosen.attributes_per_link, given.attributes_per_link),
        (&mut chosen.depth, given.depth),
    ] {
        *to = count(from, *to);
    }
    chosen.keep_newest = given.keep_newest != 0;
    chosen.event_value_length = match given.event_value_length {
        0 => None,
        TRACER_LIMIT_ZERO => Some(0),
        most => Some(most),
    };
    set(config, |config| config.limits(chosen))
}

/// A limit as C gives it.
pub(super) fn count(given: usize, default: usize) -> usize {
    match given {
        0 => default,
        TRACER_LIMIT_ZERO => 0,
        // `TRACER_LIMIT_UNLIMITED` is a number that nothing comes to.
        most => most,
    }
}

/// The limits as this library knows them, none for NULL. `None` if the caller's struct is shorter
/// than that of the first version; what a shorter one lacks is zero.
///
/// # Safety
/// `limits` is NULL or points to `struct_size` readable bytes.
unsafe fn read_limits(limits: *const tracer_limits) -> Option<tracer_limits> {
    const FIRST: usize = offset_of!(tracer_limits, event_value_length);
    let mut read = tracer_limits::default();
    if limits.is_null() {
        return Some(read);
    }
    // SAFETY: the size is the struct's first member in every version.
    let given = unsafe { limits.cast::<usize>().read() };
    if given < FIRST {
        return None;
    }
    let len = given.min(size_of::<tracer_limits>());
    let to: *mut u8 = (&raw mut read).cast();
    // SAFETY: both structs have `len` bytes, numbers all, and are not the same.
    unsafe { to.copy_from_nonoverlapping(limits.cast(), len) };
    Some(read)
}
