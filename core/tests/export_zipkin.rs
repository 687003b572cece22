//! From a span's end to a Zipkin server; what `opentelemetry-zipkin` sends of the same spans is the
//! judge where it maps the same thing.
#![expect(clippy::unwrap_used, reason = "a helper of a test fails by a panic")]
#![expect(deprecated, reason = "the judge is as old as the format")]
#![cfg(all(feature = "otel", feature = "otlp-http"))]

mod common;

use common::receiver::{Reply, Server};
use libtracer::{Config, SpanKind, Status, TracerProvider, Value as Attribute, otel};
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_zipkin::ZipkinExporter;
use serde_json::Value;
use std::{
    collections::BTreeMap,
    pin::Pin,
    sync::{Arc, Mutex},
    time::Duration,
};

const SOON: Duration = Duration::from_secs(10);

fn accepted() -> Reply {
    Reply::status("202 Accepted", "", b"")
}

/// An order with a payment, as real programs have them.
fn record(provider: &TracerProvider) {
    let tracer = provider.tracer_with("checkout", "1.2", "");
    let order = tracer.span("order").kind(SpanKind::Server).start().enter();
    order
        .set("flag", true)
        .set("count", -7i64)
        .set("text", "é\n\"");
    order.set_status(Status::Ok);
    let child = tracer.span("pay").kind(SpanKind::Client).start();
    child.set("share", 0.25).set("peer.service", "bank");
    child.set(
        "ids",
        Attribute::Array(&[Attribute::Int(1), Attribute::Int(2)]),
    );
    child.add_event("charged", &[]);
    child.set_status(Status::Error("declined"));
    child.end();
    tracer.start("inside").end();
}

fn spans(body: &[u8]) -> Vec<Value> {
    serde_json::from_slice(body).unwrap()
}

#[test]
fn spans_arrive_and_an_empty_202_is_success() {
    let server = Server::start(|_| accepted());
    let config = Config::new().service_name("shop").zipkin(server.url(""));
    let provider = TracerProvider::new(&config).unwrap();
    record(&provider);
    provider.flush(SOON).unwrap();

    let request = server.request();
    assert_eq!(request.line, "POST /api/v2/spans HTTP/1.1");
    assert_eq!(request.header("content-type"), Some("application/json"));
    let spans = spans(&request.body);
    let named = |name: &str| spans.iter().find(|span| span["name"] == name).unwrap();
    assert_eq!(named("pay")["parentId"], named("order")["id"]);
    assert_eq!(named("pay")["remoteEndpoint"]["serviceName"], "bank");
    assert_eq!(named("pay")["localEndpoint"]["serviceName"], "shop");
    let stats = &provider.stats()[0];
    assert_eq!((stats.exported, &*stats.pipeline), (3, "zipkin"));
    provider.shutdown(SOON).unwrap();
    assert!(server.has_no_request());
}

#[test]
fn a_refused_batch_is_counted_and_a_busy_server_is_tried_again() {
    let server = Server::start(|number| match number {
        0 => Reply::status("503 Service Unavailable", "", b"busy"),
        1 => accepted(),
        _ => Reply::status("400 Bad Request", "", b"Expected a JSON_V2 encoded list"),
    });
    let config = Config::new().zipkin(server.url("/api/v2/spans"));
    let provider = TracerProvider::new(&config).unwrap();
    for _ in 0..2 {
        provider.tracer("t").start("work").end();
        provider.flush(SOON).unwrap();
    }
    let stats = &provider.stats()[0];
    assert_eq!((stats.exported, stats.dropped_export_failed), (1, 1));
    assert!(stats.last_error.contains("JSON_V2"), "{}", stats.last_error);
}

/// Keeps what would be sent.
#[derive(Clone, Debug, Default)]
struct Kept(Arc<Mutex<Vec<Bytes>>>);

impl HttpClient for Kept {
    fn send_bytes<'a, 'b>(
        &'a self,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'b>>
    where
        'a: 'b,
        Self: 'b,
    {
        self.0.lock().unwrap().push(request.into_body());
        Box::pin(async { Ok(Response::new(Bytes::new())) })
    }
}

/// What both map alike of a span: fields and tags.
fn common(span: &Value) -> (Vec<Value>, BTreeMap<String, Value>) {
    let fields = ["traceId", "id", "name", "kind", "timestamp"];
    let mut values: Vec<Value> = fields.map(|field| span[field].clone()).to_vec();
    // The specification leaves out what is empty, and so do we.
    let annotations = span["annotations"].as_array().cloned();
    values.push(annotations.unwrap_or_default().into());
    let parent = span["parentId"].as_str();
    values.push(parent.filter(|id| *id != "0000000000000000").into());
    // Zipkin takes a duration of 0 for none.
    values.push(span["duration"].as_u64().unwrap().max(1).into());
    // The newer names of the scope, and the resource, are ours alone.
    let ours = |key: &str| key.starts_with("otel.scope.") || key.starts_with("telemetry.sdk.");
    let tags = span["tags"].as_object().unwrap().clone().into_iter();
    (values, tags.filter(|(key, _)| !ours(key)).collect())
}

#[test]
fn both_exporters_send_the_same() {
    let server = Server::start(|_| accepted());
    let kept = Kept::default();
    let client = kept.clone();
    let bridge = otel::exporter(move || {
        let builder = ZipkinExporter::builder().with_http_client(client.clone());
        builder.with_collector_endpoint("http://localhost/").build()
    });
    let config = Config::new()
        .service_name("shop")
        .zipkin(server.url(""))
        .exporter("theirs", bridge);
    let provider = TracerProvider::new(&config).unwrap();
    record(&provider);
    provider.flush(SOON).unwrap();

    let ours = spans(&server.request().body);
    let theirs = spans(&kept.0.lock().unwrap()[0]);
    assert_eq!((ours.len(), theirs.len()), (3, 3));
    for (ours, theirs) in ours.iter().zip(&theirs) {
        assert_eq!(common(ours), common(theirs));
    }
}
