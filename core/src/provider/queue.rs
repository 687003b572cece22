//! The way of a finished span into the chunk, and what a queue size or the blocking mode changes
//! about it.
//!
//! Usually only the memory bound counts, and `enqueue` is a test and a copy. Where a pipeline has a
//! queue size, it is asked first; a span that only some pipelines have room for is published with a
//! mark that the others pass over. In the blocking mode a thread looks for room before it ends its
//! span, outside of everything that others wait for, and keeps the place for that end.

use super::ProviderState;
use super::ways::Exit;
use crate::config::BatchSettings;
use crate::pipeline::budget::Budget;
use crate::pipeline::chunk::{REFUSED_MARK_LEN, SPAN_TAG, write_refused_mark};
use crate::pipeline::counters::{Admission, PipelineCounters};
use crate::pipeline::producer::{Producer, Stream};
use crate::scope::Scope;
use crate::wire::buf::Writer;
use crate::wire::field_len;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

/// Pipelines that can have a queue size: as many as a mark has bits.
const MOST_LIMITED: usize = 64;

/// Whether any provider of this process ever was in the blocking mode: what each end asks.
static BLOCKING: AtomicBool = AtomicBool::new(false);

/// Whether an end may have to wait for room.
#[inline]
pub(crate) fn may_block() -> bool {
    BLOCKING.load(Ordering::Relaxed)
}

/// A provider is in the blocking mode.
pub(super) fn enter_blocking_mode() {
    BLOCKING.store(true, Ordering::Relaxed);
}

/// The counters of the pipeline at `place`, with its queue size if it has one.
pub(super) fn counters(
    place: usize,
    batch: &BatchSettings,
    budget: &'static Budget,
) -> PipelineCounters {
    match batch.max_queue_size {
        Some(most) if place < MOST_LIMITED => {
            PipelineCounters::limited(most, batch.max_export_batch_size, &budget.room)
        }
        _ => PipelineCounters::default(),
    }
}

/// The pipelines that have room for one more span.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Admitted {
    /// Those that have none, as bits by their place.
    refused: u64,
    /// The worker has something to do.
    fills: bool,
    /// How many were asked; others came later.
    asked: usize,
}

impl ProviderState {
    /// Whether a finished span is copied for the worker, and that is all.
    #[expect(clippy::inline_always, reason = "a few instructions of each span")]
    #[inline(always)]
    pub(crate) fn exports_plainly(&self) -> bool {
        let plainly = self.facts().exports_plainly() && !self.is_special();
        plainly && !self.is_shut_down() && !self.runtime.captures.is_active()
    }

    /// Publishes a finished span of `len` bytes for every pipeline that has room for it, and counts
    /// the others.
    #[inline]
    pub(crate) fn enqueue(
        &self,
        producer: &mut Producer,
        scope: &'static Scope,
        len: usize,
        write: impl FnOnce(&mut Writer<'_>),
    ) {
        if self.facts().limited() {
            return self.enqueue_limited(producer, scope, len, write);
        }
        let published = producer.publish(scope, field_len(len), |writer| {
            writer.open(SPAN_TAG, len);
            write(writer);
        });
        if published {
            self.wake_if_eager();
        } else {
            producer.log.counts.queue_full.count();
        }
    }

    #[cold]
    fn enqueue_limited(
        &self,
        producer: &mut Producer,
        scope: &'static Scope,
        len: usize,
        write: impl FnOnce(&mut Writer<'_>),
    ) {
        if self.queues().enqueue(producer, scope, len, write) {
            self.wake_if_eager();
        }
    }

    fn queues(&self) -> Queues<'_> {
        Queues(&self.ways.all().exits)
    }

    /// The span was not published after all.
    pub(crate) fn take_back(&self, admitted: Admitted) {
        self.queues().take_back(admitted);
    }
}

/// The queues of one stream's pipelines, where some of them have a size.
#[derive(Clone, Copy)]
pub(crate) struct Queues<'a>(pub(crate) &'a [Exit]);

