//! Spans of tracers with a sampler, ids or processors of the program's own: the longer way, which
//! asks Python. `libtracer.trace` answers, and lets no exception of the program's objects through.

use super::life::{begun, finish, start_natively};
use super::object::{Ids, Span, State, option};
use super::verdict::{self, Verdict};
use crate::cpython::call_method;
use crate::object::Slot;
use crate::runtime::Handle;
use crate::tracer::{Tracer, way};
use libtracer_abi::tracer_start;
use pyo3::exceptions::PyKeyboardInterrupt;
use pyo3::prelude::PyAnyMethods;
use pyo3::types::PyString;
use pyo3::{Bound, PyAny, PyErr, PyResult, Python, ffi, intern, pyfunction};

/// The tracer of spans that no tracer made: the default provider's, where one is set.
struct Default(Slot);

// SAFETY: touched only with the GIL held (the module demands one).
unsafe impl Sync for Default {}

static DEFAULT: Default = Default(Slot::empty());

/// Sets the tracer of spans that no tracer made, or none.
#[pyfunction]
#[pyo3(signature = (tracer, /))]
pub(crate) fn set_default_tracer(py: Python<'_>, tracer: Option<Bound<'_, Tracer>>) {
    match tracer {
        Some(tracer) => DEFAULT.0.put(tracer.into_any()),
        None => drop(DEFAULT.0.take(py)),
    }
}

/// A tracer whose spans go the longer way, and how.
pub(super) struct Watching<'py> {
    pub(super) settings: Bound<'py, PyAny>,
    ways: u8,
}

/// Who wants to hear of a span that is about to start, if anybody does.
#[inline]
pub(super) fn by<'py>(span: Span<'_, 'py>) -> Option<Watching<'py>> {
    let own = span.tracer.get(span.py());
    let tracer = match &own {
        Some(tracer) => tracer.cast_exact::<Tracer>().ok()?.get(),
        None => return by_default(span),
    };
    match tracer.ways() {
        0 => None,
        ways => watching(tracer, ways, span),
    }
}

/// A span without a tracer of its own has that of the default provider, where one is set.
#[inline]
fn by_default<'py>(span: Span<'_, 'py>) -> Option<Watching<'py>> {
    let default = DEFAULT.0.get(span.py())?;
    let tracer = default.cast_exact::<Tracer>().ok()?.get();
    let ways = tracer.ways();
    if ways == 0 {
        return None;
    }
    span.tracer.put(default.clone());
    watching(tracer, ways, span)
}

#[cold]
fn watching<'py>(tracer: &Tracer, ways: u8, span: Span<'_, 'py>) -> Option<Watching<'py>> {
    let settings = tracer.settings(span.py())?;
    Some(Watching { settings, ways })
}

/// Whether processors are to be told of the end of a live span: those that were there when it
/// started, or have come since.
#[inline]
pub(super) fn tells(span: Span<'_, '_>) -> bool {
    if span.has(option::WATCHED) {
        return true;
    }
    let Some(tracer) = span.tracer.get(span.py()) else {
        return false;
    };
    let ways = tracer
        .cast_exact::<Tracer>()
        .map_or(0, |tracer| tracer.get().ways());
    ways & way::WATCHED != 0 && span.has(option::RECORDING)
}

/// Starts a span as its sampler decides, and tells its processors.
#[cold]
pub(super) fn start(
    span: Span<'_, '_>,
    watching: &Watching<'_>,
    mut start: tracer_start,
    parent_context: Option<&Bound<'_, PyAny>>,
) -> PyResult<()> {
    if watching.ways & way::OFF != 0 {
        off(span, &start);
        return Ok(());
    }
    let clocked = watching.ways & way::CLOCKED != 0;
    if clocked && start.start_unix_ns == 0 {
        start.start_unix_ns = clock(&watching.settings);
    }
    if watching.ways & way::ASKS == 0 {
        begun(span, &start_natively(span, &start));
    } else if !start_as_decided(span, watching, &mut start, parent_context)? {
        return Ok(()); // the sampler has started this very span
    }
    let records = span.has(option::RECORDING);
    if clocked && records {
        span.mark(option::WATCHED);
    }
    if watching.ways & way::COUNTED != 0 || watching.ways & way::WATCHED != 0 && records {
        if records {
            span.mark(option::WATCHED);
        }
        let name = intern!(span.py(), "started");
        let none = span.py().None().into_bound(span.py());
        let context = parent_context.unwrap_or(&none);
        let told = call_method(&watching.settings, name, [&span.to_owned(), context]);
        if let Err(error) = told {
            settled(error, span.py());
        }
    }
    Ok(())
}

