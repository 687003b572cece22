//! Where Jaeger is and what it speaks there, from code and environment.

use super::Config;
use super::endpoint::{Endpoint, Reading};
use super::env::Env;
use super::others::Other;
use crate::error::ConfigError;
use crate::export::{self, ExporterFactory, Signal};
use std::time::Duration;

/// Where a Jaeger collector listens for Thrift.
const DEFAULT: &str = "http://localhost:14268/api/traces";
const PATH: &str = "/api/traces";
const PORT: u16 = 14268;
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

/// Options of the Jaeger exporter.
#[derive(Clone, Default)]
pub(super) struct Jaeger {
    endpoint: Option<Endpoint>,
    timeout: Option<Duration>,
    /// User and password, from the environment; in code they are part of the URL.
    credentials: Option<(String, String)>,
}

impl std::fmt::Debug for Jaeger {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Jaeger")
            .field("endpoint", &self.endpoint)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

impl Jaeger {
    /// Takes from the environment what code did not set.
    pub(super) fn load_env(&mut self, env: &mut Env) {
        if self.endpoint.is_none() {
            let name = "OTEL_EXPORTER_JAEGER_ENDPOINT";
            self.endpoint = Endpoint::from_env(env, name, DEFAULT);
            let user = env.text("OTEL_EXPORTER_JAEGER_USER");
            let password = env.text("OTEL_EXPORTER_JAEGER_PASSWORD");
            self.credentials = user.map(|user| (user, password.unwrap_or_default()));
            warn_unsupported(env);
        }
        if self.timeout.is_none() {
            self.timeout = env.timeout("OTEL_EXPORTER_JAEGER_TIMEOUT");
        }
    }

    pub(super) fn factory(&self) -> Result<ExporterFactory, ConfigError> {
        let timeout = self.timeout.unwrap_or(DEFAULT_TIMEOUT);
        let headers = self.credentials.iter().map(|(user, password)| {
            let pair = format!("{user}:{password}");
            let coded = crate::finished::Base64(pair.as_bytes());
            ("authorization".to_owned(), format!("Basic {coded}"))
        });
        match &self.endpoint {
            Some(endpoint) if !speaks_thrift(endpoint) => {
                let url = endpoint.uri().to_string();
                let otlp = Config::new().endpoint(url).otlp_timeout(timeout);
                headers
                    .fold(otlp, |otlp, (name, value)| otlp.otlp_header(name, value))
                    .otlp_factory(Signal::Traces)
            }
            endpoint => {
                let url = endpoint.as_ref().map(|endpoint| endpoint.url_or(PATH));
                let url = url.as_deref().unwrap_or(DEFAULT);
                Ok(export::JaegerThrift::new(url, headers, timeout)?.factory())
            }
        }
    }
}

fn speaks_thrift(endpoint: &Endpoint) -> bool {
    let uri = endpoint.uri();
    uri.port_u16() == Some(PORT) || uri.path().trim_end_matches('/').ends_with(PATH)
}

/// Names what would silently not happen.
fn warn_unsupported(env: &mut Env) {
    let protocol = "OTEL_EXPORTER_JAEGER_PROTOCOL";
    let spoken = "http/thrift.binary";
    if let Some(other) = env.text(protocol).filter(|protocol| protocol != spoken) {
        let cure = "use http/thrift.binary, or send OTLP to Jaeger (OTEL_TRACES_EXPORTER=otlp)";
        env.warn_value(protocol, &other, cure);
    }
    let agent = "OTEL_EXPORTER_JAEGER_AGENT_HOST";
    if env.text(agent).is_some() {
        let cure = "ignored: agents are not spoken to; set OTEL_EXPORTER_JAEGER_ENDPOINT";
        env.warn(agent, cure);
    }
}

impl Config {
    /// Exports to Jaeger at `url`: by Thrift over HTTP if its path ends in `/api/traces` or its port
    /// is 14268 (the path is appended if there is none), else by OTLP, which Jaeger takes since 1.35
    /// and which version 2 prefers: `http://jaeger:4318`.
    ///
    /// ```
    /// use libtracer::Config;
    ///
    /// Config::new().jaeger("http://jaeger:4318").check()?; // OTLP
    /// Config::new().jaeger("http://jaeger:14268/api/traces").check()?; // Thrift
    /// # Ok::<(), libtracer::ConfigError>(())
    /// ```
    pub fn jaeger(mut self, url: impl AsRef<str>) -> Self {
        const LIKE: &str = "http://localhost:4318 or http://localhost:14268/api/traces";
        match Endpoint::parse_like(LIKE, "jaeger endpoint", url.as_ref(), Reading::Code) {
            Ok(endpoint) => {
                self.others.jaeger.endpoint = Some(endpoint);
                self.others.jaeger.credentials = None;
            }
            Err(error) => self.refuse(error),
        }
        self.add(Other::Jaeger.into())
    }

    /// How long one request to Jaeger may take (default 10 s).
    pub fn jaeger_timeout(mut self, timeout: Duration) -> Self {
        self.others.jaeger.timeout = Some(timeout);
        self
    }
}
