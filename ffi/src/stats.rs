//! The account.

use crate::boundary::record;
use crate::provider::tracer_provider;
use libtracer::{Stats, diagnostics};
use libtracer_abi::tracer_stats;

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
    let read = || provider.map_or_else(libtracer::stats, |provider| provider.0.stats());
    // SAFETY: as the header says.
    unsafe { write(out, read) };
}

/// # Safety
/// `out` is NULL or points to as many bytes as its first member says.
unsafe fn write(out: *mut tracer_stats, read: impl FnOnce() -> Vec<Stats>) {
    record(|| {
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
