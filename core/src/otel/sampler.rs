//! Any `opentelemetry_sdk` sampler as a sampler of ours.

use super::owned::owned;
use super::{context, convert};
use crate::context::TraceState;
use crate::sampler::{CustomSampler, Decision, Sampler, SamplingInput, SamplingOutput};
use opentelemetry::Context;
use opentelemetry::trace::{Link, TraceContextExt, TraceId};
use opentelemetry_sdk::trace::{SamplingDecision, ShouldSample};
use std::sync::Arc;

/// Decides as an `opentelemetry_sdk` sampler does.
///
/// It is asked for each span, with attributes converted for it; the built-in samplers of
/// [`Sampler`] do the same much faster. Of the parent's context it sees the span, no baggage.
///
/// ```
/// use opentelemetry_sdk::trace::Sampler as SdkSampler;
///
/// let sampler = libtracer::otel::sampler(SdkSampler::TraceIdRatioBased(0.1));
/// let config = libtracer::Config::new().sampler(sampler);
/// ```
pub fn sampler(sampler: impl ShouldSample + 'static) -> Sampler {
    Sampler::Custom(Arc::new(Foreign(Box::new(sampler))))
}

#[derive(Debug)]
struct Foreign(Box<dyn ShouldSample>);

impl CustomSampler for Foreign {
    fn sample(&self, input: &SamplingInput<'_>) -> SamplingOutput {
        let parent = input
            .parent
            .map(|parent| Context::new().with_remote_span_context(context::theirs(parent)));
        let links: Vec<Link> = input
            .links
            .iter()
            .map(|context| Link::with_context(context::theirs(context)))
            .collect();
        let result = self.0.should_sample(
            parent.as_ref(),
            TraceId::from_bytes(input.trace_id.0),
            input.name,
            &convert::kind(input.kind),
            &convert::key_values(input.attributes.to_vec()),
            &links,
        );
        let attributes = result.attributes.into_iter();
        SamplingOutput {
            decision: match result.decision {
                SamplingDecision::Drop => Decision::Drop,
                SamplingDecision::RecordOnly => Decision::RecordOnly,
                SamplingDecision::RecordAndSample => Decision::RecordAndSample,
            },
            attributes: attributes
                .map(|attribute| (attribute.key.to_string(), owned(attribute.value)))
                .collect(),
            trace_state: Some(TraceState::from_header(&result.trace_state.header())),
        }
    }

    fn description(&self) -> String {
        format!("{:?}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::context::{SpanContext, TraceFlags as OurFlags};
    use crate::id::{SpanId as OurSpanId, TraceId as OurTraceId};
    use crate::{OwnedValue, SpanKind};
    use opentelemetry::KeyValue;
    use opentelemetry::trace::{SpanId, SpanKind as TheirKind};
    use opentelemetry_sdk::trace::{Sampler as TheirSampler, SamplingResult};

    /// Checks what it is given and answers with everything a sampler may.
    #[derive(Clone, Debug)]
    struct Curious;

    impl ShouldSample for Curious {
        fn should_sample(
            &self,
            parent: Option<&Context>,
            trace_id: TraceId,
            name: &str,
            kind: &TheirKind,
            attributes: &[KeyValue],
            links: &[Link],
        ) -> SamplingResult {
            assert_eq!(trace_id, TraceId::from_bytes([1; 16]));
            assert_eq!((name, kind), ("name", &TheirKind::Client));
            assert_eq!(attributes, [KeyValue::new("n", 7)]);
            assert_eq!(links[0].span_context.span_id(), SpanId::from_bytes([2; 8]));
            let span = parent.unwrap().span();
            let parent = span.span_context();
            assert!(parent.is_remote() && parent.is_sampled());
            assert_eq!(parent.trace_state().header(), "a=1");
            SamplingResult {
                decision: SamplingDecision::RecordOnly,
                attributes: vec![KeyValue::new("why", "curious")],
                trace_state: parent.trace_state().insert("b", "2").unwrap(),
            }
        }
    }

    fn parent() -> SpanContext {
        SpanContext {
            trace_id: OurTraceId([1; 16]),
            span_id: OurSpanId([2; 8]),
            trace_flags: OurFlags::SAMPLED,
            is_remote: true,
            trace_state: TraceState::from_header("a=1"),
        }
    }

    #[test]
    fn conf_049_a_foreign_sampler_sees_everything_and_conf_052_may_add() {
        let parent = parent();
        let input = SamplingInput {
            parent: Some(&parent),
            trace_id: OurTraceId([1; 16]),
            name: "name",
            kind: SpanKind::Client,
            attributes: &[("n".to_owned(), OwnedValue::Int(7))],
            links: std::slice::from_ref(&parent),
        };
        let output = sampler(Curious).ask(&input);
        assert_eq!(output.decision, Decision::RecordOnly);
        assert_eq!(
            output.attributes,
            [("why".to_owned(), OwnedValue::from("curious"))]
        );
        assert_eq!(output.trace_state.unwrap().as_str(), "b=2,a=1");
    }

    #[test]
    fn a_foreign_sampler_serves_as_the_root_of_a_native_one() {
        let nested = Sampler::parent_based(sampler(TheirSampler::AlwaysOff));
        let parent = parent();
        let mut input = SamplingInput {
            parent: Some(&parent),
            trace_id: OurTraceId([1; 16]),
            name: "",
            kind: SpanKind::Internal,
            attributes: &[],
            links: &[],
        };
        assert_eq!(
            nested.ask(&input),
            SamplingOutput::from(Decision::RecordAndSample)
        );
        input.parent = None;
        assert_eq!(nested.ask(&input).decision, Decision::Drop);
        assert!(
            nested
                .description()
                .starts_with("ParentBased{root:AlwaysOff,")
        );
    }
}
