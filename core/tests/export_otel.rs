//! `opentelemetry-otlp`'s own exporter, fed by our recorder through the bridge, compared field by
//! field with what our own transport delivers.
#![expect(clippy::unwrap_used, reason = "a helper of a test fails by a panic")]
#![cfg(all(feature = "otel", feature = "otlp-http"))]

mod common;

use common::receiver::{Reply, Server};
use libtracer::{Config, SpanKind, Status, TracerProvider, Value, otel};
use opentelemetry_otlp::WithExportConfig;
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest, trace::v1::ResourceSpans,
};
use prost::Message;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(10);

fn received(server: &Server) -> ResourceSpans {
    let mut request = ExportTraceServiceRequest::decode(&*server.request().body).unwrap();
    let mut resource = request.resource_spans.remove(0);
    assert_eq!(request.resource_spans, []);
    // Neither side promises an order of resource attributes.
    let attributes = &mut resource.resource.as_mut().unwrap().attributes;
    attributes.sort_by(|a, b| a.key.cmp(&b.key));
    for scope in &mut resource.scope_spans {
        for span in &mut scope.spans {
            // They say that nothing was said; we say nothing.
            span.status.get_or_insert_default();
        }
    }
    resource
}

#[test]
fn both_ways_deliver_the_same() {
    let (ours, theirs) = (
        Server::start(|_| Reply::ok()),
        Server::start(|_| Reply::ok()),
    );
    let url = theirs.url("/v1/traces");
    let bridge = otel::exporter(move || {
        let builder = opentelemetry_otlp::SpanExporter::builder().with_http();
        builder.with_endpoint(&url).with_timeout(SOON).build()
    });
    let config = Config::new()
        .service_name("shop")
        .otlp(ours.url(""))
        .exporter("bridge", bridge);
    let provider = TracerProvider::new(&config).unwrap();
    let tracer = provider.tracer_with("checkout", "1.2", "https://example.com/schema");
    {
        let parent = tracer.span("order").kind(SpanKind::Server).start().enter();
        parent.set("flag", true).set("count", 7i64).set("text", "é");
        let child = tracer.span("pay").kind(SpanKind::Client).start();
        child
            .set("ids", Value::Array(&[Value::Int(1), Value::Int(2)]))
            .set("share", 0.25);
        child.add_event("charged", &[("card", "visa".into())]);
        child.add_link(&parent.context(), &[("why", "same order".into())]);
        child.set_status(Status::Error("declined"));
    }
    provider.flush(SOON).unwrap();
    let (ours, theirs) = (received(&ours), received(&theirs));
    assert_eq!(ours.scope_spans[0].spans.len(), 2);
    assert_eq!(theirs, ours);
    assert!(
        provider
            .stats()
            .iter()
            .all(|pipeline| pipeline.exported == 2)
    );
    provider.shutdown(SOON).unwrap();
}
