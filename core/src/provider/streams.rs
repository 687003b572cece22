//! What a provider's streams (spans, log records, metrics) have in common.

use super::{Bounds, Provider, ProviderState};
use crate::config::{PipelineConfig, PipelineKind};
use crate::export::Signal;
use crate::pipeline::counters::PipelineCounters;
use crate::pipeline::producer::Logs;
use crate::pipeline::queue::PipelineSettings;
use crate::pipeline::worker::ProviderPipes;
use crate::runtime::Runtime;
use crate::scope::Scope;
use crate::testing::{MemoryStore, resource_spans};
use std::sync::Arc;

/// What the streams of a provider are made with in a process.
#[derive(Clone, Copy)]
pub(crate) struct Setup<'a> {
    pub(crate) provider: &'static Provider,
    pub(crate) runtime: &'static Runtime,
    pub(crate) resource: &'a Arc<[u8]>,
}

/// The way of one stream in this process: from the logs of threads to its pipelines.
#[derive(Debug)]
pub(crate) struct StreamParts {
    pub(crate) logs: Arc<Logs>,
    pub(crate) exits: Vec<(String, Arc<PipelineCounters>)>,
    pub(crate) memory: Vec<Arc<MemoryStore>>,
    pub(crate) bounds: Bounds,
    /// Batches of one record: the worker is woken by every record.
    pub(crate) eager: bool,
}

impl Setup<'_> {
    /// Sets up the pipelines of one stream; the worker serves them from now on.
    pub(crate) fn stream(
        &self,
        signal: Signal,
        pipelines: &[PipelineConfig],
        bounds: Bounds,
    ) -> StreamParts {
        let budget = &self.runtime.budget;
        let share_bytes = bounds.share(budget.limit(), self.exporter_count());
        let mut served = Vec::new();
        let mut stream = StreamParts {
            logs: Arc::new(Logs::default()),
            exits: Vec::new(),
            memory: Vec::new(),
            bounds,
            eager: false,
        };
        for pipeline in pipelines {
            let factory = match &pipeline.kind {
                PipelineKind::Memory(exporter) => {
                    stream.memory.push(exporter.store());
                    continue;
                }
                PipelineKind::Exporter(factory) => factory.clone(),
            };
            let place = stream.exits.len();
            let counters = stream.bounds.counters(place, &pipeline.batch, budget);
            let counters = Arc::new(counters);
            stream.exits.push((pipeline.name.clone(), counters.clone()));
            stream.eager |= pipeline.batch.max_export_batch_size <= 1;
            let settings = PipelineSettings {
                max_export_batch_size: pipeline.batch.max_export_batch_size,
                schedule_delay: pipeline.batch.schedule_delay,
                export_timeout: pipeline.batch.export_timeout,
                share_bytes,
                signal,
                ..PipelineSettings::new(&pipeline.name, factory)
            };
            served.push((settings, counters));
        }
        if !served.is_empty() {
            self.runtime.worker.add_provider(ProviderPipes {
                id: self.provider.id,
                resource: Arc::clone(self.resource),
                source: stream.logs.clone(),
                pipelines: served,
            });
        }
        stream
    }

    /// Pipelines of spans and log records that the worker serves: they share the memory bound.
    fn exporter_count(&self) -> usize {
        let all = [&self.provider.pipelines, self.provider.records.pipelines()];
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
