//! What OTLP needs to know (OpenTelemetry protocol exporter, "Configuration Options"): from code, from
//! the environment for one signal, from the environment for all; the first that says something wins,
//! option by option.

mod settings;

#[cfg(test)]
pub(super) use settings::Settings;

use super::Config;
use super::endpoint::{Endpoint, Protocol, Reading};
use super::env::Env;
use super::exporters::Destination;
use super::headers::Headers;
use crate::export::{Compression, Signal, http::proxy::Proxies};
use std::path::{Path, PathBuf};
use std::time::Duration;

const SIGNALS: [Signal; 3] = [Signal::Traces, Signal::Logs, Signal::Metrics];

/// The options of OTLP exporters.
#[derive(Clone, Debug, Default)]
pub(crate) struct Otlp {
    code: Options,
    /// Of one signal: traces, logs, metrics.
    env_own: [Options; 3],
    /// Of all signals.
    env_general: Options,
    /// Those of the environment, if it was read.
    proxies: Option<Proxies>,
}

/// What one source says.
#[derive(Clone, Debug, Default)]
struct Options {
    endpoint: Option<Endpoint>,
    protocol: Option<Protocol>,
    headers: Option<Headers>,
    timeout: Option<Duration>,
    compression: Option<Compression>,
    ca: Option<File>,
    certificate: Option<File>,
    key: Option<File>,
    insecure: Option<bool>,
}

/// A path, with the name of the option that said so.
#[derive(Clone, Debug)]
struct File {
    option: String,
    path: PathBuf,
}

impl Config {
    /// Exports traces by OTLP to `url`; `/v1/traces` is appended if it has no path. Port 4317 without
    /// such a path means gRPC, unless [`Config::otlp_protocol`] or the environment says otherwise.
    /// Called again, it adds another destination, with a queue and retries of its own.
    pub fn otlp(self, url: impl AsRef<str>) -> Self {
        let config = self.endpoint(url);
        match config.otlp.code.endpoint.clone() {
            Some(endpoint) => config.add(Destination::OtlpTo(endpoint)),
            None => config,
        }
    }

    /// Where OTLP goes, if it is exported to: as in [`Config::otlp`], which also chooses it.
    ///
    /// For log records and metrics, the path of traces in it is replaced by theirs.
    pub fn endpoint(mut self, url: impl AsRef<str>) -> Self {
        match Endpoint::parse("endpoint", url.as_ref(), Reading::Code) {
            Ok(endpoint) => self.otlp.code.endpoint = Some(endpoint),
            Err(error) => self.refuse(error),
        }
        self
    }

    /// How OTLP is spoken: `http/protobuf` (the default), `http/json` or `grpc`.
    pub fn otlp_protocol(mut self, protocol: impl AsRef<str>) -> Self {
        match Protocol::parse("protocol", protocol.as_ref()) {
            Ok(protocol) => self.otlp.code.protocol = Some(protocol),
            Err(error) => self.refuse(error),
        }
        self
    }

    /// A header of every OTLP request; its value is kept secret.
    pub fn otlp_header(mut self, name: impl AsRef<str>, value: impl AsRef<str>) -> Self {
        let headers = self.otlp.code.headers.get_or_insert_default();
        if let Err(error) = headers.set(name.as_ref(), value.as_ref()) {
            self.refuse(error);
        }
        self
    }

    /// How long one OTLP request may take (default 10 s).
    pub fn otlp_timeout(mut self, timeout: Duration) -> Self {
        self.otlp.code.timeout = Some(timeout);
        self
    }

    /// How OTLP requests are compressed: `gzip`, `zstd` or `none` (the default). It is done in the
    /// worker thread, and costs more than the rest of the export does.
    pub fn otlp_compression(mut self, compression: impl AsRef<str>) -> Self {
        match Compression::parse("compression", compression.as_ref()) {
            Ok(compression) => self.otlp.code.compression = Some(compression),
            Err(error) => self.refuse(error),
        }
        self
    }

    /// Trusts the authorities in this PEM file at an `https` endpoint, and no longer the system's. The
    /// file is read when the provider is built, and again when it has changed.
    pub fn otlp_certificate(mut self, path: impl AsRef<Path>) -> Self {
        self.otlp.code.ca = Some(File::new("certificate", path));
        self
    }

    /// Shows an `https` endpoint this certificate, which `key` is the private key of; both PEM files,
    /// read when the provider is built, and again when they have changed.
    pub fn otlp_client_certificate(
        mut self,
        certificate: impl AsRef<Path>,
        key: impl AsRef<Path>,
    ) -> Self {
        self.otlp.code.certificate = Some(File::new("client certificate", certificate));
        self.otlp.code.key = Some(File::new("client key", key));
        self
    }
}

