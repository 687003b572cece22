//! What a provider's streams (spans, log records, metrics) have in common.

use super::ProviderState;
use crate::export::Signal;
use crate::scope::Scope;
use crate::testing::{MemoryStore, resource_spans};
use std::sync::Arc;

impl ProviderState {
    /// Whether the worker serves anything of it.
    pub(super) fn is_served(&self) -> bool {
        #[cfg(feature = "metrics")]
        let metrics = self.metrics.exports();
        #[cfg(not(feature = "metrics"))]
        let metrics = false;
        self.exports() || self.records.exports() || metrics
    }

    /// A thread begins to publish.
    pub(crate) fn begins(&self) {
        self.ensure_worker();
        #[cfg(feature = "metrics")]
        self.provider.measure_itself();
    }

    /// Shows one finished record of a signal to captures and to `also`.
    pub(crate) fn show_to(
        &self,
        signal: Signal,
        scope: &'static Scope,
        record: &[u8],
        also: &[Arc<MemoryStore>],
    ) {
        let message = resource_spans(&self.resource, scope, record);
        self.runtime.captures.show(signal, message, also);
    }
}
