//! Several formats as one.

use super::{Extractor, Injector, Propagator};
use crate::context::Context;
use std::sync::Arc;

/// Propagators that all write and all read, in their order; without any it does nothing.
///
/// Where two read the same thing, the later one wins.
#[derive(Clone, Debug, Default)]
pub struct CompositePropagator(Vec<Arc<dyn Propagator>>);

impl CompositePropagator {
    /// The propagators as one.
    #[must_use]
    pub const fn new(propagators: Vec<Arc<dyn Propagator>>) -> Self {
        Self(propagators)
    }
}

impl Propagator for CompositePropagator {
    fn inject(&self, context: &Context, carrier: &mut dyn Injector) {
        for propagator in &self.0 {
            propagator.inject(context, carrier);
        }
    }

    fn extract(&self, context: &Context, carrier: &dyn Extractor) -> Context {
        let mut extracted = context.clone();
        for propagator in &self.0 {
            extracted = propagator.extract(&extracted, carrier);
        }
        extracted
    }

    fn fields(&self) -> Vec<&str> {
        let mut fields = Vec::new();
        for field in self.0.iter().flat_map(|propagator| propagator.fields()) {
            if !fields.contains(&field) {
                fields.push(field);
            }
        }
        fields
    }
}
