//! Calls of language models as four series, with the names that dashboards know them by:
//! `ai_llm_requests_total`, `ai_llm_tokens_total`, `ai_llm_cost_dollars`, `ai_llm_duration_seconds`.
//!
//! They have a provider of `opentelemetry_sdk` to themselves, because their names in the text format
//! are given, and those of a program's own instruments are not.

use crate::errno::Saved;
use crate::thread::enter;
use crate::tracer::TracerProvider;
use opentelemetry::metrics::{Counter, Histogram, MeterProvider, UpDownCounter};
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_sdk::metrics::{MeterProviderBuilder, SdkMeterProvider};
use std::time::Duration;

const SCOPE: &str = "libtracer.llm";

/// A series as the text format introduces it.
pub(super) struct Series {
    pub(super) name: &'static str,
    pub(super) help: &'static str,
    pub(super) kind: &'static str,
}

/// In the order of their names, as the text has them.
pub(super) const SERIES: [&Series; 4] = [&COST, &DURATION, &REQUESTS, &TOKENS];

/// It only grows; but as a monotonic sum it would be called `ai_llm_cost_dollars_total` wherever OTLP
/// becomes Prometheus.
const COST: Series = Series {
    name: "ai_llm_cost_dollars",
    help: "What calls of language models cost so far, in US dollars.",
    kind: "gauge",
};
const DURATION: Series = Series {
    name: "ai_llm_duration_seconds",
    help: "How long calls of language models took.",
    kind: "histogram",
};
const REQUESTS: Series = Series {
    name: "ai_llm_requests_total",
    help: "Calls of language models.",
    kind: "counter",
};
const TOKENS: Series = Series {
    name: "ai_llm_tokens_total",
    help: "Tokens that language models read (input) and wrote (output).",
    kind: "counter",
};

/// What the conventions for generative AI advise, in seconds.
const BOUNDARIES: [f64; 14] = [
    0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92,
];

/// Characters of a label's value that are kept.
const MAX_LABEL: usize = 200;
/// The most that one call counts for: a wrong number must not make a counter wrap.
const MAX_TOKENS: u64 = u32::MAX as u64;
const MAX_COST: f64 = 1e9;

/// One call of a language model, as [`TracerProvider::record_llm_call`] takes it. What is not said
/// is not known, and counted nowhere.
///
/// ```
/// use libtracer::{Config, LlmCall, TracerProvider};
/// use std::time::Duration;
///
/// let provider = TracerProvider::new(&Config::new().llm_metrics(true))?;
/// let call = LlmCall::new("openai", "gpt-4o").tokens(5, 20).cost(0.0002);
/// provider.record_llm_call(&call.duration(Duration::from_millis(750)));
/// let text = provider.metrics_text();
/// assert!(text.contains("ai_llm_requests_total{model=\"gpt-4o\",provider=\"openai\"} 1"));
/// # Ok::<(), libtracer::ConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[must_use]
pub struct LlmCall<'a> {
    provider: &'a str,
    model: &'a str,
    input_tokens: u64,
    output_tokens: u64,
    cost: f64,
    duration: Option<f64>,
}

impl<'a> LlmCall<'a> {
    /// A call of `model` at `provider`: the labels of all four series.
    pub fn new(provider: &'a str, model: &'a str) -> Self {
        Self {
            provider,
            model,
            ..Self::default()
        }
    }

    /// Tokens that the model read and wrote.
    pub fn tokens(mut self, input: u64, output: u64) -> Self {
        (self.input_tokens, self.output_tokens) = (input, output);
        self
    }

    /// What it cost, in US dollars; one that is negative or no number is not known.
    pub fn cost(mut self, dollars: f64) -> Self {
        self.cost = dollars;
        self
    }

    /// How long it took.
    pub fn duration(mut self, duration: Duration) -> Self {
        self.duration = Some(duration.as_secs_f64());
        self
    }
}

