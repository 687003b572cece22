//! Destinations that a provider gets while it lives.

use super::streams::Setup;
use super::ways::{Exit, Growing};
use super::{Provider, ProviderState};
use crate::config::{Config, PipelineConfig};
use crate::error::ConfigError;
use crate::export::Signal;
use crate::pipeline::producer::{Logs, Totals};
use crate::pipeline::worker::{Feed, ProviderPipes};
use crate::runtime::runtime;
use crate::thread::undisturbed;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

impl Provider {
    /// Adds the destinations of spans and log records that `config` names, for this process and those
    /// forked from it.
    pub(crate) fn add_destinations(&'static self, config: &Config) -> Result<(), ConfigError> {
        config.print_warnings();
        let more = (config.build_pipelines()?, config.build_more_records()?);
        undisturbed(|| self.add_pipelines(&more.0, &more.1))
    }

    /// No state is made and no shutdown begins meanwhile: both take the lock on the states.
    fn add_pipelines(
        &'static self,
        spans: &[PipelineConfig],
        records: &[PipelineConfig],
    ) -> Result<(), ConfigError> {
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
        let state = states.iter().find(|state| state.id == self.id);
        for (known, more) in [(&self.pipelines, spans), (&self.records.pipelines, records)] {
            if !more.is_empty() {
                known.update(|known| [known, more].concat());
            }
        }
        if let Some(state) = state {
            state.grow(spans, records);
        }
        Ok(())
    }
}

/// A stream that gets more pipelines.
struct Growth<'a> {
    signal: Signal,
    more: &'a [PipelineConfig],
    block: Option<Duration>,
    ways: &'a Growing,
    feed: &'a Arc<Feed>,
    logs: &'a Logs,
}

impl ProviderState {
    fn grow(&self, spans: &[PipelineConfig], records: &[PipelineConfig]) {
        self.grow_stream(&Growth {
            signal: Signal::Traces,
            more: spans,
            block: self.block,
            ways: &self.ways,
            feed: &self.feed,
            logs: &self.logs,
        });
        self.grow_stream(&Growth {
            signal: Signal::Logs,
            more: records,
            block: None,
            ways: &self.records.ways,
            feed: &self.records.feed,
            logs: &self.records.logs,
        });
    }

    fn grow_stream(&self, stream: &Growth<'_>) {
        if stream.more.is_empty() {
            return;
        }
        let setup = Setup {
            provider: self.provider,
            runtime: self.runtime,
            resource: &self.resource,
        };
        let mut ways = stream.ways.all().clone();
        let served = !ways.exits.is_empty();
        let pipes = setup.pipelines(stream.signal, stream.more, stream.block, &mut ways);
        if !pipes.is_empty() {
            let added: Vec<Exit> = pipes.iter().map(Exit::of).collect();
            let mut before = Totals::default();
            // They join first: a span that is then published before a thread knows of them is theirs
            // too, and is only not counted against a queue size.
            if served {
                let share = setup.share_bytes(stream.block);
                before.published = stream.feed.join(pipes, share);
                self.runtime.worker.look_again();
            } else {
                self.runtime.worker.add_provider(ProviderPipes {
                    id: self.id,
                    resource: Arc::clone(&self.resource),
                    feed: Arc::clone(stream.feed),
                    pipelines: pipes,
                });
            }
            before = stream.logs.totals().over(before.published);
            let added = added.into_iter().map(|exit| Exit { before, ..exit });
            ways.exits.extend(added);
        }
        stream.ways.grow(&ways);
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
