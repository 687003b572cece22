//! Where OTLP goes: endpoint and protocol (OpenTelemetry protocol exporter, "Endpoint URLs for
//! OTLP/HTTP"). No message shows credentials that someone put into a URL.

use crate::error::ConfigError;
use crate::export::Signal;
use http::{Uri, uri::Authority};

/// The collector's port for gRPC.
const GRPC_PORT: u16 = 4317;
/// Where a collector listens for OTLP/HTTP.
const DEFAULT_HTTP: &str = "http://localhost:4318";
/// Where a collector listens for OTLP by gRPC.
const DEFAULT_GRPC: &str = "http://localhost:4317";

/// What an endpoint's text means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    /// Given in code: the traces URL, or a base if it has no path.
    Code,
    /// `OTEL_EXPORTER_OTLP_ENDPOINT`: a base for all signals.
    Base,
    /// `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT` and the like: used as it is.
    Signal,
}

/// An endpoint that has been checked to be an HTTP URL.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Endpoint {
    option: String,
    uri: Uri,
    reading: Reading,
    /// Given without a scheme, as only gRPC allows.
    bare: bool,
}

impl std::fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&shown(&self.uri.to_string()))
    }
}

impl Endpoint {
    /// Checks an endpoint given as `option`.
    pub(crate) fn parse(option: &str, text: &str, reading: Reading) -> Result<Self, ConfigError> {
        let example = "http://localhost:4318 or https://host/v1/traces";
        Self::parse_like(example, option, text, reading)
    }

    /// As above, for a destination whose URLs look like `example`.
    pub(crate) fn parse_like(
        example: &str,
        option: &str,
        text: &str,
        reading: Reading,
    ) -> Result<Self, ConfigError> {
        let cure = format!("give a URL such as {example}");
        let text = text.trim();
        let wrong = |what: &str| ConfigError::value(option, &shown(text), what, &cure);
        if !text.contains("://") {
            return Err(wrong("has no http:// or https://"));
        }
        let uri: Uri = text.parse().map_err(|_| wrong("is not a URL"))?;
        if !matches!(uri.scheme_str(), Some("http" | "https")) {
            return Err(wrong("is not an http or https URL"));
        }
        if uri.host().is_none_or(str::is_empty) {
            return Err(wrong("names no host"));
        }
        if uri
            .authority()
            .is_some_and(|authority| !has_port(authority))
        {
            return Err(wrong("has a port that is not 0 to 65535"));
        }
        Ok(Self {
            option: option.to_owned(),
            uri,
            reading,
            bare: false,
        })
    }

    /// An endpoint without a scheme: a host, mostly with a port.
    pub(crate) fn parse_bare(option: &str, text: &str) -> Option<Self> {
        let authority: Authority = text.trim().parse().ok()?;
        if authority.host().is_empty() || !has_port(&authority) {
            return None;
        }
        let uri = Uri::builder().scheme("https").authority(authority);
        Some(Self {
            option: option.to_owned(),
            uri: uri.path_and_query("/").build().ok()?,
            reading: Reading::Base,
            bare: true,
        })
    }

    /// Where a collector of this machine listens.
    pub(crate) fn default_for(protocol: Protocol) -> Result<Self, ConfigError> {
        let url = match protocol {
            Protocol::Grpc => DEFAULT_GRPC,
            Protocol::HttpProtobuf | Protocol::HttpJson => DEFAULT_HTTP,
        };
        Self::parse("endpoint", url, Reading::Base)
    }

    /// What is spoken there: what the user said, or what the port means.
    pub(crate) fn protocol(&self, said: Option<Protocol>) -> Protocol {
        said.unwrap_or(if self.means_grpc() {
            Protocol::Grpc
        } else {
            Protocol::HttpProtobuf
        })
    }

    pub(crate) fn uri(&self) -> &Uri {
        &self.uri
    }

    /// The URL as it was given, with `path` if it has none.
    pub(crate) fn url_or(&self, path: &str) -> String {
        let url = self.uri.to_string();
        match (self.uri.path(), self.uri.query()) {
            ("" | "/", None) => format!("{}{path}", url.trim_end_matches('/')),
            _ => url,
        }
    }

