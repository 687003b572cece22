//! Destinations that a provider gets while it lives.

use super::streams::Setup;
use super::ways::Exit;
use super::{Provider, ProviderState};
use crate::config::{Config, PipelineConfig};
use crate::error::ConfigError;
use crate::export::Signal;
use crate::pipeline::producer::Totals;
use crate::pipeline::worker::ProviderPipes;
use crate::runtime::runtime;
use crate::thread::undisturbed;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

impl Provider {
    /// Adds the destinations of spans that `config` names, for this process and those forked from it.
    pub(crate) fn add_destinations(&'static self, config: &Config) -> Result<(), ConfigError> {
        config.print_warnings();
        let more = config.build_pipelines()?;
        undisturbed(|| self.add_pipelines(&more))
    }

    /// No state is made and no shutdown begins meanwhile: both take the lock on the states.
    fn add_pipelines(&'static self, more: &[PipelineConfig]) -> Result<(), ConfigError> {
        let runtime = runtime();
        let states = runtime
            .providers
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if self.shut_down.load(Ordering::Relaxed) {
            return Err(ConfigError::new(
                "the provider is shut down: add destinations before, or make another provider",
            ));
        }
        self.pipelines.update(|known| [known, more].concat());
        if let Some(state) = states.iter().find(|state| state.id == self.id) {
            state.grow(more);
        }
        Ok(())
    }
}

impl ProviderState {
    fn grow(&self, more: &[PipelineConfig]) {
        let setup = Setup {
            provider: self.provider,
            runtime: self.runtime,
            resource: &self.resource,
        };
        let mut ways = self.ways.all().clone();
        let served = !ways.exits.is_empty();
        let pipes = setup.pipelines(Signal::Traces, more, self.block, &mut ways);
        if !pipes.is_empty() {
            let added: Vec<Exit> = pipes.iter().map(Exit::of).collect();
            let mut before = Totals::default();
            // They join first: a span that is then published before a thread knows of them is theirs
            // too, and is only not counted against a queue size.
            if served {
                before.published = self.feed.join(pipes, setup.share_bytes(self.block));
                self.runtime.worker.look_again();
            } else {
                self.runtime.worker.add_provider(ProviderPipes {
                    id: self.id,
                    resource: Arc::clone(&self.resource),
                    feed: Arc::clone(&self.feed),
                    pipelines: pipes,
                });
            }
            before = self.logs.totals().over(before.published);
            let added = added.into_iter().map(|exit| Exit { before, ..exit });
            ways.exits.extend(added);
        }
        self.ways.grow(&ways);
    }

    /// No destination is added from here on: all that wanted to have done so, or see the shutdown.
    pub(super) fn close_to_destinations(&self) {
        drop(self.runtime.providers.lock());
    }
}

impl Totals {
    /// As of a pipeline that joins now and gets nothing of the first `published` spans: what is over
    /// by then. Open spans are still to come.
    fn over(self, published: u64) -> Self {
        let lost = self.open_limit + self.queue_full + self.no_memory + self.shutdown;
        Self {
            started: published + self.kept + lost + self.no_exporter,
            published,
            ..self
        }
    }
}
