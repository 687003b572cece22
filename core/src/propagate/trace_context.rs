//! W3C Trace Context level 2: `traceparent` and `tracestate`.

use super::{Extractor, Injector, Propagator};
use crate::context::{Context, SpanContext, TraceState};

const TRACEPARENT: &str = "traceparent";
const TRACESTATE: &str = "tracestate";

/// The headers `traceparent` and `tracestate` of W3C Trace Context level 2.
///
/// The flags sampled and random are carried; two `traceparent` are none; several `tracestate` are
/// one. Injection allocates nothing of its own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TraceContext;

impl Propagator for TraceContext {
    fn inject(&self, context: &Context, carrier: &mut dyn Injector) {
        let span = context.span_context();
        if !span.is_valid() {
            return;
        }
        let mut buffer = [0; SpanContext::TRACEPARENT_LEN];
        carrier.set(TRACEPARENT, span.write_traceparent(&mut buffer));
        if !span.trace_state.is_empty() {
            carrier.set(TRACESTATE, span.trace_state.as_str());
        }
    }

    fn extract(&self, context: &Context, carrier: &dyn Extractor) -> Context {
        let mut parents = 0;
        let mut parent = None;
        carrier.visit(TRACEPARENT, &mut |text| {
            parents += 1;
            parent = SpanContext::of_traceparent(text).filter(|_| parents == 1);
        });
        let Some(mut parent) = parent else {
            return context.clone();
        };
        parent.trace_state = trace_state(carrier);
        context.with_span_context(parent)
    }

    fn fields(&self) -> Vec<&str> {
        vec![TRACEPARENT, TRACESTATE]
    }
}

/// All `tracestate` fields as one.
fn trace_state(carrier: &dyn Extractor) -> TraceState {
    const MOST: usize = 64 * 1024; // four times what a valid one has without spaces
    let mut combined = String::new();
    let mut fits = true;
    carrier.visit(TRACESTATE, &mut |text| {
        fits = fits && combined.len() + text.len() < MOST;
        if fits {
            combined.push_str(if combined.is_empty() { "" } else { "," });
            combined.push_str(text);
        }
    });
    if fits {
        TraceState::from_header(&combined)
    } else {
        TraceState::default()
    }
}
