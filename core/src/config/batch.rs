//! How finished spans are batched (OpenTelemetry trace SDK, "Batching processor").

use super::env::Env;
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
    /// The longest that one export may take, retries included.
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

impl BatchSettings {
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
