//! Providers and tracers as Rust programs use them (OpenTelemetry trace API, `TracerProvider`,
//! `Tracer`).

mod builder;

pub use builder::TracerBuilder;

use crate::config::Config;
use crate::current::Parent;
use crate::error::{ConfigError, Timeout};
use crate::processor::Processor;
use crate::provider::{self, Provider};
use crate::runtime::runtime;
use crate::scope::{Scope, ScopeParts};
use crate::span::{Decided, Link, Span, SpanHandle, SpanKind, Start, Started};
use crate::stats::Stats;
use crate::value::Value;
use std::sync::Arc;
use std::time::Duration;

/// Records spans and sends them where its configuration says.
///
/// Clones are the same provider. Safe to use from any thread. It lives until the process ends: drop
/// does not shut it down; normal exit does, within two seconds unless configured otherwise.
#[derive(Clone, Debug)]
pub struct TracerProvider {
    provider: &'static Provider,
}

impl TracerProvider {
    /// A provider of its own.
    ///
    /// # Errors
    /// If an option of `config` cannot be used: the error names it, its value and the cure.
    pub fn new(config: &Config) -> Result<Self, ConfigError> {
        let provider = Provider::new(config)?.leak();
        #[cfg(feature = "metrics")]
        provider.measure_itself();
        Ok(Self { provider })
    }

    /// A tracer named after the library or module that makes the spans; the name may be empty.
    #[must_use]
    pub fn tracer(&self, name: &str) -> Tracer {
        self.tracer_with(name, "", "")
    }

    /// A tracer with the version and schema URL of its library; empty = none.
    #[must_use]
    pub fn tracer_with(&self, name: &str, version: &str, schema_url: &str) -> Tracer {
        let builder = self.tracer_builder(name);
        builder.version(version).schema_url(schema_url).build()
    }

    /// A tracer to be made with more than a name.
    pub fn tracer_builder<'a>(&self, name: &'a str) -> TracerBuilder<'a> {
        TracerBuilder::new(Some(self.provider), name)
    }

    /// Adds a processor, also for spans of tracers that exist already.
    pub fn add_processor(&self, processor: Arc<dyn Processor>) {
        self.provider.add_processor(processor);
    }

    /// Adds the destinations of spans that `config` names, each with a queue, retries and an account of
    /// its own; nothing else of `config` counts. They get every span that ends and log record that is emitted from then on, in this
    /// process and in those forked from it. Recording goes on meanwhile.
    ///
    /// ```
    /// use libtracer::{BatchSettings, Config, MemoryExporter, TracerProvider};
    ///
    /// let provider = TracerProvider::new(&Config::new().service_name("shop"))?;
    /// let finished = MemoryExporter::new();
    /// provider.add_destinations(&Config::new().memory(&finished))?;
    /// provider.tracer("checkout").start("order").end();
    /// assert_eq!(finished.spans().len(), 1);
    /// # Ok::<(), libtracer::ConfigError>(())
    /// ```
    ///
    /// # Errors
    /// If an option of `config` cannot be used, or the provider is shut down.
    pub fn add_destinations(&self, config: &Config) -> Result<(), ConfigError> {
        self.provider.add_destinations(config)
    }

    pub(crate) fn inner(&self) -> &'static Provider {
        self.provider
    }

    /// Makes this the provider of [`tracer`] and of the C ABI's default scope. One that was there
    /// before is flushed and shut down.
    pub fn set_default(&self) {
        provider::set_default(self.provider);
    }

    /// Delivers every span that has ended; at most `timeout`.
    ///
    /// # Errors
    /// [`Timeout`] if the deadline came first; what is left stays queued.
    pub fn flush(&self, timeout: Duration) -> Result<(), Timeout> {
        self.provider.flush(timeout)
    }

    /// Flushes and ends: later spans are not recorded, what could not be delivered is counted.
    ///
    /// # Errors
    /// [`Timeout`] if the deadline came first.
    pub fn shutdown(&self, timeout: Duration) -> Result<(), Timeout> {
        self.provider.shutdown(timeout)
    }

    /// The account of each pipeline in this process; one without a name if there is none.
    #[must_use]
    pub fn stats(&self) -> Vec<Stats> {
        self.provider.stats()
    }
}

