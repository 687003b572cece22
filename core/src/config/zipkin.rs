//! Where Zipkin is, from code and environment.

use super::Config;
use super::endpoint::{Endpoint, Reading};
use super::env::Env;
use super::others::Other;
use crate::error::ConfigError;
use crate::export::{self, ExporterFactory};
use std::time::Duration;

/// Where a Zipkin server listens.
const DEFAULT: &str = "http://localhost:9411/api/v2/spans";
const PATH: &str = "/api/v2/spans";
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

/// Options of the Zipkin exporter.
#[derive(Clone, Debug, Default)]
pub(super) struct Zipkin {
    endpoint: Option<Endpoint>,
    timeout: Option<Duration>,
}

impl Zipkin {
    /// Takes from the environment what code did not set.
    pub(super) fn load_env(&mut self, env: &mut Env) {
        if self.endpoint.is_none() {
            let name = "OTEL_EXPORTER_ZIPKIN_ENDPOINT";
            self.endpoint = Endpoint::from_env(env, name, DEFAULT);
        }
        if self.timeout.is_none() {
            self.timeout = env.timeout("OTEL_EXPORTER_ZIPKIN_TIMEOUT");
        }
    }

    fn url(&self) -> String {
        self.endpoint
            .as_ref()
            .map_or_else(|| DEFAULT.to_owned(), |endpoint| endpoint.url_or(PATH))
    }

    pub(super) fn factory(&self) -> Result<ExporterFactory, ConfigError> {
        let timeout = self.timeout.unwrap_or(DEFAULT_TIMEOUT);
        let none: [(&str, &str); 0] = [];
        Ok(export::Zipkin::new(&self.url(), none, timeout)?.factory())
    }
}

impl Config {
    /// Exports to the Zipkin server at `url` (version 2, JSON); `/api/v2/spans` is appended if it
    /// has no path. [`crate::Zipkin`] has more options.
    ///
    /// ```
    /// use libtracer::Config;
    ///
    /// Config::new().zipkin("http://zipkin:9411").check()?;
    /// # Ok::<(), libtracer::ConfigError>(())
    /// ```
    pub fn zipkin(mut self, url: impl AsRef<str>) -> Self {
        match Endpoint::parse_like(DEFAULT, "zipkin endpoint", url.as_ref(), Reading::Code) {
            Ok(endpoint) => self.others.zipkin.endpoint = Some(endpoint),
            Err(error) => self.refuse(error),
        }
        self.add(Other::Zipkin.into())
    }

    /// How long one request to Zipkin may take (default 10 s).
    pub fn zipkin_timeout(mut self, timeout: Duration) -> Self {
        self.others.zipkin.timeout = Some(timeout);
        self
    }
}