/// The time by the clock that the settings have, in Unix nanoseconds; 0 where they have none.
fn clock(settings: &Bound<'_, PyAny>) -> u64 {
    match settings.getattr(intern!(settings.py(), "clock")) {
        Ok(clock) if !clock.is_none() => {
            let now = clock.call0().and_then(|now| now.extract());
            now.unwrap_or(0)
        }
        _ => 0,
    }
}

/// As [`clock`], for what happens to a live span.
#[cold]
pub(super) fn now(span: Span<'_, '_>) -> u64 {
    settings(span).map_or(0, |settings| clock(&settings))
}

fn settings<'py>(span: Span<'_, 'py>) -> Option<Bound<'py, PyAny>> {
    let tracer = span.tracer.get(span.py())?;
    tracer
        .cast_exact::<Tracer>()
        .ok()?
        .get()
        .settings(span.py())
}

/// Starts a span as Python decides; false when it has started meanwhile.
fn start_as_decided(
    span: Span<'_, '_>,
    watching: &Watching<'_>,
    start: &mut tracer_start,
    parent_context: Option<&Bound<'_, PyAny>>,
) -> PyResult<bool> {
    let native_parent = verdict::settle_parent(start);
    let has_native_parent = native_parent.is_some();
    let verdict = Verdict::ask(span, watching, start, parent_context, has_native_parent)?;
    if span.state.get() != State::Pending {
        return Ok(false);
    }
    // What was started shows the verdict's own trace state, and the parent's.
    begun(span, &Handle::start_decided(start, &verdict.native()));
    drop((verdict, native_parent));
    Ok(true)
}

/// A span of a tracer that is switched off: it stands for its parent.
fn off(span: Span<'_, '_>, start: &tracer_start) {
    span.state.set(State::Live);
    span.handle.set(Handle::default());
    span.ids.set(Ids::from(&start.parent));
    span.parent.set(Ids::default());
    let text = crate::context::trace_state_text(&start.parent);
    if !text.is_empty() {
        span.trace_state.set(text.into()).ok();
    }
}

/// Ends a span that processors have seen start.
#[cold]
pub(super) fn end(span: Span<'_, '_>, end_unix_ns: u64) {
    if span.end_unix_ns.get() != 0 {
        return; // a processor that is being told of the end
    }
    let py = span.py();
    let Some(settings) = settings(span) else {
        return finish(span, end_unix_ns);
    };
    let end_unix_ns = match (end_unix_ns, clock(&settings)) {
        (0, 0) => span.handle.get().now(),
        (0, now) => now,
        (given, _) => given,
    };
    span.end_unix_ns.set(end_unix_ns);
    tell(&settings, intern!(py, "ending"), span);
    finish(span, end_unix_ns);
    tell(&settings, intern!(py, "ended"), span);
}

fn tell(settings: &Bound<'_, PyAny>, name: &Bound<'_, PyString>, span: Span<'_, '_>) {
    if let Err(error) = call_method(settings, name, [&span.to_owned()]) {
        settled(error, span.py());
    }
}

/// Python lets no exception of a processor through; what comes all the same does not take the place
/// of the program's own. An interrupt is raised again as soon as we are out of the way.
pub(super) fn settled(error: PyErr, py: Python<'_>) {
    if error.is_instance_of::<PyKeyboardInterrupt>(py) {
        // SAFETY: the GIL is held; the call only notes that the interrupt is due.
        unsafe { ffi::PyErr_SetInterrupt() };
    } else {
        error.write_unraisable(py, None);
    }
}
