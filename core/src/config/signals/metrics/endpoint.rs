//! Where metrics go by the form of a URL alone: OTLP, Prometheus' OTLP receiver, a Pushgateway.

use super::{Destination, MetricExporter};
use crate::config::Config;
use crate::config::endpoint::{Endpoint, Protocol, Reading};
use crate::config::otlp::Otlp;
use crate::error::ConfigError;
use crate::export::Signal;

const OPTION: &str = "metrics endpoint";
const EXAMPLE: &str = "http://collector:4318/v1/metrics, http://prometheus:9090 or \
    http://pushgateway:9091/metrics/job/NAME";
/// Where Prometheus takes OTLP.
const PROMETHEUS: &str = "/api/v1/otlp";
const METRICS: &str = "/v1/metrics";
/// A collector's ports.
const OTLP_GRPC: u16 = 4317;
const OTLP_HTTP: u16 = 4318;

/// A destination, and what is spoken there.
#[derive(Clone)]
pub(super) enum At {
    Otlp(Endpoint, Protocol),
    Prometheus(Endpoint),
    Pushgateway(Endpoint),
}

impl At {
    /// Reads a URL.
    fn parse(text: &str) -> Result<Self, ConfigError> {
        let given = parse(text)?;
        let path = given.uri().path().trim_end_matches('/');
        let with = |path: &str| parse(&given.with_path(path));
        if is_pushgateway(path) {
            return Ok(Self::Pushgateway(given));
        }
        if let Some(base) = path.strip_suffix(METRICS) {
            return Ok(if base.ends_with(PROMETHEUS) {
                Self::Prometheus(given)
            } else {
                Self::Otlp(given, Protocol::HttpProtobuf)
            });
        }
        match (path, given.uri().port_u16()) {
            ("", Some(OTLP_GRPC)) => Ok(Self::Otlp(given, Protocol::Grpc)),
            ("", Some(OTLP_HTTP)) => Ok(Self::Otlp(with(METRICS)?, Protocol::HttpProtobuf)),
            ("", _) => Ok(Self::Prometheus(with(&format!("{PROMETHEUS}{METRICS}"))?)),
            (base, _) if base.ends_with(PROMETHEUS) => {
                Ok(Self::Prometheus(with(&format!("{base}{METRICS}"))?))
            }
            _ => Err(given.refused("has a path of none of these", EXAMPLE)),
        }
    }

    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Otlp(..) => "otlp",
            Self::Prometheus(_) => "prometheus",
            Self::Pushgateway(_) => "pushgateway",
        }
    }

    /// Whether points must hold all since the start.
    pub(super) fn needs_totals(&self) -> bool {
        !matches!(self, Self::Otlp(..))
    }

    /// Whether the text format is what is sent.
    pub(super) fn needs_text(&self) -> bool {
        matches!(self, Self::Pushgateway(_))
    }

    /// What sends there; all options of OTLP but endpoint and protocol hold for it too.
    pub(super) fn exporter(&self, otlp: &Otlp) -> Result<MetricExporter, ConfigError> {
        let (endpoint, protocol) = match self {
            Self::Otlp(endpoint, protocol) => (endpoint, *protocol),
            Self::Prometheus(endpoint) => (endpoint, Protocol::HttpProtobuf),
            Self::Pushgateway(endpoint) => {
                let target = crate::metrics::pushgateway_target(&endpoint.url_or(""))?;
                return Ok(MetricExporter::Pushgateway(Box::new(target)));
            }
        };
        let made = otlp
            .to(endpoint)
            .spoken(protocol)
            .factory(Signal::Metrics)?;
        Ok(MetricExporter::Made(made))
    }
}

fn parse(text: &str) -> Result<Endpoint, ConfigError> {
    Endpoint::parse_like(EXAMPLE, OPTION, text, Reading::Signal)
}

/// Whether a path names a group of a Pushgateway: `/metrics/job/NAME` and what follows.
fn is_pushgateway(path: &str) -> bool {
    let job = ["/metrics/job/", "/metrics/job@base64/"]
        .iter()
        .find_map(|begin| path.split_once(begin));
    job.is_some_and(|(_, job)| !job.is_empty() && !job.starts_with('/'))
}

impl Config {
    /// Exports metrics to `url`, whose form says how:
    ///
    /// * a path that ends in `/v1/metrics`: OTLP over HTTP, to exactly there; without a path also at
    ///   the collector's ports, 4318 (`/v1/metrics` is appended) and 4317 (gRPC);
    /// * no path, such as `http://prometheus:9090`: the OTLP receiver of Prometheus, at
    ///   `/api/v1/otlp/v1/metrics`;
    /// * a path with `/metrics/job/NAME`: a Pushgateway, in the text format.
    ///
    /// Prometheus and Pushgateway get totals, whatever [`Config::metrics_temporality`] says.
    pub fn metrics_endpoint(mut self, url: impl AsRef<str>) -> Self {
        match At::parse(url.as_ref()) {
            Ok(at) => self.add_metrics(Destination::At(at)),
            Err(error) => {
                self.refuse(error);
                self
            }
        }
    }
}

#[cfg(test)]
mod tests;
