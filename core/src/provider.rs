//! Tracer providers: what spans are recorded with and where they go (trace SDK, "tracer provider").
//!
//! A [`Provider`] is what was configured and outlives forks; a [`ProviderState`] is what one process
//! makes of it: logs, pipelines, account. States are made at first use and leaked, so that slots and
//! threads may point to them.

mod process;

pub(crate) use process::{
    configured_default, default_provider, flush_all, set_default, shutdown_all, shutdown_at_exit,
};

mod account;
mod adopt;
mod grow;
pub(crate) mod hooks;
mod latest;
mod queue;
mod streams;
mod ways;

pub(crate) use latest::Latest;
pub(crate) use queue::{Admitted, Look, Queues, may_block};
pub(crate) use streams::Setup;
pub(crate) use ways::{Facts, Growing};

use crate::config::{Config, PipelineConfig};
use crate::errno::Saved;
use crate::error::{ConfigError, Timeout};
use crate::export::Signal;
use crate::limits::SpanLimits;
use crate::logs::state::{RecordSettings, RecordState};
use crate::pipeline::producer::Logs;
use crate::pipeline::worker::Feed;
use crate::propagate::Propagator;
use crate::resource::EncodedResource;
use crate::runtime::{Runtime, runtime, runtime_if_built};
use crate::sampler::{BelowParents, Sampler};
use crate::scope::{Scope, ScopeRule};
use crate::stats::Stats;
use crate::thread::{enter, undisturbed};
use hooks::{CUSTOM_VALUES, Hooks, PROCESSORS};
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicPtr, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};
use streams::StreamParts;

/// A configured provider.
#[derive(Debug)]
pub(crate) struct Provider {
    pub(crate) id: u32,
    pub(crate) sampler: Sampler,
    /// What of the sampler needs no more than a parent.
    pub(crate) below_parents: BelowParents,
    pub(crate) resource: EncodedResource,
    pub(crate) records: RecordSettings,
    #[cfg(feature = "metrics")]
    pub(crate) metrics: crate::config::MetricConfig,
    pub(crate) hooks: Hooks,
    /// Which scopes record; none = all.
    pub(crate) scope_rule: Option<ScopeRule>,
    pub(crate) propagator: Arc<dyn Propagator>,
    limits: SpanLimits,
    pub(crate) pipelines: Latest<Vec<PipelineConfig>>,
    block_when_full: Option<Duration>,
    memory_limit: Option<usize>,
    exit_timeout: Duration,
    /// Shut down in this process or in one that it was forked from.
    shut_down: AtomicBool,
    /// Starts that interrupted this library on their thread.
    pub(crate) reentrant: AtomicU64,
    /// The provider that was configured before it, or null.
    older: AtomicPtr<Provider>,
}

/// The provider configured last. A list without a lock: a forked child walks it as it is.
static NEWEST: AtomicPtr<Provider> = AtomicPtr::new(ptr::null_mut());

