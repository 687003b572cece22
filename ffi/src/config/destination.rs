//! Where spans go, and how.

use super::{set, tracer_config};
use crate::ptr;
use libtracer::Config;
use libtracer_abi::tracer_status;
use std::ffi::c_char;
use std::time::Duration;

/// Sets where OTLP goes: `http(s)://host[:port][/path]`; without a path `/v1/traces` is appended.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn tracer_config_set_endpoint(
    config: Option<&mut tracer_config>,
    url: *const c_char,
) -> tracer_status {
    // SAFETY: as the header says.
    let text = unsafe { ptr::text(url) };
    set(config, |config| config.endpoint(text))
}

/// Sets how OTLP is spoken: "http/protobuf" (the default), "http/json" or "grpc".
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn tracer_config_set_protocol(
    config: Option<&mut tracer_config>,
    protocol: *const c_char,
) -> tracer_status {
    // SAFETY: as the header says.
    let text = unsafe { ptr::text(protocol) };
    set(config, |config| config.otlp_protocol(text))
}

/// Adds a header to every OTLP request. Its value is kept out of logs and errors.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn tracer_config_add_header(
    config: Option<&mut tracer_config>,
    name: *const c_char,
    value: *const c_char,
) -> tracer_status {
    // SAFETY: as the header says.
    let name = unsafe { ptr::text(name) };
    // SAFETY: as the header says.
    let value = unsafe { ptr::text(value) };
    set(config, |config| config.otlp_header(name, value))
}

/// Sets how OTLP requests are compressed: "none" (the default), "gzip" or "zstd".
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn tracer_config_set_compression(
    config: Option<&mut tracer_config>,
    method: *const c_char,
) -> tracer_status {
    // SAFETY: as the header says.
    let text = unsafe { ptr::text(method) };
    set(config, |config| config.otlp_compression(text))
}

/// Sets how long one request to an OTLP, Zipkin or Jaeger server may take (10,000 ms unless set).
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn tracer_config_set_timeout(
    config: Option<&mut tracer_config>,
    timeout_ms: u32,
) -> tracer_status {
    let timeout = Duration::from_millis(u64::from(timeout_ms));
    set(config, |config| {
        let config = config.otlp_timeout(timeout);
        config.zipkin_timeout(timeout).jaeger_timeout(timeout)
    })
}

/// Sets the PEM file of the authorities that an `https` endpoint of OTLP is trusted by, in place of the
/// system's. Read when a provider is made, and again when it has changed.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn tracer_config_set_certificate(
    config: Option<&mut tracer_config>,
    path: *const c_char,
) -> tracer_status {
    // SAFETY: as the header says.
    let text = unsafe { ptr::text(path) };
    set(config, |config| config.otlp_certificate(text.as_ref()))
}

/// Sets the PEM files of the certificate that OTLP shows an `https` endpoint, and of its private key.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn tracer_config_set_client_certificate(
    config: Option<&mut tracer_config>,
    certificate_path: *const c_char,
    key_path: *const c_char,
) -> tracer_status {
    // SAFETY: as the header says.
    let certificate = unsafe { ptr::text(certificate_path) };
    // SAFETY: as the header says.
    let key = unsafe { ptr::text(key_path) };
    set(config, |config| {
        config.otlp_client_certificate(certificate.as_ref(), key.as_ref())
    })
}

/// Exports to one more OTLP destination, at a URL as above, with the options set so far or later.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn tracer_config_add_otlp(
    config: Option<&mut tracer_config>,
    url: *const c_char,
) -> tracer_status {
    // SAFETY: as the header says.
    let text = unsafe { ptr::text(url) };
    set(config, |config| config.otlp(text))
}

/// Exports to the Zipkin server at a URL too; `/api/v2/spans` is appended if it has no path.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn tracer_config_add_zipkin(
    config: Option<&mut tracer_config>,
    url: *const c_char,
) -> tracer_status {
    // SAFETY: as the header says.
    let text = unsafe { ptr::text(url) };
    set(config, |config| config.zipkin(text))
}

/// Exports to Jaeger at a URL too: by Thrift if it ends in `/api/traces` or the port is 14268, else OTLP.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn tracer_config_add_jaeger(
    config: Option<&mut tracer_config>,
    url: *const c_char,
) -> tracer_status {
    // SAFETY: as the header says.
    let text = unsafe { ptr::text(url) };
    set(config, |config| config.jaeger(text))
}

/// Exports to a file too, one line of OTLP JSON a batch.
#[unsafe(no_mangle)]
#[must_use]
pub unsafe extern "C" fn tracer_config_add_file(
    config: Option<&mut tracer_config>,
    path: *const c_char,
) -> tracer_status {
    // SAFETY: as the header says.
    let text = unsafe { ptr::text(path) };
    set(config, |config| config.otlp_file(text.as_ref()))
}

/// Sets the size at which such a file is rotated, and how many older ones are kept (64 MiB and 4
/// unless set).
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn tracer_config_set_file_rotation(
    config: Option<&mut tracer_config>,
    max_bytes: u64,
    files_kept: u32,
) -> tracer_status {
    set(config, |config| {
        config.otlp_file_rotation(max_bytes, files_kept)
    })
}

/// Prints finished traces on the standard output too, as trees.
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn tracer_config_add_console(config: Option<&mut tracer_config>) -> tracer_status {
    set(config, Config::console)
}

/// Writes to the standard output too, one line of OTLP JSON a batch.
#[unsafe(no_mangle)]
#[must_use]
pub extern "C" fn tracer_config_add_stdout(config: Option<&mut tracer_config>) -> tracer_status {
    set(config, Config::otlp_stdout)
}