/// A tracer of the default provider, whichever that is when a span starts.
#[must_use]
pub fn tracer(name: &str) -> Tracer {
    tracer_with(name, "", "")
}

/// A tracer of the default provider with the version and schema URL of its library; empty = none.
#[must_use]
pub fn tracer_with(name: &str, version: &str, schema_url: &str) -> Tracer {
    let builder = tracer_builder(name);
    builder.version(version).schema_url(schema_url).build()
}

/// The tracer of the default provider for spans that no library is named for, by bindings that have
/// such.
#[must_use]
pub fn nameless_tracer() -> Tracer {
    Tracer {
        provider: None,
        scope: runtime().scopes.unowned(&ScopeParts::default()),
    }
}

/// A tracer of the default provider, to be made with more than a name.
pub fn tracer_builder(name: &str) -> TracerBuilder<'_> {
    TracerBuilder::new(None, name)
}

/// The default provider, if one is configured.
#[must_use]
pub fn default_provider() -> Option<TracerProvider> {
    provider::configured_default().map(|provider| TracerProvider { provider })
}

/// Whether a default provider is configured in this process.
#[must_use]
pub fn is_configured() -> bool {
    provider::configured_default().is_some()
}

/// Delivers every span that has ended in this process; at most `timeout`.
///
/// # Errors
/// [`Timeout`] if the deadline came first; what is left stays queued.
pub fn flush(timeout: Duration) -> Result<(), Timeout> {
    provider::flush_all(timeout)
}

/// Flushes and ends all providers of this process within one time budget.
///
/// # Errors
/// [`Timeout`] if the deadline came first; what is left is counted as dropped.
pub fn shutdown(timeout: Duration) -> Result<(), Timeout> {
    provider::shutdown_all(timeout)
}

/// The account of the default provider's pipelines; empty if none is configured.
#[must_use]
pub fn stats() -> Vec<Stats> {
    provider::default_provider()
        .map(Provider::stats)
        .unwrap_or_default()
}

/// Starts spans of one instrumentation scope. Cheap to clone, safe from any thread.
#[derive(Clone, Copy, Debug)]
pub struct Tracer {
    provider: Option<&'static Provider>,
    scope: &'static Scope,
}

impl Tracer {
    /// Whether a span started now would be looked at by anyone: false if nothing exports and no
    /// processor or capture looks on, after shutdown, and for a scope that is switched off (trace
    /// API, "Enabled"). Ask each time, before work that is done for the span alone.
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        let provider = self.provider.or_else(provider::default_provider);
        provider.is_some_and(|provider| provider.has_use_for(self.scope))
    }

    /// Its provider, if it has one of its own, and its scope.
    pub(crate) fn parts(&self) -> (Option<&'static Provider>, &'static Scope) {
        (self.provider, self.scope)
    }

    /// Whether attributes and links are best given at the start, for bindings that would rather set
    /// them one by one: a sampler, a processor or the like of the program's own looks at them.
    #[doc(hidden)]
    #[must_use]
    pub fn is_asking(&self) -> bool {
        let provider = self.provider.or_else(provider::default_provider);
        provider.is_some_and(|provider| provider.hooks.special() != 0)
    }

    /// A span to be started with all that a binding has, in parts: without a parent it is what is
    /// current; a start time of 0 is now.
    #[doc(hidden)]
    #[inline]
    pub fn span_of<'a>(
        &self,
        name: &'a str,
        parent: Option<Parent<'a>>,
        kind: SpanKind,
        at_ns: u64,
        shared: bool,
    ) -> SpanBuilder<'a> {
        SpanBuilder {
            provider: self.provider,
            has_parent: parent.is_some(),
            start: Start {
                scope: self.scope,
                name,
                parent: parent.unwrap_or(Parent::NONE),
                kind,
                at_ns,
                shared,
                attributes: &[],
                links: &[],
            },
        }
    }

    /// Starts a span below the current one. It does not become current by itself.
    pub fn start(&self, name: &str) -> Span {
        self.span(name).start()
    }

    /// A span to be started with more than a name.
    #[inline]
    pub fn span<'a>(&self, name: &'a str) -> SpanBuilder<'a> {
        self.span_of(name, None, SpanKind::Internal, 0, false)
    }
}

