//! An export does not trace itself, whatever traces what it calls.
#![cfg(all(feature = "otel", feature = "tracing"))]

use libtracer::{
    Accepted, Batch, Config, ExportFuture, Exporter, MemoryExporter, TracerProvider, TracingLayer,
    otel,
};
use opentelemetry::global;
use opentelemetry::trace::Tracer;
use std::sync::Arc;
use std::time::Duration;
use tracing_subscriber::layer::SubscriberExt;

/// Uses `tracing` and the API, as an HTTP client may.
struct Traced;

impl Exporter for Traced {
    fn export<'a>(&'a mut self, _: &'a Batch) -> ExportFuture<'a> {
        Box::pin(async {
            tracing::info_span!("export").in_scope(|| tracing::info!("sent"));
            global::tracer("client").in_span("export", |_| ());
            Ok(Accepted::default())
        })
    }
}

#[test]
fn what_an_exporter_does_is_no_span() {
    let memory = MemoryExporter::new();
    let factory = Arc::new(|| Ok(Box::new(Traced) as Box<dyn Exporter>));
    let config = Config::new().memory(&memory).exporter("traced", factory);
    let provider = TracerProvider::new(&config).unwrap();
    let layer = TracingLayer::new(provider.tracer("t"));
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(layer)).unwrap();
    global::set_tracer_provider(otel::TracerProvider::from(provider.clone()));
    tracing::info_span!("work").in_scope(|| global::tracer("client").in_span("call", |_| ()));
    provider.flush(Duration::from_secs(10)).unwrap();
    provider.flush(Duration::from_secs(10)).unwrap();
    let names: Vec<_> = memory.spans().into_iter().map(|span| span.name).collect();
    assert_eq!(names, ["call", "work"]);
    assert!(
        provider
            .stats()
            .iter()
            .any(|pipeline| pipeline.exported == 2)
    );
}
