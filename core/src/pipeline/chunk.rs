//! A piece of a thread's log of finished spans: written by that thread, read by the worker.
//!
//! The writer appends records behind `published` and makes them visible with one release store; the
//! reader never looks beyond it. So both work on one memory without a lock, and what is published
//! never changes. A record is a scope mark (`SCOPE_MARK`, then the scope's address), a refused mark
//! (`REFUSED_MARK`, then the pipelines that do not take the one span that follows) or one span as
//! OTLP `ScopeSpans.spans` (tag, length, `Span`).

use super::budget::Budget;
use crate::export::Run;
use crate::scope::Scope;
use crate::sync::{AtomicUsize, OnceLock, Watched};
use crate::wire::attribute::read_field;
use crate::wire::buf::Writer;
use bytes::Bytes;
use std::cell::UnsafeCell;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

#[cfg(all(test, loom))]
pub(super) mod model;

/// Tag of `ScopeSpans.spans`.
pub(crate) const SPAN_TAG: u8 = 0x12;
const SCOPE_MARK: u8 = 0;
const REFUSED_MARK: u8 = 1;
/// Bytes of a scope mark.
pub(crate) const SCOPE_MARK_LEN: usize = 1 + size_of::<usize>();
/// Bytes of a refused mark.
pub(crate) const REFUSED_MARK_LEN: usize = 1 + size_of::<u64>();

/// One chunk; see the module.
pub(crate) struct Chunk {
    memory: Box<[UnsafeCell<u8>]>,
    published: AtomicUsize,
    next: OnceLock<Arc<Chunk>>,
    watched: Watched,
    budget: &'static Budget,
}

// SAFETY: bytes below `published` are never written again, bytes above are used by the one writer
// only (`Writer` in `producer`); `published` orders the two with release and acquire.
unsafe impl Send for Chunk {}
// SAFETY: as above.
unsafe impl Sync for Chunk {}

impl std::fmt::Debug for Chunk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let published = self.published.load(Ordering::Relaxed);
        f.debug_struct("Chunk")
            .field("published", &published)
            .finish_non_exhaustive()
    }
}

impl Chunk {
    /// A chunk of `bytes`; `None` if the bound or the system refuses.
    pub(crate) fn new(bytes: usize, budget: &'static Budget) -> Option<Arc<Self>> {
        if !budget.take(bytes) {
            return None;
        }
        let Some(memory) = budget.memory(bytes) else {
            budget.give(bytes);
            return None;
        };
        let memory = Box::into_raw(memory);
        // SAFETY: `UnsafeCell<u8>` has the layout of `u8`, and the box was ours alone.
        let memory = unsafe { Box::from_raw(memory as *mut [UnsafeCell<u8>]) };
        let published = AtomicUsize::new(0);
        Some(Arc::new(Self {
            memory,
            published,
            next: OnceLock::new(),
            watched: Watched::new(bytes),
            budget,
        }))
    }

    pub(crate) fn capacity(&self) -> usize {
        self.memory.len()
    }

    /// A writer over `len` unpublished bytes from `start`.
    ///
    /// # Safety
    /// Only the chunk's one writing thread calls this, with `start` at or above what it published. If
    /// it is not `CHECKED`, no more than `len` bytes are written.
    #[inline]
    pub(crate) unsafe fn writer<const CHECKED: bool>(
        &self,
        start: usize,
        len: usize,
    ) -> Option<Writer<'_, CHECKED>> {
        let end = start.checked_add(len)?;
        let cells = self.memory.get(start..end)?;
        self.watched.write(start, end);
        let first = UnsafeCell::raw_get(cells.as_ptr());
        // SAFETY: the bytes are in bounds, and unpublished bytes are the caller's alone, who vouches for
        // what is not checked.
        Some(unsafe { Writer::new(first, len) })
    }

    /// Bytes that have been written and are read by nobody who writes.
    ///
    /// # Safety
    /// `end` must not be above what the writing thread has finished writing.
    pub(crate) unsafe fn written(&self, start: usize, end: usize) -> &[u8] {
        let cells = self.memory.get(start..end).unwrap_or_default();
        self.watched.read(start, start + cells.len());
        let first = UnsafeCell::raw_get(cells.as_ptr());
        // SAFETY: in bounds, initialised, and not written again as the caller vouches.
        unsafe { std::slice::from_raw_parts(first, cells.len()) }
    }

    /// Makes everything before `end` visible to the reader: the one release store of a span.
    #[inline]
    pub(crate) fn publish(&self, end: usize) {
        // Pairs with the acquire load in `Reader::read`.
        self.published.store(end, Ordering::Release);
        expect_writes(self.memory.as_ptr().wrapping_add(end));
    }

    /// Links the chunk that continues this one.
    pub(crate) fn set_next(&self, next: Arc<Self>) {
        // Only the one writer links, once.
        drop(self.next.set(next));
    }
}

