//! The writing side: a thread's log of finished spans for one provider, and its counters. Log records
//! are a second stream of the same kind, with logs and counters of their own.
//!
//! Nothing here is shared on the path of a span: the chunk is the thread's own, each counter has one
//! writer, and publishing is one release store.

use super::budget::{CHUNK, FIRST_CHUNK};
use super::chunk::{Chunk, Reader, SCOPE_MARK_LEN, write_scope_mark};
use crate::errno::Saved;
use crate::export::Run;
use crate::provider::{Admitted, ProviderState};
use crate::scope::Scope;
use crate::sync::{AtomicBool, Mutex, MutexGuard};
use crate::wire::buf::Writer;
use std::marker::PhantomData;
use std::ptr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};

/// A word with one writer, summed by readers.
#[derive(Debug, Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    /// Adds one; only the owning thread calls this, hence no read-modify-write.
    #[inline]
    pub(crate) fn count(&self) {
        self.0
            .store(self.0.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }

    fn read(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// Adds `more`; only under the lock of the registry.
    fn add(&self, more: u64) {
        self.0.fetch_add(more, Ordering::Relaxed);
    }
}

macro_rules! counts {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// What one thread counts for one provider.
        #[derive(Debug, Default)]
        pub(crate) struct Counts { $($(#[$doc])* pub(crate) $name: Counter,)* }

        /// A reading of [`Counts`], summed over threads.
        #[derive(Clone, Copy, Debug, Default)]
        pub(crate) struct Totals { $($(#[$doc])* pub(crate) $name: u64,)* }

        impl Totals {
            fn sum(&mut self, counts: &Counts) { $(self.$name += counts.$name.read();)* }

            /// What came since `before` was read.
            pub(crate) fn since(&self, before: &Self) -> Self {
                Self { $($name: self.$name.saturating_sub(before.$name),)* }
            }
        }

        impl Counts {
            fn fold(&self, other: &Counts) { $(self.$name.add(other.$name.read());)* }
        }
    };
}

counts! {
    /// Sampled spans started.
    started,
    /// Spans handed to the pipelines.
    published,
    /// Spans seen by the in-memory exporters only.
    kept,
    /// Spans the sampler dropped.
    unsampled,
    /// Spans recorded and not sampled.
    record_only,
    /// Lost at start: open spans hold half the bound.
    open_limit,
    /// Lost at end: the bound is reached.
    queue_full,
    /// Lost at end: the system refused memory.
    no_memory,
    /// Lost at end: the provider is shut down.
    shutdown,
    /// Lost at end: nothing exports.
    no_exporter,
}

/// A thread's log as others see it.
#[derive(Debug, Default)]
pub(crate) struct ThreadLog {
    /// None until the first chunk is there.
    reader: Mutex<Option<Reader>>,
    pub(crate) counts: Counts,
    /// The thread is gone and will write no more.
    closed: AtomicBool,
}

/// The logs of a provider: one per thread, and the sums of threads that are gone.
#[derive(Debug, Default)]
pub(crate) struct Logs {
    threads: Mutex<Vec<Arc<ThreadLog>>>,
    gone: Counts,
}

impl Logs {
    fn lock(&self) -> MutexGuard<'_, Vec<Arc<ThreadLog>>> {
        self.threads.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, log: Arc<ThreadLog>) {
        self.lock().push(log);
    }

    /// Takes out the log of a thread that is gone; its counts stay.
    fn remove(&self, log: &Arc<ThreadLog>) {
        let mut threads = self.lock();
        // Several may do this at once; one of them takes it out.
        if let Some(place) = threads.iter().position(|other| Arc::ptr_eq(other, log)) {
            threads.swap_remove(place);
            self.gone.fold(&log.counts);
        }
    }

    /// All counters, summed.
    pub(crate) fn totals(&self) -> Totals {
        let mut totals = Totals::default();
        let threads = self.lock();
        totals.sum(&self.gone);
        threads.iter().for_each(|log| totals.sum(&log.counts));
        totals
    }
}

impl super::worker::Source for Logs {
    fn lost(&self) -> u64 {
        let totals = self.totals();
        totals.queue_full + totals.open_limit + totals.no_memory
    }

    fn drain(&self, out: &mut Vec<Run>) {
        let threads: Vec<_> = self.lock().clone();
        let mut finished = Vec::new();
        for log in threads {
            // Asked first: what is published after this was published before the thread was gone.
            let closed = log.closed.load(Ordering::Acquire);
            log.drain(closed, out);
            if closed {
                finished.push(log);
            }
        }
        for log in &finished {
            self.remove(log);
        }
    }
}

impl ThreadLog {
    fn begin(&self, first: Arc<Chunk>) {
        let mut reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        *reader = Some(Reader::new(first));
    }

    fn drain(&self, closed: bool, out: &mut Vec<Run>) {
        let mut reader = self.reader.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(reader) = reader.as_mut() {
            reader.read(out);
            if closed {
                reader.close();
            }
        }
    }
}

/// What of a provider is recorded: it says whose logs those are.
pub(crate) trait Stream {
    /// The logs of this stream.
    fn logs(state: &ProviderState) -> &Logs;
}

/// The stream of spans.
#[derive(Debug)]
pub(crate) enum Spans {}

impl Stream for Spans {
    fn logs(state: &ProviderState) -> &Logs {
        &state.logs
    }
}

/// A thread's writing end for one stream of one provider.
#[derive(Debug)]
pub(crate) struct Producer<S: Stream = Spans> {
    pub(crate) state: &'static ProviderState,
    pub(crate) log: Arc<ThreadLog>,
    chunk: Option<Arc<Chunk>>,
    position: usize,
    scope: *const Scope,
    /// A place kept for the span that this thread ends next (blocking mode with a queue size).
    pub(crate) admitted: Option<Admitted>,
    stream: PhantomData<S>,
}

impl<S: Stream> Producer<S> {
    pub(super) fn new(state: &'static ProviderState) -> Self {
        let log = Arc::new(ThreadLog::default());
        S::logs(state).add(log.clone());
        Self {
            stream: PhantomData,
            state,
            log,
            chunk: None,
            position: 0,
            scope: ptr::null(),
            admitted: None,
        }
    }

    /// Makes sure of room for a record of `len` bytes. False if there is none.
    pub(crate) fn reserve(&mut self, len: usize) -> bool {
        let needed = SCOPE_MARK_LEN + len;
        let room = self
            .chunk
            .as_ref()
            .map_or(0, |chunk| chunk.capacity() - self.position);
        room >= needed || self.next_chunk(needed)
    }

    /// Writes and publishes one record of `len` bytes. False if there is no room: the bound is
    /// reached or memory refused.
    #[inline]
    pub(crate) fn publish(
        &mut self,
        scope: &'static Scope,
        len: usize,
        write: impl FnOnce(&mut Writer<'_>),
    ) -> bool {
        let mut mark = if ptr::eq(self.scope, scope) {
            0
        } else {
            SCOPE_MARK_LEN
        };
        let room = self
            .chunk
            .as_ref()
            .map_or(0, |chunk| chunk.capacity() - self.position);
        if room < mark + len {
            if !self.next_chunk(SCOPE_MARK_LEN + len) {
                return false;
            }
            mark = SCOPE_MARK_LEN;
        }
        let Some(chunk) = self.chunk.as_deref() else {
            return false;
        };
        // SAFETY: this thread is the chunk's writer and `position` is what it has published.
        let writer = unsafe { chunk.writer::<true>(self.position, mark + len) };
        let Some(mut writer) = writer else {
            return false;
        };
        if mark > 0 {
            write_scope_mark(&mut writer, scope);
            self.scope = scope;
        }
        write(&mut writer);
        self.position += mark + len - writer.remaining();
        self.log.counts.published.count();
        chunk.publish(self.position);
        true
    }

    /// A writer for a record of `len` bytes, if it goes behind others of its scope where there is
    /// room; it counts after [`Self::publish_written`].
    ///
    /// # Safety
    /// No more than `len` bytes are written.
    #[inline]
    pub(crate) unsafe fn writer_behind(
        &self,
        scope: &'static Scope,
        len: usize,
    ) -> Option<Writer<'_, false>> {
        let chunk = self.chunk.as_deref()?;
        if !ptr::eq(self.scope, scope) {
            return None;
        }
        // SAFETY: this thread is the chunk's writer, `position` is what it has published, and the
        // caller vouches for the number of bytes.
        unsafe { chunk.writer(self.position, len) }
    }

    /// Publishes a record of `len` bytes that has been written behind the others.
    #[inline]
    pub(crate) fn publish_written(&mut self, len: usize) {
        if let Some(chunk) = &self.chunk {
            self.position += len;
            self.log.counts.published.count();
            chunk.publish(self.position);
        }
    }

    /// Writes no more.
    pub(super) fn close(mut self) {
        if let Some(admitted) = self.admitted.take() {
            self.state.take_back(admitted);
        }
        // Pairs with the acquire load in `drain`.
        self.log.closed.store(true, Ordering::Release);
        let state = self.state;
        if self.chunk.is_none() {
            // Nothing to drain, and perhaps nobody who does: unsampled spans start no worker.
            S::logs(state).remove(&self.log);
        }
        drop(self);
        // The worker drains it, or has ended and leaves that to us.
        state.bury();
    }

    /// Goes on in a new chunk with room for `needed` bytes.
    #[cold]
    fn next_chunk(&mut self, needed: usize) -> bool {
        let _errno = Saved::now();
        let runtime = self.state.runtime;
        // A chunk stays with its thread until it is full: many threads get small ones.
        let usual = if self.chunk.is_none() || runtime.budget.is_half_used() {
            FIRST_CHUNK
        } else {
            CHUNK
        };
        let Some(chunk) = Chunk::new(usual.max(needed), &runtime.budget) else {
            self.state.wake();
            return false;
        };
        if let Some(full) = self.chunk.replace(chunk.clone()) {
            full.set_next(chunk);
            self.state.chunk_filled();
        } else {
            self.log.begin(chunk);
            self.state.begins();
        }
        self.position = 0;
        self.scope = ptr::null();
        true
    }
}

#[cfg(all(test, loom))]
mod model;
#[cfg(test)]
mod tests;
