//! The account: every span started is exported, dropped for a named cause, queued, spooled or open.

use crate::pipeline::producer::Totals;
use std::sync::atomic::{AtomicU64, Ordering};

/// What one pipeline has done with the spans of its provider since the process began.
///
/// `started = exported + dropped() + queued + spooled + open`, exactly when nothing is moving.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// The exporter's name; empty if none is configured.
    pub pipeline: String,
    /// Sampled spans started.
    pub started: u64,
    /// Spans the exporter delivered.
    pub exported: u64,
    /// Finished spans in memory.
    pub queued: u64,
    /// Finished spans on disk.
    pub spooled: u64,
    /// Started and not ended.
    pub open: u64,
    /// Lost: memory bound or queue size reached.
    pub dropped_queue_full: u64,
    /// Lost: open spans alone hold half the memory bound.
    pub dropped_open_limit: u64,
    /// Lost: the destination refused for good.
    pub dropped_export_failed: u64,
    /// Lost: refused within an accepted request.
    pub dropped_rejected: u64,
    /// Lost: ended after shutdown, or not delivered by its deadline.
    pub dropped_shutdown: u64,
    /// Lost: started in a signal handler that interrupted this library on its thread.
    pub dropped_reentrant: u64,
    /// Lost: the system refused memory.
    pub dropped_no_memory: u64,
    /// Lost: no exporter is configured.
    pub dropped_no_exporter: u64,
    /// Spans the sampler dropped.
    pub unsampled: u64,
    /// Spans recorded for processors only.
    pub record_only: u64,
    /// What the exporter last complained of, without credentials.
    pub last_error: String,
}

impl Stats {
    /// Spans lost, of all causes.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped_queue_full
            + self.dropped_open_limit
            + self.dropped_export_failed
            + self.dropped_rejected
            + self.dropped_shutdown
            + self.dropped_reentrant
            + self.dropped_no_memory
            + self.dropped_no_exporter
    }

    /// Whether the equation holds.
    #[must_use]
    pub fn is_balanced(&self) -> bool {
        self.started == self.exported + self.dropped() + self.queued + self.spooled + self.open
    }

    pub(crate) fn of_threads(totals: &Totals) -> Self {
        Self {
            started: totals.started,
            dropped_queue_full: totals.queue_full,
            dropped_open_limit: totals.open_limit,
            dropped_shutdown: totals.shutdown,
            dropped_no_memory: totals.no_memory,
            dropped_no_exporter: totals.no_exporter,
            unsampled: totals.unsampled,
            record_only: totals.record_only,
            ..Self::default()
        }
    }
}

macro_rules! misuse {
    ($($(#[$doc:meta])* $name:ident,)*) => {
        /// Calls that had no effect or a repaired one, process-wide. Cold: plain shared counters.
        #[derive(Debug, Default)]
        pub(crate) struct Misuse { $($(#[$doc])* pub(crate) $name: AtomicU64,)* }

        /// A reading of what was misused, process-wide; none of it is an error to the program.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        #[non_exhaustive]
        pub struct Diagnostics {
            $($(#[$doc])* pub $name: u64,)*
            /// Bytes of memory held now: chunks, what is in flight, open spans.
            pub memory_bytes: u64,
        }

        impl Misuse {
            pub(crate) fn read(&self) -> Diagnostics {
                Diagnostics {
                    $($name: self.$name.load(Ordering::Relaxed),)*
                    memory_bytes: 0,
                }
            }
        }
    };
}

misuse! {
    /// Calls with a stale, ended or made-up handle, or from C on what was freed.
    stale,
    /// Calls from a signal handler that interrupted this library on its thread.
    reentrant,
    /// Attributes not recorded for their empty key or their type.
    invalid_attribute,
    /// Texts with invalid UTF-8, mended with U+FFFD.
    invalid_utf8,
    /// Detaches in the wrong order or without an attach, repaired.
    detach_order,
    /// Spans started without a parent because their language could not tell.
    unknown_parent,
    /// Panics contained at the C ABI.
    panics,
}

/// What of [`Diagnostics`] a binding counts itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MisuseKind {
    /// See [`Diagnostics::stale`].
    Stale,
    /// See [`Diagnostics::invalid_attribute`].
    InvalidAttribute,
    /// See [`Diagnostics::invalid_utf8`].
    InvalidUtf8,
    /// See [`Diagnostics::panics`].
    Panic,
}

/// Counts a misuse that a binding noticed.
pub fn count_misuse(kind: MisuseKind) {
    let misuse = &crate::runtime::runtime().misuse;
    let counter = match kind {
        MisuseKind::Stale => &misuse.stale,
        MisuseKind::InvalidAttribute => &misuse.invalid_attribute,
        MisuseKind::InvalidUtf8 => &misuse.invalid_utf8,
        MisuseKind::Panic => &misuse.panics,
    };
    counter.fetch_add(1, Ordering::Relaxed);
}

/// What was misused in this process so far, and the memory held now.
#[must_use]
pub fn diagnostics() -> Diagnostics {
    let runtime = crate::runtime::runtime();
    let memory_bytes = runtime.budget.used() as u64;
    Diagnostics {
        memory_bytes,
        ..runtime.misuse.read()
    }
}
