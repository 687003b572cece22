//! Which spans are recorded, which leave, and what children inherit.
#![expect(clippy::unwrap_used, reason = "a helper of a test fails by a panic")]

use libtracer::{
    Config, CustomSampler, Decision, Link, MemoryExporter, OwnedValue, Ratio, Sampler,
    SamplingInput, SamplingOutput, SpanContext, SpanId, SpanKind, Stats, TraceFlags, TraceId,
    TraceState, TracerProvider, Value,
};
use std::sync::{Arc, Mutex};

fn provider(sampler: Sampler) -> (TracerProvider, MemoryExporter) {
    let memory = MemoryExporter::new();
    let config = Config::new().sampler(sampler).memory(&memory);
    (TracerProvider::new(&config).unwrap(), memory)
}

fn stats(provider: &TracerProvider) -> Stats {
    let stats = provider.stats().remove(0);
    assert!(stats.is_balanced(), "{stats:?}");
    stats
}

fn remote(sampled: bool) -> SpanContext {
    SpanContext {
        trace_id: TraceId([7; 16]),
        span_id: SpanId([8; 8]),
        trace_flags: TraceFlags(u8::from(sampled)),
        is_remote: true,
        trace_state: TraceState::from_header("vendor=1"),
    }
}

/// Answers as it is told and keeps what it was asked.
#[derive(Debug)]
struct Told {
    answer: SamplingOutput,
    asked: Mutex<Vec<String>>,
}

impl Told {
    fn new(answer: SamplingOutput) -> Arc<Self> {
        let asked = Mutex::default();
        Arc::new(Self { answer, asked })
    }
}

impl CustomSampler for Told {
    fn sample(&self, input: &SamplingInput<'_>) -> SamplingOutput {
        let parent = input
            .parent
            .map(|parent| (parent.span_id, parent.trace_state.as_str()));
        let text = format!(
            "{} {:?} {:?} {parent:?} {}",
            input.name,
            input.kind,
            input.attributes,
            input.links.len()
        );
        self.asked.lock().unwrap().push(text);
        self.answer.clone()
    }

    fn description(&self) -> String {
        "Told".into()
    }
}

/// Answers with a value that is deeper than any stack.
#[derive(Debug)]
struct Deep(Decision);

impl CustomSampler for Deep {
    fn sample(&self, _: &SamplingInput<'_>) -> SamplingOutput {
        let mut value = OwnedValue::Int(1);
        for depth in 0..100_000 {
            value = match depth % 2 {
                0 => OwnedValue::Array(vec![value]),
                _ => OwnedValue::Map(vec![("k".into(), value)]),
            };
        }
        let mut output = SamplingOutput::from(self.0);
        output.attributes = vec![("deep".into(), value), ("flat".into(), true.into())];
        output
    }

    fn description(&self) -> String {
        "Deep".into()
    }
}

#[test]
fn a_samplers_attributes_may_be_of_any_depth() {
    for decision in [
        Decision::Drop,
        Decision::RecordOnly,
        Decision::RecordAndSample,
    ] {
        let (provider, memory) = provider(Sampler::Custom(Arc::new(Deep(decision))));
        provider.tracer("t").start("s").end();
        let spans = memory.spans();
        assert_eq!(
            spans.len(),
            usize::from(decision == Decision::RecordAndSample)
        );
        for span in spans {
            assert_eq!(span.attribute("flat"), Some(&OwnedValue::Bool(true)));
            assert!(span.attribute("deep").is_some());
        }
    }
}

#[test]
fn conf_015_an_unsampled_span_has_an_id_of_its_own_and_records_nothing() {
    let (provider, memory) = provider(Sampler::AlwaysOff);
    let tracer = provider.tracer("t");
    let root = tracer.start("root");
    let child = tracer.span("child").parent(&root.context()).start();
    assert!(!root.is_recording() && !child.is_recording());
    let (root_context, context) = (root.context(), child.context());
    assert!(root_context.is_valid() && context.is_valid());
    assert_eq!(context.trace_id, root_context.trace_id);
    assert_ne!(context.span_id, root_context.span_id);
    assert!(!context.trace_flags.is_sampled());
    child.set("k", 1i64).add_event("e", &[]);
    drop((child, root));
    assert!(memory.spans().is_empty());
    assert_eq!(
        (stats(&provider).started, stats(&provider).unsampled),
        (0, 2)
    );
}

#[test]
fn conf_051_children_do_as_their_parent() {
    let (provider, memory) = provider(Sampler::default());
    let tracer = provider.tracer("t");
    for sampled in [true, false] {
        let child = tracer.span("child").parent(&remote(sampled)).start();
        assert_eq!(child.is_recording(), sampled);
        assert_eq!(child.context().trace_flags.is_sampled(), sampled);
        let grandchild = tracer.span("grandchild").parent(&child.context()).start();
        assert_eq!(grandchild.is_recording(), sampled);
        let context = grandchild.context();
        assert_eq!(context.trace_id, TraceId([7; 16]));
        assert_eq!(context.trace_state.as_str(), "vendor=1");
        assert!(!context.is_remote);
    }
    let spans = memory.spans();
    assert_eq!(spans.len(), 2);
    let child = spans.iter().find(|span| span.name == "child").unwrap();
    assert!(child.parent_is_remote);
    assert_eq!(child.parent_span_id, Some([8; 8]));
    assert_eq!(child.trace_state, "vendor=1");
}

