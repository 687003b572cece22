//! The short ways of what most spans do, each done whole or left to the long way of its own file:
//! the start below a parent that decides alone (`start`); a short attribute with a new key (`write`);
//! the end of a span that is exported and no more, or not recorded (`end`).
//!
//! They need no memory beyond what is there. An attribute of a span of one writer needs nothing of the
//! thread's either: the slot is found by its index and taken by its own flag.

use super::end::{end_time, leave_unrecorded};
use super::slot::SpanState;
use super::start::{Start, facts_of, offset_of};
use super::write::ATTRIBUTE;
use super::{SpanHandle, SpanKind};
use crate::clock;
use crate::context::{Context, TraceFlags};
use crate::current::Parent;
use crate::id::SpanId;
use crate::pipeline::chunk::SPAN_TAG;
use crate::provider::{Provider, configured_default, may_block};
use crate::runtime::runtime_if_built;
use crate::sampler::Decision;
use crate::thread::{ThreadState, enter_quickly};
use crate::tracer::Tracer;
use crate::wire::attribute::{Encode, Text};
use crate::wire::field_len;
use crate::wire::keys::hash;
use crate::wire::short::Short;

/// What was started, but for what it has of its parent.
pub(super) struct Begun {
    pub(super) handle: SpanHandle,
    pub(super) span_id: SpanId,
    pub(super) trace_flags: TraceFlags,
}

impl Tracer {
    /// Starts a span below `parent` if that is quickly done, for bindings: the parent decides alone on
    /// its children, and nothing but its name and kind is given. `None`, and nothing done, if not.
    #[doc(hidden)]
    #[expect(clippy::inline_always, reason = "what is started stays in registers")]
    #[inline(always)]
    #[must_use]
    pub fn start_quickly(
        self,
        name: &str,
        parent: &Context,
        kind: SpanKind,
        at_ns: u64,
    ) -> Option<SpanHandle> {
        // First of all: what is read before the call for the thread's state would be put aside.
        let thread = enter_quickly()?;
        let (own, scope) = self.parts();
        let provider = own.or_else(configured_default)?;
        if provider.hooks.special() != 0 {
            return None;
        }
        let start = Start {
            scope,
            name,
            parent: Parent::from(parent),
            kind,
            at_ns,
            shared: false,
            attributes: &[],
            links: &[],
        };
        Some(provider.start_usual(thread.state, &start)?.handle)
    }
}

impl Provider {
    /// Starts a span below a parent that decides alone. `None`, and nothing done, if anything is
    /// unusual.
    #[expect(clippy::inline_always, reason = "the usual way of every span")]
    #[inline(always)]
    pub(super) fn start_usual(
        &'static self,
        thread: &mut ThreadState,
        start: &Start<'_>,
    ) -> Option<Begun> {
        let parent = &start.parent;
        if !(parent.is_valid() && parent.trace_state.is_empty()) {
            return None;
        }
        let decision = self.below_parents.decide(facts_of(parent));
        if decision == Some(Decision::RecordAndSample) {
            return self.start_as(thread, start, true);
        }
        if decision == Some(Decision::Drop) {
            return self.start_as(thread, start, false);
        }
        None
    }

    /// Starts a span that is recorded and sampled, or neither.
    #[expect(clippy::inline_always, reason = "each of the two is half as much")]
    #[inline(always)]
    fn start_as(
        &'static self,
        thread: &mut ThreadState,
        start: &Start<'_>,
        sampled: bool,
    ) -> Option<Begun> {
        let parent = &start.parent;
        let wall_offset = if sampled {
            offset_of(parent, thread).unwrap_or_else(|| thread.wall_offset(parent.trace_id))
        } else {
            0
        };
        let producer = thread.producers.latest(self)?;
        let (state, counts) = (producer.state, &producer.log.counts);
        if state.is_shut_down() {
            return None;
        }
        let index = thread.free_slots.pop()?;
        let vacant = thread.runtime.slots.get(index)?.vacant();
        let span = &mut *vacant.state;
        span.wall_offset = wall_offset;
        if sampled && !span.begin_usual(start) {
            thread.free_slots.push(index);
            return None;
        }
        let count = if sampled {
            &counts.started
        } else {
            &counts.unsampled
        };
        count.count();
        let span_id = thread.ids.span_id();
        let random = parent.trace_flags.0 & TraceFlags::RANDOM.0;
        let trace_flags = TraceFlags(random | u8::from(sampled));
        span.provider = Some(state);
        span.limits = sampled.then_some(&state.limits);
        span.scope = Some(start.scope);
        span.trace_id = parent.trace_id.0;
        span.span_id = span_id.0;
        span.trace_flags = trace_flags.0;
        span.recording = sampled;
        span.sampled = sampled;
        span.parent_span_id = parent.span_id.0;
        span.parent_is_remote = parent.is_remote;
        let generation = vacant.open(sampled.then_some(state.id), wall_offset);
        Some(Begun {
            handle: SpanHandle::of(index, start.shared, sampled, generation),
            span_id,
            trace_flags,
        })
    }
}

impl SpanState {
    /// Fills in what only a recorded span has. False if its name does not fit into the memory that the
    /// slot has for it.
    #[expect(clippy::inline_always, reason = "a few instructions of each span")]
    #[inline(always)]
    fn begin_usual(&mut self, start: &Start<'_>) -> bool {
        let now = match start.at_ns {
            0 => clock::monotonic().wrapping_add(self.wall_offset),
            given => given,
        };
        self.begin(start.kind as u8, now);
        self.name.clear();
        let name = start.name.as_bytes();
        // SAFETY: it writes the name.
        let Some(mut writer) = (unsafe { self.name.writer_within(name.len()) }) else {
            return false;
        };
        writer.bytes_here(name);
        // SAFETY: it has just been written.
        unsafe { self.name.advance(name.len()) };
        true
    }