/// A span about to be started (trace API, "span creation").
#[derive(Clone, Copy, Debug)]
#[must_use = "nothing is recorded before `start`"]
pub struct SpanBuilder<'a> {
    provider: Option<&'static Provider>,
    /// Whether the parent is said, also that there is none; else it is what is current.
    has_parent: bool,
    start: Start<'a>,
}

impl<'a> SpanBuilder<'a> {
    /// The parent, from a [`Context`](crate::Context) or a [`SpanContext`](crate::SpanContext); an
    /// invalid one means a root.
    pub fn parent(self, context: impl Into<Parent<'a>>) -> Self {
        self.below(context.into())
    }

    /// The parent in parts, as a language binding has it.
    pub fn below(mut self, parent: Parent<'a>) -> Self {
        self.has_parent = true;
        self.start.parent = parent;
        self
    }

    /// No parent: a new trace.
    pub fn root(self) -> Self {
        self.below(Parent::NONE)
    }

    /// The kind; `Internal` unless said.
    pub fn kind(mut self, kind: SpanKind) -> Self {
        self.start.kind = kind;
        self
    }

    /// The start time in Unix nanoseconds; now unless said.
    pub fn start_time(mut self, unix_ns: u64) -> Self {
        self.start.at_ns = unix_ns;
        self
    }

    /// Several threads may write to the span at once.
    pub fn shared(mut self) -> Self {
        self.start.shared = true;
        self
    }

    /// Attributes known now. Preferred over setting them later: samplers see these only.
    pub fn attributes(mut self, attributes: &'a [(&'a str, Value<'a>)]) -> Self {
        self.start.attributes = attributes;
        self
    }

    /// Spans that this one has to do with. Preferred over adding them later: samplers see these only.
    pub fn links(mut self, links: &'a [Link<'a>]) -> Self {
        self.start.links = links;
        self
    }

    /// Starts the span. It does not become current by itself.
    #[inline]
    pub fn start(self) -> Span {
        self.start_then(|started, parent| {
            if started.handle == SpanHandle::NONE && parent.is_valid() {
                return Span::non_recording(parent.to_context());
            }
            Span::new(started.handle)
        })
    }

    /// Starts a span that nobody owns: it ends by [`SpanHandle::end`] only.
    #[inline]
    #[must_use]
    pub fn start_handle(self) -> SpanHandle {
        self.start_unowned().handle
    }

    /// Starts a span that nobody owns, and says all about it.
    #[inline]
    #[must_use]
    pub fn start_unowned(self) -> Started {
        self.start_then(|started, _| started)
    }

    /// As [`Self::start_unowned`], where a binding has decided some of it itself.
    #[must_use]
    pub fn start_decided(self, decided: &Decided<'_>) -> Started {
        self.begin(
            |provider, start, started| *started = provider.start_decided(start, decided),
            |started, _| started,
        )
    }

    #[inline]
    fn start_then<R>(self, then: impl FnOnce(Started, &Parent<'_>) -> R) -> R {
        self.begin(Provider::start, then)
    }

    #[expect(
        clippy::inline_always,
        reason = "what was started stays in registers: most callers want the handle alone"
    )]
    #[inline(always)]
    fn begin<R>(
        self,
        begin: impl FnOnce(&'static Provider, &Start<'_>, &mut Started),
        then: impl FnOnce(Started, &Parent<'_>) -> R,
    ) -> R {
        let (current, below);
        let start = if self.has_parent {
            &self.start
        } else {
            current = crate::current::current();
            below = Start {
                parent: Parent::from(&current),
                ..self.start
            };
            &below
        };
        let mut started = Started::nothing(&start.parent);
        if let Some(provider) = self.provider.or_else(provider::default_provider) {
            begin(provider, start, &mut started);
        }
        then(started, &start.parent)
    }
}
