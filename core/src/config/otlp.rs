//! What OTLP needs to know: endpoint, protocol, headers, time-out; from code and environment.

use super::endpoint::{DEFAULT_BASE, Endpoint, Protocol, Reading};
use super::env::Env;
use super::headers::Headers;
use crate::error::ConfigError;
use std::time::Duration;

/// The specification's time-out of one request.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

const TRACES: &str = "OTEL_EXPORTER_OTLP_TRACES_";
const ALL: &str = "OTEL_EXPORTER_OTLP_";

/// Options of the OTLP exporter.
#[derive(Clone, Debug, Default)]
pub(crate) struct Otlp {
    pub(super) endpoint: Option<Endpoint>,
    /// With the name of the option that said so.
    pub(super) protocol: Option<(Protocol, String)>,
    pub(super) headers: Headers,
    pub(super) timeout: Option<Duration>,
    env_headers: Headers,
}

impl Otlp {
    /// The URL that traces are posted to.
    pub(super) fn traces_url(&self) -> Result<String, ConfigError> {
        let protocol = match &self.protocol {
            Some((protocol, option)) => {
                protocol.check(option)?;
                Some(*protocol)
            }
            None => None,
        };
        match &self.endpoint {
            Some(endpoint) => endpoint.traces_url(protocol),
            None => Endpoint::parse("endpoint", DEFAULT_BASE, Reading::Base)?.traces_url(protocol),
        }
    }

    #[cfg_attr(
        not(any(test, feature = "otlp-http")),
        expect(dead_code, reason = "for the exporter")
    )]
    pub(super) fn all_headers(&self) -> Headers {
        self.env_headers.merged(&self.headers)
    }

    #[cfg_attr(
        not(any(test, feature = "otlp-http")),
        expect(dead_code, reason = "for the exporter")
    )]
    pub(super) fn timeout(&self) -> Duration {
        self.timeout.unwrap_or(DEFAULT_TIMEOUT)
    }

    /// Takes from the environment what code did not set; the traces' own variable wins.
    pub(super) fn load_env(&mut self, env: &mut Env) {
        if self.endpoint.is_none() {
            self.endpoint = endpoint(env, "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", Reading::Signal)
                .or_else(|| endpoint(env, "OTEL_EXPORTER_OTLP_ENDPOINT", Reading::Base));
        }
        if self.protocol.is_none() {
            self.protocol = own_or_general("PROTOCOL", |name| {
                let wrong = "use http/protobuf";
                let protocol = env.read(name, wrong, |text| {
                    Protocol::parse(name, text)
                        .ok()
                        .filter(|known| *known != Protocol::HttpJson)
                })?;
                Some((protocol, name.to_owned()))
            });
        }
        if self.timeout.is_none() {
            self.timeout = own_or_general("TIMEOUT", |name| env.timeout(name));
        }
        let headers = own_or_general("HEADERS", |name| {
            let list = env.text(name)?;
            Some(Headers::parse(&list, |text| env.warn(name, text)))
        });
        self.env_headers = headers.unwrap_or_default();
        warn_unsupported(env);
    }
}

/// Names what would silently not happen.
fn warn_unsupported(env: &mut Env) {
    for option in [
        "CERTIFICATE",
        "CLIENT_KEY",
        "CLIENT_CERTIFICATE",
        "COMPRESSION",
    ] {
        let set = own_or_general(option, |name| {
            let value = env.text(name)?;
            Some((name.to_owned(), value))
        });
        if let Some((name, _)) = set.filter(|(_, value)| value != "none") {
            env.warn(&name, "not supported yet; it is ignored");
        }
    }
}

fn own_or_general<T>(option: &str, mut read: impl FnMut(&str) -> Option<T>) -> Option<T> {
    read(&format!("{TRACES}{option}")).or_else(|| read(&format!("{ALL}{option}")))
}

fn endpoint(env: &mut Env, name: &'static str, reading: Reading) -> Option<Endpoint> {
    let text = env.text(name)?;
    match Endpoint::parse(name, &text, reading) {
        Ok(endpoint) => Some(endpoint),
        Err(error) => {
            env.warn_error(&error);
            None
        }
    }
}
