//! Seeing finished spans in the process that made them: captures for tests, the in-memory exporter.
//!
//! Both are called within `end`, on the ending thread: a span is there as soon as its `end` returned.

use crate::finished::FinishedSpan;
use crate::runtime::{Runtime, runtime};
use crate::scope::Scope;
use crate::thread::undisturbed;
use crate::wire::buf::Buf;
use crate::wire::field_len;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Finished spans, each as one OTLP `ResourceSpans` message.
#[derive(Debug, Default)]
pub(crate) struct MemoryStore {
    spans: Mutex<Vec<Arc<[u8]>>>,
}

impl MemoryStore {
    fn lock(&self) -> MutexGuard<'_, Vec<Arc<[u8]>>> {
        self.spans.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, span: &Arc<[u8]>) {
        let mut spans = self.lock();
        if spans.try_reserve(1).is_ok() {
            spans.push(span.clone());
        }
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

    /// Shows a finished span (OTLP `Span`) to all captures and to `also`.
    pub(crate) fn show(
        &self,
        resource: &[u8],
        scope: &'static Scope,
        span: &[u8],
        also: &[Arc<MemoryStore>],
    ) {
        let Some(message) = resource_spans(resource, scope, span) else {
            return;
        };
        let captures = self.lock();
        captures
            .iter()
            .chain(also)
            .for_each(|store| store.push(&message));
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

/// One span with its resource and scope.
fn resource_spans(resource: &[u8], scope: &'static Scope, span: &[u8]) -> Option<Arc<[u8]>> {
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

/// Sees every sampled span that ends in this process while it lives, on all threads.
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

    /// Forgets the spans so far.
    pub fn clear(&self) {
        undisturbed(|| self.store.lock().clear());
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

    /// Forgets the spans so far.
    pub fn clear(&self) {
        undisturbed(|| self.store().lock().clear());
    }
}
