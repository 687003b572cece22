//! The account.

use crate::boundary::guard;
use crate::provider::tracer_provider;
use crate::ptr;
use libtracer::{Stats, diagnostics};
use libtracer_abi::tracer_stats;
use std::ffi::c_char;

fn of(stats: &Stats) -> tracer_stats {
    let misuse = diagnostics();
    tracer_stats {
        struct_size: size_of::<tracer_stats>(),
        started: stats.started,
        exported: stats.exported,
        dropped: stats.dropped(),
        queued: stats.queued,
        spooled: stats.spooled,
        open: stats.open,
        dropped_queue_full: stats.dropped_queue_full,
        dropped_open_limit: stats.dropped_open_limit,
        dropped_export_failed: stats.dropped_export_failed,
        dropped_rejected: stats.dropped_rejected,
        dropped_shutdown: stats.dropped_shutdown,
        dropped_reentrant: stats.dropped_reentrant,
        dropped_no_memory: stats.dropped_no_memory,
        dropped_no_exporter: stats.dropped_no_exporter,
        unsampled: stats.unsampled,
        record_only: stats.record_only,
        stale: misuse.stale,
        invalid_utf8: misuse.invalid_utf8,
        detach_order: misuse.detach_order,
        unknown_parent: misuse.unknown_parent,
        invalid_attribute: misuse.invalid_attribute,
        panics: misuse.panics,
        memory_bytes: misuse.memory_bytes,
    }
}

/// Writes the account of the default provider: exact when nothing is moving. The caller sets
/// `struct_size`; no more than that is written. All zero without a provider. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tracer_read_stats(out: *mut tracer_stats) {
    // SAFETY: as the header says.
    unsafe { write(out, libtracer::stats) };
}

/// Writes the account of a provider's first pipeline (NULL: of the default provider's); as above.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tracer_provider_read_stats(
    provider: Option<&tracer_provider>,
    out: *mut tracer_stats,
) {
    // SAFETY: as the header says.
    unsafe { write(out, || all(provider)) };
}

fn all(provider: Option<&tracer_provider>) -> Vec<Stats> {
    provider.map_or_else(libtracer::stats, |provider| provider.0.stats())
}

/// Number of a provider's accounts, one for each pipeline; at least one. NULL: the default provider's,
/// 0 without one. Thread-safe.
#[unsafe(no_mangle)]
pub extern "C" fn tracer_provider_pipeline_count(provider: Option<&tracer_provider>) -> usize {
    guard(0, || all(provider).len())
}

/// Writes the account of one pipeline; as `tracer_provider_read_stats`. False, and nothing written, if
/// there is no such pipeline.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tracer_provider_read_pipeline_stats(
    provider: Option<&tracer_provider>,
    index: usize,
    out: *mut tracer_stats,
) -> bool {
    guard(false, || {
        let mut all = all(provider);
        if index >= all.len() {
            return false;
        }
        let one = vec![all.swap_remove(index)];
        // SAFETY: as the header says.
        unsafe { write(out, || one) };
        true
    })
}

/// Writes the name of a pipeline, its exporter's: at most `len` bytes with the NUL. Returns the length
/// of all of it; 0 if it has none. Thread-safe. NULL: of the default provider; NULL `buf`: only asks.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tracer_provider_pipeline_name(
    provider: Option<&tracer_provider>,
    index: usize,
    buf: *mut c_char,
    len: usize,
) -> usize {
    guard(0, || {
        let all = all(provider);
        let name = all.get(index).map_or("", |one| &one.pipeline);
        // SAFETY: as the header says.
        unsafe { ptr::write_cut(name, buf, len) }
    })
}

/// Writes what the exporter of a pipeline last complained of, without credentials; as above.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tracer_provider_pipeline_error(
    provider: Option<&tracer_provider>,
    index: usize,
    buf: *mut c_char,
    len: usize,
) -> usize {
    guard(0, || {
        let all = all(provider);
        let error = all.get(index).map_or("", |one| &one.last_error);
        // SAFETY: as the header says.
        unsafe { ptr::write_cut(error, buf, len) }
    })
}

/// # Safety
/// `out` is NULL or points to as many bytes as its first member says.
unsafe fn write(out: *mut tracer_stats, read: impl FnOnce() -> Vec<Stats>) {
    guard((), || {
        if out.is_null() {
            return;
        }
        let stats = of(read().first().unwrap_or(&Stats::default()));
        // SAFETY: as the caller vouches.
        unsafe { copy_out(stats, out) };
    });
}

/// Writes as much of an account as the caller has room for.
///
/// # Safety
/// `A` begins with its size in bytes, and `out` points to as many as its own says.
pub(crate) unsafe fn copy_out<A: Copy>(mut account: A, out: *mut A) {
    // SAFETY: the size is the struct's first member in every version.
    let size = unsafe { out.cast::<usize>().read() }.min(size_of::<A>());
    // SAFETY: as above, of ours.
    unsafe { (&raw mut account).cast::<usize>().write(size) };
    // SAFETY: the caller's struct is that long, and a shorter one is a prefix of ours.
    unsafe {
        out.cast::<u8>()
            .copy_from_nonoverlapping((&raw const account).cast(), size);
    };
}
