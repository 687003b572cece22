//! How finished spans are batched (OpenTelemetry trace SDK, "Batching processor").

use super::Config;
use super::env::Env;
use crate::error::ConfigError;
use std::time::Duration;

/// When a pipeline exports, and how much at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchSettings {
    /// Finished spans that may wait; `None` = bounded by the memory limit only, which holds more
    /// than the specification's 2,048 and costs less to keep.
    pub max_queue_size: Option<usize>,
    /// Spans of one export; a full batch is exported at once.
    pub max_export_batch_size: usize,
    /// The longest that a finished span waits for others.
    pub schedule_delay: Duration,
    /// The longest that one attempt at an export may take: it is cancelled then, and the batch tried
    /// again.
    pub export_timeout: Duration,
}

impl Default for BatchSettings {
    /// The specification's values: 512 spans, 5 s, 30 s.
    fn default() -> Self {
        Self {
            max_queue_size: None,
            max_export_batch_size: 512,
            schedule_delay: Duration::from_secs(5),
            export_timeout: Duration::from_secs(30),
        }
    }
}

impl Config {
    /// When pipelines export, and how much at once: all but those with settings of their own.
    pub fn batch(mut self, batch: BatchSettings) -> Self {
        self.refuse_zero(&batch);
        self.batch = Some(batch);
        self
    }

    /// The settings of the destination that was added last: each has its own queue and schedule.
    ///
    /// ```
    /// use libtracer::{BatchSettings, Config};
    ///
    /// let config = Config::new()
    ///     .otlp("http://localhost:4318")
    ///     .console()
    ///     .destination_batch(BatchSettings::simple());
    /// ```
    pub fn destination_batch(mut self, batch: BatchSettings) -> Self {
        self.refuse_zero(&batch);
        let added = self.destinations.as_ref().map_or(0, Vec::len);
        match added.checked_sub(1) {
            Some(last) => drop(self.own_batches.insert(last, batch)),
            None => self.refuse(ConfigError::new(
                "batch settings without a destination: add one before, such as otlp(url)",
            )),
        }
        self
    }

    fn refuse_zero(&mut self, batch: &BatchSettings) {
        if batch.max_export_batch_size == 0 || batch.max_queue_size == Some(0) {
            self.refuse(ConfigError::new(
                "batch and queue sizes of 0 are not usable: use 1 or more",
            ));
        }
    }

    /// What was chosen for the destination at `place`, by whoever chose the destinations.
    pub(super) fn own_batch(&self, place: usize) -> Option<BatchSettings> {
        let own = match self.destinations {
            Some(_) => &self.own_batches,
            None => &self.env.own_batches,
        };
        own.get(&place).map(|own| own.fitted())
    }
}

impl BatchSettings {
    /// Every span is exported by itself as soon as it has ended (trace SDK, "Simple processor").
    /// `end` does not wait for it. For development: each costs a request.
    #[must_use]
    pub fn simple() -> Self {
        Self {
            max_export_batch_size: 1,
            ..Self::default()
        }
    }

    /// A batch is never larger than the queue it is taken from.
    pub(super) fn fitted(mut self) -> Self {
        if let Some(queue) = self.max_queue_size {
            self.max_export_batch_size = self.max_export_batch_size.min(queue);
        }
        self
    }

    pub(super) fn from_env(env: &mut Env) -> Self {
        let default = Self::default();
        let settings = Self {
            max_queue_size: env.positive("OTEL_BSP_MAX_QUEUE_SIZE"),
            max_export_batch_size: env
                .positive("OTEL_BSP_MAX_EXPORT_BATCH_SIZE")
                .unwrap_or(default.max_export_batch_size),
            schedule_delay: env
                .duration("OTEL_BSP_SCHEDULE_DELAY")
                .unwrap_or(default.schedule_delay),
            export_timeout: env
                .timeout("OTEL_BSP_EXPORT_TIMEOUT")
                .unwrap_or(default.export_timeout),
        };
        let fitted = settings.fitted();
        if fitted != settings && env.text("OTEL_BSP_MAX_EXPORT_BATCH_SIZE").is_some() {
            let text = "larger than OTEL_BSP_MAX_QUEUE_SIZE, which is used in its place";
            env.warn("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", text);
        }
        fitted
    }
}

impl Config {
    /// The blocking mode, for batch jobs that would rather wait than lose spans: where the memory
    /// bound or a queue size leaves no room for a finished span, its `end` waits up to `longest`
    /// for a destination to take some. Off by default: then nothing in a program ever waits, and
    /// what does not fit is dropped and counted.
    ///
    /// A wait that was in vain is not repeated before the destination has taken something: one that
    /// is down costs one wait in each thread, not one for each span. Threads of exporters never
    /// wait. The pipelines of a provider in this mode share the whole memory bound, so that one
    /// slow destination makes spans wait for all of them.
    pub fn block_when_full(mut self, longest: Duration) -> Self {
        self.block_when_full = Some(longest);
        self
    }

    pub(crate) fn chosen_block_when_full(&self) -> Option<Duration> {
        self.block_when_full.filter(|longest| !longest.is_zero())
    }
}
