//! The start of a span: parent, sampling decision, slot (OpenTelemetry trace API, "span creation").

use super::ask::Verdict;
use super::decided::Decided;
use super::slot::{Slot, SpanState};
use super::{Link, SpanHandle, SpanKind};
use crate::clock;
use crate::context::TraceFlags;
use crate::current::Parent;
use crate::id::{RandomIds, SpanId, TraceId};
use crate::pipeline::budget::Budget;
use crate::pipeline::producer::Counts;
use crate::provider::{Provider, ProviderState};
use crate::runtime::Runtime;
use crate::sampler::{Decision, ParentFacts};
use crate::scope::Scope;
use crate::thread::{ThreadState, enter};
use crate::value::Value;
use std::sync::atomic::Ordering;

/// What to start.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Start<'a> {
    pub(crate) scope: &'static Scope,
    pub(crate) name: &'a str,
    pub(crate) parent: Parent<'a>,
    pub(crate) kind: SpanKind,
    /// Unix nanoseconds; 0 = now.
    pub(crate) at_ns: u64,
    /// Several threads may write to the span at once.
    pub(crate) shared: bool,
    /// Attributes known at the start: samplers see them.
    pub(crate) attributes: &'a [(&'a str, Value<'a>)],
    /// Links known at the start: samplers see them.
    pub(crate) links: &'a [Link<'a>],
}

/// What was started. Without a span (shut down, over a limit) the ids are the parent's.
#[derive(Clone, Copy, Debug, Default)]
pub struct Started {
    /// The span, or none.
    pub handle: SpanHandle,
    /// Its trace.
    pub trace_id: TraceId,
    /// Its id.
    pub span_id: SpanId,
    /// Its flags.
    pub trace_flags: TraceFlags,
    /// Whether attributes and the rest are recorded.
    pub recording: bool,
}

impl Started {
    pub(crate) fn nothing(parent: &Parent<'_>) -> Self {
        Self {
            handle: SpanHandle::NONE,
            trace_id: parent.trace_id,
            span_id: parent.span_id,
            trace_flags: parent.trace_flags,
            recording: false,
        }
    }

    /// Records what is known at the start.
    #[inline]
    pub(super) fn set_all(&self, start: &Start<'_>) {
        if self.recording {
            for (key, value) in start.attributes {
                self.handle.set(key, *value);
            }
            for link in start.links {
                self.handle
                    .add_link(link.context, &Value::Map(link.attributes));
            }
        }
    }
}

impl Provider {
    /// Starts a span, of which nothing is started yet, and fills in what was. Never fails: where
    /// nothing can be recorded, the account says why.
    ///
    /// In place, because what is stored in parts and then moved as a whole waits for the store.
    #[inline(never)]
    pub(crate) fn start(&'static self, start: &Start<'_>, started: &mut Started) {
        match self.hooks.special() {
            0 => self.start_plainly(start, started),
            special => *started = self.start_specially(start, special, None),
        }
    }

    #[inline]
    pub(super) fn start_plainly(&'static self, start: &Start<'_>, started: &mut Started) {
        let entered = enter(|thread| {
            let Some(usual) = self.start_usual(thread, start) else {
                return self.start_fully(thread, start, started);
            };
            *started = Started {
                handle: usual.handle,
                trace_id: start.parent.trace_id,
                span_id: usual.span_id,
                trace_flags: usual.trace_flags,
                recording: !usual.handle.is_quiet(),
            };
            true
        });
        match entered {
            Some(true) => started.set_all(start),
            Some(false) => *started = self.start_asking(start, &Decided::default()),
            None => self.count_reentrant(),
        }
    }

    /// [`Self::start_in`] without a verdict.
    #[inline(never)]
    fn start_fully(
        &'static self,
        thread: &mut ThreadState,
        start: &Start<'_>,
        started: &mut Started,
    ) -> bool {
        self.start_in(thread, start, None, started)
    }

    #[cold]
    pub(crate) fn count_reentrant(&self) {
        self.reentrant.fetch_add(1, Ordering::Relaxed);
    }

