//! Native exporters, described in Python (`libtracer.trace.export`), as configurations.

use crate::config::{raised, text};
use crate::runtime::{Failure, NewConfig};
use pyo3::prelude::PyAnyMethods;
use pyo3::{Bound, FromPyObject, PyAny, PyResult, pyfunction};

/// One destination and when it is exported to; what is None is the environment's or the default.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct Described {
    /// None: those of the environment.
    exporter: Option<String>,
    #[pyo3(default)]
    endpoint: Option<String>,
    #[pyo3(default)]
    protocol: Option<String>,
    #[pyo3(default)]
    headers: Vec<(String, String)>,
    #[pyo3(default)]
    timeout_ms: Option<u32>,
    #[pyo3(default)]
    compression: Option<String>,
    #[pyo3(default)]
    certificate: Option<String>,
    #[pyo3(default)]
    client_certificate: Option<String>,
    #[pyo3(default)]
    client_key: Option<String>,
    /// Where log records go too; None: nowhere.
    #[pyo3(default)]
    logs_exporter: Option<String>,
    #[pyo3(default)]
    path: Option<String>,
    #[pyo3(default)]
    max_queue_size: Option<usize>,
    #[pyo3(default)]
    max_export_batch_size: Option<usize>,
    #[pyo3(default)]
    schedule_delay_ms: Option<u32>,
    #[pyo3(default)]
    export_timeout_ms: Option<u32>,
}

impl Described {
    /// The configuration of this destination alone.
    fn config(&self) -> Result<NewConfig, Failure> {
        let config = NewConfig::new()?;
        self.place(&config)?;
        text("protocol", self.protocol.as_deref(), |name| {
            config.protocol(name)
        })?;
        for (name, value) in &self.headers {
            text("headers", Some(name), |name| {
                text("headers", Some(value), |value| config.header(name, value))
            })?;
        }
        text("compression", self.compression.as_deref(), |name| {
            config.compression(name)
        })?;
        text("certificate_file", self.certificate.as_deref(), |path| {
            config.certificate(path)
        })?;
        text(
            "client_certificate_file",
            self.client_certificate.as_deref(),
            |path| {
                text("client_key_file", self.client_key.as_deref(), |key| {
                    config.client_certificate(path, key)
                })
            },
        )?;
        self.timeout_ms
            .map_or(Ok(()), |time| config.timeout(time))?;
        self.batch(&config)?;
        text("logs_exporter", self.logs_exporter.as_deref(), |names| {
            config.logs_exporter(names)
        })?;
        Ok(config)
    }

    /// What is exported to, and where that is.
    fn place(&self, config: &NewConfig) -> Result<(), Failure> {
        let named = || {
            text("exporter", self.exporter.as_deref(), |name| {
                config.exporter(name)
            })
        };
        let endpoint = self.endpoint.as_deref();
        match self.exporter.as_deref().unwrap_or_default() {
            "otlp" => {
                text("endpoint", endpoint, |url| config.endpoint(url))?;
                named()
            }
            "zipkin" if endpoint.is_some() => text("endpoint", endpoint, |url| config.zipkin(url)),
            "jaeger" if endpoint.is_some() => text("endpoint", endpoint, |url| config.jaeger(url)),
            "otlp/file" if self.path.is_some() => {
                text("path", self.path.as_deref(), |path| config.file(path))
            }
            _ => named(),
        }
    }

    fn batch(&self, config: &NewConfig) -> Result<(), Failure> {
        let sizes = [self.max_queue_size, self.max_export_batch_size];
        let times = [self.schedule_delay_ms, self.export_timeout_ms];
        if sizes == [None; 2] && times == [None; 2] {
            return Ok(());
        }
        let ([queue, batch], [delay, timeout]) = (
            sizes.map(Option::unwrap_or_default),
            times.map(Option::unwrap_or_default),
        );
        config.batch(queue, batch, delay, timeout)
    }
}

/// The configuration of what Python describes; the environment is not asked yet.
pub(crate) fn described(options: &Bound<'_, PyAny>) -> PyResult<NewConfig> {
    let described: Described = options.extract()?;
    described
        .config()
        .map_err(|failure| raised(options.py(), failure))
}

/// Raises what is wrong with a description, without the files and servers it names.
#[pyfunction]
pub(crate) fn check_exporter(options: &Bound<'_, PyAny>) -> PyResult<()> {
    described(options).map(drop)
}