/// Calls `each` with every provider configured in this process and those it was forked from.
fn each_configured(each: impl Fn(&'static Provider)) {
    // Acquire pairs with the release in `leak`, whose successors keep it.
    let mut next = NEWEST.load(Ordering::Acquire);
    // SAFETY: null or a leaked provider, published with release.
    while let Some(provider) = unsafe { next.as_ref() } {
        each(provider);
        next = provider.older.load(Ordering::Relaxed);
    }
}

/// A provider in this process.
#[derive(Debug)]
pub(crate) struct ProviderState {
    pub(crate) id: u32,
    pub(crate) provider: &'static Provider,
    pub(crate) runtime: &'static Runtime,
    pub(crate) limits: SpanLimits,
    pub(crate) hooks: &'static Hooks,
    pub(crate) logs: Arc<Logs>,
    pub(crate) records: RecordState,
    #[cfg(feature = "metrics")]
    pub(crate) metrics: crate::metrics::state::Metrics,
    resource: Arc<[u8]>,
    feed: Arc<Feed>,
    ways: Growing,
    shut_down: AtomicBool,
    /// The worker knows it no more: nobody else counts what comes late.
    ended: AtomicBool,
    /// How long an end waits for room.
    block: Option<Duration>,
    /// Chunks that threads have filled.
    filled: AtomicU32,
    /// When one of them last woke the worker, on the monotonic clock.
    woken_ns: AtomicU64,
    reentrant: &'static AtomicU64,
    reentrant_before: u64,
    exit_timeout: Duration,
}

/// What the program gave it is called with panics contained, so that an unwinding caller may go on.
impl std::panic::RefUnwindSafe for Provider {}

impl Provider {
    /// The provider that `config` describes.
    pub(crate) fn new(config: &Config) -> Result<Self, ConfigError> {
        static LAST_ID: AtomicU32 = AtomicU32::new(0);
        config.apply_diagnostic_level();
        config.print_warnings();
        let (own, sampler) = (config.own_code(), config.sampler_in_force());
        let (pipelines, records) = (config.build_pipelines()?, config.build_records()?);
        Ok(Self {
            id: LAST_ID.fetch_add(1, Ordering::Relaxed) + 1,
            resource: config.encoded_resource(),
            #[cfg(feature = "metrics")]
            metrics: config.build_metrics()?,
            records: RecordSettings::new(records),
            hooks: Hooks::new(
                own.ids,
                own.clock,
                own.scope_rule.is_some(),
                sampler.is_asking(),
                &own.processors,
            ),
            below_parents: BelowParents::of(&sampler),
            sampler,
            scope_rule: own.scope_rule,
            propagator: config.propagator_in_force(),
            limits: config.limits_in_force(),
            pipelines: Latest::new(pipelines),
            block_when_full: config.chosen_block_when_full(),
            memory_limit: config.chosen_memory_limit(),
            exit_timeout: config.exit_timeout_in_force(),
            shut_down: AtomicBool::new(false),
            reentrant: AtomicU64::new(0),
            older: AtomicPtr::new(ptr::null_mut()),
        })
    }

    /// Keeps the provider for the rest of the process: states, slots and threads point to it.
    pub(crate) fn leak(self) -> &'static Self {
        let provider: &'static Self = Box::leak(Box::new(self));
        let mut newest = NEWEST.load(Ordering::Relaxed);
        loop {
            provider.older.store(newest, Ordering::Relaxed);
            let new = ptr::from_ref(provider).cast_mut();
            // Release pairs with the acquire load in `each_configured`.
            match NEWEST.compare_exchange(newest, new, Ordering::Release, Ordering::Relaxed) {
                Ok(_) => return provider,
                Err(other) => newest = other,
            }
        }
    }

    /// This process's state of the provider, made at first use.
    pub(crate) fn state(&'static self) -> &'static ProviderState {
        self.state_if_used().unwrap_or_else(|| self.begin_here())
    }

    /// Makes this process's state. What detectors find out takes files to be read: before the lock.
    #[cold]
    fn begin_here(&'static self) -> &'static ProviderState {
        let runtime = runtime();
        let resource = self.resource.here();
        let mut states = runtime
            .providers
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        // Another thread may have been faster.
        if let Some(state) = states.iter().find(|state| state.id == self.id) {
            return state;
        }
        let state = ProviderState::new(self, runtime, resource);
        let state: &'static ProviderState = Box::leak(Box::new(state));
        states.push(state);
        state
    }

    /// This process's state, if the provider has been used in it.
    fn state_if_used(&self) -> Option<&'static ProviderState> {
        let states = runtime_if_built()?
            .providers
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        states.iter().find(|state| state.id == self.id).copied()
    }

    /// Delivers everything that has ended, at the latest until `timeout` is over.
    pub(crate) fn flush(&self, timeout: Duration) -> Result<(), Timeout> {
        let Some(state) = self.state_if_used() else {
            return Ok(());
        };
        let deadline = deadline_in(timeout);
        let seen = state.flush_processors(deadline);
        if !state.is_served() {
            return seen;
        }
        seen.and(state.runtime.worker.flush(Some(self.id), deadline))
    }

    /// Flushes, then ends: later spans are not recorded, what is left is counted.
    pub(crate) fn shutdown(&'static self, timeout: Duration) -> Result<(), Timeout> {
        let state = self.state();
        self.shut_down.store(true, Ordering::Relaxed);
        if state.shut_down.swap(true, Ordering::AcqRel) {
            return Ok(());
        }
        state.close_to_destinations();
        let deadline = deadline_in(timeout);
        let seen = state.end_processors(deadline);
        if !state.is_served() {
            return seen;
        }
        let done = state.runtime.worker.shutdown_provider(self.id, deadline);
        state.end();
        seen.and(done)
    }

    /// Whether anyone would look at a span of `scope` that starts now.
    pub(crate) fn has_use_for(&'static self, scope: &Scope) -> bool {
        let off = self.scope_rule.is_some() && scope.is_off();
        let state = enter(|thread| thread.producers.of_provider(self).map(|own| own.state));
        state.flatten().is_some_and(|state| {
            let wanted = state.exports() || state.keeps() || state.is_watched();
            wanted && !off && !state.is_shut_down()
        })
    }

    /// The account of each pipeline; one without a name if there is none.
    pub(crate) fn stats(&'static self) -> Vec<Stats> {
        undisturbed(|| self.state().stats())
    }
}

impl ProviderState {
    fn new(provider: &'static Provider, runtime: &'static Runtime, resource: Arc<[u8]>) -> Self {
        if let Some(limit) = provider.memory_limit {
            runtime.budget.set_limit(limit);
        }
        if provider.block_when_full.is_some() {
            queue::enter_blocking_mode();
            runtime.budget.keep_half_for_open();
        }
        let setup = Setup {
            provider,
            runtime,
            resource: &resource,
        };
        let block = provider.block_when_full;
        let StreamParts { logs, feed, ways } =
            setup.stream(Signal::Traces, provider.pipelines.get(), block);
        let records = RecordState::new(&setup);
        Self {
            id: provider.id,
            provider,
            runtime,
            limits: provider.limits,
            hooks: &provider.hooks,
            logs,
            records,
            #[cfg(feature = "metrics")]
            metrics: crate::metrics::state::Metrics::new(&provider.metrics),
            resource,
            feed,
            ways: Growing::new(ways),
            shut_down: AtomicBool::new(provider.shut_down.load(Ordering::Relaxed)),
            ended: AtomicBool::new(false),
            block,
            filled: AtomicU32::new(0),
            woken_ns: AtomicU64::new(0),
            reentrant: &provider.reentrant,
            reentrant_before: provider.reentrant.load(Ordering::Relaxed),
            exit_timeout: provider.exit_timeout,
        }
    }

    /// What its ways out have in common.
    #[inline]
    pub(crate) fn facts(&self) -> Facts {
        self.ways.facts()
    }

    /// Whether a worker pipeline takes its spans.
    #[inline]
    pub(crate) fn exports(&self) -> bool {
        self.facts().exports()
    }

    /// Whether an in-memory exporter or a processor takes its spans.
    pub(crate) fn keeps(&self) -> bool {
        self.facts().memory() || self.hooks.special() & PROCESSORS != 0
    }

    /// The fields of OTLP `ResourceSpans` that stand before its spans.
    pub(crate) fn resource(&self) -> &[u8] {
        &self.resource
    }

    /// Whether the end of a recorded span is more than its bytes: processors or a clock.
    #[inline]
    pub(crate) fn is_special(&self) -> bool {
        self.hooks.special() & (CUSTOM_VALUES | PROCESSORS) != 0 && !self.is_shut_down()
    }

    fn flush_processors(&self, deadline: Instant) -> Result<(), Timeout> {
        let deadline = self.processors_until(deadline);
        self.hooks
            .each_until(deadline, |processor, left| processor.flush(left))
    }

    /// The deadline for processors, which come first: half of the time, so that what is queued has the
    /// other half.
    fn processors_until(&self, deadline: Instant) -> Instant {
        let now = Instant::now();
        if self.is_served() {
            now + deadline.saturating_duration_since(now) / 2
        } else {
            deadline
        }
    }

    /// Shuts the processors down, once in this process.
    fn end_processors(&self, deadline: Instant) -> Result<(), Timeout> {
        let deadline = self.processors_until(deadline);
        self.hooks
            .each_until(deadline, |processor, left| processor.shutdown(left))
    }

    #[inline]
    pub(crate) fn is_shut_down(&self) -> bool {
        self.shut_down.load(Ordering::Relaxed)
    }

    /// Whether someone looks at each span as it ends.
    #[inline]
    pub(crate) fn is_watched(&self) -> bool {
        self.facts().memory() || self.runtime.captures.is_active()
    }

    /// Shows a finished span (OTLP `Span`) to captures and in-memory exporters.
    #[cold]
    pub(crate) fn show(&self, scope: &'static Scope, span: &[u8]) {
        let _errno = Saved::now();
        self.show_to(Signal::Traces, scope, span, &self.ways.all().memory);
    }

    /// Tells the worker that there is something to take.
    pub(crate) fn wake(&self) {
        self.runtime.worker.wake();
    }

    /// Wakes the worker for a single span, if batches are of one.
    #[inline]
    pub(crate) fn wake_if_eager(&self) {
        if self.facts().eager() {
            self.wake();
        }
    }

    /// Starts the worker, so that the schedule runs, and sees to the flush at exit.
    pub(crate) fn ensure_worker(&self) {
        crate::runtime::flush_at_exit();
        self.runtime.worker.ensure_started();
    }
}

/// When `timeout` is over; what is beyond all times is far enough in ten years.
fn deadline_in(timeout: Duration) -> Instant {
    const FAR: Duration = Duration::from_secs(10 * 365 * 24 * 3600);
    Instant::now() + timeout.min(FAR)
}
