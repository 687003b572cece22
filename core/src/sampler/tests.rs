use super::*;
use opentelemetry::Context;
use opentelemetry::trace::{
    SpanContext, SpanId, SpanKind, TraceContextExt, TraceFlags, TraceId, TraceState,
};
use opentelemetry_sdk::trace::{
    ParentBasedSampler, Sampler as TheirSampler, SamplingDecision, ShouldSample,
};

/// What their sampler decides.
fn theirs(sampler: &dyn ShouldSample, parent: Option<ParentFacts>, trace_id: [u8; 16]) -> Decision {
    let trace_id = TraceId::from_bytes(trace_id);
    let context = parent.map(|parent| {
        let flags = TraceFlags::new(u8::from(parent.sampled));
        let span_id = SpanId::from_bytes([1; 8]);
        let state = TraceState::default();
        let parent = SpanContext::new(trace_id, span_id, flags, parent.remote, state);
        Context::new().with_remote_span_context(parent)
    });
    let kind = SpanKind::Internal;
    match sampler
        .should_sample(context.as_ref(), trace_id, "", &kind, &[], &[])
        .decision
    {
        SamplingDecision::Drop => Decision::Drop,
        SamplingDecision::RecordOnly => Decision::RecordOnly,
        SamplingDecision::RecordAndSample => Decision::RecordAndSample,
    }
}

fn parents() -> [Option<ParentFacts>; 5] {
    let facts = |sampled, remote| Some(ParentFacts { sampled, remote });
    [
        None,
        facts(true, false),
        facts(false, false),
        facts(true, true),
        facts(false, true),
    ]
}

fn random_ids(count: usize) -> impl Iterator<Item = [u8; 16]> {
    std::iter::repeat_with(|| {
        let mut id = [0; 16];
        getrandom::fill(&mut id).unwrap();
        id
    })
    .take(count)
}

fn ratio(value: f64) -> Sampler {
    Sampler::TraceIdRatio(Ratio::new(value).unwrap())
}

#[test]
fn conf_050_built_in_samplers_decide_as_opentelemetry_sdk() {
    let pairs: Vec<(Sampler, Box<dyn ShouldSample>)> = vec![
        (Sampler::AlwaysOn, TheirSampler::AlwaysOn.into()),
        (Sampler::AlwaysOff, TheirSampler::AlwaysOff.into()),
        (ratio(0.5), TheirSampler::TraceIdRatioBased(0.5).into()),
        (
            Sampler::default(),
            ParentBasedSampler::new(TheirSampler::AlwaysOn).into(),
        ),
        (
            Sampler::default(),
            TheirSampler::ParentBased(TheirSampler::AlwaysOn.into()).into(),
        ),
        (
            Sampler::parent_based(Sampler::AlwaysOff),
            ParentBasedSampler::new(TheirSampler::AlwaysOff).into(),
        ),
        (
            Sampler::parent_based(ratio(0.25)),
            ParentBasedSampler::new(TheirSampler::TraceIdRatioBased(0.25)).into(),
        ),
        (
            Sampler::ParentBased(Arc::new(ParentBased {
                root: Sampler::AlwaysOff,
                remote_sampled: ratio(0.3),
                remote_not_sampled: Sampler::AlwaysOn,
                local_sampled: Sampler::AlwaysOff,
                local_not_sampled: Sampler::parent_based(Sampler::AlwaysOn),
            })),
            ParentBasedSampler::new(TheirSampler::AlwaysOff)
                .with_remote_parent_sampled(TheirSampler::TraceIdRatioBased(0.3))
                .with_remote_parent_not_sampled(TheirSampler::AlwaysOn)
                .with_local_parent_sampled(TheirSampler::AlwaysOff)
                .with_local_parent_not_sampled(ParentBasedSampler::new(TheirSampler::AlwaysOn))
                .into(),
        ),
    ];
    for (ours, reference) in &pairs {
        for id in random_ids(200) {
            for parent in parents() {
                let expected = theirs(&**reference, parent, id);
                assert_eq!(
                    ours.decide(parent, &id),
                    Some(expected),
                    "{ours} {parent:?} {id:?}"
                );
            }
        }
    }
}

#[test]
fn conf_054_ratios_decide_as_opentelemetry_sdk_and_a_higher_one_samples_a_superset() {
    let mut ratios = vec![
        0.0,
        f64::MIN_POSITIVE,
        1e-19,
        1e-9,
        0.001,
        0.1,
        0.5,
        0.999,
        1.0,
    ];
    ratios.extend(random_ids(50).map(|id| f64::from(u16::from_be_bytes([id[0], id[1]])) / 65536.0));
    ratios.sort_by(f64::total_cmp);
    let edges = [[0; 16], [255; 16]];
    for id in random_ids(2_000).chain(edges) {
        let mut sampled_before = false;
        for value in &ratios {
            let decision = ratio(*value).decide(None, &id).unwrap();
            let reference = TheirSampler::TraceIdRatioBased(*value);
            assert_eq!(decision, theirs(&reference, None, id), "{value} {id:?}");
            let sampled = decision == Decision::RecordAndSample;
            assert!(sampled || !sampled_before, "{value} {id:?}");
            sampled_before = sampled;
        }
    }
}

#[test]
fn a_ratio_samples_its_share() {
    let count = random_ids(20_000)
        .filter(|id| Ratio::new(0.25).unwrap().samples(id))
        .count();
    // Five standard deviations.
    assert!((4_690..5_310).contains(&count), "{count}");
}

#[test]
fn ratios_out_of_range_say_what_is_right() {
    for bad in [-0.1, 1.000_001, f64::NAN, f64::INFINITY] {
        let error = Ratio::new(bad).unwrap_err().to_string();
        assert!(error.starts_with("sampling ratio \""), "{error}");
        assert!(
            error.ends_with("is out of range: use a number from 0 to 1"),
            "{error}"
        );
    }
    assert!("half".parse::<Ratio>().is_err());
    assert_eq!(" 0.5 ".parse::<Ratio>(), Ratio::new(0.5));
}

#[test]
fn conf_050_descriptions_are_the_specifications() {
    assert_eq!(Sampler::AlwaysOn.description(), "AlwaysOnSampler");
    assert_eq!(Sampler::AlwaysOff.description(), "AlwaysOffSampler");
    assert_eq!(ratio(0.0001).description(), "TraceIdRatioBased{0.0001}");
    assert_eq!(
        Sampler::parent_based(ratio(1.0)).description(),
        "ParentBased{root:TraceIdRatioBased{1},remoteParentSampled:AlwaysOnSampler,\
         remoteParentNotSampled:AlwaysOffSampler,localParentSampled:AlwaysOnSampler,\
         localParentNotSampled:AlwaysOffSampler}"
    );
}

#[test]
fn conf_051_the_default_follows_the_parent_and_samples_roots() {
    use Decision::{Drop, RecordAndSample};
    let sampler = Sampler::default();
    let decisions = parents().map(|parent| sampler.decide(parent, &[7; 16]).unwrap());
    assert_eq!(
        decisions,
        [
            RecordAndSample,
            RecordAndSample,
            Drop,
            RecordAndSample,
            Drop
        ]
    );
}
