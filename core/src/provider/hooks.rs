//! A provider's processors, and the values of the program's own that its spans are made with.
//!
//! Code of the program's own is called through [`contained`]: a panic of it ends here.

use super::Provider;
use super::latest::Latest;
use crate::clock::Clock;
use crate::context::SpanContext;
use crate::error::Timeout;
use crate::id::IdGenerator;
use crate::processor::{EndedSpan, Processor};
use crate::span::SpanHandle;
use crate::stats::{MisuseKind, count_misuse};
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::time::{Duration, Instant};

/// What makes a span take the longer way, as bits; none of them on the usual one.
pub(crate) const CUSTOM_VALUES: u8 = 1;
pub(crate) const CONFIGURED_SCOPES: u8 = 2;
pub(crate) const PROCESSORS: u8 = 4;
/// The sampler wants to know all that a span starts with.
const ASKING: u8 = 8;

/// Whether any provider of this process has a clock of the program's own: what writing an event or an
/// end asks before it looks which provider it is for.
static CLOCKS: AtomicBool = AtomicBool::new(false);

/// Whether a span may have a clock of the program's own.
#[inline]
pub(crate) fn may_have_clock() -> bool {
    CLOCKS.load(Ordering::Relaxed)
}

/// Hooks within hooks on one thread: a processor that starts spans must not end in a stack overflow.
const MOST_NESTED: u8 = 8;

/// Runs code of the program's own; nothing if it panics, which is counted.
pub(crate) fn contained<T>(run: impl FnOnce() -> T) -> Option<T> {
    let outcome = catch_unwind(AssertUnwindSafe(run));
    if outcome.is_err() {
        count_misuse(MisuseKind::Panic);
    }
    outcome.ok()
}

/// As [`contained`], and nothing too if it is called from itself: an id generator, a clock or a rule
/// that uses the API gets the built-in ones there, or would never end.
pub(crate) fn asked<T>(run: impl FnOnce() -> T) -> Option<T> {
    thread_local! {
        static ASKED: Cell<bool> = const { Cell::new(false) };
    }
    if ASKED.replace(true) {
        return None;
    }
    let answer = contained(run);
    ASKED.set(false);
    answer
}

/// What of a provider is the program's own.
#[derive(Debug, Default)]
pub(crate) struct Hooks {
    /// The bits that apply.
    special: AtomicU8,
    pub(crate) ids: Option<Arc<dyn IdGenerator>>,
    pub(crate) clock: Option<Arc<dyn Clock>>,
    processors: Latest<Vec<Arc<dyn Processor>>>,
}

impl Hooks {
    pub(super) fn new(
        ids: Option<Arc<dyn IdGenerator>>,
        clock: Option<Arc<dyn Clock>>,
        configured_scopes: bool,
        asking: bool,
        processors: &[Arc<dyn Processor>],
    ) -> Self {
        let mut special = 0;
        if clock.is_some() {
            CLOCKS.store(true, Ordering::Relaxed);
        }
        if ids.is_some() || clock.is_some() {
            special |= CUSTOM_VALUES;
        }
        if asking {
            special |= ASKING;
        }
        if configured_scopes {
            special |= CONFIGURED_SCOPES;
        }
        let hooks = Self {
            special: AtomicU8::new(special),
            ids,
            clock,
            ..Self::default()
        };
        if !processors.is_empty() {
            hooks.add(processors);
        }
        hooks
    }

    #[inline]
    pub(crate) fn special(&self) -> u8 {
        self.special.load(Ordering::Relaxed)
    }

    /// The processors now.
    pub(crate) fn processors(&self) -> &'static [Arc<dyn Processor>] {
        self.processors.get()
    }

    /// Adds processors behind those that are there.
    fn add(&self, more: &[Arc<dyn Processor>]) {
        self.processors.update(|known| [known, more].concat());
        self.special.fetch_or(PROCESSORS, Ordering::Relaxed);
    }

    pub(crate) fn on_start(&self, span: SpanHandle, parent: &SpanContext) {
        nested(|| {
            for processor in self.processors() {
                contained(|| processor.on_start(span, parent));
            }
        });
    }

    pub(crate) fn on_ending(&self, span: SpanHandle) {
        nested(|| {
            for processor in self.processors() {
                contained(|| processor.on_ending(span));
            }
        });
    }

    pub(crate) fn on_end(&self, span: &EndedSpan<'_>) {
        nested(|| {
            for processor in self.processors() {
                contained(|| processor.on_end(span));
            }
        });
    }

    /// Calls `each` on every processor with the time that is left; whether all were done.
    pub(super) fn each_until(
        &self,
        deadline: Instant,
        each: impl Fn(&dyn Processor, Duration) -> Result<(), Timeout>,
    ) -> Result<(), Timeout> {
        let mut all = Ok(());
        for processor in self.processors() {
            let left = deadline.saturating_duration_since(Instant::now());
            let done = contained(|| each(&**processor, left)).unwrap_or(Err(Timeout));
            all = all.and(done);
        }
        all
    }
}

/// Runs hooks unless they are nested too deeply on this thread.
fn nested(run: impl FnOnce()) {
    thread_local! {
        static DEPTH: Cell<u8> = const { Cell::new(0) };
    }
    let depth = DEPTH.get();
    if depth < MOST_NESTED {
        DEPTH.set(depth + 1);
        run();
        DEPTH.set(depth);
    }
}

impl Provider {
    /// Adds a processor; spans of tracers that exist already are seen by it too.
    pub(crate) fn add_processor(&self, processor: Arc<dyn Processor>) {
        self.hooks.add(&[processor]);
    }
}
