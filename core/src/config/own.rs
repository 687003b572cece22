//! Values and code of the program's own: processors, ids, clock, which scopes record.

use super::Config;
use crate::clock::Clock;
use crate::finished::FinishedScope;
use crate::id::IdGenerator;
use crate::processor::Processor;
use crate::scope::ScopeRule;
use std::sync::Arc;

/// What a provider calls that is not ours.
#[derive(Clone, Debug, Default)]
pub(crate) struct OwnCode {
    pub(crate) processors: Vec<Arc<dyn Processor>>,
    pub(crate) ids: Option<Arc<dyn IdGenerator>>,
    pub(crate) clock: Option<Arc<dyn Clock>>,
    pub(crate) scope_rule: Option<ScopeRule>,
}

impl Config {
    /// Adds a processor, called after those added before (trace SDK, "Span processor").
    pub fn processor(mut self, processor: Arc<dyn Processor>) -> Self {
        self.own.processors.push(processor);
        self
    }

    /// Where trace and span ids come from; random ones unless said.
    pub fn id_generator(mut self, ids: Arc<dyn IdGenerator>) -> Self {
        self.own.ids = Some(ids);
        self
    }

    /// What time it is for spans; the system's clocks unless said.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.own.clock = Some(clock);
        self
    }

    /// Which tracers record: `enabled` is asked once for each instrumentation scope, when its first
    /// tracer is made, and should be quick (trace SDK, `TracerConfigurator`).
    ///
    /// ```
    /// use libtracer::{Config, TracerProvider};
    ///
    /// let config = Config::new().tracer_configurator(|scope| scope.name != "noisy");
    /// let provider = TracerProvider::new(&config)?;
    /// assert!(!provider.tracer("noisy").start("poll").is_recording());
    /// # Ok::<(), libtracer::ConfigError>(())
    /// ```
    pub fn tracer_configurator(
        mut self,
        enabled: impl Fn(&FinishedScope) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.own.scope_rule = Some(ScopeRule(Arc::new(enabled)));
        self
    }

    /// The program's own parts; where tracing is off, only that all scopes are: their spans stand for
    /// their parents, and nothing else travels on.
    pub(crate) fn own_code(&self) -> OwnCode {
        if self.is_disabled() {
            return OwnCode {
                scope_rule: Some(ScopeRule(Arc::new(|_| false))),
                ..OwnCode::default()
            };
        }
        let mut own = self.own.clone();
        own.scope_rule = own.scope_rule.or_else(|| self.env.scope_rule.clone());
        own
    }
}
