//! The same program on `opentelemetry_sdk` and on us: what each records, made comparable. The judge of
//! both is `opentelemetry-proto`.
#![expect(
    clippy::indexing_slicing,
    reason = "a helper of a test fails by a panic"
)]

use libtracer::{Capture, Config, MemoryExporter};
use opentelemetry_proto::tonic::trace::v1 as otlp;
use opentelemetry_proto::transform::common::tonic::ResourceAttributesWithSchema;
use opentelemetry_proto::transform::trace::tonic::group_spans_by_resource_and_scope;
use opentelemetry_sdk::trace::{InMemorySpanExporter, SdkTracerProvider};
use prost::Message;
use std::collections::HashMap;

/// What the reference records of `program`.
pub(crate) fn reference(program: impl FnOnce(SdkTracerProvider)) -> Vec<otlp::ScopeSpans> {
    let memory = InMemorySpanExporter::default();
    let provider = SdkTracerProvider::builder();
    let provider = provider.with_simple_exporter(memory.clone()).build();
    program(provider.clone());
    // Before the provider ends: that empties the exporter.
    let spans = memory.get_finished_spans().unwrap();
    group_spans_by_resource_and_scope(spans, &ResourceAttributesWithSchema::default())
        .into_iter()
        .flat_map(|resource| resource.scope_spans)
        .collect()
}

/// What we record of `program`.
pub(crate) fn captured(program: impl FnOnce(libtracer::TracerProvider)) -> Vec<otlp::ScopeSpans> {
    let config = Config::new().memory(&MemoryExporter::new());
    let provider = libtracer::TracerProvider::new(&config).unwrap();
    let capture = Capture::start();
    program(provider);
    let captured = (0..capture.len()).map(|at| capture.otlp_at(at).unwrap());
    captured
        .flat_map(|span| otlp::ResourceSpans::decode(&*span).unwrap().scope_spans)
        .collect()
}

/// Spans by name, with random ids told by the name of their span and times of their own as 0.
pub(crate) fn comparable(scopes: Vec<otlp::ScopeSpans>) -> HashMap<String, otlp::ScopeSpans> {
    let mut one_each: Vec<otlp::ScopeSpans> = Vec::new();
    for mut scope in scopes {
        scope.scope.get_or_insert_default();
        let spans = std::mem::take(&mut scope.spans);
        one_each.extend(spans.into_iter().map(|span| otlp::ScopeSpans {
            spans: vec![span],
            ..scope.clone()
        }));
    }
    let spans = one_each.iter().map(|scope| &scope.spans[0]);
    let names: HashMap<Vec<u8>, String> = spans
        .flat_map(|span| {
            let trace = (span.parent_span_id.is_empty()).then(|| span.trace_id.clone());
            let trace = trace.map(|id| (id, format!("trace of {}", span.name)));
            trace
                .into_iter()
                .chain([(span.span_id.clone(), span.name.clone())])
        })
        .collect();
    let rename = |id: &mut Vec<u8>| {
        if let Some(name) = names.get(id) {
            *id = name.clone().into_bytes();
        }
    };
    let own = |time: &mut u64| {
        let given = *time < 10_000 || *time == u64::MAX / 2;
        *time = if given { *time } else { 0 };
    };
    let each = one_each.into_iter().map(|mut scope| {
        let span = &mut scope.spans[0];
        assert!(span.start_time_unix_nano <= span.end_time_unix_nano);
        rename(&mut span.trace_id);
        rename(&mut span.span_id);
        rename(&mut span.parent_span_id);
        own(&mut span.start_time_unix_nano);
        own(&mut span.end_time_unix_nano);
        span.events
            .iter_mut()
            .for_each(|event| own(&mut event.time_unix_nano));
        for link in &mut span.links {
            rename(&mut link.trace_id);
            rename(&mut link.span_id);
            link.flags &= !2;
        }
        span.status.get_or_insert_default();
        // The random flag of level 2 is ours alone.
        span.flags &= !2;
        (span.name.clone(), scope)
    });
    each.collect()
}
