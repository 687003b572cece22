//! Where OTLP goes: endpoint and protocol (OpenTelemetry protocol exporter, "Endpoint URLs for
//! OTLP/HTTP"). No message shows credentials that someone put into a URL.

use crate::error::ConfigError;
use http::Uri;

/// The path of the trace signal.
const TRACES_PATH: &str = "v1/traces";
/// The collector's port for gRPC.
const GRPC_PORT: u16 = 4317;
/// Where a collector listens for OTLP/HTTP.
pub(crate) const DEFAULT_BASE: &str = "http://localhost:4318";

/// What an endpoint's text means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    /// Given in code: the traces URL, or a base if it has no path.
    Code,
    /// `OTEL_EXPORTER_OTLP_ENDPOINT`: a base for all signals.
    Base,
    /// `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`: used as it is.
    Signal,
}

/// An endpoint that has been checked to be an HTTP URL.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Endpoint {
    option: &'static str,
    uri: Uri,
    reading: Reading,
}

impl std::fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&shown(&self.uri.to_string()))
    }
}

impl Endpoint {
    /// Checks an endpoint given as `option`.
    pub(crate) fn parse(
        option: &'static str,
        text: &str,
        reading: Reading,
    ) -> Result<Self, ConfigError> {
        const CURE: &str = "give a URL such as http://localhost:4318 or https://host/v1/traces";
        let text = text.trim();
        let wrong = |what: &str| ConfigError::value(option, &shown(text), what, CURE);
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
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        let address = authority
            .rsplit_once('@')
            .map_or(authority, |(_, address)| address);
        if Some(address) != uri.host() && uri.port_u16().is_none() {
            return Err(wrong("has a port that is not 0 to 65535"));
        }
        Ok(Self {
            option,
            uri,
            reading,
        })
    }

    /// Whether it looks like a gRPC endpoint: the gRPC port, and no path of OTLP/HTTP.
    fn means_grpc(&self) -> bool {
        let path = self.uri.path().trim_end_matches('/');
        self.uri.port_u16() == Some(GRPC_PORT) && !path.ends_with(TRACES_PATH)
    }

    /// The URL that traces are posted to. `protocol` is what the user said, if anything.
    pub(crate) fn traces_url(&self, protocol: Option<Protocol>) -> Result<String, ConfigError> {
        if protocol.is_none() && self.means_grpc() {
            return Err(ConfigError::value(
                self.option,
                &shown(&self.uri.to_string()),
                "is a gRPC endpoint (port 4317), and gRPC is not supported yet",
                "use OTLP/HTTP, usually port 4318, or set the protocol to http/protobuf",
            ));
        }
        let path = self.uri.path();
        let append = match self.reading {
            Reading::Base => true,
            Reading::Code => path == "/" || path.is_empty(),
            Reading::Signal => false,
        };
        let mut url = self.uri.clone().into_parts();
        // The http crate offers no way to change the path alone.
        let query = self
            .uri
            .query()
            .map(|query| format!("?{query}"))
            .unwrap_or_default();
        let path = if append {
            format!("{}/{TRACES_PATH}{query}", path.trim_end_matches('/'))
        } else {
            format!("{path}{query}")
        };
        url.path_and_query = path.parse().ok();
        Uri::from_parts(url)
            .map(|uri| uri.to_string())
            .map_err(|_| {
                ConfigError::value(
                    self.option,
                    &shown(&path),
                    "is not a URL",
                    "give another path",
                )
            })
    }
}

