//! What is current, for native code that runs without the GIL.
//!
//! Such code may not ask a `ContextVar`. So each change of the current span is noted in a
//! thread-local, under the address of the thread's current `contextvars.Context`, which a thread
//! may read from its own thread state without the GIL. Native code in a context nobody noted (a
//! task that only inherited its span) learns that the parent is unknown: no parent is better than
//! a wrong one.

use super::{Binding, span_in};
use crate::runtime::{Handle, flags};
use crate::span::{Ids, Span, SpanBody};
use libtracer_abi::{tracer_context_value, tracer_span};
use pyo3::ffi::{self, PyThreadState};
use pyo3::prelude::{PyAnyMethods, PyModule, PyModuleMethods};
use pyo3::{Bound, PyAny, PyResult, Python, intern, pyfunction, wrap_pyfunction};
use std::cell::RefCell;
use std::collections::HashMap;
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Words of a thread state searched for its context; every known version has it within.
const SEARCHED_WORDS: usize = 36;
/// Contexts remembered per thread; beyond, the memory starts anew.
const MAX_CONTEXTS: usize = 10_000;

/// Where in a thread state its context pointer is, in words; 0 = unknown, then nothing is noted.
static OFFSET: AtomicUsize = AtomicUsize::new(0);

/// A span that is current in some context.
#[derive(Clone, Copy)]
struct Entry {
    ids: Ids,
    handle: Handle,
    trace_state: *const str,
}

/// What is current in a context.
#[derive(Clone, Copy)]
enum Note {
    Nothing,
    /// A span of another library, whose ids only its own code could tell; or an inherited one, whose
    /// note might be taken for that of a later context at the same address.
    Unknown,
    Span(Entry),
}

/// What one thread knows: the context used last on its own, the others by address. Of the others
/// only spans are kept, so that contexts that are gone leave nothing behind.
struct Noted {
    last: usize,
    note: Note,
    others: HashMap<usize, Entry>,
}

thread_local! {
    static NOTED: RefCell<Option<Box<Noted>>> = const { RefCell::new(None) };
}

/// Answer of the mirror.
pub(super) enum Known {
    /// This is current.
    Span(tracer_context_value, tracer_span),
    /// Nothing is current.
    Nothing,
    /// The mirror cannot tell.
    Unknown,
}

/// The context of a thread state; 0 = none, or not known where it is.
fn context_of(state: *mut PyThreadState) -> usize {
    let offset = OFFSET.load(Ordering::Relaxed);
    if offset == 0 || state.is_null() {
        return 0;
    }
    // SAFETY: `find_offset` saw that a thread state holds its context at this offset.
    let place = unsafe { state.cast::<usize>().add(offset) };
    // SAFETY: as above; only the thread itself changes the word.
    unsafe { place.read() }
}

/// Notes a span that has just been made current.
#[inline]
pub(super) fn note_span(span: &SpanBody) {
    let context = here();
    span.entered_in.set(context);
    set(context, of_span(span));
}

/// Notes what has just been attached.
#[inline]
pub(super) fn note(value: Option<&Bound<'_, PyAny>>, binding: &Binding) {
    let context = here();
    set(
        context,
        held(value, binding, |span| {
            span.entered_in.set(context);
            of_span(span)
        }),
    );
}

/// Notes what is current again after something was undone. A span that was inherited with the
/// context, not entered in it, is not noted: nobody would take the note away again, and the next
/// context at this address may belong to another request.
#[inline]
pub(super) fn note_restored(value: Option<&Bound<'_, PyAny>>, binding: &Binding) {
    let context = here();
    set(
        context,
        held(value, binding, |span| {
            if span.entered_in.get() == context {
                of_span(span)
            } else {
                Note::Unknown
            }
        }),
    );
}

#[inline]
fn of_span(span: &SpanBody) -> Note {
    Note::Span(Entry {
        ids: span.ids.get(),
        handle: span.handle.get(),
        trace_state: ptr::from_ref(span.trace_state()),
    })
}

/// The note for a value of OpenTelemetry's `ContextVar`; `ours` makes that of a span of ours.
#[inline]
fn held(
    value: Option<&Bound<'_, PyAny>>,
    binding: &Binding,
    ours: impl Fn(&SpanBody) -> Note,
) -> Note {
    let Some(value) = value else {
        return Note::Nothing;
    };
    if let Some(span) = Span::cast(value.as_borrowed()) {
        return ours(&span);
    }
    let Some(held) = span_in(value, binding) else {
        return Note::Nothing;
    };
    Span::cast(held.as_borrowed()).map_or(Note::Unknown, |span| ours(&span))
}