    /// Starts the span, and fills in what was started. False if its sampler has to be asked, which
    /// gives a verdict to start with.
    #[expect(
        clippy::inline_always,
        reason = "without a verdict, it is half as much"
    )]
    #[inline(always)]
    pub(super) fn start_in(
        &'static self,
        thread: &mut ThreadState,
        start: &Start<'_>,
        verdict: Option<Verdict>,
        started: &mut Started,
    ) -> bool {
        let parent = &start.parent;
        let Some(producer) = thread.producers.of_provider(self) else {
            return true;
        };
        let (state, log) = (producer.state, &producer.log);
        if state.is_shut_down() {
            return true;
        }
        let known = parent.is_valid().then_some(parent);
        let (trace_id, random) = trace_of(known, verdict, &mut thread.ids);
        let decision = verdict
            .map(|verdict| verdict.decision)
            .or_else(|| self.sampler.decide(known.map(facts_of), &trace_id.0));
        let Some(decision) = decision else {
            return false;
        };
        let sampled = decision == Decision::RecordAndSample;
        count_start(&log.counts, decision);
        let Some((index, slot)) = take_slot(thread.runtime, &mut thread.free_slots) else {
            count_refused(thread, state, sampled);
            return true;
        };
        let trace_flags = TraceFlags(random | u8::from(sampled));
        let span_id = verdict
            .and_then(|verdict| verdict.span_id)
            .unwrap_or_else(|| thread.ids.span_id());
        let recording = decision != Decision::Drop;
        let wall_offset = match decision {
            Decision::Drop => 0,
            _ => offset_of(parent, thread).unwrap_or_else(|| thread.wall_offset(trace_id)),
        };
        let budget = &thread.runtime.budget;
        let vacant = slot.vacant();
        let span = &mut *vacant.state;
        span.provider = Some(state);
        span.limits = recording.then_some(&state.limits);
        span.scope = Some(start.scope);
        span.trace_id = trace_id.0;
        span.span_id = span_id.0;
        span.trace_flags = trace_flags.0;
        span.recording = recording;
        span.sampled = sampled;
        span.wall_offset = wall_offset;
        if !fill(span, start, known, budget) {
            thread.free_slots.push(index);
            count_refused(thread, state, sampled);
            return true;
        }
        let generation = vacant.open(sampled.then_some(state.id), wall_offset);
        *started = Started {
            handle: SpanHandle::of(index, start.shared, recording, generation),
            trace_id,
            span_id,
            trace_flags,
            recording,
        };
        true
    }
}

/// The trace that the span belongs to, and whether its id is random.
#[inline]
fn trace_of(
    parent: Option<&Parent<'_>>,
    verdict: Option<Verdict>,
    ids: &mut RandomIds,
) -> (TraceId, u8) {
    if let Some(parent) = parent {
        let random = parent.trace_flags.0 & TraceFlags::RANDOM.0;
        return (parent.trace_id, random);
    }
    match verdict {
        Some(verdict) => (verdict.trace_id, verdict.random),
        None => (ids.trace_id(), TraceFlags::RANDOM.0),
    }
}

/// A free slot: the thread's own, or one from the table.
#[inline]
fn take_slot(runtime: &'static Runtime, free: &mut Vec<u32>) -> Option<(u32, &'static Slot)> {
    let index = free.pop().or_else(|| {
        runtime.slots.refill(free, &runtime.budget);
        free.pop()
    })?;
    runtime.slots.get(index).map(|slot| (index, slot))
}

#[inline]
pub(super) fn facts_of(parent: &Parent<'_>) -> ParentFacts {
    ParentFacts {
        sampled: parent.trace_flags.is_sampled(),
        remote: parent.is_remote,
    }
}

/// A local parent's offset: one anchor for the whole trace.
#[expect(clippy::inline_always, reason = "a few instructions of each span")]
#[inline(always)]
pub(super) fn offset_of(parent: &Parent<'_>, thread: &ThreadState) -> Option<u64> {
    parent
        .handle
        .slot_in(thread)?
        .wall_offset_of(parent.handle.generation)
}

#[inline]
pub(super) fn count_start(counts: &Counts, decision: Decision) {
    match decision {
        Decision::RecordAndSample => counts.started.count(),
        Decision::RecordOnly => counts.record_only.count(),
        Decision::Drop => counts.unsampled.count(),
    }
}

/// A span that there is no room for: open ones hold all that they may.
#[cold]
fn count_refused(thread: &mut ThreadState, state: &'static ProviderState, sampled: bool) {
    if !sampled {
        return;
    }
    if let Some(producer) = thread.producers.of_state(state) {
        producer.log.counts.open_limit.count();
    }
}

/// Writes what is left of a new span into its slot, whatever the slot held before. False if there
/// is no room for its name: a span without one would be of no use.
#[inline]
fn fill(
    span: &mut SpanState,
    start: &Start<'_>,
    parent: Option<&Parent<'_>>,
    budget: &Budget,
) -> bool {
    span.parent_span_id = parent.map_or([0; 8], |parent| parent.span_id.0);
    span.parent_is_remote = parent.is_some_and(|parent| parent.is_remote);
    if let Some(parent) = parent.filter(|parent| !parent.trace_state.is_empty()) {
        SpanState::replace(&mut span.trace_state, parent.trace_state.as_bytes(), budget);
    }
    if !span.recording {
        return true;
    }
    let start_ns = match start.at_ns {
        0 => clock::monotonic().wrapping_add(span.wall_offset),
        given => given,
    };
    span.begin(start.kind as u8, start_ns);
    let named = SpanState::replace(&mut span.name, start.name.as_bytes(), budget);
    if !named {
        // The slot stays free, and free slots are empty.
        span.trace_state.clear();
    }
    named
}