impl Drop for Chunk {
    fn drop(&mut self) {
        self.budget.give(self.memory.len());
        let memory = Box::into_raw(std::mem::take(&mut self.memory));
        // SAFETY: `UnsafeCell<u8>` has the layout of `u8`, and nobody else refers to the chunk.
        self.budget
            .recycle(unsafe { Box::from_raw(memory as *mut [u8]) });
        // A long list is taken apart here rather than by nested drops.
        let mut next = self.next.take();
        while let Some(chunk) = next {
            next = Arc::into_inner(chunk).and_then(|mut chunk| chunk.next.take());
        }
    }
}

/// Writes a scope mark.
pub(crate) fn write_scope_mark(writer: &mut Writer<'_>, scope: &'static Scope) {
    writer.byte(SCOPE_MARK);
    writer.bytes(&ptr::from_ref(scope).expose_provenance().to_ne_bytes());
}

/// Writes a refused mark, which stands before the span that it is about.
pub(crate) fn write_refused_mark(writer: &mut Writer<'_>, pipelines: u64) {
    writer.byte(REFUSED_MARK);
    writer.bytes(&pipelines.to_ne_bytes());
}

/// Published bytes of a chunk, keeping it alive.
struct Published {
    chunk: Arc<Chunk>,
    start: usize,
    end: usize,
}

impl AsRef<[u8]> for Published {
    fn as_ref(&self) -> &[u8] {
        // SAFETY: `end` was read from `published`.
        unsafe { self.chunk.written(self.start, self.end) }
    }
}

/// The worker's place in a thread's log.
#[derive(Debug)]
pub(crate) struct Reader {
    chunk: Option<Arc<Chunk>>,
    position: usize,
    scope: Option<&'static Scope>,
    /// Of the span that comes next.
    refused: u64,
}

impl Reader {
    pub(crate) fn new(first: Arc<Chunk>) -> Self {
        Self {
            chunk: Some(first),
            position: 0,
            scope: None,
            refused: 0,
        }
    }

    /// Takes everything published since the last call.
    pub(crate) fn read(&mut self, out: &mut Vec<Run>) {
        while let Some(chunk) = self.chunk.clone() {
            // Whether there is a next chunk is asked first: a full chunk is never written again, so
            // that what is published now is then all there will be.
            let next = chunk.next.get().cloned();
            let end = chunk.published.load(Ordering::Acquire);
            self.read_chunk(&chunk, end, out);
            let Some(next) = next else { return };
            self.chunk = Some(next);
            self.position = 0;
        }
    }

    /// Gives up the last chunk, once its thread is gone and all is read.
    pub(crate) fn close(&mut self) {
        self.chunk = None;
    }

    fn read_chunk(&mut self, chunk: &Arc<Chunk>, end: usize, out: &mut Vec<Run>) {
        // SAFETY: `end` was read from `published`.
        let bytes = unsafe { chunk.written(0, end) };
        while self.position < end {
            if bytes.get(self.position) == Some(&SCOPE_MARK) {
                let address = bytes.get(self.position + 1..self.position + SCOPE_MARK_LEN);
                self.scope = address.and_then(scope_at);
                self.position += SCOPE_MARK_LEN;
                continue;
            }
            if bytes.get(self.position) == Some(&REFUSED_MARK) {
                let mask = bytes.get(self.position + 1..self.position + REFUSED_MARK_LEN);
                let mask = mask.and_then(|mask| mask.try_into().ok());
                self.refused = mask.map_or(0, u64::from_ne_bytes);
                self.position += REFUSED_MARK_LEN;
                continue;
            }
            let start = self.position;
            let refused = std::mem::take(&mut self.refused);
            let most = if refused == 0 { usize::MAX } else { 1 };
            let mut count = 0;
            while count < most && bytes.get(self.position) == Some(&SPAN_TAG) {
                let Some((_, after)) = read_field(bytes, self.position) else {
                    break;
                };
                self.position = after;
                count += 1;
            }
            if self.position == start {
                // Unreachable while the writer keeps the format; never loop on it.
                self.position = end;
            } else if let Some(scope) = self.scope {
                let published = Published {
                    chunk: chunk.clone(),
                    start,
                    end: self.position,
                };
                out.push(Run {
                    scope,
                    spans: Bytes::from_owner(published),
                    count,
                    refused,
                });
            }
        }
    }
}

/// Asks for the memory of the span that comes next, mostly 200 bytes. The worker has read what was in
/// that chunk before, and to take lines away from its processor while they are written costs 15 ns.
#[inline]
fn expect_writes<T>(next: *const T) {
    #[cfg(all(target_arch = "x86_64", not(miri)))]
    // SAFETY: hints that fit any address, by an instruction that every x86-64 processor takes.
    unsafe {
        std::arch::asm!(
            "prefetchw [{0} + 64]",
            "prefetchw [{0} + 128]",
            "prefetchw [{0} + 192]",
            "prefetchw [{0} + 256]",
            in(reg) next,
            options(readonly, nostack, preserves_flags),
        );
    }
    #[cfg(not(all(target_arch = "x86_64", not(miri))))]
    let _ = next;
}

/// The scope that a mark points to.
fn scope_at(address: &[u8]) -> Option<&'static Scope> {
    let address = usize::from_ne_bytes(address.try_into().ok()?);
    // SAFETY: marks are written by `write_scope_mark` from a `&'static Scope`.
    unsafe { ptr::with_exposed_provenance::<Scope>(address).as_ref() }
}
