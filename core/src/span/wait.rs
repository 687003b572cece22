//! The blocking mode: before a span ends, its thread waits until there is room for it.
//!
//! The wait comes before the end and outside of it: the thread's state and the span's slot are free
//! meanwhile, so that neither the worker nor another thread ever waits for who waits here. A signal
//! handler that interrupts the wait finds its thread busy, as in any other call.

use super::SpanHandle;
use super::slot::SpanState;
use crate::errno::Saved;
use crate::pipeline::worker;
use crate::provider::{Look, ProviderState};
use crate::runtime::runtime;
use crate::thread::{ThreadState, enter, undisturbed};
use crate::wire::field_len;
use std::time::Instant;

/// A span that waits, and the end that it will have.
struct Waits {
    provider: &'static ProviderState,
    refused: u64,
    end_ns: u64,
}

impl SpanHandle {
    /// Waits, if its provider is in the blocking mode, until the span can be queued. Returns when
    /// it ends: at `unix_ns`, or (0) now, which is before the wait.
    #[cold]
    pub(super) fn await_room(self, unix_ns: u64) -> u64 {
        let _errno = Saved::now();
        let Some(waits) = self.look_for_room(unix_ns) else {
            return unix_ns;
        };
        let provider = waits.provider;
        if worker::serves_exporters() || provider.is_hopeless(waits.refused) {
            return waits.end_ns;
        }
        let Some(deadline) = provider.waits_until() else {
            return waits.end_ns;
        };
        let waiter = runtime().budget.room.waiter();
        undisturbed(|| provider.press());
        loop {
            let known = waiter.news();
            let Some(now) = self.look_for_room(waits.end_ns) else {
                return waits.end_ns;
            };
            if !undisturbed(|| waiter.sleep(known, deadline)) && Instant::now() >= deadline {
                provider.give_hope_up(now.refused);
                return waits.end_ns;
            }
        }
    }

    /// Keeps a place for the span. `None` if it has one or needs none.
    fn look_for_room(self, unix_ns: u64) -> Option<Waits> {
        enter(|thread| {
            let slot = self.slot_in(thread)?;
            slot.with(self.generation, self.is_shared(), |state| {
                look(thread, state, unix_ns)
            })?
        })?
    }
}

fn look(thread: &mut ThreadState, state: &SpanState, unix_ns: u64) -> Option<Waits> {
    let provider = state
        .provider
        .filter(|_| state.recording && state.sampled)?;
    let producer = thread.producers.of_state(provider)?;
    let end_ns = match unix_ns {
        0 => state.now().max(state.start_ns),
        given => given,
    };
    match provider.look_for_room(producer, field_len(state.record(end_ns).len())) {
        Look::Room => None,
        Look::Full(refused) => Some(Waits {
            provider,
            refused,
            end_ns,
        }),
    }
}
