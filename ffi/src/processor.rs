//! Processors of the program's own.

use crate::boundary::guard;
use crate::callbacks::{Callbacks, read_versioned, tracer_destroy};
use crate::config::{meant, tracer_config};
use crate::context::{span, tracer_context};
use crate::last_error::{fail, missing};
use crate::provider::tracer_provider;
use crate::ptr;
use crate::view::View;
use libtracer::{EndedSpan, Processor, SpanContext, SpanHandle, Timeout};
use libtracer_abi::{
    TRACER_INTERNAL, TRACER_INVALID_ARGUMENT, TRACER_OK, tracer_span, tracer_span_view,
    tracer_status,
};
use std::cell::OnceCell;
use std::ffi::c_void;
use std::mem::MaybeUninit;
use std::sync::Arc;
use std::time::Duration;

/// A span that has just ended, to be read within `on_end`; decoded when it is first asked for.
#[expect(missing_debug_implementations, reason = "views point to C unions")]
pub struct tracer_ended_span {
    resource_spans: OnceCell<Vec<u8>>,
    view: OnceCell<View>,
    /// Valid within `on_end` only.
    span: EndedSpan<'static>,
}

/// A span processor of the program's own. Any callback may be NULL. They are called in the thread that
/// starts or ends the span, within that call, several threads at once; they may use the whole API, but
/// must not throw, longjmp out or end their thread. A span they start is seen by them as well.
#[repr(C)]
#[derive(Clone, Copy)]
#[expect(missing_debug_implementations, reason = "C function pointers")]
pub struct tracer_processor_callbacks {
    /// `sizeof(tracer_processor_callbacks)` as the caller knows it.
    pub struct_size: usize,
    /// What the callbacks are called with.
    pub user_data: *mut c_void,
    /// A recorded span has started, with what it was started with; it can be read and written. The
    /// parent is borrowed, invalid for a root.
    pub on_start: Option<
        unsafe extern "C" fn(
            user_data: *mut c_void,
            span: tracer_span,
            parent: *const tracer_context,
        ),
    >,
    /// A recorded span is about to end; this handle, in this thread, can still write to it.
    pub on_ending: Option<unsafe extern "C" fn(user_data: *mut c_void, span: tracer_span)>,
    /// A recorded span has ended, also one that is not sampled. Borrowed for the call.
    pub on_end:
        Option<unsafe extern "C" fn(user_data: *mut c_void, ended: *const tracer_ended_span)>,
    /// Hands on all that it holds back; false if `timeout_ms` was too short.
    pub flush: Option<unsafe extern "C" fn(user_data: *mut c_void, timeout_ms: u32) -> bool>,
    /// Flushes and ends: called once for each provider, last; false if `timeout_ms` was too short.
    pub shutdown: Option<unsafe extern "C" fn(user_data: *mut c_void, timeout_ms: u32) -> bool>,
    /// Nothing is called any more: the configuration is freed, and every provider made from it shut
    /// down. Once; in any thread.
    pub destroy: tracer_destroy,
}

const NONE: tracer_processor_callbacks = tracer_processor_callbacks {
    struct_size: 0,
    user_data: std::ptr::null_mut(),
    on_start: None,
    on_ending: None,
    on_end: None,
    flush: None,
    shutdown: None,
    destroy: None,
};

/// Between the program's callbacks and a provider.
#[derive(Clone, Debug)]
pub(crate) struct OwnProcessor(Arc<Callbacks<tracer_processor_callbacks>>);

impl OwnProcessor {
    /// # Safety
    /// As for [`read_versioned`].
    unsafe fn read(given: *const tracer_processor_callbacks) -> Option<Self> {
        // SAFETY: as the caller vouches.
        let calls = unsafe { read_versioned(given, NONE) }?;
        let callbacks = Callbacks::new(calls, calls.user_data, calls.destroy);
        Some(Self(Arc::new(callbacks)))
    }

    /// For one more provider.
    pub(crate) fn hold(&self) {
        self.0.hold();
    }

    /// By a configuration, or a provider that has ended.
    pub(crate) fn release(&self) {
        self.0.release();
    }
}

impl Processor for OwnProcessor {
    fn on_start(&self, started: SpanHandle, parent: &SpanContext) {
        self.0.call(|calls, data| {
            if let Some(on_start) = calls.on_start {
                let parent = tracer_context::of_span(parent.clone());
                // SAFETY: the program's own function and data, as the header says.
                unsafe { on_start(data, span(started), &raw const parent) };
            }
        });
    }

    fn on_ending(&self, ending: SpanHandle) {
        self.0.call(|calls, data| {
            if let Some(on_ending) = calls.on_ending {
                // SAFETY: the program's own function and data, as the header says.
                unsafe { on_ending(data, span(ending)) };
            }
        });
    }