#[cfg(feature = "config-file")]
impl Config {
    /// The endpoint of one exporter in a configuration file: the complete URL, or without a scheme
    /// where gRPC is spoken.
    pub(super) fn file_endpoint(mut self, text: &str, grpc: bool) -> Self {
        let endpoint = Endpoint::parse("endpoint", text, Reading::Signal);
        let bare = || Endpoint::parse_bare("endpoint", text).filter(|_| grpc);
        match endpoint.or_else(|error| bare().ok_or(error)) {
            Ok(endpoint) => self.otlp.code.endpoint = Some(endpoint),
            Err(error) => self.refuse(error),
        }
        self
    }

    /// Whether an endpoint without a scheme is reached without TLS.
    pub(super) fn file_insecure(mut self, insecure: bool) -> Self {
        self.otlp.code.insecure = Some(insecure);
        self
    }

    /// The proxies of the environment, for which a configuration file has no property.
    pub(super) fn file_proxies(mut self) -> Self {
        self.otlp.proxies = Some(Env::of_process().proxies());
        self
    }
}

impl File {
    fn new(option: &str, path: impl AsRef<Path>) -> Self {
        Self {
            option: option.to_owned(),
            path: path.as_ref().to_owned(),
        }
    }
}

impl Otlp {
    /// Takes what the environment says; code wins over it, set before or after.
    pub(super) fn load_env(&mut self, env: &mut Env) {
        self.env_general = options(env, None);
        self.env_own = SIGNALS.map(|signal| options(env, Some(signal)));
        // Last, because what an endpoint may be depends on the protocols.
        self.env_general.endpoint = self.endpoint(env, None);
        let own = SIGNALS.map(|signal| self.endpoint(env, Some(signal)));
        for (options, endpoint) in self.env_own.iter_mut().zip(own) {
            options.endpoint = endpoint;
        }
        self.proxies = Some(env.proxies());
    }

    /// The endpoint of a variable; it may lack a scheme where gRPC is spoken.
    fn endpoint(&self, env: &mut Env, signal: Option<Signal>) -> Option<Endpoint> {
        let name = variable(signal, "ENDPOINT");
        let text = env.text(&name)?;
        let reading = match signal {
            None => Reading::Base,
            Some(_) => Reading::Signal,
        };
        let for_grpc = |bare: &Endpoint| {
            let signals = signal.map_or(SIGNALS.to_vec(), |signal| vec![signal]);
            let mut protocols = signals.into_iter().map(|signal| self.protocol(signal));
            protocols.any(|said| bare.protocol(said) == Protocol::Grpc)
        };
        let parsed = Endpoint::parse(&name, &text, reading).or_else(|error| {
            let bare = Endpoint::parse_bare(&name, &text);
            bare.filter(for_grpc).ok_or(error)
        });
        parsed.map_err(|error| env.warn_error(&error)).ok()
    }
}

/// The name of a variable, of one signal or of all.
fn variable(signal: Option<Signal>, option: &str) -> String {
    match signal {
        None => format!("OTEL_EXPORTER_OTLP_{option}"),
        Some(signal) => format!("OTEL_EXPORTER_OTLP_{}_{option}", signal.variable()),
    }
}

/// What the variables of one signal, or of all, say; all but the endpoint.
fn options(env: &mut Env, signal: Option<Signal>) -> Options {
    let variable = |option: &str| variable(signal, option);
    let name = variable("PROTOCOL");
    let wrong = "use grpc, http/protobuf or http/json";
    let read = |text: &str| Protocol::parse(&name, text).ok();
    let protocol = env.read(&name, wrong, read);
    let file = |env: &mut Env, option| {
        let name = variable(option);
        let path = env.text(&name)?;
        Some(File::new(&name, path))
    };
    let compression = variable("COMPRESSION");
    let headers = variable("HEADERS");
    Options {
        endpoint: None,
        protocol,
        headers: env
            .text(&headers)
            .map(|list| Headers::parse(&list, |text| env.warn(&headers, text))),
        timeout: env.timeout(&variable("TIMEOUT")),
        compression: env.read(&compression, "use gzip, zstd or none", |text| {
            Compression::parse(&compression, text).ok()
        }),
        ca: file(env, "CERTIFICATE"),
        certificate: file(env, "CLIENT_CERTIFICATE"),
        key: file(env, "CLIENT_KEY"),
        insecure: env.switch(&variable("INSECURE")),
    }
}
