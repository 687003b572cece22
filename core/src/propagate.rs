//! Propagation: contexts written into and read from what travels between processes (OpenTelemetry
//! propagators API).
//!
//! A [`Propagator`] knows a format and no transport; an [`Injector`] or [`Extractor`] knows a
//! transport and no format. Neither fails: what cannot be read leaves the context as it was. The
//! parsers are linear in their input and keep a bounded part of it.

mod b3;
mod baggage;
mod carrier;
mod composite;
mod environment;
mod global;
mod jaeger;
mod trace_context;

pub use b3::B3;
pub use baggage::BaggagePropagator;
pub use composite::CompositePropagator;
pub use environment::Environment;
pub use global::{extract, inject, propagator, set_propagator};
pub use jaeger::Jaeger;
pub use trace_context::TraceContext;

use crate::context::Context;
use std::fmt;

/// Something to write fields into, such as the headers of a request.
pub trait Injector {
    /// Sets a field, in place of what it was. Keys are ASCII, in lower case.
    fn set(&mut self, key: &str, value: &str);
}

/// Something to read fields from, such as the headers of a request.
///
/// Where the transport does not tell upper from lower case, neither does this.
pub trait Extractor {
    /// The first value of a field.
    fn get(&self, key: &str) -> Option<&str>;

    /// The names of all fields.
    fn keys(&self) -> Vec<&str>;

    /// Visits all values of a field in their order. To be overridden where there can be several:
    /// without, the first counts as the only one.
    fn visit(&self, key: &str, visit: &mut dyn FnMut(&str)) {
        if let Some(value) = self.get(key) {
            visit(value);
        }
    }
}

/// Writes contexts into carriers and reads them back, in one format; see [`TraceContext`],
/// [`BaggagePropagator`], [`B3`], [`Jaeger`] and [`CompositePropagator`], or write another.
///
/// ```
/// use libtracer::{Context, Propagator, TraceContext};
/// use std::collections::HashMap;
///
/// let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
/// let request = HashMap::from([("Traceparent".to_owned(), parent.to_owned())]);
/// let context = TraceContext.extract(&Context::new(), &request);
/// assert!(context.span_context().is_remote);
///
/// let mut onwards = HashMap::new();
/// TraceContext.inject(&context, &mut onwards);
/// assert_eq!(onwards["traceparent"], parent);
/// ```
pub trait Propagator: fmt::Debug + Send + Sync {
    /// Writes what the format carries of `context`; nothing if there is nothing to write.
    fn inject(&self, context: &Context, carrier: &mut dyn Injector);

    /// `context` with what the carrier holds in this format; unchanged where it holds nothing valid.
    fn extract(&self, context: &Context, carrier: &dyn Extractor) -> Context;

    /// The fields that [`Propagator::inject`] may set: to be removed before a carrier is used again.
    fn fields(&self) -> Vec<&str>;
}
