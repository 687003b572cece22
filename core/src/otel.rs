//! Adapters to and from `opentelemetry_sdk`'s types: the only place whose public signatures name
//! them, versioned with them.

mod bridge;
mod convert;
mod owned;
mod resource;
mod sampler;

pub use bridge::exporter;
pub use resource::with_resource;
pub use sampler::sampler;