/// The current context of this thread; 0 = none.
fn here() -> usize {
    // SAFETY: called with the GIL held, so there is a thread state.
    context_of(unsafe { ffi::PyThreadState_Get() })
}

fn set(context: usize, note: Note) {
    if context == 0 {
        return;
    }
    NOTED
        .try_with(|noted| {
            let Ok(mut noted) = noted.try_borrow_mut() else {
                return;
            };
            let noted = noted.get_or_insert_with(|| {
                Box::new(Noted {
                    last: context,
                    note: Note::Nothing,
                    others: HashMap::new(),
                })
            });
            if noted.last != context {
                switch(noted, context);
            }
            noted.note = note;
        })
        .ok();
}

/// Makes `context` the one used last.
#[cold]
fn switch(noted: &mut Noted, context: usize) {
    if let Note::Span(entry) = noted.note {
        if noted.others.len() >= MAX_CONTEXTS {
            noted.others.clear();
        }
        noted.others.insert(noted.last, entry);
    }
    noted.others.remove(&context);
    noted.last = context;
}

/// What is current on this thread, asked without the GIL.
pub(super) fn look_up(state: *mut PyThreadState) -> Known {
    if OFFSET.load(Ordering::Relaxed) == 0 {
        return Known::Unknown;
    }
    let context = context_of(state);
    if context == 0 {
        return Known::Nothing;
    }
    let found = NOTED.try_with(|noted| {
        let noted = noted.try_borrow().ok()?;
        let noted = noted.as_ref()?;
        if noted.last == context {
            return Some(noted.note);
        }
        noted.others.get(&context).copied().map(Note::Span)
    });
    match found.ok().flatten() {
        Some(Note::Span(entry)) => recall(&entry),
        Some(Note::Nothing) => Known::Nothing,
        Some(Note::Unknown) | None => Known::Unknown,
    }
}

/// A note may outlive its context, when that was abandoned; its span has ended then.
fn recall(entry: &Entry) -> Known {
    if entry.ids.trace_flags & flags::SAMPLED == 0 {
        return Known::Span(entry.ids.with_trace_state(""), entry.handle.0);
    }
    if !entry.handle.is_recording() {
        return Known::Unknown;
    }
    // SAFETY: the span is live, so its object is, and with it the text.
    let trace_state = unsafe { &*entry.trace_state };
    Known::Span(entry.ids.with_trace_state(trace_state), entry.handle.0)
}

/// The address of the context of this thread, asked without the GIL; 0 = none.
pub(super) fn context_here() -> usize {
    // SAFETY: may be asked on any thread.
    context_of(unsafe { ffi::PyGILState_GetThisThreadState() })
}

/// Finds where a thread state keeps its context, by looking at two known ones.
pub(super) fn find_offset(py: Python<'_>) -> PyResult<()> {
    let module = py.import(intern!(py, "libtracer._native"))?;
    let probe = module.getattr(intern!(py, "context_offset"))?;
    let class = py
        .import(intern!(py, "contextvars"))?
        .getattr(intern!(py, "Context"))?;
    let mut seen = [0_usize; 2];
    let contexts = [class.call0()?, class.call0()?];
    for (place, context) in seen.iter_mut().zip(&contexts) {
        let found = context.call_method1(intern!(py, "run"), (&probe, context))?;
        *place = found.extract()?;
    }
    let [first, second] = seen;
    OFFSET.store(if first == second { first } else { 0 }, Ordering::Relaxed);
    Ok(())
}

/// In which word of the thread state `context` stands; 0 = in none.
#[pyfunction]
fn context_offset(context: &Bound<'_, PyAny>) -> usize {
    // SAFETY: called from Python, so there is a thread state.
    let state: *const usize = unsafe { ffi::PyThreadState_Get() }.cast();
    (1..SEARCHED_WORDS)
        .find(|index| {
            // SAFETY: a thread state is larger than this on every supported version.
            let place = unsafe { state.add(*index) };
            // SAFETY: as above, and aligned for words.
            let word = unsafe { place.read() };
            word == context.as_ptr().addr()
        })
        .unwrap_or(0)
}

/// Adds the probe to the module.
pub(super) fn add_to(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(context_offset, module)?)
}
