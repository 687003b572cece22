//! Seeing finished spans and log records in the process that made them: captures for tests, the
//! in-memory exporter.
//!
//! Both are called within `end` and `emit`, on that thread: a span is there as soon as `end` returned.

use crate::export::Signal;
use crate::finished::FinishedSpan;
use crate::logs::FinishedLog;
use crate::runtime::{Runtime, runtime};
use crate::scope::Scope;
use crate::thread::undisturbed;
use crate::wire::buf::Buf;
use crate::wire::field_len;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// OTLP `ResourceSpans` or `ResourceLogs` messages of one span or record each.
type Messages = Mutex<Vec<Arc<[u8]>>>;

/// Finished spans, and log records.
#[derive(Debug, Default)]
pub(crate) struct MemoryStore {
    spans: Messages,
    logs: Messages,
}

impl MemoryStore {
    fn lock(&self) -> MutexGuard<'_, Vec<Arc<[u8]>>> {
        self.spans.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_logs(&self) -> MutexGuard<'_, Vec<Arc<[u8]>>> {
        self.logs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, signal: Signal, message: &Arc<[u8]>) {
        let mut messages = match signal {
            Signal::Logs => self.lock_logs(),
            Signal::Traces | Signal::Metrics => self.lock(),
        };
        if messages.try_reserve(1).is_ok() {
            messages.push(message.clone());
        }
    }

    fn clear(&self) {
        undisturbed(|| {
            self.lock().clear();
            self.lock_logs().clear();
        });
    }

    fn decoded_logs(&self) -> Vec<FinishedLog> {
        let logs = undisturbed(|| self.lock_logs().clone());
        logs.iter()
            .flat_map(|log| FinishedLog::decode(log))
            .collect()
    }

    fn decoded(&self) -> Vec<FinishedSpan> {
        let spans = undisturbed(|| self.lock().clone());
        spans
            .iter()
            .flat_map(|span| FinishedSpan::decode(span))
            .collect()
    }
}

/// The captures and in-memory exporters of a process.
#[derive(Debug, Default)]
pub(crate) struct Captures {
    active: AtomicUsize,
    list: Mutex<Vec<Arc<MemoryStore>>>,
    exporters: Mutex<HashMap<u64, Arc<MemoryStore>>>,
}

impl Captures {
    /// Whether any capture looks on.
    #[inline]
    pub(crate) fn is_active(&self) -> bool {
        self.active.load(Ordering::Acquire) > 0
    }

    /// Shows a finished span or log record ([`resource_spans`]) to all captures and to `also`.
    pub(crate) fn show(
        &self,
        signal: Signal,
        message: Option<Arc<[u8]>>,
        also: &[Arc<MemoryStore>],
    ) {
        let Some(message) = message else { return };
        let captures = self.lock();
        captures
            .iter()
            .chain(also)
            .for_each(|store| store.push(signal, &message));
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arc<MemoryStore>>> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn exporter(&self, id: u64) -> Arc<MemoryStore> {
        let mut exporters = self
            .exporters
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        exporters.entry(id).or_default().clone()
    }
}

/// One span or log record with its resource and scope.
pub(crate) fn resource_spans(
    resource: &[u8],
    scope: &'static Scope,
    span: &[u8],
) -> Option<Arc<[u8]>> {
    let scope_spans = scope.header.len() + field_len(span.len());
    let mut message = Buf::default();
    let len = resource.len() + field_len(scope_spans);
    let written = message.append(len, |writer| {
        writer.bytes(resource);
        writer.open(0x12, scope_spans);
        writer.bytes(&scope.header);
        writer.field(0x12, span);
    });
    written.then(|| Arc::from(message.as_slice()))
}

/// Sees every sampled span that ends in this process while it lives, on all threads, and every log
/// record.
///
/// Not a configuration: without one, tracers of the default provider record for captures only.
/// In a forked child it sees nothing.
#[derive(Debug)]
pub struct Capture {
    runtime: &'static Runtime,
    store: Arc<MemoryStore>,
}

impl Capture {
    /// Starts looking on.
    #[must_use]
    pub fn start() -> Self {
        let runtime = runtime();
        let store = Arc::new(MemoryStore::default());
        undisturbed(|| {
            runtime.captures.lock().push(store.clone());
            runtime.captures.active.fetch_add(1, Ordering::Release);
        });
        Self { runtime, store }
    }

    /// The spans so far, in the order in which they ended.
    #[must_use]
    pub fn spans(&self) -> Vec<FinishedSpan> {
        self.store.decoded()
    }

    /// One of them as an encoded OTLP `ResourceSpans` message.
    #[must_use]
    pub fn otlp_at(&self, index: usize) -> Option<Arc<[u8]>> {
        undisturbed(|| self.store.lock().get(index).cloned())
    }

    /// Number of spans so far.
    #[must_use]
    pub fn len(&self) -> usize {
        undisturbed(|| self.store.lock().len())
    }

    /// Whether there is none so far.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The log records so far, in the order in which they were emitted.
    #[must_use]
    pub fn logs(&self) -> Vec<FinishedLog> {
        self.store.decoded_logs()
    }

    /// One of them as an encoded OTLP `ResourceLogs` message.
    #[must_use]
    pub fn log_otlp_at(&self, index: usize) -> Option<Arc<[u8]>> {
        undisturbed(|| self.store.lock_logs().get(index).cloned())
    }

    /// Number of log records so far.
    #[must_use]
    pub fn log_count(&self) -> usize {
        undisturbed(|| self.store.lock_logs().len())
    }

    /// Forgets the spans and log records so far.
    pub fn clear(&self) {
        self.store.clear();
    }
}

impl Drop for Capture {
    fn drop(&mut self) {
        if std::ptr::eq(self.runtime, runtime()) {
            let captures = &self.runtime.captures;
            undisturbed(|| {
                let mut list = captures.lock();
                list.retain(|store| !Arc::ptr_eq(store, &self.store));
                captures.active.fetch_sub(1, Ordering::Release);
            });
        }
    }
}

/// Keeps the finished spans of the providers it is configured for (trace SDK, in-memory exporter).
///
/// Clones share the spans. A forked child starts empty. Not bounded: for tests and short programs.
#[derive(Clone, Debug)]
pub struct MemoryExporter {
    id: u64,
}

impl MemoryExporter {
    /// An exporter without spans.
    #[must_use]
    #[expect(
        clippy::new_without_default,
        reason = "each is another one: not a value with a default"
    )]
    pub fn new() -> Self {
        static LAST: AtomicU64 = AtomicU64::new(0);
        Self {
            id: LAST.fetch_add(1, Ordering::Relaxed) + 1,
        }
    }

    pub(crate) fn store(&self) -> Arc<MemoryStore> {
        runtime().captures.exporter(self.id)
    }

    /// The spans so far, in the order in which they ended.
    #[must_use]
    pub fn spans(&self) -> Vec<FinishedSpan> {
        self.store().decoded()
    }

    /// The log records so far, in the order in which they were emitted
    /// ([`Config::logs_memory`](crate::Config::logs_memory)).
    #[must_use]
    pub fn logs(&self) -> Vec<FinishedLog> {
        self.store().decoded_logs()
    }

    /// Forgets the spans and log records so far.
    pub fn clear(&self) {
        self.store().clear();
    }
}
