//! OTLP over HTTP/1.1, in protobuf or JSON: the default destination.
//!
//! Settings are checked when they are made, in the caller's thread; the client, its sockets and (for
//! `https`) the system's trust roots are made in the exporter thread. Each call is one attempt: what
//! the worker does after a retryable error is its own affair. Header values, the endpoint's query and
//! its credentials never reach a message or `Debug`.

pub(crate) mod accepted;

use super::http::{Client, Compression, Target};
use super::{Accepted, Batch, ExportError, ExportFuture, Exporter, ExporterFactory, Tls};
use crate::error::ConfigError;
use std::{fmt, sync::Arc, time::Duration};

/// What row 87 of the conformance list asks for.
pub(crate) const PRODUCT: &str = concat!("OTel-OTLP-Exporter-Rust/", env!("CARGO_PKG_VERSION"));

/// An OTLP/HTTP destination. It takes batches of any signal; the URL says which it is for.
///
/// The proxy that `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` name is used, except for this
/// machine itself.
///
/// ```
/// use libtracer::{Compression, OtlpHttp};
/// use std::time::Duration;
///
/// let headers = [("x-api-key", "secret")];
/// let otlp = OtlpHttp::new("http://localhost:4318/v1/traces", headers, Duration::from_secs(10))?
///     .compression(Compression::Gzip);
/// let exporter = otlp.factory();
/// # Ok::<(), libtracer::ConfigError>(())
/// ```
#[derive(Clone)]
#[must_use]
pub struct OtlpHttp {
    target: Target,
    json: bool,
}

impl OtlpHttp {
    /// A destination at `endpoint`, the complete URL (with `/v1/traces`, if the receiver wants it),
    /// that is sent protobuf, not compressed. One attempt may take `timeout`; zero leaves the limit to
    /// the pipeline's export timeout.
    ///
    /// # Errors
    ///
    /// If the URL or a header cannot be used; the text says what would be right.
    pub fn new<N: AsRef<str>, V: AsRef<str>>(
        endpoint: &str,
        headers: impl IntoIterator<Item = (N, V)>,
        timeout: Duration,
    ) -> Result<Self, ConfigError> {
        Ok(Self::to(Target::new(PRODUCT, endpoint, headers, timeout)?))
    }

    /// A destination whose way there is settled.
    pub(crate) fn to(target: Target) -> Self {
        Self {
            target,
            json: false,
        }
    }

    /// Sends JSON instead of protobuf: larger and slower, for receivers that read nothing else.
    pub fn json(mut self) -> Self {
        self.json = true;
        self
    }

    /// Compresses request bodies (default: not).
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
            Ok(Box::new(Sender {
                client: self.target.open()?,
                json: self.json,
            }))
        })
    }
}

impl fmt::Debug for OtlpHttp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OtlpHttp")
            .field("target", &self.target)
            .field("json", &self.json)
            .finish()
    }
}

struct Sender {
    client: Client,
    json: bool,
}

impl Sender {
    async fn send(&mut self, batch: &Batch) -> Result<Accepted, ExportError> {
        let (frames, content_type) = if self.json {
            let request = batch.to_otlp_json();
            let frames = if request.is_empty() {
                vec![]
            } else {
                vec![request.into()]
            };
            (frames, "application/json")
        } else {
            (batch.otlp_frames().0, "application/x-protobuf")
        };
        if frames.is_empty() {
            return Ok(Accepted::default());
        }
        let answer = self.client.post(&frames, content_type).await?;
        Ok(accepted::read(&answer, batch, self.client.target()))
    }
}

impl Exporter for Sender {
    fn export<'a>(&'a mut self, batch: &'a Batch) -> ExportFuture<'a> {
        Box::pin(self.send(batch))
    }
}

#[cfg(test)]
mod tests;
