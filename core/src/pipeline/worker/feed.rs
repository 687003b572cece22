//! What the pipelines of one provider are fed with: what its source publishes, and pipelines that join
//! while it lives.
//!
//! A pipeline that joins gets all that is published from then on and nothing of before, whoever
//! drains when: draining and joining take turns.

use super::{Pipes, Source};
use crate::export::Run;
use crate::pipeline::counters::count;
use crate::sync::{Mutex, MutexGuard};
use std::mem;
use std::sync::{Arc, PoisonError};

/// A source, and who waits for what it publishes.
pub(crate) struct Feed {
    pub(super) source: Arc<dyn Source>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Everything drained so far, in spans.
    drained: u64,
    /// Of that, what no pipeline was offered yet.
    waiting: Vec<Run>,
    joining: Vec<Joining>,
}

/// Pipelines that are to join.
pub(super) struct Joining {
    /// So many of the waiting runs were published before.
    pub(super) after: usize,
    pub(super) pipes: Pipes,
    /// What each pipeline of the provider may hold from then on.
    pub(super) share_bytes: usize,
}

impl std::fmt::Debug for Feed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Feed")
    }
}

impl Feed {
    pub(crate) fn new(source: Arc<dyn Source>) -> Arc<Self> {
        let state = Mutex::new(State::default());
        Arc::new(Self { source, state })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets pipelines join; each of the provider's then holds at most `share_bytes`. Returns how many
    /// spans were published before.
    pub(crate) fn join(&self, pipes: Pipes, share_bytes: usize) -> u64 {
        let mut state = self.lock();
        state.pull(&*self.source);
        let after = state.waiting.len();
        state.joining.push(Joining {
            after,
            pipes,
            share_bytes,
        });
        state.drained
    }

    /// Takes everything published since the last call, and who joined meanwhile.
    pub(super) fn take(&self, runs: &mut Vec<Run>) -> Vec<Joining> {
        let mut state = self.lock();
        state.pull(&*self.source);
        runs.append(&mut state.waiting);
        mem::take(&mut state.joining)
    }

    /// Drains while there is no thread; whether anything waits for one.
    pub(super) fn hold(&self) -> bool {
        let mut state = self.lock();
        state.pull(&*self.source);
        !state.waiting.is_empty()
    }

    /// There will be no thread: counts what waits as left over, by `first` and those that joined.
    pub(super) fn give_up(&self, first: &Pipes) {
        let state = self.lock();
        let joined = state.joining.iter();
        let all = joined.map(|joining| (joining.after, &joining.pipes));
        let mut place = 0;
        for (after, pipes) in std::iter::once((0, first)).chain(all) {
            let theirs = state.waiting.get(after..).unwrap_or_default();
            for (_, counters) in pipes {
                let left = theirs.iter().filter(|run| run.is_for(place));
                counters.count_shutdown(left.map(|run| count(run.count)).sum());
                place += 1;
            }
        }
    }
}

impl State {
    fn pull(&mut self, source: &dyn Source) {
        let before = self.waiting.len();
        source.drain(&mut self.waiting);
        let new = self.waiting.get(before..).unwrap_or_default();
        self.drained += new.iter().map(|run| count(run.count)).sum::<u64>();
    }
}

#[cfg(all(test, not(loom)))]
mod tests;
