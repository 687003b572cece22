//! The ways out of a stream: its pipelines and in-memory exporters. They may become
//! more while the provider lives; ending a span reads one byte of what they have in common.

use super::latest::Latest;
use crate::export::Run;
use crate::pipeline::counters::PipelineCounters;
use crate::pipeline::producer::Totals;
use crate::pipeline::queue::PipelineSettings;
use crate::testing::MemoryStore;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

/// A pipeline that the worker serves.
#[derive(Clone, Debug)]
pub(crate) struct Exit {
    /// The exporter's name.
    pub(crate) name: String,
    pub(crate) counters: Arc<PipelineCounters>,
    /// What had been counted when it joined, which is not its own.
    pub(crate) before: Totals,
}

impl Exit {
    /// Of a pipeline that was there from the beginning.
    pub(super) fn of((settings, counters): &(PipelineSettings, Arc<PipelineCounters>)) -> Self {
        Self {
            name: settings.name.clone(),
            counters: Arc::clone(counters),
            before: Totals::default(),
        }
    }
}

/// The ways out of one stream.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ways {
    pub(crate) exits: Vec<Exit>,
    pub(crate) memory: Vec<Arc<MemoryStore>>,
    /// Some pipeline has a queue size.
    pub(crate) limited: bool,
    /// Batches of one record: the worker is woken by every record.
    pub(crate) eager: bool,
}

impl Ways {
    /// These came too late for the worker.
    pub(crate) fn count_late(&self, late: &[Run]) {
        for (place, exit) in self.exits.iter().enumerate() {
            let left = late.iter().filter(|run| run.is_for(place));
            let left = left.map(|run| run.count as u64).sum();
            exit.counters.count_shutdown(left);
        }
    }
}

/// Ways that may become more.
#[derive(Debug)]
pub(crate) struct Growing {
    facts: AtomicU8,
    ways: Latest<Ways>,
}

/// What all ways together mean for a span that ends.
#[derive(Clone, Copy)]
pub(crate) struct Facts(u8);

impl Facts {
    const EXPORTS: u8 = 1;
    const MEMORY: u8 = 2;
    const LIMITED: u8 = 4;
    const EAGER: u8 = 8;

    fn of(ways: &Ways) -> u8 {
        let bit = |on: bool, bit: u8| if on { bit } else { 0 };
        bit(!ways.exits.is_empty(), Self::EXPORTS)
            | bit(!ways.memory.is_empty(), Self::MEMORY)
            | bit(ways.limited, Self::LIMITED)
            | bit(ways.eager, Self::EAGER)
    }

    /// Whether a worker pipeline takes it.
    #[inline]
    pub(crate) fn exports(self) -> bool {
        self.0 & Self::EXPORTS != 0
    }

    /// Whether worker pipelines take it, and nothing more is to be done for that.
    #[inline]
    pub(crate) fn exports_plainly(self) -> bool {
        self.0 == Self::EXPORTS
    }

    /// Whether an in-memory exporter keeps it.
    #[inline]
    pub(crate) fn memory(self) -> bool {
        self.0 & Self::MEMORY != 0
    }

    #[inline]
    pub(crate) fn limited(self) -> bool {
        self.0 & Self::LIMITED != 0
    }

    #[inline]
    pub(crate) fn eager(self) -> bool {
        self.0 & Self::EAGER != 0
    }
}

impl Growing {
    pub(crate) fn new(ways: Ways) -> Self {
        Self {
            facts: AtomicU8::new(Facts::of(&ways)),
            ways: Latest::new(ways),
        }
    }

    #[inline]
    pub(crate) fn facts(&self) -> Facts {
        Facts(self.facts.load(Ordering::Relaxed))
    }

    /// All of them, those at least that any `facts` read before are about.
    pub(crate) fn all(&self) -> &'static Ways {
        // Acquire pairs with the release in `grow`.
        self.facts.load(Ordering::Acquire);
        self.ways.get()
    }

    /// Adds ways; one thread at a time.
    pub(super) fn grow(&self, grown: &Ways) {
        self.ways.update(|_| grown.clone());
        self.facts.store(Facts::of(grown), Ordering::Release);
    }
}
