//! The span: started, written to as things happen, ended (OpenTelemetry trace API, `Span`).
//!
//! A live span is a slot of the process's table (`span/table`, `span/slot`), addressed by a
//! [`SpanHandle`] of two words that is safe to copy, to keep too long and to make up. `span/start`
//! and `span/end` are the two ends of its life, `span/write` what happens in between. Nothing here
//! fails: what cannot be kept is counted. [`Span`] is the handle with an owner, for Rust.

mod ask;
mod decided;
mod end;
mod quick;
mod room;
mod several;
pub(crate) mod slot;
mod start;
pub(crate) mod table;
mod wait;
mod write;

pub use decided::Decided;
pub use quick::UsualSpan;
pub(crate) use start::Start;
pub use start::Started;

use crate::context::SpanContext;
use crate::current::{Attachment, attach_context, context_of};
use crate::runtime::runtime;
use crate::span::slot::{Slot, SpanState};
use crate::thread::{ThreadState, enter};
use crate::value::Value;
use std::error::Error;
use std::sync::atomic::Ordering;

/// `SpanKind` of the specification, with OTLP's numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum SpanKind {
    /// An operation inside an application.
    #[default]
    Internal = 1,
    /// Handles a request of a remote client.
    Server = 2,
    /// Makes a request to a remote service.
    Client = 3,
    /// Hands a message to a queue.
    Producer = 4,
    /// Handles a message from a queue.
    Consumer = 5,
}

/// A span's status (OpenTelemetry trace API, `SetStatus`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Status<'a> {
    /// Nothing was said; setting it is ignored.
    #[default]
    Unset,
    /// Declared successful; final.
    Ok,
    /// Failed, with a description (may be empty).
    Error(&'a str),
}

/// A span that another one has to do with, and how.
#[derive(Clone, Copy, Debug)]
pub struct Link<'a> {
    /// The other span.
    pub context: &'a SpanContext,
    /// Attributes of the link.
    pub attributes: &'a [(&'a str, Value<'a>)],
}

/// Addresses a live span: two words, copied freely. A stale or made-up handle is a counted no-op.
///
/// A span has one writer at a time unless it was started as shared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct SpanHandle {
    slot: u64,
    generation: u64,
}

/// In `slot`: the index in the low half, never 0; this bit for shared spans.
const SHARED: u64 = 1 << 32;
/// And this one for spans that nothing is recorded of: calls on them need not look any further.
const QUIET: u64 = 1 << 33;

impl SpanHandle {
    /// No span: every operation is a no-op.
    pub const NONE: Self = Self {
        slot: 0,
        generation: 0,
    };

    /// The handle of two words from outside; anything is safe.
    #[must_use]
    pub const fn from_raw(slot: u64, generation: u64) -> Self {
        Self { slot, generation }
    }

    /// The two words: slot and generation.
    #[must_use]
    pub const fn to_raw(self) -> (u64, u64) {
        (self.slot, self.generation)
    }

    /// The handle of the span in the slot of an index.
    #[inline]
    fn of(index: u32, shared: bool, recording: bool, generation: u64) -> Self {
        let shared = if shared { SHARED } else { 0 };
        let quiet = if recording { 0 } else { QUIET };
        Self {
            slot: u64::from(index) | shared | quiet,
            generation,
        }
    }

    #[inline]
    fn index(self) -> u32 {
        let [a, b, c, d, ..] = self.slot.to_le_bytes();
        u32::from_le_bytes([a, b, c, d])
    }

    #[inline]
    fn is_shared(self) -> bool {
        self.slot & SHARED != 0
    }

    /// Whether the handle alone tells that what is written to it is not kept: that of no span, or of
    /// one that nothing is recorded of, ended or not.
    #[inline]
    #[must_use]
    pub fn is_quiet(self) -> bool {
        // No bit above may be set: a made-up handle is looked up, and counted.
        self.slot & !(QUIET - 1) == QUIET || self == Self::NONE
    }

    #[inline]
    fn slot_in(self, thread: &ThreadState) -> Option<&'static Slot> {
        thread.runtime.slots.get(self.index())
    }

    /// Runs `work` on the live span; a stale handle is counted.
    #[expect(
        clippy::inline_always,
        reason = "a closure in memory stalls: 20 % of an attribute"
    )]
    #[inline(always)]
    fn with<R>(self, work: impl FnOnce(&mut ThreadState, &mut SpanState) -> R) -> Option<R> {
        if self == Self::NONE {
            return None;
        }
        enter(|thread| {
            let slot = self.slot_in(thread);
            let done = slot.and_then(|slot| {
                slot.with(self.generation, self.is_shared(), |state| {
                    work(thread, state)
                })
            });
            if done.is_none() {
                self.count_refused();
            }
            done
        })?
    }

    /// Counts a use of a handle that is stale, or whose span a call is using that this one
    /// interrupts.
    #[cold]
    fn count_refused(self) {
        let runtime = runtime();
        let slot = runtime.slots.get(self.index());
        let misuse = &runtime.misuse;
        let count = if slot.is_some_and(|slot| slot.holds(self.generation)) {
            &misuse.reentrant
        } else {
            &misuse.stale
        };
        count.fetch_add(1, Ordering::Relaxed);
    }

    /// The span's context; the invalid one once it has ended.
    #[must_use]
    pub fn context(self) -> SpanContext {
        if self == Self::NONE {
            return SpanContext::default();
        }
        let known = enter(|thread| {
            let context = self.look(thread, |state| {
                let trace_state = state.trace_state.as_slice();
                context_of(
                    state.trace_id,
                    state.span_id,
                    state.trace_flags,
                    trace_state,
                )
            });
            if context.is_none() {
                self.count_refused();
            }
            context
        });
        known.flatten().unwrap_or_default()
    }

    /// Runs `look` on what never changes of the live span; a stale handle is not counted.
    #[inline]
    fn look<R>(self, thread: &ThreadState, look: impl FnOnce(&SpanState) -> R) -> Option<R> {
        let slot = self.slot_in(thread)?;
        slot.look(self.generation, self.is_shared(), look)
    }

    /// Whether attributes and the rest are recorded: sampled or record-only, and not ended.
    #[must_use]
    pub fn is_recording(self) -> bool {
        if self.is_quiet() {
            return false;
        }
        let live = enter(|thread| self.look(thread, |state| state.recording));
        live.flatten().unwrap_or(false)
    }

    /// Whether it is this live span; a stale handle is not counted.
    #[cfg(feature = "otel")]
    pub(crate) fn is_span(self, span_id: crate::SpanId) -> bool {
        let same = enter(|thread| self.look(thread, |state| state.span_id == span_id.0));
        same.flatten().unwrap_or(false)
    }

    /// Makes the span current on this thread; undone by [`SpanHandle::leave`].
    pub fn enter(self) {
        if self != Self::NONE {
            crate::current::attach_span(self);
        }
    }

    /// Undoes the last [`SpanHandle::enter`] of this span on this thread.
    pub fn leave(self) {
        crate::current::leave(self);
    }
}

