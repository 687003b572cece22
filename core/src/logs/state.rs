//! What a provider keeps for its log records: configured, and in one process.

use crate::config::{PipelineConfig, RecordConfig};
use crate::errno::Saved;
use crate::export::Signal;
use crate::limits::SpanLimits;
use crate::pipeline::producer::{Logs, Stream};
use crate::pipeline::worker::Feed;
use crate::provider::{Growing, Latest, Provider, ProviderState, Queues, Setup};
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
    /// Where records go.
    pub(crate) pipelines: Latest<Vec<PipelineConfig>>,
    limits: SpanLimits,
    disabled: bool,
    /// Records that interrupted this library on their thread.
    pub(super) reentrant: AtomicU64,
}

impl RecordSettings {
    pub(crate) fn new(config: RecordConfig) -> Self {
        Self {
            pipelines: Latest::new(config.pipelines),
            limits: config.limits,
            disabled: config.disabled,
            reentrant: AtomicU64::new(0),
        }
    }
}

/// A provider's log records in this process.
#[derive(Debug)]
pub(crate) struct RecordState {
    pub(crate) logs: Arc<Logs>,
    /// Through which its pipelines are fed.
    pub(crate) feed: Arc<Feed>,
    pub(crate) ways: Growing,
    pub(super) limits: SpanLimits,
    pub(super) reentrant: &'static AtomicU64,
    pub(super) reentrant_before: u64,
}

impl RecordState {
    /// The state in this process.
    pub(crate) fn new(setup: &Setup<'_>) -> Self {
        let settings = &setup.provider.records;
        let stream = setup.stream(Signal::Logs, settings.pipelines.get(), None);
        let reentrant = &settings.reentrant;
        Self {
            logs: stream.logs,
            feed: stream.feed,
            ways: Growing::new(stream.ways),
            limits: settings.limits,
            reentrant,
            reentrant_before: reentrant.load(Ordering::Relaxed),
        }
    }

    /// Whether a worker pipeline takes its records.
    pub(crate) fn exports(&self) -> bool {
        self.ways.facts().exports()
    }

    /// Its pipelines, if one of them has a queue size.
    pub(super) fn limited(&self) -> Option<Queues<'_>> {
        let limited = self.ways.facts().limited();
        limited.then(|| Queues(&self.ways.all().exits))
    }

    /// Whether an in-memory exporter keeps its records.
    pub(super) fn keeps(&self) -> bool {
        self.ways.facts().memory()
    }
}

impl Provider {
    /// Whether a record would reach anyone.
    pub(crate) fn keeps_logs(&self) -> bool {
        let watched = || runtime_if_built().is_some_and(|runtime| runtime.captures.is_active());
        let records = &self.records;
        !records.disabled && (!records.pipelines.get().is_empty() || watched())
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
        let also = &self.records.ways.all().memory;
        self.show_to(Signal::Logs, scope, record, also);
    }

    /// Wakes the worker for a single record, if batches are of one.
    pub(super) fn wake_for_log(&self) {
        if self.records.ways.facts().eager() {
            self.wake();
        }
    }
}
