//! What a coroutine or fiber made current, kept while it is suspended.
//!
//! A thread runs many of them by turns, and one may go on at another thread than it began on: their
//! part of the thread's stack goes and comes with them. What is below it is nobody's but the thread's.

use super::stack::{Base, Entry, Pushed};
use super::{ask, current_value, seat};
use crate::context::Context;
use crate::id::SpanId;
use crate::rendezvous;
use crate::thread::enter;

/// A coroutine's part of a thread's stack: off it at first, on it from [`resume`](Self::resume) to
/// [`suspend`](Self::suspend).
#[derive(Debug)]
pub struct Task {
    kept: Vec<Entry>,
    /// What is current at the first resume.
    first: Option<Context>,
    /// The calling language's span below, if it could tell when the task was made.
    base: Option<SpanId>,
    /// While it is on a stack: how much of that is below.
    below: Option<usize>,
}

impl Task {
    /// A task that begins with what is current here.
    #[must_use]
    pub fn new() -> Self {
        let (_, base) = ask();
        Self {
            kept: Vec::new(),
            first: Some(current_value()),
            base: match base {
                Base::Span(span) => Some(span),
                Base::Unknown(_) => None,
            },
            below: None,
        }
    }

    /// Makes current on this thread what the task had made so, on top of what is. A task that is on a
    /// stack already stays there.
    pub fn resume(&mut self) {
        if self.below.is_some() {
            return;
        }
        let (_, base) = ask();
        let taken = self.base;
        let first = self.first.take().map(|context| {
            let (outer, base) = seat(&context.current.context);
            (Pushed::Whole(context), base, outer)
        });
        self.kept.iter_mut().for_each(Entry::reseat);
        self.below = enter(|thread| {
            let below = thread.stack.len();
            if let Some((context, base, outer)) = first {
                thread.stack.push(context, base, taken, outer);
            }
            thread.stack.put(&mut self.kept, base, taken);
            below
        });
        self.unseat(); // What was refused, if anything.
    }

    /// What is kept is not current in the copy of the library that leads either.
    fn unseat(&mut self) {
        for entry in self.kept.iter_mut().rev() {
            rendezvous::detach(std::mem::take(&mut entry.outer));
        }
    }

    /// Takes off this thread, which must be the one that resumed the task, what was made current
    /// since. A task that is on no stack stays so.
    pub fn suspend(&mut self) {
        if let Some(below) = self.below.take() {
            enter(|thread| thread.stack.take_above(below, &mut self.kept));
            self.unseat();
        }
    }
}

impl Default for Task {
    fn default() -> Self {
        Self::new()
    }
}
