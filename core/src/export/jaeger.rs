//! Jaeger, by Thrift over HTTP: the collector's `/api/traces`.
//!
//! OpenTelemetry has removed exporters to Jaeger, because Jaeger takes OTLP since 1.35; this is for
//! collectors that still listen for Thrift.

mod thrift;
mod writer;

use super::http::{Client, Compression, Target};
use super::{Accepted, Batch, ExportError, ExportFuture, Exporter, ExporterFactory, Tls};
use crate::error::ConfigError;
use bytes::Bytes;
use std::{sync::Arc, time::Duration};

const PRODUCT: &str = concat!("libtracer/", env!("CARGO_PKG_VERSION"));
const CONTENT_TYPE: &str = "application/vnd.apache.thrift.binary";

/// A Jaeger collector that listens for Thrift over HTTP.
///
/// Spans go as the OpenTelemetry specification said ("OpenTelemetry to Jaeger Transformation", last
/// in 1.31): times in whole microseconds, attributes as tags, events as logs, links as references.
///
/// ```
/// use libtracer::JaegerThrift;
/// use std::time::Duration;
///
/// let headers = [("authorization", "Bearer secret")];
/// let timeout = Duration::from_secs(10);
/// let jaeger = JaegerThrift::new("http://jaeger:14268/api/traces", headers, timeout)?;
/// let exporter = jaeger.factory();
/// # Ok::<(), libtracer::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct JaegerThrift {
    target: Target,
}

impl JaegerThrift {
    /// A collector at `endpoint`, the complete URL, that is sent bodies without compression. One
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

    /// Compresses bodies (default: not). Jaeger's own collector may refuse that; the OpenTelemetry
    /// collector's receiver takes gzip and zstd.
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
            self.client.post(&[body], CONTENT_TYPE).await?;
        }
        Ok(Accepted::default())
    }
}

/// The body for a batch, if there is a span in it.
pub(crate) fn body(batch: &Batch) -> Result<Option<Bytes>, ExportError> {
    let spans = batch.to_spans();
    let Some(first) = spans.first() else {
        return Ok(None);
    };
    let body = thrift::batch(&spans, &first.resource);
    let failed = |error| ExportError::too_large(format!("no Thrift of these spans: {error}"));
    Ok(Some(body.map_err(failed)?.into()))
}

impl Exporter for Sender {
    fn export<'a>(&'a mut self, batch: &'a Batch) -> ExportFuture<'a> {
        Box::pin(self.send(batch))
    }
}

#[cfg(test)]
mod tests;