#[test]
fn conf_054_a_ratio_decides_alike_for_a_whole_trace() {
    let ratio = Sampler::TraceIdRatio(Ratio::new(0.5).unwrap());
    let (provider, memory) = provider(ratio);
    let tracer = provider.tracer("t");
    for _ in 0..1_000 {
        let root = tracer.span("root").root().start();
        let child = tracer.span("child").parent(&root.context()).start();
        assert_eq!(child.is_recording(), root.is_recording());
    }
    let sampled = memory.spans().len() / 2;
    assert!((400..600).contains(&sampled), "{sampled}");
    let stats = stats(&provider);
    assert_eq!(stats.started + stats.unsampled, 2_000);
}

#[test]
fn conf_049_a_custom_sampler_is_asked_with_what_is_known_at_the_start() {
    let told = Told::new(Decision::RecordAndSample.into());
    let (provider, memory) = provider(Sampler::Custom(told.clone()));
    let context = remote(true);
    let link = Link {
        context: &context,
        attributes: &[("why", "batch".into())],
    };
    let nested = [Value::Int(1), Value::Null];
    provider
        .tracer("t")
        .span("name")
        .kind(SpanKind::Server)
        .attributes(&[("k", "v".into()), ("nested", Value::Array(&nested))])
        .links(&[link])
        .parent(&remote(false))
        .start()
        .set("late", true);
    let recorded = memory.spans().remove(0).links;
    assert_eq!(recorded.first().map(|link| link.span_id), Some([8; 8]));
    provider.tracer("t").span("root").root().start().end();
    let expected = [
        "name Server [(\"k\", String(\"v\")), (\"nested\", Array([Int(1), Null]))] \
         Some((0808080808080808, \"vendor=1\")) 1",
        "root Internal [] None 0",
    ];
    assert_eq!(*told.asked.lock().unwrap(), expected);
}

#[test]
fn conf_052_a_custom_sampler_may_add_attributes_and_replace_the_trace_state() {
    let mut answer = SamplingOutput::from(Decision::RecordAndSample);
    answer.attributes = vec![
        ("rule".into(), "seven".into()),
        (
            "k".into(),
            OwnedValue::Array(vec![1.into(), OwnedValue::Null]),
        ),
    ];
    answer.trace_state = Some(TraceState::from_header("sampler=7"));
    let told = Sampler::Custom(Told::new(answer));
    let (provider, memory) = provider(told);
    let tracer = provider.tracer("t");
    let span = tracer
        .span("s")
        .attributes(&[("k", 1i64.into())])
        .parent(&remote(true))
        .start();
    assert_eq!(span.context().trace_state.as_str(), "sampler=7");
    drop(span);
    let span = memory.spans().remove(0);
    assert_eq!(span.trace_state, "sampler=7");
    assert_eq!(span.attribute("rule"), Some(&"seven".into()));
    let list = OwnedValue::Array(vec![1.into(), OwnedValue::Null]);
    assert_eq!(span.attribute("k"), Some(&list));
}

#[test]
fn conf_053_a_span_that_is_only_recorded_reaches_no_exporter() {
    let (provider, memory) = provider(Sampler::Custom(Told::new(Decision::RecordOnly.into())));
    let span = provider.tracer("t").start("s");
    assert!(span.is_recording());
    assert!(!span.context().trace_flags.is_sampled());
    span.set("k", 1i64);
    span.end();
    assert!(memory.spans().is_empty());
    let stats = stats(&provider);
    assert_eq!(
        (stats.started, stats.record_only, stats.unsampled),
        (0, 1, 0)
    );
}

#[test]
fn a_sampler_that_makes_spans_itself_is_not_asked_about_those() {
    #[derive(Debug, Default)]
    struct Tracing(Mutex<Option<TracerProvider>>, Mutex<usize>);

    impl CustomSampler for Tracing {
        fn sample(&self, _: &SamplingInput<'_>) -> SamplingOutput {
            *self.1.lock().unwrap() += 1;
            let provider = self.0.lock().unwrap().clone();
            let inner = provider.unwrap().tracer("t").start("inner");
            assert!(!inner.is_recording());
            Decision::RecordAndSample.into()
        }

        fn description(&self) -> String {
            "Tracing".into()
        }
    }

    let sampler = Arc::new(Tracing::default());
    let (provider, memory) = provider(Sampler::Custom(sampler.clone()));
    *sampler.0.lock().unwrap() = Some(provider.clone());
    provider.tracer("t").start("outer").end();
    provider.tracer("t").start("outer").end();
    assert_eq!(*sampler.1.lock().unwrap(), 2);
    let names: Vec<String> = memory.spans().into_iter().map(|span| span.name).collect();
    assert_eq!(names, ["outer", "outer"]);
    assert_eq!(stats(&provider).unsampled, 2);
}

#[test]
fn an_sdk_sampler_decides_through_its_adapter() {
    use opentelemetry_sdk::trace::Sampler as SdkSampler;

    let (on, seen) = provider(libtracer::otel::sampler(SdkSampler::AlwaysOn));
    let (off, unseen) = provider(libtracer::otel::sampler(SdkSampler::AlwaysOff));
    on.tracer("t")
        .span("s")
        .parent(&remote(false))
        .start()
        .end();
    off.tracer("t").start("s").end();
    assert_eq!(seen.spans().remove(0).trace_state, "vendor=1");
    assert!(unseen.spans().is_empty());
}

#[test]
fn conf_100_a_disabled_provider_records_nothing() {
    let memory = MemoryExporter::new();
    let config = Config::new().disabled(true).memory(&memory);
    let provider = TracerProvider::new(&config).unwrap();
    let tracer = provider.tracer("t");
    let root = tracer.start("root");
    assert!(!root.is_recording() && !root.context().is_valid());
    let child = tracer.span("child").parent(&remote(true)).start();
    assert!(!child.is_recording());
    assert_eq!(child.context(), remote(true));
    drop((child, root));
    assert!(memory.spans().is_empty());
}
