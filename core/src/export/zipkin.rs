//! Zipkin, version 2 in JSON over HTTP.
//!
//! OpenTelemetry has deprecated exporters to Zipkin (support ends in December 2026): Zipkin servers
//! take OTLP through `zipkin-otel`, and the collector translates too.

mod endpoint;
mod json;

use super::http::{Client, Compression, Target};
use super::{Accepted, Batch, ExportError, ExportFuture, Exporter, ExporterFactory, Tls};
use crate::error::ConfigError;
use bytes::Bytes;
use std::{sync::Arc, time::Duration};

const PRODUCT: &str = concat!("libtracer/", env!("CARGO_PKG_VERSION"));

/// A Zipkin server.
///
/// Spans go as the OpenTelemetry specification says ("OpenTelemetry to Zipkin Transformation"):
/// times in whole microseconds, attributes as texts. Resource attributes and links, about which it is
/// silent, are tags.
///
/// ```
/// use libtracer::Zipkin;
/// use std::time::Duration;
///
/// let headers = [("authorization", "Bearer secret")];
/// let timeout = Duration::from_secs(10);
/// let zipkin = Zipkin::new("https://zipkin.example/api/v2/spans", headers, timeout)?;
/// let exporter = zipkin.factory();
/// # Ok::<(), libtracer::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Zipkin {
    target: Target,
}

impl Zipkin {
    /// A server at `endpoint`, the complete URL, that is sent bodies without compression. One
    /// request may take `timeout`; zero leaves the limit to the pipeline's export timeout.
    ///
    /// # Errors
    ///
    /// If the URL or a header cannot be used; the text says what would be right.
    pub fn new<N: AsRef<str>, V: AsRef<str>>(
        endpoint: &str,
        headers: impl IntoIterator<Item = (N, V)>,
        timeout: Duration,
    ) -> Result<Self, ConfigError> {
        let target = Target::new(PRODUCT, endpoint, headers, timeout)?;
        Ok(Self { target })
    }

    /// Compresses bodies (default: not); Zipkin servers take gzip.
    pub fn compression(mut self, compression: Compression) -> Self {
        self.target = self.target.compression(compression);
        self
    }

    /// Whom to trust and who to be at an `https` endpoint.
    ///
    /// # Errors
    ///
    /// If a file cannot be read or used; the text names it.
    pub fn tls(mut self, tls: &Tls) -> Result<Self, ConfigError> {
        self.target = self.target.tls(tls)?;
        Ok(self)
    }

    /// Makes the exporter in each process that needs one.
    #[must_use]
    pub fn factory(self) -> ExporterFactory {
        Arc::new(move || {
            let client = self.target.open()?;
            Ok(Box::new(Sender { client }))
        })
    }
}

struct Sender {
    client: Client,
}

impl Sender {
    async fn send(&mut self, batch: &Batch) -> Result<Accepted, ExportError> {
        if let Some(body) = body(batch)? {
            // Zipkin servers store later and answer nothing: there is no more to learn from it.
            self.client.post(&[body], "application/json").await?;
        }
        Ok(Accepted::default())
    }
}

/// The body for a batch, if there is a span in it.
pub(crate) fn body(batch: &Batch) -> Result<Option<Bytes>, ExportError> {
    let spans = batch.to_spans();
    if spans.is_empty() {
        return Ok(None);
    }
    let body = json::spans(&spans);
    let failed = |error| ExportError::permanent(format!("no JSON of these spans: {error}"));
    Ok(Some(body.map_err(failed)?.into()))
}

impl Exporter for Sender {
    fn export<'a>(&'a mut self, batch: &'a Batch) -> ExportFuture<'a> {
        Box::pin(self.send(batch))
    }
}

#[cfg(test)]
mod tests;