impl TracerProvider {
    /// Counts a call of a language model, whether its span is sampled or not; nothing unless
    /// [`crate::Config::llm_metrics`] asks for it. Safe from any thread.
    pub fn record_llm_call(&self, call: &LlmCall<'_>) {
        if !self.counts_llm_calls() {
            return;
        }
        let _errno = Saved::now();
        // A signal handler on this thread must not wait for what this takes.
        enter(|_| {
            if let Some(series) = &self.inner().state().meters().llm {
                series.record(call);
            }
        });
    }

    /// Whether calls of language models are counted.
    #[must_use]
    pub fn counts_llm_calls(&self) -> bool {
        self.inner().metrics.of_llm_calls
    }
}

/// Counts a call of a language model in the default provider, if there is one.
pub fn record_llm_call(call: &LlmCall<'_>) {
    if let Some(provider) = crate::tracer::default_provider() {
        provider.record_llm_call(call);
    }
}

/// The four series in one process.
pub(super) struct LlmSeries {
    /// The instruments below stop counting without it.
    _sdk: SdkMeterProvider,
    registry: prometheus::Registry,
    requests: Counter<u64>,
    tokens: Counter<u64>,
    cost: UpDownCounter<f64>,
    duration: Histogram<f64>,
}

impl LlmSeries {
    /// The series, with the readers that `sdk` has already.
    pub(super) fn new(mut sdk: MeterProviderBuilder) -> Self {
        let registry = prometheus::Registry::new();
        // The names are complete as they are.
        let reader = opentelemetry_prometheus::exporter()
            .with_registry(registry.clone())
            .without_counter_suffixes()
            .scope_info_enabled(false)
            .without_target_info()
            .without_units();
        // It refuses a registry that has the same collector already; this one is empty.
        if let Ok(reader) = reader.build() {
            sdk = sdk.with_reader(reader);
        }
        let sdk = sdk.build();
        let scope = InstrumentationScope::builder(SCOPE).with_version(env!("CARGO_PKG_VERSION"));
        let meter = sdk.meter_with_scope(scope.build());
        Self {
            requests: meter
                .u64_counter(REQUESTS.name)
                .with_description(REQUESTS.help)
                .with_unit("{request}")
                .build(),
            tokens: meter
                .u64_counter(TOKENS.name)
                .with_description(TOKENS.help)
                .with_unit("{token}")
                .build(),
            cost: meter
                .f64_up_down_counter(COST.name)
                .with_description(COST.help)
                .with_unit("{dollar}")
                .build(),
            duration: meter
                .f64_histogram(DURATION.name)
                .with_description(DURATION.help)
                .with_unit("s")
                .with_boundaries(BOUNDARIES.to_vec())
                .build(),
            registry,
            _sdk: sdk,
        }
    }

    fn record(&self, call: &LlmCall<'_>) {
        let label = |key: &'static str, value: &str| {
            let end = value.char_indices().nth(MAX_LABEL).map(|(end, _)| end);
            let value = end.and_then(|end| value.get(..end)).unwrap_or(value);
            KeyValue::new(key, value.to_owned())
        };
        let [provider, model] = [label("provider", call.provider), label("model", call.model)];
        let labels = [provider.clone(), model.clone()];
        self.requests.add(1, &labels);
        for (kind, count) in [("input", call.input_tokens), ("output", call.output_tokens)] {
            if count > 0 {
                let labels = [provider.clone(), model.clone(), KeyValue::new("type", kind)];
                self.tokens.add(count.min(MAX_TOKENS), &labels);
            }
        }
        if call.cost > 0.0 {
            self.cost.add(call.cost.min(MAX_COST), &labels);
        }
        if let Some(seconds) = call.duration {
            self.duration.record(seconds, &labels);
        }
    }
}

impl LlmSeries {
    /// Where their text comes from.
    pub(super) fn registry(&self) -> &prometheus::Registry {
        &self.registry
    }
}
