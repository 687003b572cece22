//! Exporters of the program's own.

use crate::boundary::guard;
use crate::callbacks::{Callbacks, read_versioned, tracer_destroy};
use crate::config::{meant, set, tracer_config};
use crate::last_error::missing;
use crate::ptr;
use crate::view::View;
use libtracer::{Accepted, Batch, BlockingExporter, ExportError, blocking_exporter};
use libtracer_abi::{
    TRACER_INTERNAL, TRACER_INVALID_ARGUMENT, TRACER_OK, tracer_span_view, tracer_status,
};
use std::cell::{Cell, OnceCell, RefCell};
use std::ffi::{c_char, c_void};
use std::mem::MaybeUninit;
use std::sync::Arc;

/// What became of an export.
pub type tracer_export_result = i32;
/// The destination has all of it, but for `tracer_batch_set_rejected`.
pub const TRACER_EXPORT_OK: tracer_export_result = 0;
/// Try the same batch again, later and later, as long as there is room for what waits.
pub const TRACER_EXPORT_RETRY: tracer_export_result = 1;
/// Never send this batch again: its spans are lost and counted.
pub const TRACER_EXPORT_FAILED: tracer_export_result = 2;
/// Too large for the destination: its spans are tried again in smaller batches.
pub const TRACER_EXPORT_TOO_LARGE: tracer_export_result = 3;
/// The destination takes nothing from this sender: the batch is lost, those that follow wait a while.
pub const TRACER_EXPORT_DENIED: tracer_export_result = 4;

/// Finished spans to be exported, lent to `export_spans`; decoded when they are first asked for.
#[expect(missing_debug_implementations, reason = "views point to C unions")]
pub struct tracer_batch {
    batch: Batch,
    otlp: OnceCell<Vec<u8>>,
    views: OnceCell<Vec<View>>,
    rejected: Cell<u64>,
    error: RefCell<String>,
}

/// An exporter of the program's own. All but `export_spans` may be NULL. They are called in a thread
/// of the exporter's own, one at a time, and may take their time; spans are not traced there. They must
/// not throw, longjmp out or end the thread. In a forked child they are called with the child's copy
/// of `user_data`.
#[repr(C)]
#[derive(Clone, Copy)]
#[expect(missing_debug_implementations, reason = "C function pointers")]
pub struct tracer_exporter_callbacks {
    /// `sizeof(tracer_exporter_callbacks)` as the caller knows it.
    pub struct_size: usize,
    /// What the callbacks are called with.
    pub user_data: *mut c_void,
    /// Sends one batch, borrowed for the call; returns a `TRACER_EXPORT_` constant. At the export
    /// timeout it counts as not exported, and what is tried next waits until this returns.
    pub export_spans: Option<
        unsafe extern "C" fn(
            user_data: *mut c_void,
            batch: *const tracer_batch,
        ) -> tracer_export_result,
    >,
    /// A flush has handed over everything.
    pub flush: Option<unsafe extern "C" fn(user_data: *mut c_void)>,
    /// Called once for each provider that had anything to export, last.
    pub shutdown: Option<unsafe extern "C" fn(user_data: *mut c_void)>,
    /// Nothing is called any more: the configuration is freed, and every provider made from it has
    /// exported and was shut down. Once; in any thread.
    pub destroy: tracer_destroy,
}

const NONE: tracer_exporter_callbacks = tracer_exporter_callbacks {
    struct_size: 0,
    user_data: std::ptr::null_mut(),
    export_spans: None,
    flush: None,
    shutdown: None,
    destroy: None,
};

/// The program's callbacks.
pub(crate) type OwnExporter = Arc<Callbacks<tracer_exporter_callbacks>>;

/// The exporter of one provider in one process: a holder of the callbacks until it ends.
struct Caller(OwnExporter);

impl BlockingExporter for Caller {
    fn export(&mut self, batch: Batch) -> Result<Accepted, ExportError> {
        let lent = tracer_batch {
            batch,
            otlp: OnceCell::new(),
            views: OnceCell::new(),
            rejected: Cell::new(0),
            error: RefCell::default(),
        };
        let result = self.0.call(|calls, data| match calls.export_spans {
            // SAFETY: the program's own function and data, as the header says.
            Some(export) => unsafe { export(data, &raw const lent) },
            None => TRACER_EXPORT_FAILED,
        });
        let message = lent.error.into_inner();
        match result.unwrap_or(TRACER_EXPORT_FAILED) {
            TRACER_EXPORT_OK => Ok(Accepted {
                rejected: lent.rejected.get(),
                message,
            }),
            TRACER_EXPORT_RETRY => Err(ExportError::retryable(message)),
            TRACER_EXPORT_TOO_LARGE => Err(ExportError::too_large(message)),
            TRACER_EXPORT_DENIED => Err(ExportError::denied(message)),
            _ => Err(ExportError::permanent(message)),
        }
    }

