//! The start of a span on the longer way: its sampler, ids or clock are the program's own, its scope
//! may be switched off, processors see it, or its binding has decided about it.
//!
//! All of them are called outside of the thread's state, so that they may use the whole API. Spans
//! that a sampler starts while it is asked are not sampled: asking it about those would never end.

use super::SpanHandle;
use super::decided::Decided;
use super::slot::SpanState;
use super::start::{Start, Started};
use crate::context::{SpanContext, TraceFlags, TraceState};
use crate::id::{SpanId, TraceId};
use crate::provider::Provider;
use crate::provider::hooks::{
    CONFIGURED_SCOPES, CUSTOM_VALUES, PROCESSORS, asked, contained, may_have_clock,
};
use crate::sampler::{Decision, SamplingInput, SamplingOutput};
use crate::thread::enter;
use crate::value::{Value, ValueBuilder};
use std::cell::Cell;

/// What a sampler has decided on a span that is not started yet.
#[derive(Clone, Copy)]
pub(super) struct Verdict {
    /// The trace of a root, drawn before the sampler was asked.
    pub(super) trace_id: TraceId,
    /// The flag that says whether that id is random.
    pub(super) random: u8,
    /// The id of the span, if it is not ours to draw.
    pub(super) span_id: Option<SpanId>,
    pub(super) decision: Decision,
}

thread_local! {
    static ASKING: Cell<bool> = const { Cell::new(false) };
}

/// Ends the asking on every way out, a panicking sampler's too.
struct Asking;

impl Asking {
    fn begin() -> Option<Self> {
        (!ASKING.replace(true)).then_some(Self)
    }
}

impl Drop for Asking {
    fn drop(&mut self) {
        ASKING.set(false);
    }
}

impl SpanHandle {
    /// The time for what happens to the span now, if it is for a clock of the program's own to say;
    /// else `unix_ns` as it is. Asked outside of the thread's state and of the span.
    #[inline]
    pub(super) fn by_own_clock(self, unix_ns: u64) -> u64 {
        if unix_ns == 0 && may_have_clock() {
            self.ask_clock()
        } else {
            unix_ns
        }
    }

    #[cold]
    fn ask_clock(self) -> u64 {
        let provider = enter(|thread| self.look(thread, |state| state.provider));
        let clock = provider
            .flatten()
            .flatten()
            .and_then(|own| own.hooks.clock.as_ref());
        let now = clock.and_then(|clock| asked(|| clock.unix_ns()));
        now.unwrap_or(0)
    }
}

impl Provider {
    #[cold]
    pub(super) fn start_specially(
        &'static self,
        start: &Start<'_>,
        special: u8,
        decided: Option<&Decided<'_>>,
    ) -> Started {
        if special & CONFIGURED_SCOPES != 0 && start.scope.is_off() {
            return Started::nothing(&start.parent);
        }
        let started = if special & CUSTOM_VALUES == 0 && decided.is_none() {
            let mut started = Started::nothing(&start.parent);
            self.start_plainly(start, &mut started);
            started
        } else {
            let clock = self.hooks.clock.as_ref().filter(|_| start.at_ns == 0);
            let at_ns = clock.and_then(|clock| asked(|| clock.unix_ns()));
            let start = Start {
                at_ns: at_ns.unwrap_or(start.at_ns),
                ..*start
            };
            self.start_asking(&start, &decided.copied().unwrap_or_default())
        };
        if special & PROCESSORS != 0 && started.recording {
            let parent = start.parent.to_context();
            self.hooks.on_start(started.handle, &parent);
        }
        started
    }

    #[cold]
    pub(super) fn start_asking(&'static self, start: &Start<'_>, decided: &Decided<'_>) -> Started {
        let parent = start.parent.is_valid().then(|| start.parent.to_context());
        let Some((trace_id, random)) = self.new_trace(parent.as_ref(), decided) else {
            self.count_reentrant();
            return Started::nothing(&start.parent);
        };
        let output = match decided.decision {
            Some(decision) => decision.into(),
            None => self.ask(start, parent.as_ref(), trace_id),
        };
        let ids = self.hooks.ids.as_ref();
        let span_id = decided
            .span_id
            .or_else(|| ids.and_then(|ids| asked(|| ids.span_id())));
        let verdict = Verdict {
            trace_id,
            random,
            span_id: span_id.filter(|id| id.is_valid()),
            decision: output.decision,
        };
        let mut started = Started::nothing(&start.parent);
        let entered = enter(|thread| self.start_in(thread, start, Some(verdict), &mut started));
        if entered.is_none() {
            self.count_reentrant();
            return started;
        }
        let asked_for = output.trace_state.as_ref().map(TraceState::as_str);
        if let Some(replaced) = decided.trace_state.or(asked_for) {
            started.handle.with(|thread, state| {
                let budget = &thread.runtime.budget;
                SpanState::replace(&mut state.trace_state, replaced.as_bytes(), budget);
            });
        }
        started.set_all(start);
        for (key, value) in output.attributes {
            let mut built = ValueBuilder::new();
            built.add_owned(value);
            if started.recording {
                started.handle.set(&key, Value::Built(&built));
            }
        }
        started
    }

    /// The trace of a new span, and the flag that says whether its id is random; nothing if this
    /// call interrupts another.
    fn new_trace(
        &self,
        parent: Option<&SpanContext>,
        decided: &Decided<'_>,
    ) -> Option<(TraceId, u8)> {
        const RANDOM: u8 = TraceFlags::RANDOM.0;
        if let Some(parent) = parent {
            return Some((parent.trace_id, parent.trace_flags.0 & RANDOM));
        }
        let theirs = || {
            let ids = self.hooks.ids.as_ref()?;
            asked(|| (ids.trace_id(), ids.is_random()))
        };
        let given = decided.trace.or_else(theirs);
        given
            .filter(|(id, _)| id.is_valid())
            .map(|(id, is_random)| (id, if is_random { RANDOM } else { 0 }))
            .or_else(|| enter(|thread| (thread.ids.trace_id(), RANDOM)))
    }

    fn ask(
        &self,
        start: &Start<'_>,
        parent: Option<&SpanContext>,
        trace_id: TraceId,
    ) -> SamplingOutput {
        let Some(_asking) = Asking::begin() else {
            return Decision::Drop.into();
        };
        let links: Vec<SpanContext> = start
            .links
            .iter()
            .map(|link| link.context.clone())
            .collect();
        let input = SamplingInput {
            parent,
            trace_id,
            name: start.name,
            kind: start.kind,
            attributes: &ValueBuilder::from_entries(start.attributes).to_entries(),
            links: &links,
        };
        contained(|| self.sampler.ask(&input)).unwrap_or_else(|| Decision::Drop.into())
    }
}
