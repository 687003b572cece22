//! The reader: what `opentelemetry_sdk` has aggregated, as OTLP bytes for the worker.

use crate::export::Run;
use crate::pipeline::budget::Budget;
use crate::pipeline::counters::PipelineCounters;
use crate::pipeline::worker::Source;
use crate::scope::{Scope, ScopeParts, ScopeTable};
use bytes::Bytes;
use opentelemetry::InstrumentationScope;
use opentelemetry_proto::tonic::metrics::v1::Metric;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::metrics::data::{ResourceMetrics, ScopeMetrics};
use opentelemetry_sdk::metrics::reader::MetricReader;
use opentelemetry_sdk::metrics::{InstrumentKind, ManualReader, Pipeline, Temporality};
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

/// `ScopeMetrics.metrics`, the same field as `ScopeSpans.spans`.
const METRICS: u32 = 2;

/// A reader that the SDK and the worker share.
#[derive(Debug)]
pub(super) struct Shared(pub(super) Arc<ManualReader>);

impl MetricReader for Shared {
    fn register_pipeline(&self, pipeline: Weak<Pipeline>) {
        self.0.register_pipeline(pipeline);
    }

    fn collect(&self, metrics: &mut ResourceMetrics) -> OTelSdkResult {
        self.0.collect(metrics)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.0.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.0.shutdown_with_timeout(timeout)
    }

    fn temporality(&self, kind: InstrumentKind) -> Temporality {
        self.0.temporality(kind)
    }
}

/// The worker's source of metrics.
pub(super) struct Collector {
    readers: Vec<Arc<ManualReader>>,
    budget: &'static Budget,
    scopes: &'static ScopeTable,
    /// Of all pipelines: they count what memory is refused for.
    counters: Vec<Arc<PipelineCounters>>,
    /// How many so far.
    count: Arc<AtomicU64>,
    collected: Mutex<Vec<Run>>,
}

impl Collector {
    pub(super) fn new(
        readers: Vec<Arc<ManualReader>>,
        budget: &'static Budget,
        scopes: &'static ScopeTable,
        counters: Vec<Arc<PipelineCounters>>,
    ) -> Self {
        Self {
            readers,
            budget,
            scopes,
            counters,
            count: Arc::default(),
            collected: Mutex::default(),
        }
    }

    /// How many metrics were collected.
    pub(super) fn count(&self) -> Arc<AtomicU64> {
        self.count.clone()
    }

    /// What one reader has; nothing if a callback panics.
    fn read(&self, reader: &ManualReader) -> Vec<Run> {
        let mut metrics = ResourceMetrics::default();
        // No lock of ours is held: callbacks are the program's own code.
        let collected = catch_unwind(AssertUnwindSafe(|| reader.collect(&mut metrics)));
        if !matches!(collected, Ok(Ok(()))) {
            return Vec::new();
        }
        let runs = metrics.scope_metrics().filter_map(|scope| self.run(scope));
        runs.collect()
    }

    /// The metrics of one scope; none where there is no memory for them, which is counted.
    fn run(&self, scope_metrics: &ScopeMetrics) -> Option<Run> {
        let mut encoded = Vec::new();
        let mut count = 0;
        for metric in scope_metrics.metrics() {
            prost::encoding::message::encode(METRICS, &Metric::from(metric), &mut encoded);
            count += 1;
        }
        if count == 0 {
            return None;
        }
        // Before any exit; pairs with the acquire load of the account.
        self.count.fetch_add(count as u64, Ordering::Release);
        let Some(spans) = Held::new(encoded, self.budget) else {
            for counters in &self.counters {
                counters.count_no_room(count as u64);
            }
            return None;
        };
        Some(Run {
            scope: self.scope(scope_metrics.scope()),
            spans: Bytes::from_owner(spans),
            count,
            refused: 0,
        })
    }

    fn scope(&self, scope: &InstrumentationScope) -> &'static Scope {
        let attribute = |it: &opentelemetry::KeyValue| {
            let value = crate::otel::owned(it.value.clone());
            (it.key.as_str().to_owned(), value)
        };
        let attributes: Vec<_> = scope.attributes().map(attribute).collect();
        self.scopes.unowned(&ScopeParts {
            name: scope.name(),
            version: scope.version().unwrap_or_default(),
            schema_url: scope.schema_url().unwrap_or_default(),
            attributes: &attributes,
        })
    }
}

impl Source for Collector {
    fn measure(&self) {
        let runs: Vec<Run> = self.readers.iter().flat_map(|it| self.read(it)).collect();
        let mut waiting = self
            .collected
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        waiting.extend(runs);
    }

    fn drain(&self, out: &mut Vec<Run>) {
        let mut waiting = self
            .collected
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        out.append(&mut mem::take(&mut waiting));
    }
}

/// Bytes that count towards the memory bound until the last pipeline releases them.
struct Held {
    bytes: Vec<u8>,
    budget: &'static Budget,
}

impl Held {
    fn new(bytes: Vec<u8>, budget: &'static Budget) -> Option<Self> {
        budget.take(bytes.len()).then_some(Self { bytes, budget })
    }
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.budget.give(self.bytes.len());
    }
}
