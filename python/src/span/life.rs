//! A span's life: pending, started, entered, left, ended.

use super::object::{Ids, Span, State, option};
use super::{alloc, error, read, verdict, watched, write};
use crate::config::is_ready;
use crate::context::{self, Parent};
use crate::marks::{Marks, marks};
use crate::object::Slot;
use crate::runtime::{Handle, Scope};
use crate::value;
use libtracer_abi::{tracer_start, tracer_started};
use pyo3::{Borrowed, Bound, PyAny, PyResult};

/// A new span that has not started.
#[inline]
pub(crate) fn pending<'py>(
    name: Borrowed<'_, 'py, PyAny>,
    options: u16,
) -> PyResult<Bound<'py, PyAny>> {
    let made = alloc::new(name.py())?;
    if let Some(span) = Span::cast(made.as_borrowed()) {
        span.kind.set(0);
        span.scope.set(Scope::DEFAULT);
        span.options.set(options);
        span.name.put(name.to_owned());
    }
    Ok(made)
}

/// A new pending span that will start as `template` would.
#[inline]
pub(crate) fn fresh<'py>(template: Span<'_, 'py>) -> PyResult<Bound<'py, PyAny>> {
    let py = template.py();
    let made = alloc::new(py)?;
    if let Some(span) = Span::cast(made.as_borrowed()) {
        span.kind.set(template.kind.get());
        span.scope.set(template.scope.get());
        span.options.set(template.options.get() & option::INHERITED);
        span.start_unix_ns.set(template.start_unix_ns.get());
        let copy = |from: &Slot, to: &Slot| {
            if let Some(object) = from.get(py) {
                to.put(object);
            }
        };
        copy(&template.name, &span.name);
        copy(&template.tracer, &span.tracer);
        copy(&template.attributes, &span.attributes);
        if template.state.get() == State::Pending {
            copy(&template.context, &span.context); // of a started span it is the parent it has
        }
        copy(&template.links, &span.links);
    }
    Ok(made)
}

/// Starts the span if it is pending.
#[inline]
pub(crate) fn ensure_started(span: Span<'_, '_>) -> PyResult<()> {
    if span.state.get() != State::Pending {
        return Ok(());
    }
    let current = context::current(context::binding(span.py())?, span.py());
    start(span, current.as_ref())
}

/// Starts a pending span below its own context argument, or else below `current`.
#[inline]
fn start(span: Span<'_, '_>, current: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
    let py = span.py();
    if span.has(option::GATED) {
        if !is_ready(py) {
            span.state.set(State::Void);
            return Ok(());
        }
        if let Some(marks) = marks() {
            span.scope.set(marks.scope);
        }
    }
    let given = span.context.take(py);
    let parent = match &given {
        Some(given) => Parent::given(given)?,
        None => current.map_or_else(|| Ok(Parent::root()), Parent::current)?,
    };
    // Python code may have run above and started this very span.
    if span.state.get() != State::Pending {
        return Ok(());
    }
    if span.has(option::SDK)
        && let Some(parent) = parent.shown()
    {
        span.context.put(parent.clone()); // until the span ends, see `settle_parent`
    }
    let name = span.name.get(py);
    let name = name.as_ref().map(value::any_text).unwrap_or_default();
    let start = tracer_start {
        scope: span.scope.get().as_ptr(),
        name: name.as_ptr().cast(),
        name_len: name.len(),
        parent: parent.context,
        parent_span: parent.span,
        flags: parent.flags,
        kind: span.kind.get(),
        start_unix_ns: span.start_unix_ns.get(),
    };
    if let Some(watching) = watched::by(span) {
        return watched::start(span, &watching, start, given.as_ref());
    }
    begun(span, &start_natively(span, &start));
    Ok(())
}

/// Starts the span in the runtime, which draws the ids unless the program has chosen them.
#[inline]
pub(super) fn start_natively(span: Span<'_, '_>, start: &tracer_start) -> tracer_started {
    if span.has(option::OWN_IDS) {
        return Handle::start_decided(start, &verdict::of_ids(span.ids.get()));
    }
    Handle::start(start)
}

/// Keeps what the runtime said, and records what the span starts with.
#[inline]
pub(super) fn begun(span: Span<'_, '_>, started: &tracer_started) {
    keep(span, started);
    if !span.attributes.is_empty() || !span.links.is_empty() {
        write::initial(span);
    }
    if let Some(marks) = marks() {
        mark(span, marks);
    }
}

/// Puts on a span what `init` wants there.
fn mark(span: Span<'_, '_>, marks: &Marks) {
    if span.has(option::GATED | option::MARKED) && span.has(option::RECORDING) {
        marks.write(span.handle.get());
    }
}

/// Keeps what the runtime said about a new span.
#[inline]
fn keep(span: Span<'_, '_>, started: &tracer_started) {
    span.state.set(State::Live);
    span.handle.set(Handle(started.span));
    span.ids.set(Ids::from(&started.context));
    span.parent.set(Ids::from(&started.parent));
    if started.recording != 0 {
        span.mark(option::RECORDING);
    }
    if started.context.trace_state_len > 0 {
        let text = context::trace_state_text(&started.context);
        span.trace_state.set(text.into()).ok();
    }
}

/// Starts the span if need be and makes it current. A void span leaves everything as it is.
#[inline]
pub(crate) fn enter(span: Span<'_, '_>) -> PyResult<()> {
    let binding = context::binding(span.py())?;
    let current = context::current(binding, span.py());
    if span.state.get() == State::Pending {
        start(span, current.as_ref())?;
    }
    if span.state.get() == State::Void || span.has(option::PASSIVE) {
        return Ok(());
    }
    context::push(binding, span, current)
}

/// Makes current what was current before the span was entered.
#[inline]
pub(crate) fn leave(span: Span<'_, '_>) {
    context::pop(span);
}

/// Leaves the block of the span, with the exception that leaves it too.
#[inline]
pub(crate) fn exit(span: Span<'_, '_>, exception: Option<Borrowed<'_, '_, PyAny>>) {
    if span.state.get() == State::Void {
        return;
    }
    if let Some(exception) = exception {
        error::escaping(span, &exception);
    }
    leave(span);
    if span.has(option::END_ON_EXIT) {
        end(span, 0);
    }
}

/// Ends the span, once.
#[inline]
pub(crate) fn end(span: Span<'_, '_>, end_unix_ns: u64) {
    if span.state.get() != State::Live {
        return;
    }
    if watched::tells(span) {
        return watched::end(span, end_unix_ns);
    }
    finish(span, end_unix_ns);
}

/// Ends a live span.
#[inline]
pub(super) fn finish(span: Span<'_, '_>, end_unix_ns: u64) {
    span.state.set(State::Ended);
    let mut bytes = span.bytes.take();
    span.handle.get().end(end_unix_ns, &mut bytes);
    span.bytes.set(bytes);
    drop(span.exception.take(span.py()));
    if !span.is_entered() {
        drop(span.face.take(span.py()));
    }
    if span.has(option::SDK) {
        settle_parent(span);
    }
}

/// An ended span keeps its parent's `SpanContext`, if somebody has one or processors will see it, and
/// the parent no more: a long line of spans must not keep itself alive.
fn settle_parent(span: Span<'_, '_>) {
    let py = span.py();
    let Some(kept) = span.context.take(py) else {
        return;
    };
    let shown = match Span::cast(kept.as_borrowed()) {
        Some(parent) if span.has(option::WATCHED) => read::own_context(parent).ok(),
        Some(parent) => parent.span_context.get(py),
        None => Some(kept),
    };
    if let Some(shown) = shown {
        span.context.put(shown);
    }
}
