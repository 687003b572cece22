//! What a provider has of metrics: configured, and in one process.

use super::llm::LlmSeries;
use super::own;
use super::reader::{Collector, Shared};
use crate::config::{MetricConfig, MetricExporter};
use crate::export::{ExporterFactory, Signal};
use crate::pipeline::counters::PipelineCounters;
use crate::pipeline::queue::PipelineSettings;
use crate::pipeline::worker::{Feed, ProviderPipes};
use crate::provider::{Provider, ProviderState};
use crate::thread::undisturbed;
use opentelemetry_sdk::metrics::{ManualReader, SdkMeterProvider};
use std::mem;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, OnceLock};

/// The most that the metrics waiting for one destination may take; some thousand collections.
const MOST_BYTES: usize = 4 << 20;
/// All metrics of a collection go out together.
const BATCH: usize = 1 << 20;

/// A provider's metrics in this process.
pub(crate) struct MetricState {
    pub(super) sdk: SdkMeterProvider,
    pub(super) llm: Option<LlmSeries>,
    /// For the text format.
    pub(super) registry: Option<prometheus::Registry>,
    pub(super) exits: Vec<Exit>,
    /// Metrics collected for those.
    pub(super) collected: Arc<AtomicU64>,
}

/// A pipeline's name and its counters.
pub(super) type Exit = (String, Arc<PipelineCounters>);

/// The place of a [`MetricState`], filled when meters are asked for.
pub(crate) struct Metrics {
    config: &'static MetricConfig,
    state: OnceLock<MetricState>,
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Metrics")
            .field("config", self.config)
            .finish_non_exhaustive()
    }
}

impl Metrics {
    pub(crate) fn new(config: &'static MetricConfig) -> Self {
        let state = OnceLock::new();
        Self { config, state }
    }

    /// The metrics, if they were asked for.
    pub(super) fn made(&self) -> Option<&MetricState> {
        self.state.get()
    }

    /// Whether a worker pipeline takes them.
    pub(crate) fn exports(&self) -> bool {
        self.state
            .get()
            .is_some_and(|state| !state.exits.is_empty())
    }
}

impl Provider {
    /// Begins to measure this library in this process, if that was asked for.
    #[cold]
    pub(crate) fn measure_itself(&'static self) {
        if self.metrics.of_itself {
            self.state().meters();
        }
    }
}

impl ProviderState {
    /// The metrics of this process, made at first use.
    pub(crate) fn meters(&'static self) -> &'static MetricState {
        let mut is_new = false;
        let make = || {
            is_new = true;
            self.make_meters()
        };
        // A signal handler that comes meanwhile must not wait for it.
        let state = undisturbed(|| self.metrics.state.get_or_init(make));
        if is_new && self.metrics.config.of_itself {
            own::observe(&state.sdk, self.provider);
        }
        state
    }

    fn make_meters(&'static self) -> MetricState {
        let config = self.metrics.config;
        let resource = crate::otel::resource_of(self.resource());
        let builder = || SdkMeterProvider::builder().with_resource(resource.clone());
        let mut sdk = builder();
        let mut of_llm_calls = config.of_llm_calls.then(builder);
        let (mut exits, mut collected) = (Vec::new(), Arc::default());
        if !config.exporters.is_empty() && !self.is_shut_down() {
            let mut readers = Vec::new();
            for sdk in [Some(&mut sdk), of_llm_calls.as_mut()]
                .into_iter()
                .flatten()
            {
                let reader = ManualReader::builder().with_temporality(config.temporality.into());
                let reader = Arc::new(reader.build());
                *sdk = mem::take(sdk).with_reader(Shared(Arc::clone(&reader)));
                readers.push(reader);
            }
            (exits, collected) = self.add_collector(readers);
        }
        let mut registry = None;
        if config.prometheus || config.exporters.is_empty() {
            let new = prometheus::Registry::new();
            let reader = opentelemetry_prometheus::exporter();
            // It refuses a registry that has the same collector already; this one is empty.
            if let Ok(reader) = reader.with_registry(new.clone()).build() {
                sdk = sdk.with_reader(reader);
                registry = Some(new);
            }
        }
        MetricState {
            sdk: sdk.build(),
            llm: of_llm_calls.map(LlmSeries::new),
            registry,
            exits,
            collected,
        }
    }

    /// Has the worker collect from these readers; with the counters of the pipelines, and of what is
    /// collected.
    fn add_collector(
        &'static self,
        readers: Vec<Arc<ManualReader>>,
    ) -> (Vec<Exit>, Arc<AtomicU64>) {
        let config = self.metrics.config;
        let share_bytes = self.runtime.budget.limit() / config.exporters.len().max(1);
        let settings = config.exporters.iter().map(|(name, exporter)| {
            let settings = PipelineSettings {
                max_export_batch_size: BATCH,
                schedule_delay: config.interval,
                export_timeout: config.export_timeout,
                share_bytes: share_bytes.min(MOST_BYTES),
                signal: Signal::Metrics,
                ..PipelineSettings::new(name, self.factory(exporter))
            };
            (settings, Arc::new(PipelineCounters::default()))
        });
        let pipelines: Vec<_> = settings.collect();
        let exits = pipelines
            .iter()
            .map(|(settings, counters)| (settings.name.clone(), counters.clone()));
        let exits: Vec<Exit> = exits.collect();
        let counters = exits.iter().map(|(_, counters)| counters.clone());
        let source = Collector::new(
            readers,
            &self.runtime.budget,
            &self.runtime.scopes,
            counters.collect(),
        );
        let collected = source.count();
        self.runtime.worker.add_provider(ProviderPipes {
            id: self.id,
            resource: Arc::from(self.resource()),
            feed: Feed::new(Arc::new(source)),
            pipelines,
        });
        self.ensure_worker();
        (exits, collected)
    }

    fn factory(&'static self, exporter: &MetricExporter) -> ExporterFactory {
        match exporter {
            MetricExporter::Made(factory) => factory.clone(),
            #[cfg(feature = "otlp-http")]
            MetricExporter::Pushgateway(target) => {
                let provider = self.provider;
                super::pushgateway::factory(target, || provider.state().metrics.made())
            }
        }
    }
}
