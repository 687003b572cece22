//! Exporters by name, each with options of its own.

#[cfg(feature = "otlp-http")]
mod built_in;

use super::node::{At, Read};
use crate::config::exporters::Destination;
#[cfg(feature = "otlp-http")]
use built_in::other;

pub(super) fn read(at: &At<'_>) -> Read<Destination> {
    let (kind, options) = at.kind()?;
    if kind == "console" {
        options.fields()?;
        return Ok(Destination::Console);
    }
    other(kind, &options)
}

#[cfg(not(feature = "otlp-http"))]
fn other(_: &str, options: &At<'_>) -> Read<Destination> {
    Err(options.error("is not built in: enable the feature otlp-http, or use console"))
}
