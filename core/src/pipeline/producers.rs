//! A thread's writing ends for all providers that it has used.

use super::producer::{Producer, Spans, Stream};
use crate::errno::Saved;
use crate::provider::{Provider, ProviderState};
use std::ptr;

/// A thread's producers, the one used last in front of mind.
#[derive(Debug)]
pub(crate) struct Producers<S: Stream = Spans> {
    all: Vec<Producer<S>>,
    last: usize,
}

impl<S: Stream> Default for Producers<S> {
    fn default() -> Self {
        Self {
            all: Vec::new(),
            last: 0,
        }
    }
}

impl<S: Stream> Producers<S> {
    /// The producer used last, if it is that for `provider`.
    #[inline]
    pub(crate) fn latest(&self, provider: &'static Provider) -> Option<&Producer<S>> {
        let last = self.all.get(self.last)?;
        (last.state.id == provider.id).then_some(last)
    }

    /// The producer for `provider`, made at first use.
    #[inline]
    pub(crate) fn of_provider(&mut self, provider: &'static Provider) -> Option<&mut Producer<S>> {
        if self.latest(provider).is_none() {
            self.find(|state| state.id == provider.id, || provider.state());
        }
        self.all.get_mut(self.last)
    }

    /// The producer used last, if it is that for `state`.
    #[expect(clippy::inline_always, reason = "a few instructions of each span")]
    #[inline(always)]
    pub(crate) fn latest_of(&mut self, state: &'static ProviderState) -> Option<&mut Producer<S>> {
        let last = self.all.get_mut(self.last)?;
        ptr::eq(last.state, state).then_some(last)
    }

    /// The producer for `state`, made at first use.
    #[inline]
    pub(crate) fn of_state(&mut self, state: &'static ProviderState) -> Option<&mut Producer<S>> {
        if self.latest_of(state).is_none() {
            self.find(|known| ptr::eq(known, state), || state);
        }
        self.all.get_mut(self.last)
    }

    #[cold]
    fn find(
        &mut self,
        wanted: impl Fn(&'static ProviderState) -> bool,
        state: impl FnOnce() -> &'static ProviderState,
    ) {
        let _errno = Saved::now();
        let known = self.all.iter().position(|producer| wanted(producer.state));
        self.last = known.unwrap_or_else(|| {
            self.forget_ended();
            self.all.push(Producer::new(state()));
            self.all.len() - 1
        });
    }

    /// Gives up the logs of providers that are no more: a program may make many, one after another.
    fn forget_ended(&mut self) {
        for producer in self
            .all
            .extract_if(.., |producer| producer.state.has_ended())
        {
            producer.close();
        }
    }

    /// The thread ends: its logs are closed, to be drained once more.
    pub(crate) fn retire(&mut self) {
        for producer in self.all.drain(..) {
            producer.close();
        }
        self.last = 0;
    }
}
