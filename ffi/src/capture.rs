//! Captures: seeing finished spans, and log records (`log`), in tests.

use crate::boundary::{guard, record};
use crate::capture_view::Lent;
use crate::log_view::LogView;
use crate::pool::{self, Object, Pool};
use crate::ptr;
use crate::view::View;
use libtracer::Capture;
use std::mem::MaybeUninit;
use std::sync::{Arc, Mutex, PoisonError};

/// Sees every span that ends, and every log record, in the process while it lives.
#[derive(Debug, Default)]
pub struct tracer_capture {
    /// None once it is freed.
    pub(crate) capture: Option<Capture>,
    pub(crate) views: Lent<View>,
    pub(crate) log_views: Lent<LogView>,
    /// Messages lent to the caller.
    lent: Mutex<Vec<Arc<[u8]>>>,
}

static CAPTURES: Pool<tracer_capture> = Pool::new();

impl Object for tracer_capture {
    const POOL: &'static Pool<Self> = &CAPTURES;

    fn empty(&mut self) {
        *self = Self::default();
    }
}

/// The capture that is meant: none for NULL and for one that was freed.
pub(crate) fn of(capture: Option<&tracer_capture>) -> Option<(&tracer_capture, &Capture)> {
    capture.and_then(|it| Some((it, it.capture.as_ref()?)))
}

impl tracer_capture {
    /// Lends a message until the capture is freed.
    pub(crate) fn lend(
        &self,
        message: Arc<[u8]>,
        out_bytes: Option<&mut MaybeUninit<*const u8>>,
        out_len: Option<&mut MaybeUninit<usize>>,
    ) -> bool {
        ptr::put(out_bytes, message.as_ptr());
        ptr::put(out_len, message.len());
        let mut lent = self.lent.lock().unwrap_or_else(PoisonError::into_inner);
        lent.push(message);
        true
    }
}

/// Starts seeing every span that ends in this process, and every log record, on all threads, in the
/// order in which they end; without a configuration they are recorded for it alone. Caller frees it. Thread-safe.
#[unsafe(no_mangle)]
pub extern "C" fn tracer_capture_new() -> *mut tracer_capture {
    pool::give(|| tracer_capture {
        capture: Some(Capture::start()),
        ..tracer_capture::default()
    })
}

/// Ends a capture. NULL is allowed.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tracer_capture_free(capture: *mut tracer_capture) {
    pool::free(capture);
}

/// Spans seen so far. NULL: 0.
#[unsafe(no_mangle)]
pub extern "C" fn tracer_capture_count(capture: Option<&tracer_capture>) -> usize {
    guard(0, || of(capture).map_or(0, |(_, capture)| capture.len()))
}

/// Gives a span as one encoded OTLP `ResourceSpans` message, borrowed until the capture is freed.
/// False if there is no such span.
#[unsafe(no_mangle)]
pub extern "C" fn tracer_capture_otlp(
    capture: Option<&tracer_capture>,
    index: usize,
    out_bytes: Option<&mut MaybeUninit<*const u8>>,
    out_len: Option<&mut MaybeUninit<usize>>,
) -> bool {
    guard(false, || {
        let Some((it, capture)) = of(capture) else {
            return false;
        };
        let message = capture.otlp_at(index);
        message.is_some_and(|message| it.lend(message, out_bytes, out_len))
    })
}

/// Forgets the spans and log records seen so far, and ends the loans of views. NULL is allowed.
#[unsafe(no_mangle)]
pub extern "C" fn tracer_capture_clear(capture: Option<&tracer_capture>) {
    record(|| {
        if let Some((it, capture)) = of(capture) {
            capture.clear();
            it.views.clear();
            it.log_views.clear();
        }
    });
}
