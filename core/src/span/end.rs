//! The end of a span: its bytes go into the thread's chunk and its slot becomes free.

use super::SpanHandle;
use super::slot::{Slot, SpanState};
use crate::clock;
use crate::memory::dispensable;
use crate::processor::EndedSpan;
use crate::provider::{ProviderState, may_block};
use crate::scope::Scope;
use crate::thread::{ThreadState, enter};
use crate::wire::buf::Buf;
use crate::wire::record::Record;

/// Sees the finished span's bytes (OTLP `Span`).
type Copy<'a> = Option<&'a mut dyn FnMut(&[u8])>;

impl SpanHandle {
    /// Ends the span at `unix_ns`, 0 = now. A second end is a counted no-op.
    #[inline]
    pub fn end(self, unix_ns: u64) {
        if !self.end_quickly(unix_ns) {
            self.end_fully(unix_ns, None);
        }
    }

    /// Ends the span now unless it has ended already.
    pub(crate) fn end_once(self) {
        if !self.end_quickly(0) {
            self.finish(0, None);
        }
    }

    /// Ends the span and shows its bytes (OTLP `Span`) to `copy`. False if it had ended.
    #[expect(
        clippy::must_use_candidate,
        reason = "most callers end a span and are done"
    )]
    pub fn end_with(self, unix_ns: u64, copy: Copy<'_>) -> bool {
        (copy.is_none() && self.end_quickly(unix_ns)) || self.end_fully(unix_ns, copy)
    }

    #[inline(never)]
    fn end_fully(self, unix_ns: u64, copy: Copy<'_>) -> bool {
        if self == Self::NONE {
            return false;
        }
        let ended = self.finish(unix_ns, copy);
        if !ended {
            self.count_refused();
        }
        ended
    }

    fn finish(self, unix_ns: u64, mut copy: Copy<'_>) -> bool {
        let unix_ns = self.by_own_clock(unix_ns);
        let unix_ns = if may_block() {
            self.await_room(unix_ns)
        } else {
            unix_ns
        };
        let special = enter(|thread| {
            let slot = self.slot_in(thread)?;
            slot.with(self.generation, self.is_shared(), |state| {
                if state.recording {
                    let special = state.special_provider();
                    if special.is_some() {
                        return special;
                    }
                    leave_recorded(state, thread, unix_ns, &mut copy);
                } else {
                    leave_unrecorded(state, thread);
                }
                self.free_slot(slot, thread);
                None
            })
        });
        match special.flatten() {
            None => false,
            Some(None) => true,
            Some(Some(provider)) => self.finish_specially(provider, unix_ns, copy),
        }
    }

    /// Gives the slot of a span that has ended to the thread's next one.
    #[expect(clippy::inline_always, reason = "a few instructions of each span")]
    #[inline(always)]
    pub(super) fn free_slot(self, slot: &'static Slot, thread: &mut ThreadState) {
        slot.retire(self.generation);
        let runtime = thread.runtime;
        let free = &mut thread.free_slots;
        runtime.slots.recycle(self.index(), free, &runtime.budget);
    }

    /// Ends a span that processors see. The first to end it
    /// gets it under a new generation: all other handles are stale from here.
    #[cold]
    fn finish_specially(
        self,
        provider: &'static ProviderState,
        unix_ns: u64,
        mut copy: Copy<'_>,
    ) -> bool {
        let hooks = provider.hooks;
        let taken = enter(|thread| {
            let slot = self.slot_in(thread)?;
            slot.with(self.generation, self.is_shared(), |state| {
                let generation = slot.renew(self.generation);
                (
                    Self { generation, ..self },
                    end_time(state, unix_ns),
                    state.sampled,
                )
            })
        });
        let Some((handle, end_ns, sampled)) = taken.flatten() else {
            return false;
        };
        hooks.on_ending(handle);
        let mut ended = Vec::new();
        let mut scope = None;
        let mut keep = |span: &[u8]| {
            if dispensable(|| ended.try_reserve_exact(span.len())).is_ok() {
                ended.extend_from_slice(span);
            }
            if let Some(copy) = copy.as_mut() {
                copy(span);
            }
        };
        let mut copy: Copy<'_> = Some(&mut keep);
        enter(|thread| {
            let slot = handle.slot_in(thread)?;
            slot.with(handle.generation, handle.is_shared(), |state| {
                scope = state.scope;
                leave_recorded(state, thread, end_ns, &mut copy);
                handle.free_slot(slot, thread);
            })
        });
        if let Some(scope) = scope.filter(|_| !ended.is_empty()) {
            hooks.on_end(&EndedSpan {
                span: &ended,
                scope,
                resource: provider.resource(),
                sampled,
            });
        }
        true
    }

    /// The time by the span's own clock in Unix nanoseconds, as its end would have it if it ended
    /// now; by the system's clock if it records nothing or has ended.
    #[must_use]
    pub fn now(self) -> u64 {
        let unix_ns = self.by_own_clock(0);
        if unix_ns != 0 {
            return unix_ns;
        }
        let now =
            enter(|thread| self.look(thread, |state| state.recording.then(|| end_time(state, 0))));
        let by_system = || clock::monotonic().wrapping_add(clock::wall_offset());
        now.flatten().flatten().unwrap_or_else(by_system)
    }

    /// Shows the span as it is now (OTLP `Span` without an end time) to `copy`. False if it ended.
    pub fn read(self, copy: &mut dyn FnMut(&[u8])) -> bool {
        self.with(|thread, state| {
            if encode(&state.record(0), &mut thread.scratch) {
                copy(thread.scratch.as_slice());
            }
            thread.scratch.clear_modestly();
        })
        .is_some()
    }
}

