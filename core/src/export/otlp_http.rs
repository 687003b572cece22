//! OTLP over HTTP/1.1 with protobuf bodies: the default destination.
//!
//! Settings are checked when they are made, in the caller's thread; the client, its sockets and (for
//! `https`) the system's trust roots are made in the exporter thread. Each call is one attempt: what
//! the worker does after a retryable error is its own affair. Header values, the endpoint's query and
//! its credentials never reach a message or `Debug`.

mod answer;
mod client;
mod endpoint;

use super::ExporterFactory;
use crate::error::ConfigError;
use endpoint::Endpoint;
use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{AUTHORIZATION, CONTENT_TYPE, USER_AGENT},
};
use std::{fmt, sync::Arc, time::Duration};

/// What row 87 of the conformance list asks for.
const PRODUCT: &str = concat!("OTel-OTLP-Exporter-Rust/", env!("CARGO_PKG_VERSION"));
/// Headers that only the transport can set right.
const OWN_HEADERS: [&str; 6] = [
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "host",
    "transfer-encoding",
];

/// An OTLP/HTTP destination (protobuf).
///
/// ```
/// use libtracer::OtlpHttp;
/// use std::time::Duration;
///
/// let headers = [("x-api-key", "secret")];
/// let otlp = OtlpHttp::new("http://localhost:4318/v1/traces", headers, Duration::from_secs(10))?;
/// let exporter = otlp.factory();
/// # Ok::<(), libtracer::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct OtlpHttp {
    endpoint: Endpoint,
    headers: HeaderMap,
    timeout: Duration,
}

impl OtlpHttp {
    /// A destination at `endpoint`, the complete URL (with `/v1/traces`, if the receiver wants it).
    /// One attempt may take `timeout`; zero leaves the limit to the pipeline's export timeout.
    ///
    /// # Errors
    ///
    /// If the URL or a header cannot be used; the text says what would be right.
    pub fn new<N: AsRef<str>, V: AsRef<str>>(
        endpoint: &str,
        headers: impl IntoIterator<Item = (N, V)>,
        timeout: Duration,
    ) -> Result<Self, ConfigError> {
        let (endpoint, credentials) = Endpoint::parse(endpoint)?;
        let mut all = HeaderMap::new();
        if let Some(credentials) = credentials {
            all.insert(AUTHORIZATION, credentials);
        }
        for (name, value) in headers {
            let (name, value) = header(name.as_ref(), value.as_ref())?;
            all.insert(name, value);
        }
        let product = product(all.get(USER_AGENT))?;
        all.insert(USER_AGENT, product);
        all.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/x-protobuf"),
        );
        Ok(Self {
            endpoint,
            headers: all,
            timeout,
        })
    }

    /// Makes the exporter in each process that needs one.
    #[must_use]
    pub fn factory(self) -> ExporterFactory {
        Arc::new(move || client::open(&self))
    }
}

impl fmt::Debug for OtlpHttp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.headers.keys().map(HeaderName::as_str).collect();
        f.debug_struct("OtlpHttp")
            .field("endpoint", &self.endpoint.shown())
            .field("header_names", &names)
            .field("timeout", &self.timeout)
            .finish()
    }
}

/// A header of the user's. Its value is secret until proved otherwise.
fn header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), ConfigError> {
    let shown = super::text::one_line(name, 60);
    let bad = |why: &str| ConfigError::new(format!("headers: \"{shown}\" {why}"));
    let name = HeaderName::try_from(name)
        .map_err(|_| bad("is not the name of a header; use letters, digits and - . _"))?;
    if OWN_HEADERS.contains(&name.as_str()) {
        return Err(bad("is set by the exporter itself; remove it"));
    }
    let mut value = HeaderValue::from_bytes(value.as_bytes())
        .map_err(|_| bad("has a value with a control character; remove line breaks from it"))?;
    value.set_sensitive(true);
    Ok((name, value))
}

/// Our name, after the user's if one is given.
fn product(theirs: Option<&HeaderValue>) -> Result<HeaderValue, ConfigError> {
    let Some(theirs) = theirs else {
        return Ok(HeaderValue::from_static(PRODUCT));
    };
    let both = [theirs.as_bytes(), b" ", PRODUCT.as_bytes()].concat();
    HeaderValue::from_bytes(&both)
        .map_err(|_| ConfigError::new("headers: \"user-agent\" has a value that cannot be sent"))
}

#[cfg(test)]
mod tests;
