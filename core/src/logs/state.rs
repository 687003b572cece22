//! What a provider keeps for its log records: configured, and in one process.

use crate::config::{PipelineConfig, RecordConfig};
use crate::errno::Saved;
use crate::export::Signal;
use crate::limits::SpanLimits;
use crate::pipeline::producer::{Logs, Stream};
use crate::provider::{Provider, ProviderState, Queues, Setup, Ways};
use crate::runtime::runtime_if_built;
use crate::scope::Scope;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// The stream of log records.
#[derive(Debug)]
pub(crate) enum LogRecords {}

impl Stream for LogRecords {
    fn logs(state: &ProviderState) -> &Logs {
        &state.records.logs
    }
}

/// What was configured for log records.
#[derive(Debug)]
pub(crate) struct RecordSettings {
    config: RecordConfig,
    /// Records that interrupted this library on their thread.
    pub(super) reentrant: AtomicU64,
}

impl RecordSettings {
    pub(crate) fn new(config: RecordConfig) -> Self {
        Self {
            config,
            reentrant: AtomicU64::new(0),
        }
    }

    /// Where records go.
    pub(crate) fn pipelines(&self) -> &Vec<PipelineConfig> {
        &self.config.pipelines
    }
}

/// A provider's log records in this process.
#[derive(Debug)]
pub(crate) struct RecordState {
    pub(super) logs: Arc<Logs>,
    pub(super) limits: SpanLimits,
    pub(super) ways: Ways,
    pub(super) reentrant: &'static AtomicU64,
    pub(super) reentrant_before: u64,
}

impl RecordState {
    /// The state in this process.
    pub(crate) fn new(setup: &Setup<'_>) -> Self {
        let settings = &setup.provider.records;
        let stream = setup.stream(Signal::Logs, settings.pipelines(), None);
        let reentrant = &settings.reentrant;
        Self {
            logs: stream.logs,
            limits: settings.config.limits,
            ways: stream.ways,
            reentrant,
            reentrant_before: reentrant.load(Ordering::Relaxed),
        }
    }

    /// Whether a worker pipeline takes its records.
    pub(crate) fn exports(&self) -> bool {
        !self.ways.exits.is_empty()
    }

    /// Its pipelines, if one of them has a queue size.
    pub(super) fn limited(&self) -> Option<Queues<'_>> {
        self.ways.limited.then_some(Queues(&self.ways.exits))
    }

    /// Whether an in-memory exporter keeps its records.
    pub(super) fn keeps(&self) -> bool {
        !self.ways.memory.is_empty()
    }
}

impl Provider {
    /// Whether a record would reach anyone.
    pub(crate) fn keeps_logs(&self) -> bool {
        let watched = || runtime_if_built().is_some_and(|runtime| runtime.captures.is_active());
        let config = &self.records.config;
        !config.disabled && (!config.pipelines.is_empty() || watched())
    }
}

impl ProviderState {
    /// Whether someone looks at each record as it is emitted.
    pub(super) fn watches_logs(&self) -> bool {
        self.records.keeps() || self.runtime.captures.is_active()
    }

    /// Shows a record (OTLP `LogRecord`) to captures and in-memory exporters.
    #[cold]
    pub(super) fn show_log(&self, scope: &'static Scope, record: &[u8]) {
        let _errno = Saved::now();
        let also = &self.records.ways.memory;
        self.show_to(Signal::Logs, scope, record, also);
    }

    /// Wakes the worker for a single record, if batches are of one.
    pub(super) fn wake_for_log(&self) {
        if self.records.ways.eager {
            let _errno = Saved::now();
            self.wake();
        }
    }
}
