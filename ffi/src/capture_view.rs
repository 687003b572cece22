//! Captured spans as views: what a test asserts on.

use crate::boundary::guard;
use crate::capture::{self, tracer_capture};
use crate::ptr;
use crate::view::View;
use libtracer::{Capture, FinishedSpan};
use libtracer_abi::tracer_span_view;
use std::ffi::c_char;
use std::rc::Rc;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Views lent to the caller, by the place of their span or log record.
pub(crate) struct Lent<V>(Mutex<Vec<(usize, Rc<V>)>>);

impl<V> Default for Lent<V> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<V> std::fmt::Debug for Lent<V> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} views", self.lock().len())
    }
}

impl<V> Lent<V> {
    fn lock(&self) -> MutexGuard<'_, Vec<(usize, Rc<V>)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends all loans.
    pub(crate) fn clear(&self) {
        self.lock().clear();
    }

    /// What C sees of the view at a place, which is made if it is not there yet.
    pub(crate) fn lend<P>(
        &self,
        index: usize,
        make: impl FnOnce() -> Option<V>,
        show: impl FnOnce(&V) -> *const P,
    ) -> Option<*const P> {
        let mut lent = self.lock();
        if let Some((_, view)) = lent.iter().find(|(place, _)| *place == index) {
            return Some(show(view));
        }
        let view = Rc::new(make()?);
        let place = show(&view);
        lent.push((index, view));
        Some(place)
    }
}

impl Lent<View> {
    fn view(&self, capture: &Capture, index: usize) -> Option<*const tracer_span_view> {
        let decoded = || FinishedSpan::decode(&capture.otlp_at(index)?).pop();
        let made = || decoded().map(View::of);
        self.lend(index, made, |view| std::ptr::from_ref(view.span()))
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
        let view = capture::of(capture).and_then(|(it, capture)| it.views.view(capture, index));
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
        let Some((it, capture)) = capture::of(capture) else {
            return std::ptr::null();
        };
        // SAFETY: as the header says.
        let name = unsafe { ptr::text(name) };
        let is_named = |index: &usize| {
            let message = capture.otlp_at(*index);
            let span = message.and_then(|message| FinishedSpan::decode(&message).pop());
            span.is_some_and(|span| span.name == *name)
        };
        let found = (0..capture.len()).rev().find(is_named);
        let view = found.and_then(|index| it.views.view(capture, index));
        view.unwrap_or(std::ptr::null())
    })
}
