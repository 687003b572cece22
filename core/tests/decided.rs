//! Spans about which a binding has decided before they start.
#![expect(clippy::unwrap_used, reason = "a helper of a test fails by a panic")]

use libtracer::binding::{Decided, Parent, Started};
use libtracer::{
    Config, Decision, FinishedSpan, MemoryExporter, Sampler, SamplingInput, SamplingOutput,
    SpanContext, SpanId, TraceFlags, TraceId, TraceState, Tracer, TracerProvider,
};
use std::sync::Arc;

const TRACE: TraceId = TraceId([7; 16]);
const SPAN: SpanId = SpanId([9; 8]);

fn recording(sampler: Sampler) -> (TracerProvider, Tracer, MemoryExporter) {
    let memory = MemoryExporter::new();
    let config = Config::new().memory(&memory).sampler(sampler);
    let provider = TracerProvider::new(&config).unwrap();
    let tracer = provider.tracer("t");
    (provider, tracer, memory)
}

fn parent() -> SpanContext {
    SpanContext {
        trace_id: TraceId([1; 16]),
        span_id: SpanId([2; 8]),
        trace_flags: TraceFlags(1),
        is_remote: true,
        trace_state: TraceState::from_header("a=1"),
    }
}

fn root(tracer: &Tracer, decided: &Decided<'_>) -> Started {
    tracer.span("s").root().start_decided(decided)
}

fn only(memory: &MemoryExporter) -> FinishedSpan {
    let [span] = memory.spans().try_into().unwrap();
    span
}

#[test]
fn the_ids_are_those_given() {
    let (_provider, tracer, memory) = recording(Sampler::AlwaysOn);
    for is_random in [false, true] {
        let decided = Decided {
            trace: Some((TRACE, is_random)),
            span_id: Some(SPAN),
            ..Decided::default()
        };
        let started = root(&tracer, &decided);
        assert_eq!((started.trace_id, started.span_id), (TRACE, SPAN));
        assert_eq!(started.trace_flags.0, if is_random { 3 } else { 1 });
        started.handle.end(0);
        let span = only(&memory);
        assert_eq!((span.trace_id, span.span_id), (TRACE.0, SPAN.0));
        memory.clear();
    }
}

#[test]
fn what_is_left_open_is_drawn_and_the_sampler_decides() {
    for (sampler, flags) in [(Sampler::AlwaysOn, 3), (Sampler::AlwaysOff, 2)] {
        let (_provider, tracer, _) = recording(sampler);
        let started = root(&tracer, &Decided::default());
        assert!(started.trace_id.is_valid() && started.span_id.is_valid());
        assert_eq!(started.trace_flags.0, flags);
        assert_eq!(started.recording, flags == 3);
        started.handle.end(0);
    }
}

#[test]
fn a_child_is_in_its_parents_trace_whatever_is_given() {
    let (_provider, tracer, memory) = recording(Sampler::AlwaysOff);
    let decided = Decided {
        trace: Some((TRACE, true)),
        decision: Some(Decision::RecordAndSample),
        ..Decided::default()
    };
    let context = parent();
    let builder = tracer.span("s").below(Parent::from(&context));
    let started = builder.start_decided(&decided);
    assert_eq!(started.trace_id, context.trace_id);
    assert_eq!(started.trace_flags.0, 1, "the parent's random flag");
    started.handle.end(0);
    let span = only(&memory);
    assert_eq!(span.parent_span_id, Some(context.span_id.0));
    assert_eq!(span.trace_state, "a=1");
}

#[test]
fn the_decision_counts_and_not_the_sampler() {
    let (provider, tracer, memory) = recording(Sampler::AlwaysOff);
    for decision in [
        Decision::RecordAndSample,
        Decision::RecordOnly,
        Decision::Drop,
    ] {
        let decided = Decided {
            decision: Some(decision),
            ..Decided::default()
        };
        let started = root(&tracer, &decided);
        assert_eq!(started.recording, decision != Decision::Drop);
        assert_eq!(
            started.trace_flags.is_sampled(),
            decision == Decision::RecordAndSample
        );
        started.handle.set_bool("key", true);
        let mut shown = 0;
        let mut copy = |bytes: &[u8]| shown += usize::from(!bytes.is_empty());
        assert!(started.handle.end_with(0, Some(&mut copy)));
        // What is recorded only is shown to who ends it, and to nobody else.
        assert_eq!(shown, usize::from(decision != Decision::Drop));
    }
    assert_eq!(memory.spans().len(), 1);
    let [stats] = provider.stats().try_into().unwrap();
    assert!(stats.is_balanced());
    assert_eq!(
        (stats.started, stats.record_only, stats.unsampled),
        (1, 1, 1)
    );
}

#[test]
fn a_trace_state_takes_the_place_of_the_parents() {
    let (_provider, tracer, _) = recording(Sampler::AlwaysOn);
    let context = parent();
    for decision in [None, Some(Decision::Drop)] {
        for given in ["", "b=2,c=3"] {
            let decided = Decided {
                decision,
                trace_state: Some(given),
                ..Decided::default()
            };
            let builder = tracer.span("s").below(Parent::from(&context));
            let started = builder.start_decided(&decided);
            assert_eq!(started.handle.context().trace_state.as_str(), given);
            started.handle.end(0);
        }
    }
}

/// Samples all, with an attribute.
#[derive(Debug)]
struct Marking;

impl libtracer::CustomSampler for Marking {
    fn sample(&self, input: &SamplingInput<'_>) -> SamplingOutput {
        assert_eq!(input.trace_id, TRACE);
        let mut output = SamplingOutput::from(Decision::RecordAndSample);
        output.attributes.push(("marked".into(), true.into()));
        output
    }

    fn description(&self) -> String {
        "Marking".into()
    }
}

#[test]
fn a_sampler_of_the_provider_sees_the_trace_that_was_given() {
    let (_provider, tracer, memory) = recording(Sampler::Custom(Arc::new(Marking)));
    let decided = Decided {
        trace: Some((TRACE, false)),
        ..Decided::default()
    };
    root(&tracer, &decided).handle.end(0);
    assert_eq!(only(&memory).attributes.len(), 1);
}

#[test]
fn now_is_on_the_spans_clock_and_never_before_its_start() {
    let (_provider, tracer, memory) = recording(Sampler::AlwaysOn);
    let span = root(&tracer, &Decided::default()).handle;
    let first = span.now();
    let second = span.now();
    span.end(0);
    let ended = only(&memory);
    assert!(ended.start_unix_ns <= first && first <= second && second <= ended.end_unix_ns);
    assert!(span.now() >= first, "the system's clock, from here on");
    let ahead = ended.end_unix_ns + 3_600_000_000_000;
    let later = tracer.span("s").root().start_time(ahead).start_handle();
    assert_eq!(later.now(), ahead);
    later.end(0);
}
