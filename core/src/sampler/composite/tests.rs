use super::*;
use crate::context::{SpanContext, TraceFlags, TraceState};
use crate::id::{SpanId, TraceId};
use crate::sampler::Sampler;
use crate::span::SpanKind;

/// A trace with this randomness.
fn trace(randomness: u64) -> TraceId {
    TraceId((u128::from(randomness) | (0xabcd << 64)).to_be_bytes())
}

fn parent(randomness: u64, sampled: bool, state: &str) -> SpanContext {
    SpanContext {
        trace_id: trace(randomness),
        span_id: SpanId([1; 8]),
        trace_flags: TraceFlags(u8::from(sampled)),
        is_remote: true,
        trace_state: TraceState::parse(state).unwrap(),
    }
}

fn ask(sampler: &Sampler, parent: Option<&SpanContext>, randomness: u64) -> (bool, String) {
    let output = sampler.ask(&SamplingInput {
        parent,
        trace_id: trace(randomness),
        name: "n",
        kind: SpanKind::Internal,
        attributes: &[],
        links: &[],
    });
    let state = output.trace_state.unwrap_or_default();
    (
        output.decision == Decision::RecordAndSample,
        state.as_str().to_owned(),
    )
}

fn probability(ratio: f64) -> Sampler {
    Sampler::probability(Ratio::new(ratio).unwrap())
}

const QUARTER: u64 = 0xc0_0000_0000_0000;

#[test]
fn conf_055_a_root_is_kept_by_its_trace_id_and_says_with_which_threshold() {
    let sampler = probability(0.25);
    assert_eq!(ask(&sampler, None, QUARTER), (true, "ot=th:c".into()));
    assert_eq!(ask(&sampler, None, QUARTER - 1), (false, String::new()));
    assert_eq!(ask(&probability(1.0), None, 0), (true, "ot=th:0".into()));
    assert!(!ask(&probability(0.0), None, u64::MAX >> 8).0);
}

#[test]
fn conf_055_thresholds_have_as_many_digits_as_the_specification_shows() {
    for (ratio, digits) in [
        (1.0, "0"),
        (0.5, "8"),
        (0.25, "c"),
        (1.0 / 3.0, "aaab"),
        (2.0 / 3.0, "5555"),
        (0.1, "e666"),
        (0.01, "fd70a"),
        (1e-6, "ffffef39"),
    ] {
        let (kept, state) = ask(&probability(ratio), None, u64::MAX >> 8);
        assert!(kept);
        assert_eq!(state, format!("ot=th:{digits}"), "{ratio}");
    }
}

#[test]
fn conf_055_explicit_randomness_decides_and_is_never_overwritten() {
    let low = "ot=rv:00000000000001;p:8,vendor=x";
    let high = "vendor=x,ot=p:8;rv:fffffffffffff0;th:8";
    let sampler = probability(0.25);
    let (kept, state) = ask(&sampler, Some(&parent(QUARTER, true, low)), QUARTER);
    assert_eq!(
        (kept, state.as_str()),
        (false, "ot=rv:00000000000001;p:8,vendor=x")
    );
    let (kept, state) = ask(&sampler, Some(&parent(0, true, high)), 0);
    assert_eq!(
        (kept, state.as_str()),
        (true, "ot=th:c;p:8;rv:fffffffffffff0,vendor=x")
    );
    // Malformed randomness is none: the trace id decides, and it is handed on as it came.
    let odd = "ot=rv:FFFFFFFFFFFFF0";
    let (kept, state) = ask(&sampler, Some(&parent(QUARTER, true, odd)), QUARTER);
    assert_eq!((kept, state.as_str()), (true, "ot=th:c;rv:FFFFFFFFFFFFF0"));
}

#[test]
fn conf_056_children_follow_the_parents_threshold_where_it_is_sound() {
    let root = Composable::Probability(Ratio::new(0.25).unwrap());
    let sampler = Sampler::composite(Composable::parent_threshold(root));
    let child = |sampled, state| {
        let parent = parent(0x90_0000_0000_0000, sampled, state);
        ask(&sampler, Some(&parent), 0x90_0000_0000_0000)
    };
    assert!(!ask(&sampler, None, 0x90_0000_0000_0000).0);
    assert_eq!(child(true, "ot=th:8"), (true, "ot=th:8".into()));
    assert_eq!(child(false, "ot=th:a"), (false, String::new()));
    // No threshold: as the flag says, and nobody may count on it.
    assert_eq!(child(true, "v=1"), (true, "v=1".into()));
    assert_eq!(child(false, "v=1"), (false, "v=1".into()));
    // A threshold that contradicts the flag is erased.
    assert_eq!(child(true, "ot=th:a"), (true, String::new()));
    assert_eq!(child(false, "ot=th:8"), (false, String::new()));
    for malformed in ["ot=th:", "ot=th:x", "ot=th:000000000000000", "ot=th"] {
        assert!(child(true, malformed).0, "{malformed}");
    }
}

#[derive(Debug)]
struct Half;

impl CustomComposable for Half {
    fn intent(&self, _: &SamplingInput<'_>) -> SamplingIntent {
        SamplingIntent::keep_above(1 << 55)
    }

    fn description(&self) -> String {
        "Half".into()
    }
}

#[test]
fn conf_056_rules_annotations_and_custom_ones_combine() {
    let annotated = Composable::annotating([("why", "rule")], Composable::Custom(Arc::new(Half)));
    let rules = Composable::rules([
        (
            Composable::when(|span| span.name == "never"),
            Composable::AlwaysOff,
        ),
        (Composable::when(|span| span.name == "half"), annotated),
    ]);
    let sampler = Sampler::composite(rules);
    let ask = |name, randomness| {
        sampler.ask(&SamplingInput {
            parent: None,
            trace_id: trace(randomness),
            name,
            kind: SpanKind::Internal,
            attributes: &[],
            links: &[],
        })
    };
    let kept = ask("half", 1 << 55);
    assert_eq!(kept.decision, Decision::RecordAndSample);
    assert_eq!(kept.attributes, [("why".into(), "rule".into())]);
    assert_eq!(ask("half", (1 << 55) - 1).decision, Decision::Drop);
    assert!(ask("half", 0).attributes.is_empty());
    for name in ["never", "other"] {
        assert_eq!(ask(name, u64::MAX >> 8).decision, Decision::Drop);
    }
    assert_eq!(
        sampler.description(),
        "CompositeSampler{ComposableRuleBased{rule(ComposableAlwaysOff),\
         rule(ComposableAnnotating{Half})}}"
    );
}

#[test]
fn conf_056_an_unreliable_share_is_drawn_anew_for_each_span() {
    #[derive(Debug)]
    struct Unreliable;
    impl CustomComposable for Unreliable {
        fn intent(&self, _: &SamplingInput<'_>) -> SamplingIntent {
            SamplingIntent {
                adjusted_count_reliable: false,
                ..SamplingIntent::keep_above(1 << 55)
            }
        }
        fn description(&self) -> String {
            "Unreliable".into()
        }
    }
    let sampler = Sampler::composite(Composable::Custom(Arc::new(Unreliable)));
    let kept = (0..1000).filter(|_| ask(&sampler, None, 0).0).count();
    assert!((300..700).contains(&kept), "{kept}");
    assert_eq!(ask(&sampler, None, 0).1, "");
}
