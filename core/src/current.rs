//! The current span of a thread (OpenTelemetry trace API, "context interaction").
//!
//! Two stacks, one truth. Native code pushes on the thread's own stack. A language with a context of
//! its own answers through a hook. Each native entry remembers which foreign span was current when
//! it was pushed and counts only while that still is; else the foreign context wins. So
//! Python -> C -> Python -> C nests right, and a task switch in between hides native entries of
//! the other task.

mod parent;
mod stack;
mod task;

pub use parent::Parent;
pub(crate) use stack::Stack;
pub use task::Task;

use crate::context::{Context, SpanContext, TraceFlags, TraceState};
use crate::id::{SpanId, TraceId};
use crate::rendezvous;
use crate::span::SpanHandle;
use crate::thread::{ThreadState, enter};
use stack::{Base, Entry, Pushed};
use std::ptr;
use std::sync::atomic::{AtomicPtr, Ordering};

/// What is current in a language on the calling thread, as its hook answers.
#[derive(Clone, Debug)]
pub enum Foreign {
    /// This context (invalid = none), and the span's handle if it is one of this runtime's.
    Known(SpanContext, SpanHandle),
    /// The language has no say on this thread.
    None,
    /// The language cannot tell here: no parent rather than a wrong one. What identifies its context,
    /// to tell it from others on this thread.
    Unknown(SpanId),
}

/// Answers what is current in a language; must not block and must not call back.
pub type CurrentHook = fn() -> Foreign;

static HOOK: AtomicPtr<()> = AtomicPtr::new(ptr::null_mut());

/// Installs the hook of the one language with a context of its own; `None` removes it.
pub fn set_current_hook(hook: Option<CurrentHook>) {
    HOOK.store(
        hook.map_or(ptr::null_mut(), |hook| hook as *mut ()),
        Ordering::Release,
    );
    rendezvous::announce();
}

/// Whether a language answers here what is current.
pub(crate) fn has_language() -> bool {
    !HOOK.load(Ordering::Acquire).is_null()
}

/// Installs the hook unless a language has one; true if it is in place.
#[cfg(feature = "otel")]
pub(crate) fn claim_current_hook(hook: CurrentHook) -> bool {
    let hook = hook as *mut ();
    let before = HOOK.compare_exchange(
        ptr::null_mut(),
        hook,
        Ordering::AcqRel, // pairs with the load in `foreign`
        Ordering::Acquire,
    );
    if before.is_ok() {
        rendezvous::announce();
    }
    before.is_ok() || before == Err(hook)
}

/// Whether this hook is the one in place.
#[cfg(feature = "otel")]
pub(crate) fn is_current_hook(hook: CurrentHook) -> bool {
    HOOK.load(Ordering::Acquire) == hook as *mut ()
}

/// What the language of this copy says.
fn spoken() -> Foreign {
    let hook = HOOK.load(Ordering::Acquire);
    if hook.is_null() {
        return Foreign::None;
    }
    // SAFETY: only `set_current_hook` stores here, and only a `CurrentHook` or null.
    let hook = unsafe { std::mem::transmute::<*mut (), CurrentHook>(hook) };
    hook()
}

/// A context that is or was current, with its handle if the span is of this runtime.
#[derive(Clone, Debug, Default)]
pub(crate) struct Current {
    pub(crate) context: SpanContext,
    pub(crate) handle: SpanHandle,
}

/// What a language says, of this copy of the library or of the one that leads.
fn foreign() -> Foreign {
    match spoken() {
        Foreign::None => rendezvous::current(),
        known => known,
    }
}

/// The foreign answer, and what it is for the native stack.
fn ask() -> (Option<Current>, Base) {
    match foreign() {
        Foreign::None => (None, Base::Span(SpanId::default())),
        Foreign::Known(context, handle) => {
            let base = Base::Span(context.span_id);
            (Some(Current { context, handle }), base)
        }
        Foreign::Unknown(context) => (None, Base::Unknown(context)),
    }
}

/// The span that is current on this thread; the default if none is.
pub(crate) fn current() -> Current {
    let (foreign, base) = ask();
    enter(|thread| current_over(thread, foreign, base)).unwrap_or_default()
}

/// All that is current on this thread. A language's own baggage is not known here.
pub(crate) fn current_value() -> Context {
    let (foreign, base) = ask();
    current_value_over(foreign, base)
}

fn current_value_over(foreign: Option<Current>, base: Base) -> Context {
    let value = enter(|thread| Context {
        extras: thread.stack.top(base).and_then(|top| top.extras.clone()),
        current: current_over(thread, foreign, base),
    });
    value.unwrap_or_default()
}

fn current_over(thread: &ThreadState, foreign: Option<Current>, base: Base) -> Current {
    if let Some(native) = thread.stack.top(base) {
        return native.current.clone();
    }
    if let Base::Unknown(_) = base {
        thread
            .runtime
            .misuse
            .unknown_parent
            .fetch_add(1, Ordering::Relaxed);
    }
    foreign.unwrap_or_default()
}

/// The native span that is current while the foreign one is `base`, for bindings that know theirs.
#[must_use]
pub fn current_native(base: SpanId) -> Option<(SpanContext, SpanHandle)> {
    let top = |thread: &mut ThreadState| {
        let top = thread.stack.top(Base::Span(base))?;
        Some((top.current.context.clone(), top.current.handle))
    };
    enter(top)?
}

/// Makes a span current on this thread. One that has ended, or that nothing is recorded of, leaves
/// what was current before.
pub(crate) fn attach_span(handle: SpanHandle) -> u64 {
    let mut context = handle.context();
    if !context.is_valid() {
        context = current_context();
    }
    push(Pushed::Span(Current { context, handle }), None)
}