impl Queues<'_> {
    /// Publishes a record of `len` bytes for every pipeline that has room for it, and counts the
    /// others. False if none has, or memory is refused.
    pub(crate) fn enqueue<S: Stream>(
        self,
        producer: &mut Producer<S>,
        scope: &'static Scope,
        len: usize,
        write: impl FnOnce(&mut Writer<'_>),
    ) -> bool {
        let kept = producer.admitted.take();
        let admitted = kept.map_or_else(|| self.admit(), |kept| self.admit_rest(kept));
        if admitted.refused != 0 && admitted.refused == self.all() {
            producer.log.counts.queue_full.count();
            return false;
        }
        let mark = if admitted.refused == 0 {
            0
        } else {
            REFUSED_MARK_LEN
        };
        let published = producer.publish(scope, mark + field_len(len), |writer| {
            if mark > 0 {
                write_refused_mark(writer, admitted.refused);
            }
            writer.open(SPAN_TAG, len);
            write(writer);
        });
        if !published {
            self.take_back(admitted);
            producer.log.counts.queue_full.count();
            return false;
        }
        // After the record is published, so that no reader sees an exit before an entry.
        for (place, exit) in self.0.iter().enumerate() {
            if is_set(admitted.refused, place) {
                exit.counters.count_refused();
            }
        }
        if admitted.fills {
            producer.state.wake();
        }
        true
    }

    /// Asks each pipeline for room for one more record.
    fn admit(self) -> Admitted {
        self.admit_rest(Admitted::default())
    }

    /// Asks those that were not asked yet.
    fn admit_rest(self, mut admitted: Admitted) -> Admitted {
        for (place, exit) in self.0.iter().enumerate().skip(admitted.asked) {
            match exit.counters.admit() {
                Admission::Held => {}
                Admission::Fills => admitted.fills = true,
                Admission::Refused => admitted.refused |= bit(place),
            }
        }
        admitted.asked = self.0.len();
        admitted
    }

    fn take_back(self, admitted: Admitted) {
        for (place, exit) in self.0.iter().enumerate().take(admitted.asked) {
            if !is_set(admitted.refused, place) {
                exit.counters.take_back();
            }
        }
    }

    /// The bits of all pipelines; more of them than bits are never refused all at once.
    fn all(self) -> u64 {
        match u32::try_from(self.0.len()) {
            Ok(count) if count < u64::BITS => (1 << count) - 1,
            Ok(u64::BITS) => u64::MAX,
            _ => 0,
        }
    }
}

/// What a thread finds that looks for room before it ends a span.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Look {
    /// There is a place, kept for it; or nobody asked for the blocking mode.
    Room,
    /// These pipelines have none.
    Full(u64),
}

/// The blocking mode; see `span/wait`.
impl ProviderState {
    /// Keeps a place for a span of `len` bytes, where there is one.
    pub(crate) fn look_for_room(&self, producer: &mut Producer, len: usize) -> Look {
        let needless = self.block.is_none() || !self.exports() || self.is_shut_down();
        if needless || producer.admitted.is_some() {
            return Look::Room;
        }
        if !producer.reserve(REFUSED_MARK_LEN + len) {
            return Look::Full(self.queues().all());
        }
        if self.facts().limited() {
            let admitted = self.queues().admit();
            if admitted.refused != 0 {
                self.take_back(admitted);
                return Look::Full(admitted.refused);
            }
            producer.admitted = Some(admitted);
        }
        Look::Room
    }

    /// When a wait that begins now ends.
    pub(crate) fn waits_until(&self) -> Option<Instant> {
        self.block.map(super::deadline_in)
    }

    /// Lets the worker send what there is, full batch or not.
    pub(crate) fn press(&self) {
        self.runtime.worker.press();
    }

    /// Whether somebody waited in vain for these pipelines, and nothing has left them since.
    pub(crate) fn is_hopeless(&self, refused: u64) -> bool {
        self.of(refused).all(PipelineCounters::is_hopeless)
    }

    /// Somebody waited in vain for these pipelines.
    pub(crate) fn give_hope_up(&self, refused: u64) {
        self.of(refused).for_each(PipelineCounters::give_hope_up);
    }

    fn of(&self, mask: u64) -> impl Iterator<Item = &PipelineCounters> {
        let exits = self.ways.all().exits.iter();
        let places = exits.map(|exit| &*exit.counters).enumerate();
        places.filter_map(move |(place, counters)| is_set(mask, place).then_some(counters))
    }
}

fn bit(place: usize) -> u64 {
    u32::try_from(place)
        .ok()
        .and_then(|place| 1u64.checked_shl(place))
        .unwrap_or(0)
}

fn is_set(mask: u64, place: usize) -> bool {
    mask & bit(place) != 0
}