/// Empties the slot of a span that is not recorded: it holds nothing but a trace state.
#[inline]
pub(super) fn leave_unrecorded(state: &mut SpanState, thread: &ThreadState) {
    if state.trace_state.len() > 0 {
        state.recycle(&thread.runtime.budget);
    }
}

/// Hands out a recorded span and empties its slot. Not inlined: spans that are not recorded need
/// none of it.
#[inline(never)]
fn leave_recorded(
    state: &mut SpanState,
    thread: &mut ThreadState,
    unix_ns: u64,
    copy: &mut Copy<'_>,
) {
    let end_ns = end_time(state, unix_ns);
    if let (Some(provider), Some(scope), true) = (state.provider, state.scope, state.sampled) {
        deliver(provider, scope, &state.record(end_ns), thread, copy);
    } else if let Some(copy) = copy {
        if encode(&state.record(end_ns), &mut thread.scratch) {
            copy(thread.scratch.as_slice());
        }
        thread.scratch.clear_modestly();
    }
    state.recycle(&thread.runtime.budget);
}

/// When the span ends: as given, or (0) now, which is never before its start.
#[inline]
pub(super) fn end_time(state: &SpanState, given: u64) -> u64 {
    match given {
        0 => state.now().max(state.start_ns),
        given => given,
    }
}

/// Gives a sampled span to the pipelines, to those who look on, and to `copy`.
#[inline]
fn deliver(
    provider: &'static ProviderState,
    scope: &'static Scope,
    record: &Record<'_>,
    thread: &mut ThreadState,
    copy: &mut Copy<'_>,
) {
    let Some(producer) = thread.producers.of_state(provider) else {
        return;
    };
    let counts = &producer.log.counts;
    let watched = provider.is_watched();
    // Asked once: a shutdown or a new destination in between must not lose the span to the account.
    let (is_over, exports) = (provider.is_shut_down(), provider.exports());
    if watched || copy.is_some() || !exports || is_over {
        let shown = encode(record, &mut thread.scratch);
        if let (Some(copy), true) = (copy, shown) {
            copy(thread.scratch.as_slice());
        }
        if is_over {
            counts.shutdown.count();
        } else if !shown {
            counts.no_memory.count();
        } else {
            if watched {
                provider.show(scope, thread.scratch.as_slice());
            }
            if !exports {
                let kept = provider.keeps();
                let counter = if kept {
                    &counts.kept
                } else {
                    &counts.no_exporter
                };
                counter.count();
            }
        }
        thread.scratch.clear_modestly();
        if !exports || is_over || !shown {
            return;
        }
    }
    provider.enqueue(producer, scope, record.len(), |writer| record.write(writer));
}

fn encode(record: &Record<'_>, scratch: &mut Buf) -> bool {
    scratch.clear();
    scratch.append(record.len(), |writer| record.write(writer))
}
