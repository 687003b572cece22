//! `opentelemetry`'s world and ours: the only place whose public signatures name its types, versioned
//! with them.
//!
//! * Code written for the `opentelemetry` API records here: [`TracerProvider`], [`Tracer`], [`Span`].
//! * Its current span and ours are one: [`use_context`], [`current`].
//! * What is made for `opentelemetry_sdk` serves us: [`exporter`], [`sampler`](fn@sampler),
//!   [`propagator`](fn@propagator), [`with_resource`].

mod attributes;
mod bridge;
mod context;
mod convert;
mod hook;
mod owned;
mod propagator;
mod provider;
mod resource;
mod sampler;
mod span;

#[cfg(feature = "metrics")]
pub(crate) use convert::resource_of;
#[cfg(feature = "metrics")]
pub(crate) use owned::owned;

#[cfg(feature = "metrics")]
pub use crate::metrics::MeterProvider;
pub use bridge::exporter;
pub use hook::{ContextTaken, current, use_context};
pub use propagator::propagator;
pub use provider::{Tracer, TracerProvider};
pub use resource::with_resource;
pub use sampler::sampler;
pub use span::Span;