    /// Appends an attribute if it is a short one, new and within all limits, and the span is recorded
    /// and has room. False, and nothing done, if not.
    #[expect(clippy::inline_always, reason = "its parts stay in registers")]
    #[inline(always)]
    pub(super) fn put_short(&mut self, key: &[u8], value: impl Encode) -> bool {
        let (Some(pair), Some(limits)) = (Short::of(key, value), self.limits) else {
            return false;
        };
        let digest = hash(key);
        let wanted = value.limited_len() <= limits.attribute_value_length
            && self.keys.len() < limits.attributes
            && !self.keys.knows(digest);
        if !wanted {
            return false;
        }
        let at = self.body.len();
        // SAFETY: the pair writes as many bytes as it says.
        let Some(mut writer) = (unsafe { self.body.writer_within(pair.appended_len()) }) else {
            return false;
        };
        if !self.keys.push_quickly(digest, at) {
            return false;
        }
        pair.write(&mut writer, ATTRIBUTE);
        // SAFETY: they have just been written.
        unsafe { self.body.advance(pair.appended_len()) };
        true
    }
}

/// A handle that can be that of a recorded span of one writer, as most are, for bindings: its
/// attributes are set without the thread's state. Each call is false, and nothing done, if it is not
/// quickly done.
#[doc(hidden)]
#[derive(Clone, Copy, Debug)]
pub struct UsualSpan {
    index: u32,
    generation: u64,
}

impl UsualSpan {
    /// [`SpanHandle::set_bool`].
    #[inline]
    #[must_use]
    pub fn set_bool(self, key: &str, value: bool) -> bool {
        self.put(key, value)
    }

    /// [`SpanHandle::set_int`].
    #[inline]
    #[must_use]
    pub fn set_int(self, key: &str, value: i64) -> bool {
        self.put(key, value)
    }

    /// [`SpanHandle::set_double`].
    #[inline]
    #[must_use]
    pub fn set_double(self, key: &str, value: f64) -> bool {
        self.put(key, value)
    }

    /// [`SpanHandle::set_text`].
    #[inline]
    #[must_use]
    pub fn set_text(self, key: &str, text: &str) -> bool {
        self.put(key, Text(text.as_bytes()))
    }

    #[expect(clippy::inline_always, reason = "as `put_short`, which it wraps")]
    #[inline(always)]
    fn put(self, key: &str, value: impl Encode) -> bool {
        let Some(runtime) = runtime_if_built() else {
            return false;
        };
        let Some(slot) = runtime.slots.get(self.index) else {
            return false;
        };
        let Some(span) = slot.hold(self.generation, false) else {
            return false;
        };
        span.state.put_short(key.as_bytes(), value)
    }
}

impl SpanHandle {
    /// The handle as that of a recorded span of one writer, if it can be one, for bindings.
    #[doc(hidden)]
    #[inline]
    #[must_use]
    pub fn usual(self) -> Option<UsualSpan> {
        // The one look that also leaves out the handle of no span.
        let index_alone = u32::try_from(self.slot.wrapping_sub(1)).is_ok();
        index_alone.then_some(UsualSpan {
            index: self.index(),
            generation: self.generation,
        })
    }

    /// [`SpanHandle::end`] if that is quickly done. False, and nothing done, if not.
    #[expect(clippy::inline_always, reason = "the usual way of every span")]
    #[inline(always)]
    pub(super) fn end_quickly(self, unix_ns: u64) -> bool {
        if may_block() {
            return false;
        }
        let Some(thread) = enter_quickly() else {
            return false;
        };
        let Some(slot) = self.slot_in(thread.state) else {
            return false;
        };
        let Some(span) = slot.hold(self.generation, self.is_shared()) else {
            return false;
        };
        if !span.state.recording {
            leave_unrecorded(span.state, thread.state);
        } else if !leave_usual(span.state, thread.state, unix_ns) {
            return false;
        }
        self.free_slot(slot, thread.state);
        true
    }
}

/// Hands a usual span to a provider that does no more than export. False, and nothing done, if
/// anything is unusual.
#[expect(clippy::inline_always, reason = "the usual way of every span")]
#[inline(always)]
fn leave_usual(state: &mut SpanState, thread: &mut ThreadState, unix_ns: u64) -> bool {
    let (Some(provider), Some(scope), true) = (state.provider, state.scope, state.sampled) else {
        return false;
    };
    if !provider.exports_plainly() {
        return false;
    }
    let Some(len) = state.record(0).usual_len() else {
        return false;
    };
    let Some(producer) = thread.producers.latest_of(provider) else {
        return false;
    };
    let all = field_len(len);
    // SAFETY: the tag, the length and the span's bytes are what `field_len` counts.
    let Some(mut writer) = (unsafe { producer.writer_behind(scope, all) }) else {
        return false;
    };
    writer.open(SPAN_TAG, len);
    let end_ns = end_time(state, unix_ns);
    state.record(end_ns).write_usual(&mut writer);
    producer.publish_written(all);
    if !state.recycle_usual() {
        state.recycle(&thread.runtime.budget);
    }
    true
}
