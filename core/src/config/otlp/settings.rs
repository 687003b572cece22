//! What one signal's exporter is made of, all sources considered.

use super::{Options, Otlp};
use crate::config::endpoint::{Endpoint, Protocol};
use crate::error::ConfigError;
use crate::export::http::{Target, proxy::Proxies};
use crate::export::{Compression, ExporterFactory, OtlpHttp, Signal, Tls};
use std::time::Duration;

/// The specification's time-out of one request.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(10);

/// The settings of one signal.
#[derive(Clone)]
pub(crate) struct Settings {
    pub(crate) protocol: Protocol,
    /// The complete URL; for gRPC scheme, host and port.
    pub(crate) url: String,
    /// Their values are secret.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) timeout: Duration,
    pub(crate) compression: Compression,
    pub(crate) tls: Tls,
    proxies: Option<Proxies>,
}

impl Otlp {
    /// What is in force for a signal.
    pub(crate) fn settings(&self, signal: Signal) -> Result<Settings, ConfigError> {
        let said = self.protocol(signal);
        let endpoint = self.first(signal, |options| options.endpoint.as_ref());
        let endpoint = endpoint.cloned();
        let protocol = match &endpoint {
            Some(endpoint) => endpoint.protocol(said),
            None => said.unwrap_or(Protocol::HttpProtobuf),
        };
        let endpoint = endpoint.map_or_else(|| Endpoint::default_for(protocol), Ok)?;
        let insecure = self.first(signal, |options| options.insecure.as_ref());
        let url = match protocol {
            Protocol::Grpc => endpoint.authority_url(insecure.copied().unwrap_or(false)),
            Protocol::HttpProtobuf | Protocol::HttpJson => endpoint.signal_url(signal)?,
        };
        let timeout = self.first(signal, |options| options.timeout.as_ref());
        let compression = self.first(signal, |options| options.compression.as_ref());
        Ok(Settings {
            protocol,
            url,
            headers: self.headers(signal),
            timeout: timeout.copied().unwrap_or(DEFAULT_TIMEOUT),
            compression: compression.copied().unwrap_or_default(),
            tls: self.tls(signal),
            proxies: self.proxies.clone(),
        })
    }

    /// The exporter in the words of the semantic conventions.
    pub(crate) fn component(&self, signal: Signal) -> String {
        let transport = match self.settings(signal).map(|settings| settings.protocol) {
            Ok(Protocol::Grpc) => "grpc",
            Ok(Protocol::HttpJson) => "http_json",
            Ok(Protocol::HttpProtobuf) | Err(_) => "http",
        };
        let kind = match signal {
            Signal::Traces => "span",
            Signal::Logs => "log",
            Signal::Metrics => "metric",
        };
        format!("otlp_{transport}_{kind}_exporter")
    }

    /// The same with this endpoint.
    pub(crate) fn to(&self, endpoint: &Endpoint) -> Self {
        let mut to = self.clone();
        to.code.endpoint = Some(endpoint.clone());
        to
    }

    /// The same, spoken like this; over HTTP in JSON where the user said so.
    #[cfg(feature = "metrics")]
    pub(crate) fn spoken(mut self, protocol: Protocol) -> Self {
        let said = self.protocol(Signal::Metrics);
        let json = said == Some(Protocol::HttpJson) && protocol == Protocol::HttpProtobuf;
        self.code.protocol = Some(if json { Protocol::HttpJson } else { protocol });
        self
    }

    /// What the user said is spoken for a signal.
    pub(super) fn protocol(&self, signal: Signal) -> Option<Protocol> {
        self.first(signal, |options| options.protocol.as_ref())
            .copied()
    }

    /// What makes the exporter of a signal.
    pub(crate) fn factory(&self, signal: Signal) -> Result<ExporterFactory, ConfigError> {
        let settings = self.settings(signal)?;
        let target = settings.target(crate::export::OTLP_PRODUCT)?;
        match settings.protocol {
            Protocol::HttpProtobuf => Ok(OtlpHttp::to(target).factory()),
            Protocol::HttpJson => Ok(OtlpHttp::to(target).json().factory()),
            #[cfg(feature = "otlp-grpc")]
            Protocol::Grpc => Ok(crate::export::OtlpGrpc::to(target)?.factory()),
            #[cfg(not(feature = "otlp-grpc"))]
            Protocol::Grpc => Err(ConfigError::new(
                "exporter \"otlp\" by gRPC is not built in: enable the feature otlp-grpc, or set the \
                 protocol to http/protobuf and an endpoint for it, usually port 4318",
            )),
        }
    }

    /// What the environment says, of the signal or of all.
    fn env<'a, T>(
        &'a self,
        signal: Signal,
        option: impl Fn(&'a Options) -> Option<&'a T>,
    ) -> Option<&'a T> {
        let own = match signal {
            Signal::Traces => self.env_own.first(),
            Signal::Logs => self.env_own.get(1),
            Signal::Metrics => self.env_own.get(2),
        };
        own.and_then(&option).or_else(|| option(&self.env_general))
    }

    fn first<'a, T>(
        &'a self,
        signal: Signal,
        option: impl Fn(&'a Options) -> Option<&'a T>,
    ) -> Option<&'a T> {
        option(&self.code).or_else(|| self.env(signal, &option))
    }

    /// Those of code are added to the environment's; the environment's replace each other.
    fn headers(&self, signal: Signal) -> Vec<(String, String)> {
        let env = self.env(signal, |options| options.headers.as_ref());
        let code = self.code.headers.clone().unwrap_or_default();
        env.cloned().unwrap_or_default().merged(&code).into_pairs()
    }

    fn tls(&self, signal: Signal) -> Tls {
        let mut tls = Tls::new();
        if let Some(file) = self.first(signal, |options| options.ca.as_ref()) {
            tls = tls.named_ca(&file.option, &file.path);
        }
        if let Some(file) = self.first(signal, |options| options.certificate.as_ref()) {
            tls = tls.named_certificate(&file.option, &file.path);
        }
        if let Some(file) = self.first(signal, |options| options.key.as_ref()) {
            tls = tls.named_key(&file.option, &file.path);
        }
        tls
    }
}

impl Settings {
    /// The destination, checked; `product` begins its User-Agent.
    pub(crate) fn target(&self, product: &'static str) -> Result<Target, ConfigError> {
        let headers = self.headers.iter().map(|(name, value)| (name, value));
        let target = Target::new(product, &self.url, headers, self.timeout)?
            .compression(self.compression)
            .tls(&self.tls)?;
        Ok(match &self.proxies {
            Some(proxies) => target.proxies(proxies),
            None => target,
        })
    }
}
