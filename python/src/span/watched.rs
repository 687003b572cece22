//! Spans of tracers with a sampler, ids or processors of the program's own: the longer way, which
//! asks Python. `libtracer.trace` answers, and lets no exception of the program's objects through.

use super::life::{begun, finish};
use super::object::{Ids, Span, State, option};
use crate::runtime::Handle;
use crate::tracer::{Tracer, way};
use libtracer_abi::tracer_start;
use pyo3::prelude::PyAnyMethods;
use pyo3::{Bound, PyAny, PyResult, intern};
use std::time::{SystemTime, UNIX_EPOCH};

/// A tracer whose spans go the longer way, and how.
pub(super) struct Watching<'py> {
    settings: Bound<'py, PyAny>,
    ways: u8,
}

/// Who wants to hear of the span, if anybody does.
#[inline]
pub(super) fn by<'py>(span: Span<'_, 'py>) -> Option<Watching<'py>> {
    let tracer = span.tracer.get(span.py())?;
    let tracer = tracer.cast_exact::<Tracer>().ok()?.get();
    let ways = tracer.ways();
    if ways == 0 {
        return None;
    }
    let settings = tracer.settings(span.py())?;
    Some(Watching { settings, ways })
}

/// Starts a span as its sampler decides, and tells its processors.
#[cold]
pub(super) fn start(
    span: Span<'_, '_>,
    watching: &Watching<'_>,
    start: tracer_start,
    parent_context: Option<&Bound<'_, PyAny>>,
) -> PyResult<()> {
    if watching.ways & way::OFF != 0 {
        off(span, &start);
        return Ok(());
    }
    begun(span, &Handle::start(&start));
    if watching.ways & way::WATCHED != 0 && span.has(option::RECORDING) {
        span.mark(option::WATCHED);
        let name = intern!(span.py(), "started");
        let told = watching
            .settings
            .call_method1(name, (span.object(), parent_context));
        settled(told);
    }
    Ok(())
}

/// A span of a tracer that is switched off: it stands for its parent.
fn off(span: Span<'_, '_>, start: &tracer_start) {
    let parent = Ids::from(&start.parent);
    span.state.set(State::Live);
    span.handle.set(Handle::default());
    span.ids.set(parent);
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
    let settings = span.tracer.get(py).and_then(|tracer| {
        let tracer = tracer.cast_exact::<Tracer>().ok()?;
        tracer.get().settings(py)
    });
    let Some(settings) = settings else {
        return finish(span, end_unix_ns);
    };
    let end_unix_ns = match end_unix_ns {
        0 => now(),
        given => given,
    };
    span.end_unix_ns.set(end_unix_ns);
    settled(settings.call_method1(intern!(py, "ending"), (span.object(),)));
    finish(span, end_unix_ns);
    settled(settings.call_method1(intern!(py, "ended"), (span.object(),)));
}

/// Nothing of a processor's reaches the program: what is left is what cannot be told, as at exit.
fn settled(outcome: PyResult<Bound<'_, PyAny>>) {
    drop(outcome);
}

/// The time by the system's clock.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| u64::try_from(since.as_nanos()).unwrap_or(0))
}
