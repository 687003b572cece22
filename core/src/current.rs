//! The current span of a thread (OpenTelemetry trace API, "context interaction").
//!
//! Two stacks, one truth. Native code pushes on the thread's own stack. A language with a context of
//! its own answers through a hook. Each native entry remembers which foreign span was current when
//! it was pushed and counts only while that still is; else the foreign context wins. So
//! Python -> C -> Python -> C nests right, and a task switch in between hides native entries of
//! the other task.

use crate::context::{SpanContext, TraceFlags, TraceState};
use crate::id::{SpanId, TraceId};
use crate::runtime::runtime;
use crate::span::SpanHandle;
use crate::thread::{ThreadState, enter};
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
}

/// Installs the hook unless a language has one; true if it is in place.
pub(crate) fn claim_current_hook(hook: CurrentHook) -> bool {
    let hook = hook as *mut ();
    let before = HOOK.compare_exchange(
        ptr::null_mut(),
        hook,
        Ordering::AcqRel, // pairs with the load in `foreign`
        Ordering::Acquire,
    );
    before.is_ok() || before == Err(hook)
}

/// Whether this hook is the one in place.
pub(crate) fn is_current_hook(hook: CurrentHook) -> bool {
    HOOK.load(Ordering::Acquire) == hook as *mut ()
}

fn foreign() -> Foreign {
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

#[derive(Clone, Debug)]
struct Entry {
    current: Current,
    token: u64,
    /// The foreign span that was current at the push, as the language or the program told.
    base: Option<SpanId>,
    /// The language could not tell in this context of its own.
    unknown_in: Option<SpanId>,
}

/// A thread's native stack of current spans.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stack {
    entries: Vec<Entry>,
    last_token: u64,
}

/// What is below the native stack, in the language that called.
#[derive(Clone, Copy, Debug)]
enum Base {
    /// This span, all zero = none.
    Span(SpanId),
    /// Not told, in the context identified so.
    Unknown(SpanId),
}

impl Stack {
    /// The native entry that is current on top of `base`.
    fn top(&self, base: Base) -> Option<&Current> {
        self.entries
            .last()
            .filter(|entry| match base {
                Base::Span(span) => entry.base == Some(span),
                Base::Unknown(context) => entry.unknown_in == Some(context),
            })
            .map(|entry| &entry.current)
    }

    /// Pushes what is current from here on top of `base`. Where the language cannot tell, the span
    /// below is the one `taken` along, or else that of the entry below, so that a call back into the
    /// language from there finds the entry above its own span.
    fn push(&mut self, current: Current, base: Base, taken: Option<SpanId>) -> u64 {
        if self.entries.try_reserve(1).is_err() {
            return 0;
        }
        let (base, unknown_in) = match base {
            Base::Span(span) => (Some(span), None),
            Base::Unknown(context) => {
                let below = self.entries.last();
                let below = below.filter(|entry| entry.unknown_in == Some(context));
                (taken.or(below.and_then(|entry| entry.base)), Some(context))
            }
        };
        self.last_token += 1;
        self.entries.push(Entry {
            current,
            token: self.last_token,
            base,
            unknown_in,
        });
        self.last_token
    }

