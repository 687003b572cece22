//! The HTTP client that all destinations over HTTP share: one request at a time, judged once.
//!
//! A [`Target`] is plain settings, checked in the caller's thread; a [`client::Client`] is opened from
//! it in the worker thread and posts bodies. What an answer means (only 2xx is success, redirects are
//! refused, what may be tried again and when), the limits on sizes, compression, proxies and TLS are
//! decided here and nowhere else. Header values, the query and credentials of a URL, and those of a
//! proxy never reach a message or `Debug`.

pub(crate) mod answer;
pub(crate) mod body;
pub(crate) mod client;
pub(crate) mod compress;
pub(crate) mod connector;
mod endpoint;
pub(crate) mod proxy;

pub(crate) use answer::Answer;
pub(crate) use client::Client;
pub use compress::Compression;
pub(crate) use connector::{Connector, Version};

use super::ExportError;
use super::text::one_line;
use super::tls::{Tls, TlsFiles};
use crate::config::env::Env;
use crate::error::ConfigError;
use endpoint::Endpoint;
use http::{
    HeaderMap, HeaderName, HeaderValue, Uri,
    header::{AUTHORIZATION, USER_AGENT},
};
use proxy::{Proxies, Proxy};
use std::{fmt, sync::Arc, time::Duration};

/// Headers that only the transport can set right.
const OWN_HEADERS: [&str; 6] = [
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "host",
    "transfer-encoding",
];

/// A destination over HTTP: where, and how to get there.
#[derive(Clone)]
pub(crate) struct Target {
    endpoint: Endpoint,
    headers: HeaderMap,
    timeout: Duration,
    compression: Compression,
    /// Read at set-up, so that a wrong path is an error there.
    tls: Arc<TlsFiles>,
    proxy: Option<Arc<Proxy>>,
}

impl Target {
    /// A destination at `endpoint`, the complete URL, with no compression, the system's trust roots,
    /// and the proxy that the environment names for it. `product` begins the User-Agent unless
    /// `headers` have one, which it then follows. One attempt may take `timeout`; zero is no limit.
    pub(crate) fn new<N: AsRef<str>, V: AsRef<str>>(
        product: &'static str,
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
        let agent = user_agent(all.get(USER_AGENT), product)?;
        all.insert(USER_AGENT, agent);
        let target = Self {
            endpoint,
            headers: all,
            timeout,
            compression: Compression::None,
            tls: Arc::default(),
            proxy: None,
        };
        Ok(target.proxies(&Env::of_process().proxies()))
    }

    /// Compresses request bodies.
    pub(crate) fn compression(mut self, compression: Compression) -> Self {
        self.compression = compression;
        self
    }

    /// Whom to trust and who to be; reads the files.
    pub(crate) fn tls(mut self, tls: &Tls) -> Result<Self, ConfigError> {
        self.tls = Arc::new(TlsFiles::read(tls)?);
        Ok(self)
    }

    /// Goes through the proxy that these settings name for this destination, or through none.
    pub(crate) fn proxies(mut self, proxies: &Proxies) -> Self {
        self.proxy = proxies.of(self.endpoint.uri()).map(Arc::new);
        self
    }

    /// The complete URL, without user information.
    pub(crate) fn uri(&self) -> &Uri {
        self.endpoint.uri()
    }

    /// The URL fit for a message.
    pub(crate) fn shown(&self) -> String {
        let endpoint = self.endpoint.shown();
        match &self.proxy {
            Some(proxy) => format!("{endpoint} (through the proxy {})", proxy.shown()),
            None => endpoint,
        }
    }

    /// A client for this destination, in the worker thread and inside its runtime.
    ///
    /// # Errors
    ///
    /// If there are no trust roots for `https`.
    pub(crate) fn open(&self) -> Result<Client, ExportError> {
        Client::open(self.clone())
    }

    /// What makes connections to this destination, in the worker thread and inside its runtime.
    ///
    /// # Errors
    ///
    /// If there are no trust roots for `https`.
    pub(crate) fn connector(&self, version: Version) -> Result<Connector, ExportError> {
        let tls = if self.endpoint.is_https() || self.proxy.as_ref().is_some_and(|p| p.is_https()) {
            let tls = Arc::clone(&self.tls).open(version.alpn());
            Some(tls.map_err(ExportError::permanent)?)
        } else {
            None
        };
        Ok(Connector::new(tls, self.proxy.clone(), version))
    }

    /// Foreign text in one line; a server may repeat what it was sent, so secrets are cut out: of the
    /// whole text, before it is shortened, and the longest first, for one may begin with another.
    pub(crate) fn without_secrets(&self, text: &str) -> String {
        let headers = self.headers.values().filter(|value| value.is_sensitive());
        let proxy = self.proxy.iter().flat_map(|proxy| proxy.secrets());
        let secrets = headers.filter_map(|value| value.to_str().ok()).chain(proxy);
        // Of "Bearer token", the token alone is as secret.
        let parts = secrets.flat_map(|value| [value, value.rsplit(' ').next().unwrap_or(value)]);
        let mut parts: Vec<&str> = parts.filter(|value| value.len() >= 4).collect();
        parts.sort_by_key(|value| std::cmp::Reverse(value.len()));
        let clean = parts
            .into_iter()
            .fold(text.to_owned(), |clean, value| clean.replace(value, "***"));
        one_line(&clean, 300)
    }
}

/// For a client of another kind.
#[cfg(feature = "otlp-grpc")]
impl Target {
    /// What every request carries, with User-Agent and Authorization; values may be secret.
    pub(crate) fn headers(&self) -> &HeaderMap {
        &self.headers
    }

    /// What one attempt may take; zero is no limit.
    pub(crate) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// How request bodies are compressed.
    pub(crate) fn compressed_by(&self) -> Compression {
        self.compression
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.headers.keys().map(HeaderName::as_str).collect();
        f.debug_struct("Target")
            .field("endpoint", &self.shown())
            .field("header_names", &names)
            .field("timeout", &self.timeout)
            .field("compression", &self.compression)
            .field("tls", &self.tls)
            .finish_non_exhaustive()
    }
}

/// A header of the user's. Its value is secret until proved otherwise.
fn header(name: &str, value: &str) -> Result<(HeaderName, HeaderValue), ConfigError> {
    let shown = one_line(name, 60);
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
fn user_agent(
    theirs: Option<&HeaderValue>,
    product: &'static str,
) -> Result<HeaderValue, ConfigError> {
    let Some(theirs) = theirs else {
        return Ok(HeaderValue::from_static(product));
    };
    let both = [theirs.as_bytes(), b" ", product.as_bytes()].concat();
    HeaderValue::from_bytes(&both)
        .map_err(|_| ConfigError::new("headers: \"user-agent\" has a value that cannot be sent"))
}

#[cfg(test)]
mod tests;
