//! Captured spans as views: what a test asserts on.

use crate::boundary::guard;
use crate::capture::tracer_capture;
use crate::ptr;
use crate::view::View;
use libtracer::{Capture, FinishedSpan};
use libtracer_abi::tracer_span_view;
use std::ffi::c_char;
use std::rc::Rc;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Views lent to the caller, by the place of their span.
#[derive(Default)]
pub(crate) struct Lent(Mutex<Vec<(usize, Rc<View>)>>);

impl std::fmt::Debug for Lent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} views", self.lock().len())
    }
}

impl Lent {
    fn lock(&self) -> MutexGuard<'_, Vec<(usize, Rc<View>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends all loans.
    pub(crate) fn clear(&self) {
        self.lock().clear();
    }

    fn view(&self, capture: &Capture, index: usize) -> Option<*const tracer_span_view> {
        let mut lent = self.lock();
        if let Some((_, view)) = lent.iter().find(|(place, _)| *place == index) {
            return Some(view.span());
        }
        let span = FinishedSpan::decode(&capture.otlp_at(index)?).pop()?;
        let view = Rc::new(View::of(span));
        let place: *const tracer_span_view = view.span();
        lent.push((index, view));
        Some(place)
    }
}

/// Gives a span to be read, in the order in which they ended; NULL if there is no such span.
/// Borrowed until the capture is cleared or freed. Thread-safe.
#[unsafe(no_mangle)]
pub extern "C" fn tracer_capture_span(
    capture: Option<&tracer_capture>,
    index: usize,
) -> *const tracer_span_view {
    guard(std::ptr::null(), || {
        let view = capture.and_then(|it| it.views.view(&it.capture, index));
        view.unwrap_or(std::ptr::null())
    })
}

/// Finds the span of a name that ended last, to be read; NULL if there is none. As above.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn tracer_capture_find_span(
    capture: Option<&tracer_capture>,
    name: *const c_char,
) -> *const tracer_span_view {
    guard(std::ptr::null(), || {
        let Some(it) = capture else {
            return std::ptr::null();
        };
        // SAFETY: as the header says.
        let name = unsafe { ptr::text(name) };
        let is_named = |index: &usize| {
            let message = it.capture.otlp_at(*index);
            let span = message.and_then(|message| FinishedSpan::decode(&message).pop());
            span.is_some_and(|span| span.name == *name)
        };
        let found = (0..it.capture.len()).rev().find(is_named);
        let view = found.and_then(|index| it.views.view(&it.capture, index));
        view.unwrap_or(std::ptr::null())
    })
}