    /// Removes the entry at `place`; true if it was the last.
    fn remove(&mut self, place: usize) -> bool {
        self.entries.remove(place);
        place == self.entries.len()
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

/// What is current on this thread; the default if nothing is.
pub(crate) fn current() -> Current {
    let (foreign, base) = ask();
    enter(|thread| current_over(thread, foreign, base)).unwrap_or_default()
}

fn current_over(thread: &ThreadState, foreign: Option<Current>, base: Base) -> Current {
    if let Some(native) = thread.stack.top(base) {
        return native.clone();
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
    let current = enter(|thread| thread.stack.top(Base::Span(base)).cloned())??;
    Some((current.context, current.handle))
}

/// Makes a context current on this thread. The token, never 0 unless memory is refused, is for
/// [`detach`].
pub(crate) fn attach(current: Current) -> u64 {
    attach_taken(current, None)
}

/// Makes a span current on this thread. One that has ended, or that nothing is recorded of, leaves
/// what was current before.
pub(crate) fn attach_span(handle: SpanHandle) -> u64 {
    let mut context = handle.context();
    if !context.is_valid() {
        context = current_context();
    }
    attach(Current { context, handle })
}

fn attach_taken(current: Current, taken: Option<SpanId>) -> u64 {
    let (_, base) = ask();
    enter(|thread| thread.stack.push(current, base, taken)).unwrap_or(0)
}

/// Makes `context` current on this thread until [`detach`] with the token; `handle` if it is a span
/// of this runtime, `base` if the context comes from [`current_with_base`]. A context that was asked
/// of a span after its end is invalid and has a handle: then what was current stays.
#[must_use]
pub fn attach_span_context(context: SpanContext, handle: SpanHandle, base: Option<SpanId>) -> u64 {
    if handle != SpanHandle::NONE && !context.is_valid() {
        return attach_span(handle);
    }
    attach_taken(Current { context, handle }, base)
}

/// What is current on this thread, and the foreign span below it if the language can tell: to be
/// attached where it cannot.
#[must_use]
pub fn current_with_base() -> (SpanContext, SpanHandle, Option<SpanId>) {
    let (foreign, base) = ask();
    let current = enter(|thread| current_over(thread, foreign, base)).unwrap_or_default();
    (
        current.context,
        current.handle,
        match base {
            Base::Span(span) => Some(span),
            Base::Unknown(_) => None,
        },
    )
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

fn leave_where(wanted: impl Fn(&Entry) -> bool) {
    enter(|thread| {
        let in_order = thread
            .stack
            .entries
            .iter()
            .rposition(wanted)
            .is_some_and(|place| thread.stack.remove(place));
        if !in_order {
            thread
                .runtime
                .misuse
                .detach_order
                .fetch_add(1, Ordering::Relaxed);
        }
    });
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

/// Makes `context` current on this thread until the attachment is dropped.
#[must_use = "dropping the attachment ends it"]
pub fn attach_context(context: &SpanContext) -> Attachment {
    let handle = SpanHandle::NONE;
    Attachment {
        token: attach(Current {
            context: context.clone(),
            handle,
        }),
        local: ptr::null(),
    }
}

/// Something is current on this thread as long as this lives; must be dropped where it was made.
#[derive(Debug)]
pub struct Attachment {
    token: u64,
    /// Keeps the type on its thread.
    local: *const (),
}

impl Attachment {
    pub(crate) fn of_span(handle: SpanHandle) -> Self {
        Self {
            token: attach_span(handle),
            local: ptr::null(),
        }
    }
}

impl Drop for Attachment {
    fn drop(&mut self) {
        debug_assert!(self.local.is_null());
        detach(self.token);
    }
}

/// The parent of a new span as the recorder wants it, borrowed.
#[derive(Clone, Copy, Debug)]
pub struct Parent<'a> {
    /// The trace; all zero = no parent.
    pub trace_id: TraceId,
    /// The parent span.
    pub span_id: SpanId,
    /// Its flags.
    pub trace_flags: TraceFlags,
    /// Whether it came from another process.
    pub is_remote: bool,
    /// W3C `tracestate`.
    pub trace_state: &'a str,
    /// Its handle if it is a span of this runtime.
    pub handle: SpanHandle,
}

impl Parent<'_> {
    /// No parent: a root span.
    pub const NONE: Self = Self {
        trace_id: TraceId([0; 16]),
        span_id: SpanId([0; 8]),
        trace_flags: TraceFlags(0),
        is_remote: false,
        trace_state: "",
        handle: SpanHandle::NONE,
    };

    pub(crate) fn is_valid(&self) -> bool {
        self.trace_id.is_valid() && self.span_id.is_valid()
    }
}

impl<'a> From<&'a Current> for Parent<'a> {
    fn from(current: &'a Current) -> Self {
        Self {
            handle: current.handle,
            ..Self::from(&current.context)
        }
    }
}

impl<'a> From<&'a SpanContext> for Parent<'a> {
    fn from(context: &'a SpanContext) -> Self {
        Self {
            trace_id: context.trace_id,
            span_id: context.span_id,
            trace_flags: context.trace_flags,
            is_remote: context.is_remote,
            trace_state: context.trace_state.as_str(),
            handle: SpanHandle::NONE,
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

/// Counts a use of a handle that is not live.
#[cold]
pub(crate) fn count_stale() {
    runtime().misuse.stale.fetch_add(1, Ordering::Relaxed);
}

#[cfg(test)]
mod tests;
