//! Finished spans that another copy of this library hands over.

use super::hooks::PROCESSORS;
use super::{Provider, ProviderState};
use crate::pipeline::producer::Producer;
use crate::processor::EndedSpan;
use crate::scope::Scope;
use crate::thread::enter;

impl Provider {
    /// Takes over a finished, sampled span (OTLP `Span`): it counts as one that starts and ends here.
    pub(crate) fn adopt(&'static self, scope: &'static Scope, span: &[u8]) {
        let taken = enter(|thread| {
            let producer = thread.producers.of_provider(self)?;
            producer.state.adopt(producer, scope, span);
            Some(producer.state)
        });
        let Some(state) = taken else {
            return self.count_reentrant();
        };
        if let Some(state) = state.filter(|state| state.hooks.special() & PROCESSORS != 0) {
            state.hooks.on_end(&EndedSpan {
                span,
                scope,
                resource: state.resource(),
                sampled: true,
            });
        }
    }
}

impl ProviderState {
    fn adopt(&self, producer: &mut Producer, scope: &'static Scope, span: &[u8]) {
        let counts = &producer.log.counts;
        counts.started.count();
        if self.is_shut_down() {
            return counts.shutdown.count();
        }
        if self.is_watched() {
            self.show(scope, span);
        }
        if self.exports() {
            self.enqueue(producer, scope, span.len(), |writer| writer.bytes(span));
        } else if self.keeps() {
            counts.kept.count();
        } else {
            counts.no_exporter.count();
        }
    }
}