/// Where an entry with this context belongs: its token in the copy of the library that leads, 0 if
/// that is this one, and what is below it.
fn seat(context: &SpanContext) -> (u64, Base) {
    let Some(outer) = rendezvous::attach(context) else {
        return (0, ask().1);
    };
    match spoken() {
        // That copy will say that this very span is current.
        Foreign::None => (outer, Base::Span(context.span_id)),
        _ => (outer, ask().1),
    }
}

/// Makes something current on this thread. The token, never 0 unless memory is refused, is for
/// [`detach`].
fn push(pushed: Pushed, taken: Option<SpanId>) -> u64 {
    let (outer, base) = seat(pushed.context());
    let pushed = enter(|thread| thread.stack.push(pushed, base, taken, outer)).unwrap_or(0);
    if pushed == 0 {
        rendezvous::detach(outer);
    }
    pushed
}

/// Makes a span's `context` current on this thread, beside the baggage of what was, until [`detach`]
/// with the token; `handle` if it is a span of this runtime. A context that was asked of a span after
/// its end is invalid and has a handle: then what was current stays.
#[must_use]
pub fn attach_span_context(context: SpanContext, handle: SpanHandle) -> u64 {
    if handle != SpanHandle::NONE && !context.is_valid() {
        return attach_span(handle);
    }
    push(Pushed::Span(Current { context, handle }), None)
}

/// Makes a whole context current on this thread until [`detach`] with the token; `base` if it comes
/// from [`current_with_base`].
#[must_use]
pub fn attach_whole(context: Context, base: Option<SpanId>) -> u64 {
    push(Pushed::Whole(context), base)
}

/// What is current on this thread, and the foreign span below it if the language can tell: to be
/// attached where it cannot.
#[must_use]
pub fn current_with_base() -> (Context, Option<SpanId>) {
    let (foreign, base) = ask();
    let below = match base {
        Base::Span(span) => Some(span),
        Base::Unknown(_) => None,
    };
    (current_value_over(foreign, base), below)
}

/// What is current on this thread: the context and, if it is a span of this runtime, its handle.
#[must_use]
pub fn current_pair() -> (SpanContext, SpanHandle) {
    let current = current();
    (current.context, current.handle)
}

/// Undoes an attach of this thread by its token; in the wrong order it is repaired and counted.
pub fn detach(token: u64) {
    leave_where(|entry| entry.token == token);
}

/// Undoes the last attach of a span on this thread.
pub(crate) fn leave(handle: SpanHandle) {
    if handle != SpanHandle::NONE {
        leave_where(|entry| entry.current.handle == handle);
    }
}

/// Whether the entry was the last; else it is counted.
fn leave_where(wanted: impl Fn(&Entry) -> bool) -> bool {
    let taken = enter(|thread| {
        let taken = thread.stack.take(wanted);
        if !taken.as_ref().is_some_and(|(_, last)| *last) {
            thread
                .runtime
                .misuse
                .detach_order
                .fetch_add(1, Ordering::Relaxed);
        }
        taken
    });
    // The entry ends here, outside of the thread's state: it may hold the program's own values.
    taken.flatten().is_some_and(|(entry, last)| {
        rendezvous::detach(entry.outer);
        last
    })
}

/// The context of the current span on this thread; the invalid context if there is none.
///
/// Thread-local; safe from any thread. Not propagated to other threads by itself: take it here and
/// [`attach_context`] it there.
#[must_use]
pub fn current_context() -> SpanContext {
    current().context
}

/// The handle of the current span; [`SpanHandle::NONE`] if there is none or it is not of this
/// process.
#[must_use]
pub fn current_span() -> SpanHandle {
    current().handle
}

/// Makes `context` current on this thread until the attachment is dropped; baggage and values stay
/// as they are. [`Context::attach`] replaces those too.
#[must_use = "dropping the attachment ends it"]
pub fn attach_context(context: &SpanContext) -> Attachment {
    Attachment::of(Pushed::Span(Current {
        context: context.clone(),
        handle: SpanHandle::NONE,
    }))
}

/// Makes a whole context current on this thread.
pub(crate) fn attach_value(context: Context) -> Attachment {
    Attachment::of(Pushed::Whole(context))
}

/// Something is current on this thread as long as this lives; must be dropped where it was made.
///
/// In the wrong order it is taken out from below what was attached later, which stays; that is
/// counted in [`Diagnostics`](crate::Diagnostics).
#[derive(Debug)]
pub struct Attachment {
    token: u64,
    /// Keeps the type on its thread.
    local: *const (),
}

impl Attachment {
    fn of(pushed: Pushed) -> Self {
        Self {
            token: push(pushed, None),
            local: ptr::null(),
        }
    }

    pub(crate) fn of_span(handle: SpanHandle) -> Self {
        Self {
            token: attach_span(handle),
            local: ptr::null(),
        }
    }

    /// Ends it, and tells whether it was attached last on this thread, as it should be (context API,
    /// "detach context").
    #[must_use = "drop it where that does not matter"]
    pub fn detach(mut self) -> bool {
        let token = std::mem::take(&mut self.token);
        leave_where(|entry| entry.token == token)
    }
}

impl Drop for Attachment {
    fn drop(&mut self) {
        debug_assert!(self.local.is_null());
        if self.token != 0 {
            detach(self.token);
        }
    }
}

/// A copy of what a span's own fields say, for handles.
pub(crate) fn context_of(
    trace_id: [u8; 16],
    span_id: [u8; 8],
    flags: u8,
    trace_state: &[u8],
) -> SpanContext {
    SpanContext {
        trace_id: TraceId(trace_id),
        span_id: SpanId(span_id),
        trace_flags: TraceFlags(flags),
        is_remote: false,
        trace_state: std::str::from_utf8(trace_state)
            .map(TraceState::from_header)
            .unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests;
