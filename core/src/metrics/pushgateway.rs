//! A Pushgateway, which keeps the last that a process said for Prometheus to scrape.

use super::state::MetricState;
use crate::error::ConfigError;
use crate::export::http::{Client, Target};
use crate::export::{
    Accepted, Batch, ExportError, ExportFuture, Exporter, ExporterFactory, OTLP_PRODUCT,
};
use bytes::Bytes;
use std::sync::Arc;
use std::time::Duration;

const TEXT_FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";
const TIMEOUT: Duration = Duration::from_secs(10);

/// The group at `url`, checked.
pub(crate) fn target(url: &str) -> Result<Target, ConfigError> {
    let none: [(&str, &str); 0] = [];
    Target::new(OTLP_PRODUCT, url, none, TIMEOUT)
}

/// Makes the exporter in each process that needs one. `metrics` is asked for the text.
pub(super) fn factory(
    target: &Target,
    metrics: impl Fn() -> Option<&'static MetricState> + Copy + Send + Sync + 'static,
) -> ExporterFactory {
    let target = target.clone();
    Arc::new(move || {
        let client = target.open()?;
        Ok(Box::new(Sender { client, metrics }))
    })
}

struct Sender<F> {
    client: Client,
    metrics: F,
}

impl<F: Fn() -> Option<&'static MetricState>> Sender<F> {
    /// Sends all metrics as they are now. What was collected says only that there is something: of
    /// several collections the gateway could keep the last alone, and refuses them in one request.
    async fn send(&mut self) -> Result<Accepted, ExportError> {
        let text = (self.metrics)().map(MetricState::text).unwrap_or_default();
        if !text.is_empty() {
            // POST: what others pushed to the group under other names stays.
            self.client.post(&[Bytes::from(text)], TEXT_FORMAT).await?;
        }
        Ok(Accepted::default())
    }
}

impl<F: Fn() -> Option<&'static MetricState>> Exporter for Sender<F> {
    fn export<'a>(&'a mut self, _: &'a Batch) -> ExportFuture<'a> {
        Box::pin(self.send())
    }
}
