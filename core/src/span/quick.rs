//! The short ways of what most spans do, each done whole or left to the long way of its own file:
//! the start below a parent that decides alone (`start`); a short attribute with a new key (`write`);
//! the end of a span that is exported and no more (`end`).
//!
//! They need no memory beyond what is there. An attribute of a span of one writer needs nothing of the
//! thread's either: the slot is found by its index and taken by its own flag.

use super::SpanHandle;
use super::end::end_time;
use super::slot::SpanState;
use super::start::{Start, Started, count_start, facts_of, offset_of};
use super::write::ATTRIBUTE;
use crate::clock;
use crate::context::TraceFlags;
use crate::pipeline::chunk::SPAN_TAG;
use crate::provider::Provider;
use crate::runtime::runtime_if_built;
use crate::sampler::Decision;
use crate::thread::ThreadState;
use crate::wire::attribute::{Encode, Text};
use crate::wire::field_len;
use crate::wire::keys::hash;
use crate::wire::short::Short;

impl Provider {
    /// Starts a span below a parent that decides alone, and fills in what was started. False, and
    /// nothing done, if anything is unusual.
    #[expect(clippy::inline_always, reason = "the usual way of every span")]
    #[inline(always)]
    pub(super) fn start_usual(
        &'static self,
        thread: &mut ThreadState,
        start: &Start<'_>,
        started: &mut Started,
    ) -> bool {
        let parent = &start.parent;
        let decision = self.below_parents.decide(facts_of(parent));
        let (Some(decision), true, true) =
            (decision, parent.is_valid(), parent.trace_state.is_empty())
        else {
            return false;
        };
        let sampled = decision == Decision::RecordAndSample;
        let recording = decision != Decision::Drop;
        let wall_offset = if recording {
            offset_of(parent, thread).unwrap_or_else(|| thread.wall_offset(parent.trace_id))
        } else {
            0
        };
        let (Some(index), Some(producer)) = (
            thread.free_slots.last().copied(),
            thread.producers.latest(self),
        ) else {
            return false;
        };
        let (Some(slot), false) = (
            thread.runtime.slots.get(index),
            producer.state.is_shut_down(),
        ) else {
            return false;
        };
        let random = parent.trace_flags.0 & TraceFlags::RANDOM.0;
        let trace_flags = TraceFlags(random | u8::from(sampled));
        let span_id = thread.ids.span_id();
        let state = producer.state;
        let generation = slot.start(sampled.then_some(state.id), wall_offset, |span| {
            span.provider = Some(state);
            span.scope = Some(start.scope);
            span.trace_id = parent.trace_id.0;
            span.span_id = span_id.0;
            span.trace_flags = trace_flags.0;
            span.recording = recording;
            span.sampled = sampled;
            span.wall_offset = wall_offset;
            span.parent_span_id = parent.span_id.0;
            span.parent_is_remote = parent.is_remote;
            !recording || span.begin_usual(start)
        });
        let Some(generation) = generation else {
            return false;
        };
        count_start(&producer.log.counts, decision);
        thread.free_slots.pop();
        *started = Started {
            handle: SpanHandle::of(index, start.shared, recording, generation),
            trace_id: parent.trace_id,
            span_id,
            trace_flags,
            recording,
        };
        true
    }
}

impl SpanState {
    /// Fills in what only a recorded span has. False if its name does not fit into the memory that the
    /// slot has for it.
    #[inline]
    fn begin_usual(&mut self, start: &Start<'_>) -> bool {
        let now = match start.at_ns {
            0 => clock::monotonic().wrapping_add(self.wall_offset),
            given => given,
        };
        self.begin(start.kind as u8, now);
        self.name.clear();
        let fits = self.name.fits(start.name.len());
        if fits {
            // SAFETY: it fits.
            let mut writer = unsafe { self.name.writer_within(start.name.len()) };
            writer.bytes_here(start.name.as_bytes());
            // SAFETY: it has just been written.
            unsafe { self.name.advance(start.name.len()) };
        }
        fits
    }

    /// Appends an attribute if it is a short one, new and within all limits, and the span is recorded
    /// and has room. False, and nothing done, if not.
    #[expect(clippy::inline_always, reason = "its parts stay in registers")]
    #[inline(always)]
    pub(super) fn put_short(&mut self, key: &[u8], value: impl Encode) -> bool {
        let Some(pair) = Short::of(key, value) else {
            return false;
        };
        let digest = hash(key);
        let limits = self.limits();
        let fits = self.recording
            && value.limited_len() <= limits.attribute_value_length
            && self.keys.len() < limits.attributes
            && self.keys.fits_one()
            && self.body.fits(pair.appended_len());
        fits && !self.keys.knows(digest)
            && self.keys.push(digest, self.body.len())
            && pair.append_to(&mut self.body, ATTRIBUTE)
    }
}

impl SpanHandle {
    #[expect(clippy::inline_always, reason = "as `put_short`, which it wraps")]
    #[inline(always)]
    fn put_quickly(self, key: &str, value: impl Encode) -> bool {
        let slot = self.index_alone().and_then(|index| {
            let runtime = runtime_if_built()?;
            runtime.slots.get(index)
        });
        let put = slot.and_then(|slot| {
            slot.with(self.generation, false, |state| {
                state.put_short(key.as_bytes(), value)
            })
        });
        put == Some(true)
    }

    /// [`SpanHandle::set_bool`] if that is quickly done, for bindings. False, and nothing done, if not.
    #[doc(hidden)]
    #[inline]
    #[must_use]
    pub fn set_bool_quickly(self, key: &str, value: bool) -> bool {
        self.put_quickly(key, value)
    }

    /// [`SpanHandle::set_int`] if that is quickly done, for bindings. False, and nothing done, if not.
    #[doc(hidden)]
    #[inline]
    #[must_use]
    pub fn set_int_quickly(self, key: &str, value: i64) -> bool {
        self.put_quickly(key, value)
    }

    /// [`SpanHandle::set_double`] if that is quickly done, for bindings. False, and nothing done, if not.
    #[doc(hidden)]
    #[inline]
    #[must_use]
    pub fn set_double_quickly(self, key: &str, value: f64) -> bool {
        self.put_quickly(key, value)
    }

    /// [`SpanHandle::set_text`] if that is quickly done, for bindings. False, and nothing done, if not.
    #[doc(hidden)]
    #[inline]
    #[must_use]
    pub fn set_text_quickly(self, key: &str, text: &str) -> bool {
        self.put_quickly(key, Text(text.as_bytes()))
    }
}

/// Hands a usual span to a provider that does no more than export. False, and nothing done, if
/// anything is unusual.
#[expect(clippy::inline_always, reason = "the usual way of every span")]
#[inline(always)]
pub(super) fn leave_usual(state: &mut SpanState, thread: &mut ThreadState, unix_ns: u64) -> bool {
    let (Some(provider), Some(scope), true) = (state.provider, state.scope, state.sampled) else {
        return false;
    };
    if !provider.exports_plainly() {
        return false;
    }
    let record = state.record(end_time(state, unix_ns));
    let (Some(len), Some(producer)) = (record.usual_len(), thread.producers.of_state(provider))
    else {
        return false;
    };
    let all = field_len(len);
    // SAFETY: the tag, the length and the span's bytes are what `field_len` counts.
    let Some(mut writer) = (unsafe { producer.writer_behind(scope, all) }) else {
        return false;
    };
    writer.open(SPAN_TAG, len);
    record.write_usual(&mut writer);
    producer.publish_written(all);
    if !state.recycle_usual() {
        state.recycle(&thread.runtime.budget);
    }
    true
}
