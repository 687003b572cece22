//! OTLP over gRPC: one unary call for each batch.
//!
//! The messages are the bytes that spans were recorded as; tonic speaks gRPC, hyper HTTP/2, over
//! connections made as for every other destination. Settings are checked when they are made, in the
//! caller's thread; the connection is opened in the exporter thread, by the first batch, and again
//! when it is lost. Each call is one attempt: what the worker does after a retryable error is its own
//! affair. Header values and credentials never reach a message or `Debug`.

mod call;
mod client;
mod codec;
mod gather;
pub(crate) mod status;

use super::http::{Compression, Target};
use super::{ExporterFactory, OTLP_PRODUCT, Tls, text::one_line};
use crate::error::ConfigError;
use client::Sender;
use std::{fmt, sync::Arc, time::Duration};

/// Headers of HTTP/1 that HTTP/2 forbids, and one that is gRPC's own.
const FOREIGN_HEADERS: [&str; 4] = ["keep-alive", "proxy-connection", "te", "upgrade"];

/// An OTLP/gRPC destination. It takes batches of any signal.
///
/// The proxy that `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` name is used, except for this
/// machine itself.
///
/// ```
/// use libtracer::{Compression, OtlpGrpc};
/// use std::time::Duration;
///
/// let headers = [("x-api-key", "secret")];
/// let otlp = OtlpGrpc::new("http://localhost:4317", headers, Duration::from_secs(10))?
///     .compression(Compression::Gzip);
/// let exporter = otlp.factory();
/// # Ok::<(), libtracer::ConfigError>(())
/// ```
#[derive(Clone)]
#[must_use]
pub struct OtlpGrpc {
    target: Target,
}

impl OtlpGrpc {
    /// A destination at `endpoint`, an `http` or `https` URL whose path is not used, that is sent
    /// messages as they are. `headers` become gRPC metadata. One attempt may take `timeout`, which the
    /// receiver is told too; zero leaves the limit to the pipeline's export timeout.
    ///
    /// # Errors
    ///
    /// If the URL or a header cannot be used; the text says what would be right.
    pub fn new<N: AsRef<str>, V: AsRef<str>>(
        endpoint: &str,
        headers: impl IntoIterator<Item = (N, V)>,
        timeout: Duration,
    ) -> Result<Self, ConfigError> {
        Self::to(Target::new(OTLP_PRODUCT, endpoint, headers, timeout)?)
    }

    /// A destination whose way there is settled.
    pub(crate) fn to(target: Target) -> Result<Self, ConfigError> {
        for name in target.headers().keys() {
            if name.as_str().starts_with("grpc-") || FOREIGN_HEADERS.contains(&name.as_str()) {
                let shown = one_line(name.as_str(), 60);
                return Err(ConfigError::new(format!(
                    "headers: \"{shown}\" cannot be sent over gRPC; remove it"
                )));
            }
        }
        Ok(Self { target })
    }

    /// Compresses messages (default: not).
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
        Arc::new(move || Ok(Box::new(Sender::open(self.target.clone())?)))
    }
}

impl fmt::Debug for OtlpGrpc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OtlpGrpc")
            .field("target", &self.target)
            .finish()
    }
}

#[cfg(test)]
mod tests;