    /// The URL with another path.
    pub(crate) fn with_path(&self, path: &str) -> String {
        let scheme = self.uri.scheme_str().unwrap_or_default();
        let authority = self.uri.authority().map_or("", Authority::as_str);
        let query = self.uri.query().map(|query| format!("?{query}"));
        format!("{scheme}://{authority}{path}{}", query.unwrap_or_default())
    }

    /// Why it cannot be used where URLs look like `example`.
    pub(crate) fn refused(&self, what: &str, example: &str) -> ConfigError {
        let cure = format!("give a URL such as {example}");
        ConfigError::value(&self.option, &shown(&self.uri.to_string()), what, &cure)
    }

    /// Whether it looks like a gRPC endpoint: the gRPC port, and no path of OTLP/HTTP.
    fn means_grpc(&self) -> bool {
        self.uri.port_u16() == Some(GRPC_PORT) && signal_in(self.uri.path()).is_none()
    }

    /// The URL that gRPC needs: its paths are its own.
    pub(crate) fn authority_url(&self, insecure: bool) -> String {
        let scheme = match self.uri.scheme_str() {
            _ if self.bare && insecure => "http",
            Some(scheme) => scheme,
            None => "https",
        };
        let authority = self.uri.authority().map_or("", Authority::as_str);
        format!("{scheme}://{authority}")
    }

    /// The URL that a signal is posted to.
    pub(crate) fn signal_url(&self, signal: Signal) -> Result<String, ConfigError> {
        let wrong = |what: &str| {
            let cure = "give a URL such as http://localhost:4318";
            let shown = shown(&self.uri.to_string());
            ConfigError::value(&self.option, &shown, what, cure)
        };
        if self.bare {
            return Err(wrong("has no http:// or https://"));
        }
        let path = self.uri.path();
        let trimmed = path.trim_end_matches('/');
        let path = match self.reading {
            Reading::Signal => path.to_owned(),
            Reading::Base => format!("{trimmed}/{}", signal.path()),
            Reading::Code if trimmed.is_empty() => format!("/{}", signal.path()),
            Reading::Code => match signal_in(path) {
                Some(base) => format!("{base}{}", signal.path()),
                None => path.to_owned(),
            },
        };
        let query = self.uri.query().map(|query| format!("?{query}"));
        // The http crate offers no way to change the path alone.
        let mut url = self.uri.clone().into_parts();
        url.path_and_query = format!("{path}{}", query.unwrap_or_default()).parse().ok();
        let url = Uri::from_parts(url).map_err(|_| wrong("is not a URL"))?;
        Ok(url.to_string())
    }
}

/// Whether an authority has no port, or one that is a number.
fn has_port(authority: &Authority) -> bool {
    let text = authority.as_str();
    let address = text.rsplit_once('@').map_or(text, |(_, address)| address);
    address == authority.host() || authority.port_u16().is_some()
}

/// What stands before a signal's path, if the path ends in one.
fn signal_in(path: &str) -> Option<&str> {
    let path = path.trim_end_matches('/');
    let paths = [Signal::Traces, Signal::Logs, Signal::Metrics].map(Signal::path);
    paths.iter().find_map(|known| path.strip_suffix(known))
}

/// How OTLP is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// The default.
    HttpProtobuf,
    HttpJson,
    Grpc,
}

impl Protocol {
    pub(crate) fn parse(option: &str, text: &str) -> Result<Self, ConfigError> {
        match text.trim().to_ascii_lowercase().as_str() {
            "http/protobuf" => Ok(Self::HttpProtobuf),
            "http/json" => Ok(Self::HttpJson),
            "grpc" => Ok(Self::Grpc),
            _ => Err(ConfigError::value(
                option,
                text,
                "is not a protocol",
                "use grpc, http/protobuf or http/json",
            )),
        }
    }
}

/// A URL fit for messages: no credentials, no query.
fn shown(text: &str) -> String {
    let text = without_query(text);
    let Some((scheme, rest)) = text.split_once("://") else {
        return match text.rsplit_once('@') {
            Some((_, host)) => format!("***@{host}"),
            None => text,
        };
    };
    match rest.rsplit_once('@') {
        Some((_, host)) => format!("{scheme}://***@{host}"),
        None => text,
    }
}

fn without_query(text: &str) -> String {
    text.split_once('?')
        .map_or_else(|| text.to_owned(), |(before, _)| format!("{before}?..."))
}

#[cfg(test)]
mod tests;