/// How OTLP is spoken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// The default, and the only one spoken so far.
    HttpProtobuf,
    /// Known, not spoken yet.
    HttpJson,
    /// Known, not spoken yet.
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
                "use http/protobuf",
            )),
        }
    }

    /// Refuses what is not there yet.
    pub(crate) fn check(self, option: &str) -> Result<(), ConfigError> {
        let name = match self {
            Self::HttpProtobuf => return Ok(()),
            Self::HttpJson => "http/json",
            Self::Grpc => "grpc",
        };
        let cure = "use http/protobuf and an OTLP/HTTP endpoint, usually port 4318";
        Err(ConfigError::value(
            option,
            name,
            "is not supported yet",
            cure,
        ))
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
mod tests {
    use super::*;

    fn url(text: &str, reading: Reading) -> Result<String, String> {
        Endpoint::parse("endpoint", text, reading)
            .and_then(|endpoint| endpoint.traces_url(None))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn conf_076_endpoints_follow_the_specification() {
        use Reading::{Base, Code, Signal};
        for (text, reading, expected) in [
            (DEFAULT_BASE, Base, "http://localhost:4318/v1/traces"),
            ("http://h:4318/", Base, "http://h:4318/v1/traces"),
            ("https://h/otlp", Base, "https://h/otlp/v1/traces"),
            ("https://h/otlp/", Base, "https://h/otlp/v1/traces"),
            ("https://h/v1/traces", Base, "https://h/v1/traces/v1/traces"),
            ("https://h/a?k=v", Base, "https://h/a/v1/traces?k=v"),
            ("http://h:4318", Signal, "http://h:4318/"),
            ("http://h:4318/x", Signal, "http://h:4318/x"),
            ("http://h:4318/v1/traces", Signal, "http://h:4318/v1/traces"),
            ("http://h:4318", Code, "http://h:4318/v1/traces"),
            ("http://h:4318/", Code, "http://h:4318/v1/traces"),
            ("http://h:4318/v1/traces", Code, "http://h:4318/v1/traces"),
            ("http://h/custom", Code, "http://h/custom"),
            ("http://[::1]:4318", Code, "http://[::1]:4318/v1/traces"),
            (" HTTP://h ", Code, "http://h/v1/traces"),
            ("http://h:4317/v1/traces", Code, "http://h:4317/v1/traces"),
            ("http://u:p@h:1", Code, "http://u:p@h:1/v1/traces"),
        ] {
            assert_eq!(
                url(text, reading).as_deref(),
                Ok(expected),
                "{text} {reading:?}"
            );
        }
    }

    #[test]
    fn bad_endpoints_are_named_with_a_cure_and_without_credentials() {
        for (text, wrong) in [
            ("", "has no http:// or https://"),
            ("localhost:4318", "has no http:// or https://"),
            ("ftp://h", "is not an http or https URL"),
            ("http://", "is not a URL"),
            ("http://a b", "is not a URL"),
            ("http://h:99999", "has a port"),
            ("http://h:x", "has a port"),
            ("http://u:s3cret@h:99999", "has a port"),
            ("u:s3cret@h", "has no http://"),
            ("http://u:s3cret@h h?token=s3cret", "is not a URL"),
        ] {
            let error = url(text, Reading::Code).unwrap_err();
            assert!(
                error.starts_with("endpoint \"") && error.contains(wrong),
                "{text}: {error}"
            );
            assert!(error.contains(": give a URL such as "));
            assert!(!error.contains("s3cret"), "{error}");
        }
    }

    #[test]
    fn a_grpc_endpoint_says_that_grpc_is_not_there_yet() {
        for reading in [Reading::Code, Reading::Base, Reading::Signal] {
            let error = url("http://h:4317", reading).unwrap_err();
            assert!(error.contains("gRPC is not supported yet"), "{error}");
            assert!(error.contains("4318"), "{error}");
        }
        let endpoint = Endpoint::parse("endpoint", "http://h:4317", Reading::Code).unwrap();
        let url = endpoint.traces_url(Some(Protocol::HttpProtobuf));
        assert_eq!(url.as_deref(), Ok("http://h:4317/v1/traces"));
    }

    #[test]
    fn protocols_that_are_not_there_yet_say_so() {
        for name in ["grpc", "GRPC", "http/json"] {
            let error = Protocol::parse("protocol", name)
                .unwrap()
                .check("protocol")
                .unwrap_err();
            assert!(
                error
                    .to_string()
                    .contains("is not supported yet: use http/protobuf")
            );
        }
        assert_eq!(
            Protocol::parse("p", "HTTP/protobuf").unwrap().check("p"),
            Ok(())
        );
        assert!(Protocol::parse("p", "http").is_err());
    }

    #[test]
    fn debug_shows_no_credentials() {
        let text = "http://u:s3cret@h/?token=s3cret";
        let endpoint = Endpoint::parse("endpoint", text, Reading::Code).unwrap();
        assert_eq!(format!("{endpoint:?}"), "http://***@h/?...");
    }
}