    fn on_end(&self, ended: &EndedSpan<'_>) {
        self.0.call(|calls, data| {
            if let Some(on_end) = calls.on_end {
                // SAFETY: lent for the call alone, as the header says; lifetimes are all that differs.
                let span =
                    unsafe { std::mem::transmute::<EndedSpan<'_>, EndedSpan<'static>>(*ended) };
                let ended = tracer_ended_span {
                    resource_spans: OnceCell::new(),
                    view: OnceCell::new(),
                    span,
                };
                // SAFETY: the program's own function and data, as the header says.
                unsafe { on_end(data, &raw const ended) };
            }
        });
    }

    fn flush(&self, timeout: Duration) -> Result<(), Timeout> {
        let done = self.0.call(|calls, data| {
            // SAFETY: the program's own function and data, as the header says.
            let flush = |flush| unsafe { call_timed(flush, data, timeout) };
            calls.flush.is_none_or(flush)
        });
        done.unwrap_or(true).then_some(()).ok_or(Timeout)
    }

    fn shutdown(&self, timeout: Duration) -> Result<(), Timeout> {
        let done = self.0.call(|calls, data| {
            let last = calls.shutdown.or(calls.flush);
            // SAFETY: the program's own function and data, as the header says.
            last.is_none_or(|last| unsafe { call_timed(last, data, timeout) })
        });
        self.release();
        done.unwrap_or(true).then_some(()).ok_or(Timeout)
    }
}

/// # Safety
/// The function and its data belong together.
unsafe fn call_timed(
    function: unsafe extern "C" fn(*mut c_void, u32) -> bool,
    data: *mut c_void,
    timeout: Duration,
) -> bool {
    let left = u32::try_from(timeout.as_millis()).unwrap_or(u32::MAX);
    // SAFETY: as the caller vouches.
    unsafe { function(data, left) }
}

/// Adds a processor of the program's own, called after those added before. The struct is copied; its
/// `user_data` stays until `destroy`. NULL is refused.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn tracer_config_add_processor(
    config: Option<&mut tracer_config>,
    callbacks: *const tracer_processor_callbacks,
) -> tracer_status {
    guard(TRACER_INTERNAL, || {
        let Some(config) = meant(config) else {
            return TRACER_INVALID_ARGUMENT;
        };
        // SAFETY: as the header says.
        match unsafe { OwnProcessor::read(callbacks) } {
            Some(processor) => config.add_processor(processor),
            None => missing("callbacks"),
        }
    })
}

/// Adds a processor to a provider (NULL = the default one) that may be in use; as above. It sees
/// spans that start or end from then on. Thread-safe.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn tracer_provider_add_processor(
    provider: Option<&tracer_provider>,
    callbacks: *const tracer_processor_callbacks,
) -> tracer_status {
    guard(TRACER_INTERNAL, || {
        let default = || libtracer::binding::default_provider();
        let Some(provider) = provider.map(|it| it.0.clone()).or_else(default) else {
            return fail(TRACER_INVALID_ARGUMENT, &"there is no default provider");
        };
        // SAFETY: as the header says.
        match unsafe { OwnProcessor::read(callbacks) } {
            Some(processor) => {
                provider.add_processor(Arc::new(processor));
                TRACER_OK
            }
            None => missing("callbacks"),
        }
    })
}

/// Gives a span that has just ended, to be read. Borrowed until `on_end` returns. NULL: NULL.
#[unsafe(no_mangle)]
pub extern "C" fn tracer_ended_span_view(
    ended: Option<&tracer_ended_span>,
) -> *const tracer_span_view {
    guard(std::ptr::null(), || match ended {
        Some(ended) => ended
            .view
            .get_or_init(|| View::of(ended.span.to_span()))
            .span(),
        None => std::ptr::null(),
    })
}

/// Gives it as one encoded OTLP `ResourceSpans` message, borrowed until `on_end` returns. NULL: false.
#[unsafe(no_mangle)]
pub extern "C" fn tracer_ended_span_otlp(
    ended: Option<&tracer_ended_span>,
    out_bytes: Option<&mut MaybeUninit<*const u8>>,
    out_len: Option<&mut MaybeUninit<usize>>,
) -> bool {
    guard(false, || {
        let Some(ended) = ended else { return false };
        let message = ended
            .resource_spans
            .get_or_init(|| ended.span.to_resource_spans());
        ptr::put(out_bytes, message.as_ptr());
        ptr::put(out_len, message.len());
        true
    })
}

/// Whether exporters get it: it is sampled. NULL: false.
#[unsafe(no_mangle)]
pub extern "C" fn tracer_ended_span_is_sampled(ended: Option<&tracer_ended_span>) -> bool {
    guard(false, || ended.is_some_and(|ended| ended.span.is_sampled()))
}
