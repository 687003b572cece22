//! A thread's native stack of what is current.

use super::Current;
use crate::context::{Context, Extras, SpanContext};
use crate::id::SpanId;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What is below the native stack, in the language that called.
#[derive(Clone, Copy, Debug)]
pub(super) enum Base {
    /// This span, all zero = none.
    Span(SpanId),
    /// Not told, in the context identified so.
    Unknown(SpanId),
}

#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) current: Current,
    /// Nothing where there is no baggage: then a span costs no more for it.
    pub(super) extras: Option<Arc<Extras>>,
    pub(super) token: u64,
    /// The token of the copy of the library that leads, if that is another; else 0.
    pub(super) outer: u64,
    /// The foreign span that was current at the push, as the language or the program told.
    base: Option<SpanId>,
    /// The language could not tell in this context of its own.
    unknown_in: Option<SpanId>,
}

/// What is to become current.
#[derive(Debug)]
pub(super) enum Pushed {
    /// A context, whatever was current.
    Whole(Context),
    /// A span, beside the baggage and values of what was current.
    Span(Current),
}

impl Pushed {
    pub(super) fn context(&self) -> &SpanContext {
        match self {
            Self::Whole(context) => &context.current.context,
            Self::Span(current) => &current.context,
        }
    }
}

/// A thread's native stack of current spans.
#[derive(Clone, Debug)]
pub(crate) struct Stack {
    entries: Vec<Entry>,
    last_token: u64,
}

/// Tokens a stack may give out before they could be those of another.
const TOKENS: u64 = 1 << 40;

impl Default for Stack {
    /// No two stacks give out the same token: entries may move between them.
    fn default() -> Self {
        static STACKS: AtomicU64 = AtomicU64::new(0);
        Self {
            entries: Vec::new(),
            last_token: STACKS.fetch_add(1, Ordering::Relaxed).wrapping_mul(TOKENS),
        }
    }
}

impl Entry {
    /// It goes on a stack again.
    pub(super) fn reseat(&mut self) {
        let (outer, base) = super::seat(&self.current.context);
        self.outer = outer;
        if let (Base::Span(span), true) = (base, outer != 0) {
            (self.base, self.unknown_in) = (Some(span), None);
        }
    }
}

impl Stack {
    /// The native entry that is current on top of `base`.
    pub(super) fn top(&self, base: Base) -> Option<&Entry> {
        self.entries.last().filter(|entry| match base {
            Base::Span(span) => entry.base == Some(span),
            Base::Unknown(context) => entry.unknown_in == Some(context),
        })
    }

    /// Pushes what is current from here on top of `base`. Where the language cannot tell, the span
    /// below is the one `taken` along, or else that of the entry below, so that a call back into the
    /// language from there finds the entry above its own span.
    pub(super) fn push(
        &mut self,
        pushed: Pushed,
        base: Base,
        taken: Option<SpanId>,
        outer: u64,
    ) -> u64 {
        if self.entries.try_reserve(1).is_err() {
            return 0;
        }
        let (current, extras) = match pushed {
            Pushed::Whole(context) => (context.current, context.extras),
            Pushed::Span(current) => {
                let kept = self.top(base).and_then(|entry| entry.extras.clone());
                (current, kept)
            }
        };
        let (base, unknown_in) = self.place(base, taken);
        self.last_token += 1;
        self.entries.push(Entry {
            current,
            extras,
            token: self.last_token,
            outer,
            base,
            unknown_in,
        });
        self.last_token
    }

    /// What an entry on top of `base` remembers of it.
    fn place(&self, base: Base, taken: Option<SpanId>) -> (Option<SpanId>, Option<SpanId>) {
        match base {
            Base::Span(span) => (Some(span), None),
            Base::Unknown(context) => {
                let below = self.entries.last();
                let below = below.filter(|entry| entry.unknown_in == Some(context));
                (taken.or(below.and_then(|entry| entry.base)), Some(context))
            }
        }
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Puts entries of another stack on top of `base`, or where they were seated; they stay `kept` if memory is refused.
    pub(super) fn put(&mut self, kept: &mut Vec<Entry>, base: Base, taken: Option<SpanId>) {
        if self.entries.try_reserve(kept.len()).is_ok() {
            let (base, unknown_in) = self.place(base, taken);
            self.entries.extend(kept.drain(..).map(|entry| {
                if entry.outer != 0 {
                    return entry;
                }
                Entry {
                    base,
                    unknown_in,
                    ..entry
                }
            }));
        }
    }

    /// Takes off all but the first `below` entries; they are `kept` unless memory is refused.
    pub(super) fn take_above(&mut self, below: usize, kept: &mut Vec<Entry>) {
        let above = self.entries.len().saturating_sub(below);
        if kept.try_reserve(above).is_ok() {
            kept.extend(self.entries.drain(self.entries.len() - above..));
        } else {
            self.entries.truncate(below);
        }
    }

    /// Takes out the newest entry that is `wanted`, and tells whether it was the last.
    pub(super) fn take(&mut self, wanted: impl Fn(&Entry) -> bool) -> Option<(Entry, bool)> {
        let place = self.entries.iter().rposition(wanted)?;
        let entry = self.entries.remove(place);
        Some((entry, place == self.entries.len()))
    }
}
