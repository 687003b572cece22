//! Adapters to and from `opentelemetry_sdk`'s types: the only place whose public signatures name
//! them, versioned with them.

mod bridge;
mod convert;

pub use bridge::exporter;
