//! The exporters over HTTP and gRPC, and into files.

use crate::config::Config;
use crate::config::exporters::Destination;
use crate::config::file::node::{At, Fields, Read};
use crate::config::file::processors::timeout;
use crate::config::headers::Headers;
use crate::config::others::Other;
use crate::error::ConfigError;
use crate::export::{ExporterFactory, Signal};
use std::path::PathBuf;

pub(super) fn other(kind: &str, options: &At<'_>) -> Read<Destination> {
    let fields = &mut options.fields()?;
    match kind {
        "otlp_http" => otlp(options, fields, false),
        "otlp_grpc" => otlp(options, fields, true),
        "otlp_file/development" => file(fields),
        "zipkin" => zipkin(options, fields),
        _ => Err(options.error(
            "is no exporter here: use otlp_http, otlp_grpc, otlp_file/development, zipkin or \
             console; others are added in code",
        )),
    }
}

/// A configuration of its own, of which only the exporter is used.
fn otlp(options: &At<'_>, fields: &mut Fields<'_>, grpc: bool) -> Read<Destination> {
    let config = Config::new().file_proxies();
    let mut config = config.otlp_protocol(protocol(fields, grpc)?);
    if let Some(endpoint) = fields.get("endpoint") {
        let text = endpoint.text()?.unwrap_or_default();
        config = config.file_endpoint(text, grpc);
        config.check().map_err(|error| endpoint.because(&error))?;
    }
    if let Some(tls) = fields.get("tls") {
        config = secured(config, &tls, grpc)?;
    }
    config = with_headers(config, fields)?;
    if let Some(compression) = fields.get("compression") {
        config = config.otlp_compression(compression.text()?.unwrap_or("none"));
        config
            .check()
            .map_err(|error| compression.because(&error))?;
    }
    if let Some(longest) = fields.get("timeout") {
        config = config.otlp_timeout(timeout(&longest)?);
    }
    let fixed = "is not adjustable here: requests are at most 64 MiB, responses 4 MiB";
    fields.unsupported("max_request_size", fixed);
    fields.unsupported("max_response_size", fixed);
    custom("otlp", options, config.otlp_factory(Signal::Traces))
}

fn protocol(fields: &mut Fields<'_>, grpc: bool) -> Read<&'static str> {
    if grpc {
        return Ok("grpc");
    }
    let Some(encoding) = fields.get("encoding") else {
        return Ok("http/protobuf");
    };
    match encoding.text()?.unwrap_or_default() {
        "protobuf" => Ok("http/protobuf"),
        "json" => Ok("http/json"),
        _ => Err(encoding.error("is no encoding: use protobuf or json")),
    }
}

fn secured(mut config: Config, tls: &At<'_>, grpc: bool) -> Read<Config> {
    let mut fields = tls.fields()?;
    let mut path = |name| match fields.get(name) {
        Some(at) => {
            let path = PathBuf::from(at.text()?.unwrap_or_default());
            let relative = || at.error("is no absolute path: begin with /");
            path.is_absolute()
                .then_some(Some(path))
                .ok_or_else(relative)
        }
        None => Ok(None),
    };
    let ca = path("ca_file")?;
    let (certificate, key) = (path("cert_file")?, path("key_file")?);
    if let Some(ca) = ca {
        config = config.otlp_certificate(ca);
    }
    config = match (certificate, key) {
        (Some(certificate), Some(key)) => config.otlp_client_certificate(certificate, key),
        (None, None) => config,
        _ => return Err(tls.error("has one of cert_file and key_file: give both")),
    };
    if grpc && let Some(insecure) = fields.get("insecure") {
        config = config.file_insecure(insecure.switch()?.unwrap_or(false));
    }
    Ok(config)
}

/// `headers_list`, and above it `headers`. Their values are secret.
fn with_headers(mut config: Config, fields: &mut Fields<'_>) -> Read<Config> {
    let mut headers = Headers::default();
    if let Some(list) = fields.get("headers_list") {
        headers = Headers::parse(list.text()?.unwrap_or_default(), |text| list.warn(text));
    }
    if let Some(pairs) = fields.get("headers") {
        for pair in pairs.list()? {
            let mut fields = pair.fields()?;
            let (name, value) = (fields.need("name")?, fields.need("value")?);
            let (Some(name), false) = (name.text()?, value.is_null()) else {
                continue;
            };
            let set = headers.set(name, value.text()?.unwrap_or_default());
            set.map_err(|error| pair.because(&error))?;
        }
    }
    for (name, value) in headers.into_pairs() {
        config = config.otlp_header(name, value);
    }
    Ok(config)
}

/// `stdout`, or a file's URL.
fn file(fields: &mut Fields<'_>) -> Read<Destination> {
    let Some(stream) = fields.get("output_stream") else {
        return Ok(Other::OtlpStdout.into());
    };
    let text = stream.text()?.unwrap_or_default();
    if text == "stdout" {
        return Ok(Other::OtlpStdout.into());
    }
    let path = text
        .strip_prefix("file://")
        .filter(|path| path.starts_with('/'));
    let Some(path) = path else {
        return Err(
            stream.error("is no stream: use stdout, or a path such as file:///var/spans.jsonl")
        );
    };
    let checked = Config::new().otlp_file(path).check();
    checked.map_err(|error| stream.because(&error))?;
    Ok(Other::OtlpFile(Some(path.into())).into())
}

fn zipkin(options: &At<'_>, fields: &mut Fields<'_>) -> Read<Destination> {
    let mut config = Config::new();
    if let Some(endpoint) = fields.get("endpoint") {
        config = config.zipkin(endpoint.text()?.unwrap_or_default());
        config.check().map_err(|error| endpoint.because(&error))?;
    }
    if let Some(longest) = fields.get("timeout") {
        config = config.zipkin_timeout(timeout(&longest)?);
    }
    custom("zipkin", options, Other::Zipkin.factory(&config))
}

fn custom(
    name: &str,
    options: &At<'_>,
    factory: Result<ExporterFactory, ConfigError>,
) -> Read<Destination> {
    let factory = factory.map_err(|error| options.because(&error))?;
    Ok(Destination::Custom(name.to_owned(), factory))
}