    fn flush(&mut self) {
        self.0.call(|calls, data| {
            if let Some(flush) = calls.flush {
                // SAFETY: the program's own function and data, as the header says.
                unsafe { flush(data) };
            }
        });
    }

    fn shutdown(&mut self) {
        self.0.call(|calls, data| {
            if let Some(shutdown) = calls.shutdown {
                // SAFETY: the program's own function and data, as the header says.
                unsafe { shutdown(data) };
            }
        });
    }
}

impl Drop for Caller {
    fn drop(&mut self) {
        self.0.release();
    }
}

/// Exports to callbacks of the program's own too; `name` stands for them in the account and in
/// messages. The struct is copied; its `user_data` stays until `destroy`. NULL is refused.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn tracer_config_add_exporter(
    config: Option<&mut tracer_config>,
    name: *const c_char,
    callbacks: *const tracer_exporter_callbacks,
) -> tracer_status {
    guard(TRACER_INTERNAL, || {
        let Some(config) = meant(config) else {
            return TRACER_INVALID_ARGUMENT;
        };
        // SAFETY: as the header says.
        let name = unsafe { ptr::text(name) };
        // SAFETY: as the header says.
        let Some(calls) = (unsafe { read_versioned(callbacks, NONE) }) else {
            return missing("callbacks");
        };
        if calls.export_spans.is_none() {
            return missing("callbacks.export_spans");
        }
        let own = Arc::new(Callbacks::new(calls, calls.user_data, calls.destroy));
        let held = Arc::clone(&own);
        let factory = blocking_exporter("tracer-export", move || {
            if held.is_over() {
                return Err("its user data was given back before the fork");
            }
            Ok(Caller(Arc::clone(&held)))
        });
        let status = set(Some(config), |config| {
            config.exporter(name.as_ref(), factory)
        });
        if status == TRACER_OK {
            config.keep_exporter(own);
        }
        status
    })
}

/// Number of spans in a batch. NULL: 0.
#[unsafe(no_mangle)]
pub extern "C" fn tracer_batch_count(batch: Option<&tracer_batch>) -> usize {
    guard(0, || batch.map_or(0, |batch| batch.batch.span_count()))
}

/// Gives a span of a batch, to be read; NULL if there is no such span. Borrowed until `export_spans`
/// returns.
#[unsafe(no_mangle)]
pub extern "C" fn tracer_batch_span(
    batch: Option<&tracer_batch>,
    index: usize,
) -> *const tracer_span_view {
    guard(std::ptr::null(), || {
        let views = batch.map(|lent| {
            let decode = || lent.batch.to_spans().into_iter().map(View::of).collect();
            lent.views.get_or_init(decode)
        });
        let view = views.and_then(|views: &Vec<View>| views.get(index));
        view.map_or(std::ptr::null(), |view| view.span())
    })
}

/// Gives a batch as one encoded OTLP `ExportTraceServiceRequest`, borrowed until `export_spans`
/// returns. NULL: false.
#[unsafe(no_mangle)]
pub extern "C" fn tracer_batch_otlp(
    batch: Option<&tracer_batch>,
    out_bytes: Option<&mut MaybeUninit<*const u8>>,
    out_len: Option<&mut MaybeUninit<usize>>,
) -> bool {
    guard(false, || {
        let Some(lent) = batch else { return false };
        let request = lent.otlp.get_or_init(|| lent.batch.to_otlp());
        ptr::put(out_bytes, request.as_ptr());
        ptr::put(out_len, request.len());
        true
    })
}

/// Says how many spans of a batch the destination refused, where it took the rest. NULL is allowed.
#[unsafe(no_mangle)]
pub extern "C" fn tracer_batch_set_rejected(batch: Option<&tracer_batch>, count: u64) {
    guard((), || {
        if let Some(batch) = batch {
            batch.rejected.set(count);
        }
    });
}

/// Says what went wrong, without credentials; it is shown to people. Copied. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tracer_batch_set_error(
    batch: Option<&tracer_batch>,
    message: *const c_char,
) {
    guard((), || {
        if let Some(batch) = batch {
            // SAFETY: as the header says.
            batch
                .error
                .replace(unsafe { ptr::text(message) }.into_owned());
        }
    });
}