/// A span of Rust code; ends when dropped.
///
/// Writing takes `&self`; the span may move between threads and is written by one at a time.
#[derive(Debug)]
#[must_use = "the span ends when it is dropped"]
pub struct Span {
    handle: SpanHandle,
    /// What a span that records nothing hands on.
    handed_on: Option<Box<SpanContext>>,
}

impl Span {
    pub(crate) fn new(handle: SpanHandle) -> Self {
        Self {
            handle,
            handed_on: None,
        }
    }

    /// A span that records nothing and hands `context` on to its children, as one started where no
    /// provider is configured hands on its parent's (trace API, "wrapping a `SpanContext` in a span").
    pub fn non_recording(context: SpanContext) -> Self {
        Self {
            handle: SpanHandle::NONE,
            handed_on: Some(Box::new(context)),
        }
    }

    /// The handle, for code that needs to copy it; stale once the span has ended.
    #[must_use]
    pub fn handle(&self) -> SpanHandle {
        self.handle
    }

    /// What identifies the span for children elsewhere.
    #[must_use]
    pub fn context(&self) -> SpanContext {
        match &self.handed_on {
            Some(context) => SpanContext::clone(context),
            None => self.handle.context(),
        }
    }

    /// Whether attributes and the rest are recorded.
    #[must_use]
    pub fn is_recording(&self) -> bool {
        self.handle.is_recording()
    }

    /// Sets an attribute; the last value of a key counts.
    #[inline]
    pub fn set<'v>(&self, key: &str, value: impl Into<Value<'v>>) -> &Self {
        self.handle.set(key, value.into());
        self
    }

    /// Adds an event, now.
    pub fn add_event(&self, name: &str, attributes: &[(&str, Value<'_>)]) -> &Self {
        self.handle.add_event(name, 0, &Value::Map(attributes));
        self
    }

    /// Links another span.
    pub fn add_link(&self, context: &SpanContext, attributes: &[(&str, Value<'_>)]) -> &Self {
        self.handle.add_link(context, &Value::Map(attributes));
        self
    }

    /// Sets the status: `Ok` is final, `Unset` is ignored.
    pub fn set_status(&self, status: Status<'_>) -> &Self {
        self.handle.set_status(status);
        self
    }

    /// Replaces the name.
    pub fn set_name(&self, name: &str) -> &Self {
        self.handle.set_name(name);
        self
    }

    /// Records an error as an `exception` event (semantic conventions, exceptions).
    pub fn record_error(&self, error: &dyn Error) -> &Self {
        let message = error.to_string();
        self.add_event(
            "exception",
            &[("exception.message", Value::String(&message))],
        )
    }

    /// Makes the span current on this thread until the guard is dropped; the span ends with it.
    pub fn enter(self) -> Entered {
        Entered {
            attachment: Some(self.attach()),
            span: self,
        }
    }

    /// Makes the span current on this thread until the attachment is dropped; it stays open.
    #[must_use = "dropping the attachment ends it"]
    pub fn attach(&self) -> Attachment {
        match &self.handed_on {
            Some(context) => attach_context(context),
            None => Attachment::of_span(self.handle),
        }
    }

    /// Ends the span now.
    pub fn end(self) {}

    /// Ends the span at a time of the past, in Unix nanoseconds.
    pub fn end_at(self, unix_ns: u64) {
        self.handle.end(unix_ns);
    }
}

impl Drop for Span {
    fn drop(&mut self) {
        if self.handle != SpanHandle::NONE {
            self.handle.end_once();
        }
    }
}

/// A span that is current on this thread as long as this lives.
#[derive(Debug)]
#[must_use = "the span ends when this is dropped"]
pub struct Entered {
    attachment: Option<Attachment>,
    span: Span,
}

impl std::ops::Deref for Entered {
    type Target = Span;

    fn deref(&self) -> &Span {
        &self.span
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        // Before the span ends, so that nothing starts below an ended span.
        self.attachment = None;
    }
}

/// Open sampled spans of a provider.
pub(crate) fn count_open(provider: u32) -> u64 {
    runtime().slots.count_open(provider)
}
