//! Captures: seeing finished spans in tests.

use crate::boundary::{guard, record};
use crate::ptr;
use libtracer::Capture;
use std::mem::MaybeUninit;
use std::sync::{Arc, Mutex, PoisonError};

/// Sees every span that ends in the process while it lives.
#[derive(Debug)]
pub struct tracer_capture {
    capture: Capture,
    /// Messages lent to the caller.
    lent: Mutex<Vec<Arc<[u8]>>>,
}

/// Starts seeing every span that ends in this process, on all threads, in the order in which they
/// end; without a configuration spans are recorded for it alone. Caller frees it. Thread-safe.
#[unsafe(no_mangle)]
pub extern "C" fn tracer_capture_new() -> Option<Box<tracer_capture>> {
    guard(None, || {
        Some(Box::new(tracer_capture {
            capture: Capture::start(),
            lent: Mutex::default(),
        }))
    })
}

/// Ends a capture. NULL is allowed.
#[unsafe(no_mangle)]
pub extern "C" fn tracer_capture_free(capture: Option<Box<tracer_capture>>) {
    record(|| drop(capture));
}

/// Spans seen so far. NULL: 0.
#[unsafe(no_mangle)]
pub extern "C" fn tracer_capture_count(capture: Option<&tracer_capture>) -> usize {
    guard(0, || capture.map_or(0, |capture| capture.capture.len()))
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
        let Some(capture) = capture else { return false };
        let Some(message) = capture.capture.otlp_at(index) else {
            return false;
        };
        ptr::put(out_bytes, message.as_ptr());
        ptr::put(out_len, message.len());
        capture
            .lent
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(message);
        true
    })
}

/// Forgets the spans seen so far. NULL is allowed.
#[unsafe(no_mangle)]
pub extern "C" fn tracer_capture_clear(capture: Option<&tracer_capture>) {
    record(|| {
        if let Some(capture) = capture {
            capture.capture.clear();
        }
    });
}
