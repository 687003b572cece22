//! What samplers and id generators written in Python say about a span before it starts.

use super::object::{Ids, Span};
use super::watched::{Watching, settled};
use crate::context::trace_state_text;
use crate::cpython::call_method;
use crate::decode;
use crate::runtime::native_since;
use libtracer_abi::{TRACER_DECISION_ASK, TRACER_START_MERGE_NATIVE, tracer_start, tracer_verdict};
use pyo3::prelude::PyAnyMethods;
use pyo3::{Bound, IntoPyObjectExt, PyAny, PyResult, intern};
use std::ptr;

/// Trace id, span id, whether the trace id is random, decision, trace state, attributes.
type Answer<'py> = (u128, u64, bool, i32, String, Option<Bound<'py, PyAny>>);

/// What is decided; zeros, and a decision to ask, leave it to the runtime.
pub(super) struct Verdict {
    trace_id: u128,
    span_id: u64,
    random: bool,
    decision: i32,
    trace_state: String,
}

/// Puts a native span that is current in the place of the parent, as the runtime would.
pub(super) fn settle_parent(start: &mut tracer_start) -> Option<String> {
    if start.flags & TRACER_START_MERGE_NATIVE == 0 {
        return None;
    }
    start.flags &= !TRACER_START_MERGE_NATIVE;
    let (context, span) = native_since(&start.parent)?;
    let text = trace_state_text(&context);
    start.parent = Ids::from(&context).with_trace_state(&text);
    start.parent_span = span;
    Some(text)
}

/// Nothing is decided but the ids that are not zero.
#[cold]
pub(super) fn of_ids(ids: Ids) -> tracer_verdict {
    tracer_verdict {
        trace_id: ids.trace_id,
        span_id: ids.span_id,
        ..Verdict::open().native()
    }
}

impl Verdict {
    /// Asks the tracer's sampler and id generator. What could not be said is left to the runtime.
    pub(super) fn ask<'py>(
        span: Span<'_, 'py>,
        watching: &Watching<'py>,
        start: &tracer_start,
        parent_context: Option<&Bound<'py, PyAny>>,
        native_parent: bool,
    ) -> PyResult<Self> {
        let py = span.py();
        let parent = Ids::from(&start.parent);
        let native = if native_parent {
            Some(decode::span_context(
                py,
                &parent,
                &trace_state_text(&start.parent),
            )?)
        } else {
            None
        };
        let trace_id = if parent.is_valid() {
            u128::from_be_bytes(parent.trace_id)
        } else {
            0
        };
        let or_none =
            |given: Option<Bound<'py, PyAny>>| given.unwrap_or_else(|| py.None().into_bound(py));
        let answer = call_method(
            &watching.settings,
            intern!(py, "decide"),
            [
                &or_none(parent_context.cloned()),
                &or_none(native),
                &trace_id.into_bound_py_any(py)?,
                &or_none(span.name.get(py)),
                &decode::kind(py, start.kind)?,
                &or_none(span.attributes.get(py)),
                &or_none(span.links.get(py)),
            ],
        );
        let said = answer.and_then(|answer| answer.extract::<Answer<'_>>());
        let (trace_id, span_id, random, decision, trace_state, attributes) = match said {
            Ok(said) => said,
            Err(error) => {
                settled(error, py);
                return Ok(Self::open());
            }
        };
        if decision != TRACER_DECISION_ASK {
            drop(span.attributes.take(py));
            if let Some(attributes) = attributes {
                span.attributes.put(attributes);
            }
        }
        Ok(Self {
            trace_id,
            span_id,
            random,
            decision,
            trace_state,
        })
    }

    /// Nothing is decided.
    fn open() -> Self {
        Self {
            trace_id: 0,
            span_id: 0,
            random: true,
            decision: TRACER_DECISION_ASK,
            trace_state: String::new(),
        }
    }

    /// As the runtime takes it; it borrows the trace state.
    pub(super) fn native(&self) -> tracer_verdict {
        let len = u32::try_from(self.trace_state.len()).unwrap_or(0);
        tracer_verdict {
            trace_id: self.trace_id.to_be_bytes(),
            span_id: self.span_id.to_be_bytes(),
            trace_state: if len == 0 {
                ptr::null()
            } else {
                self.trace_state.as_ptr().cast()
            },
            trace_state_len: len,
            decision: self.decision,
            random: u8::from(self.random),
            has_trace_state: u8::from(self.decision != TRACER_DECISION_ASK),
            reserved: [0; 6],
        }
    }
}
