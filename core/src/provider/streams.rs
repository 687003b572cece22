//! What a provider's streams (spans, log records, metrics) have in common.

use super::queue::counters;
use super::ways::{Exit, Ways};
use super::{Provider, ProviderState};
use crate::clock;
use crate::config::{PipelineConfig, PipelineKind};
use crate::export::Signal;
use crate::pipeline::producer::Logs;
use crate::pipeline::queue::PipelineSettings;
use crate::pipeline::worker::{Feed, Pipes, ProviderPipes};
use crate::runtime::Runtime;
use crate::scope::Scope;
use crate::testing::{MemoryStore, resource_spans};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Full chunks (64 KiB, some 300 spans each) for which the worker is woken.
const CHUNKS_PER_WAKE: u32 = 4;
/// Those for which it is woken where the last time is less than `BETWEEN_WAKES_NS` ago.
const CHUNKS_PER_WAKE_AT_MOST: u32 = 16;
const BETWEEN_WAKES_NS: u64 = 5_000_000;

/// What the streams of a provider are made with in a process.
#[derive(Clone, Copy)]
pub(crate) struct Setup<'a> {
    pub(crate) provider: &'static Provider,
    pub(crate) runtime: &'static Runtime,
    pub(crate) resource: &'a Arc<[u8]>,
}

/// One stream in this process: from the logs of threads to its pipelines.
#[derive(Debug)]
pub(crate) struct StreamParts {
    pub(crate) logs: Arc<Logs>,
    /// Through which its pipelines are fed.
    pub(crate) feed: Arc<Feed>,
    pub(crate) ways: Ways,
}

impl Setup<'_> {
    /// Sets up the pipelines of one stream; the worker serves them from now on.
    pub(crate) fn stream(
        &self,
        signal: Signal,
        pipelines: &[PipelineConfig],
        block: Option<Duration>,
    ) -> StreamParts {
        let logs = Arc::new(Logs::default());
        let feed = Feed::new(logs.clone());
        let mut ways = Ways::default();
        let pipes = self.pipelines(signal, pipelines, block, &mut ways);
        ways.exits = pipes.iter().map(Exit::of).collect();
        if !pipes.is_empty() {
            self.runtime.worker.add_provider(ProviderPipes {
                id: self.provider.id,
                resource: Arc::clone(self.resource),
                feed: Arc::clone(&feed),
                pipelines: pipes,
            });
        }
        StreamParts { logs, feed, ways }
    }

    /// What the worker serves of these pipelines, which come after those of `ways`; the others are
    /// added to them.
    pub(super) fn pipelines(
        &self,
        signal: Signal,
        pipelines: &[PipelineConfig],
        block: Option<Duration>,
        ways: &mut Ways,
    ) -> Pipes {
        let budget = &self.runtime.budget;
        let mut served = Pipes::new();
        for pipeline in pipelines {
            let factory = match &pipeline.kind {
                PipelineKind::Memory(exporter) => {
                    ways.memory.push(exporter.store());
                    continue;
                }
                PipelineKind::Exporter(factory) => factory.clone(),
            };
            let batch = &pipeline.batch;
            let place = ways.exits.len() + served.len();
            let counters = counters(place, batch, budget);
            ways.limited |= counters.is_limited();
            ways.eager |= batch.max_export_batch_size <= 1;
            let settings = PipelineSettings {
                max_export_batch_size: batch.max_export_batch_size,
                schedule_delay: batch.schedule_delay,
                export_timeout: batch.export_timeout,
                share_bytes: self.share_bytes(block),
                signal,
                ..PipelineSettings::new(&pipeline.name, factory)
            };
            served.push((settings, Arc::new(counters)));
        }
        served
    }

    /// The memory that each pipeline may use; who waits for room (`block`) shares all of it.
    pub(super) fn share_bytes(&self, block: Option<Duration>) -> usize {
        let limit = self.runtime.budget.limit();
        match block {
            Some(_) => limit,
            None => limit / self.exporter_count().max(1),
        }
    }

    /// Pipelines of spans and log records that the worker serves: they share the memory bound.
    fn exporter_count(&self) -> usize {
        let all = [
            self.provider.pipelines.get(),
            self.provider.records.pipelines.get(),
        ];
        let all = all.into_iter().flatten();
        all.filter(|pipeline| pipeline.is_exporter()).count()
    }
}

impl ProviderState {
    /// Whether the worker serves anything of it.
    pub(super) fn is_served(&self) -> bool {
        #[cfg(feature = "metrics")]
        let metrics = self.metrics.exports();
        #[cfg(not(feature = "metrics"))]
        let metrics = false;
        self.exports() || self.records.exports() || metrics
    }

    /// A thread begins to publish.
    pub(crate) fn begins(&self) {
        self.ensure_worker();
        #[cfg(feature = "metrics")]
        self.provider.measure_itself();
    }

    /// A thread has filled a chunk: every few of them the worker is woken. That takes 14 us of this
    /// thread on a virtual machine, as long as a hundred spans: where chunks come fast, and memory is
    /// not short, it is done less often.
    pub(crate) fn chunk_filled(&self) {
        let filled = self.filled.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
        if !filled.is_multiple_of(CHUNKS_PER_WAKE) {
            return;
        }
        let now = clock::monotonic();
        let woken = self.woken_ns.load(Ordering::Relaxed);
        let spared = !filled.is_multiple_of(CHUNKS_PER_WAKE_AT_MOST)
            && now.saturating_sub(woken) < BETWEEN_WAKES_NS
            && !self.runtime.budget.is_half_used();
        if !spared {
            self.woken_ns.store(now, Ordering::Relaxed);
            self.wake();
        }
    }

    /// Shows one finished record of a signal to captures and to `also`.
    pub(crate) fn show_to(
        &self,
        signal: Signal,
        scope: &'static Scope,
        record: &[u8],
        also: &[Arc<MemoryStore>],
    ) {
        let message = resource_spans(&self.resource, scope, record);
        self.runtime.captures.show(signal, message, also);
    }
}
