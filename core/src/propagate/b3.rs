//! Zipkin's B3: the header `b3`, or `x-b3-*` (openzipkin/b3-propagation; OpenTelemetry propagators
//! API, "B3 requirements").

use super::{Extractor, Injector, Propagator};
use crate::context::{Context, SpanContext, TraceFlags, TraceState, hex};
use crate::id::{SpanId, TraceId};

const SINGLE: &str = "b3";
const TRACE_ID: &str = "x-b3-traceid";
const SPAN_ID: &str = "x-b3-spanid";
const SAMPLED: &str = "x-b3-sampled";
const FLAGS: &str = "x-b3-flags";

/// B3 of Zipkin, in one header or in several.
///
/// Both are read, one header first; which is written is chosen. Debug requests stay so across this
/// process, and are sampled. A parent without a decision counts as not sampled here, and is passed
/// on without one where no span comes between. `X-B3-ParentSpanId` is neither used nor written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct B3 {
    multi: bool,
}

impl B3 {
    /// Writes the header `b3`.
    #[must_use]
    pub const fn single() -> Self {
        Self { multi: false }
    }

    /// Writes the headers `x-b3-traceid`, `x-b3-spanid` and `x-b3-sampled` or `x-b3-flags`.
    #[must_use]
    pub const fn multi() -> Self {
        Self { multi: true }
    }
}

/// In a context: the request of this trace is to be debugged. Another trace that takes its place in the
/// context is not.
pub(super) struct Debug(pub(super) TraceId);

impl Debug {
    /// Whether what is current in a context belongs to such a request.
    pub(super) fn is_on(context: &Context) -> bool {
        let trace_id = context.span_context().trace_id;
        context.value().is_some_and(|Self(own)| *own == trace_id)
    }
}

/// In a context: the caller left the decision on this span open.
struct Deferred(SpanId);

/// A sampling state as B3 tells it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Deferred,
    Drop,
    Sampled,
    Debug,
}

impl State {
    fn of(context: &Context) -> Self {
        let span = context.span_context();
        let deferred = |Deferred(id): &Deferred| *id == span.span_id;
        if Debug::is_on(context) {
            Self::Debug
        } else if span.trace_flags.is_sampled() {
            Self::Sampled
        } else if context.value::<Deferred>().is_some_and(deferred) {
            Self::Deferred
        } else {
            Self::Drop
        }
    }

    fn parse(text: &str) -> Option<Self> {
        match text {
            "0" => Some(Self::Drop),
            "1" => Some(Self::Sampled),
            "d" => Some(Self::Debug),
            _ => None,
        }
    }

    /// Several headers; older senders wrote words.
    fn parse_multi(sampled: Option<&str>, flags: Option<&str>) -> Option<Self> {
        match (flags.map(str::trim), sampled.map(str::trim)) {
            (Some("1"), _) => Some(Self::Debug),
            (_, None) => Some(Self::Deferred),
            (_, Some("1" | "true")) => Some(Self::Sampled),
            (_, Some("0" | "false")) => Some(Self::Drop),
            _ => None,
        }
    }
}

impl Propagator for B3 {
    fn inject(&self, context: &Context, carrier: &mut dyn Injector) {
        let span = context.span_context();
        if !span.is_valid() {
            return;
        }
        let (trace_id, span_id) = (span.trace_id.to_string(), span.span_id.to_string());
        let state = State::of(context);
        if self.multi {
            carrier.set(TRACE_ID, &trace_id);
            carrier.set(SPAN_ID, &span_id);
            match state {
                State::Debug => carrier.set(FLAGS, "1"),
                State::Sampled => carrier.set(SAMPLED, "1"),
                State::Drop => carrier.set(SAMPLED, "0"),
                State::Deferred => {}
            }
            return;
        }
        let state = match state {
            State::Debug => "-d",
            State::Sampled => "-1",
            State::Drop => "-0",
            State::Deferred => "",
        };
        carrier.set(SINGLE, &format!("{trace_id}-{span_id}{state}"));
    }

    fn extract(&self, context: &Context, carrier: &dyn Extractor) -> Context {
        let found = carrier.get(SINGLE).and_then(parse_single);
        let Some((span, state)) = found.or_else(|| extract_multi(carrier)) else {
            return context.clone();
        };
        let (trace_id, span_id) = (span.trace_id, span.span_id);
        let context = context.with_span_context(span).without_value::<Debug>();
        match state {
            State::Debug => context.with_value(Debug(trace_id)),
            State::Deferred => context.with_value(Deferred(span_id)),
            State::Drop | State::Sampled => context,
        }
    }

    fn fields(&self) -> Vec<&str> {
        if self.multi {
            vec![TRACE_ID, SPAN_ID, SAMPLED, FLAGS]
        } else {
            vec![SINGLE]
        }
    }
}

/// `trace-span`, `trace-span-state` or `trace-span-state-parent`.
fn parse_single(text: &str) -> Option<(SpanContext, State)> {
    let mut parts = text.trim().split('-');
    let (trace_id, span_id) = (parts.next()?, parts.next()?);
    let state = parts.next().map_or(Some(State::Deferred), State::parse)?;
    if let Some(parent) = parts.next() {
        hex::<8>(parent.as_bytes())?;
    }
    if parts.next().is_some() {
        return None;
    }
    Some((span_context(trace_id, span_id, state)?, state))
}

fn extract_multi(carrier: &dyn Extractor) -> Option<(SpanContext, State)> {
    let (trace_id, span_id) = (carrier.get(TRACE_ID)?, carrier.get(SPAN_ID)?);
    let state = State::parse_multi(carrier.get(SAMPLED), carrier.get(FLAGS))?;
    Some((span_context(trace_id.trim(), span_id.trim(), state)?, state))
}

/// The context of ids in hex; a trace id may have 64 bits.
fn span_context(trace_id: &str, span_id: &str, state: State) -> Option<SpanContext> {
    let trace_id = match trace_id.len() {
        16 => {
            let low: [u8; 8] = hex(trace_id.as_bytes())?;
            u128::from(u64::from_be_bytes(low)).to_be_bytes()
        }
        _ => hex(trace_id.as_bytes())?,
    };
    let sampled = matches!(state, State::Sampled | State::Debug);
    let context = SpanContext {
        trace_id: TraceId(trace_id),
        span_id: SpanId(hex(span_id.as_bytes())?),
        trace_flags: TraceFlags(u8::from(sampled)),
        is_remote: true,
        trace_state: TraceState::default(),
    };
    context.is_valid().then_some(context)
}
