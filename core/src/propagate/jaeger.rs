//! Jaeger's own format of before W3C Trace Context: `uber-trace-id` and `uberctx-*`.

use super::b3::Debug;
use super::baggage::is_token;
use super::{Extractor, Injector, Propagator};
use crate::baggage::{Baggage, Entry};
use crate::context::{Context, SpanContext, TraceFlags, TraceState};
use crate::id::{SpanId, TraceId};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

const TRACE: &str = "uber-trace-id";
const BAGGAGE: &str = "uberctx-";
const SAMPLED: u8 = 1;
const DEBUG: u8 = 2;
/// Pairs that are read and written.
const MAX_PAIRS: usize = 64;

/// The headers `uber-trace-id` and `uberctx-<name>` of Jaeger's own clients, which are deprecated
/// for W3C Trace Context.
///
/// Names of baggage arrive in lower case where headers do. At most 64 pairs are read and written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Jaeger;

impl Propagator for Jaeger {
    fn inject(&self, context: &Context, carrier: &mut dyn Injector) {
        let span = context.span_context();
        if span.is_valid() {
            let sampled = u8::from(span.trace_flags.is_sampled());
            let debug = if Debug::is_on(context) {
                SAMPLED | DEBUG
            } else {
                0
            };
            let (trace_id, span_id, flags) = (span.trace_id, span.span_id, sampled | debug);
            // The third field, the parent's id, is deprecated: 0.
            carrier.set(TRACE, &format!("{trace_id}:{span_id}:0:{flags:x}"));
        }
        let pairs = context.baggage().iter();
        for (name, value) in pairs.filter(|(name, _)| is_token(name)).take(MAX_PAIRS) {
            let value = utf8_percent_encode(value, NON_ALPHANUMERIC).to_string();
            carrier.set(&format!("{BAGGAGE}{name}"), &value);
        }
    }

    fn extract(&self, context: &Context, carrier: &dyn Extractor) -> Context {
        let mut extracted = context.clone();
        if let Some((span, debug)) = carrier.get(TRACE).and_then(parse) {
            let trace_id = span.trace_id;
            extracted = extracted.with_span_context(span).without_value::<Debug>();
            if debug {
                extracted = extracted.with_value(Debug(trace_id));
            }
        }
        let keys = carrier.keys();
        let names = keys.iter().filter_map(|key| Some((*key, name_of(key)?)));
        let pairs = names.take(MAX_PAIRS).filter_map(|(key, name)| {
            let value = percent_decode_str(carrier.get(key)?).decode_utf8().ok()?;
            Some(Entry {
                name: name.into(),
                value: value.as_ref().into(),
                metadata: "".into(),
            })
        });
        let known = context.baggage().entries().iter().cloned();
        let baggage = Baggage::of(known.chain(pairs));
        if baggage == *context.baggage() {
            return extracted;
        }
        extracted.with_baggage(baggage)
    }

    fn fields(&self) -> Vec<&str> {
        vec![TRACE]
    }
}

fn name_of(key: &str) -> Option<&str> {
    let (prefix, name) = key.split_at_checked(BAGGAGE.len())?;
    (prefix.eq_ignore_ascii_case(BAGGAGE) && is_token(name)).then_some(name)
}

/// `trace:span:parent:flags`, perhaps percent-encoded as a whole, and whether to debug.
fn parse(text: &str) -> Option<(SpanContext, bool)> {
    const LONGEST: usize = 3 * (32 + 16 + 16 + 2 + 3);
    if text.len() > LONGEST {
        return None;
    }
    let text = percent_decode_str(text.trim()).decode_utf8().ok()?;
    let mut parts = text.split(':');
    let mut part = |digits: usize| {
        let part = parts.next()?;
        let hex = part.bytes().all(|digit| digit.is_ascii_hexdigit());
        (hex && part.len() <= digits).then(|| u128::from_str_radix(part, 16).ok())?
    };
    let (trace_id, span_id, _parent, flags) = (part(32)?, part(16)?, part(16)?, part(2)?);
    if parts.next().is_some() {
        return None;
    }
    let flags = u8::try_from(flags).ok()?;
    let debug = flags & DEBUG != 0;
    let context = SpanContext {
        trace_id: TraceId(trace_id.to_be_bytes()),
        span_id: SpanId(u64::try_from(span_id).ok()?.to_be_bytes()),
        trace_flags: TraceFlags(u8::from(debug || flags & SAMPLED != 0)),
        is_remote: true,
        trace_state: TraceState::default(),
    };
    context.is_valid().then_some((context, debug))
}
