//! From a span's end to a receiver: the recorder, the worker and the OTLP transport together.
#![expect(clippy::unwrap_used, reason = "a helper of a test fails by a panic")]

mod common;

use common::receiver::{Reply, Request, Server};
use libtracer::{Config, SpanKind, Status, TracerProvider, Value};
use opentelemetry_proto::tonic::{
    collector::trace::v1::{
        ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse,
    },
    common::v1::{KeyValue, any_value},
    trace::v1::Span,
};
use prost::Message;
use std::time::{Duration, Instant};

const SOON: Duration = Duration::from_secs(10);

fn provider(server: &Server) -> TracerProvider {
    let config = Config::new().service_name("shop").otlp(server.url(""));
    TracerProvider::new(&config).unwrap()
}

fn decode(request: &Request) -> ExportTraceServiceRequest {
    ExportTraceServiceRequest::decode(&*request.body).unwrap()
}

fn spans(request: &Request) -> Vec<Span> {
    let resources = decode(request).resource_spans;
    let scopes = resources
        .into_iter()
        .flat_map(|resource| resource.scope_spans);
    scopes.flat_map(|scope| scope.spans).collect()
}

fn find<'a>(attributes: &'a [KeyValue], key: &str) -> &'a any_value::Value {
    let pair = attributes.iter().find(|pair| pair.key == key).unwrap();
    pair.value.as_ref().unwrap().value.as_ref().unwrap()
}

#[test]
fn conf_072_a_span_arrives_with_what_was_recorded() {
    let server = Server::start(|_| Reply::ok());
    let provider = provider(&server);
    let tracer = provider.tracer_with("checkout", "1.2", "https://example.com/schema");
    {
        let parent = tracer.span("order").kind(SpanKind::Server).start().enter();
        let child = tracer.start("pay");
        child
            .set("amount", 12.5)
            .set("tags", Value::Array(&[Value::Int(1), Value::Null]));
        child.add_event("charged", &[("card", "visa".into())]);
        child.add_link(&parent.context(), &[]);
        child.set_status(Status::Error("declined"));
    }
    provider.flush(SOON).unwrap();

    let request = server.request();
    assert_eq!(request.line, "POST /v1/traces HTTP/1.1");
    let resource = &decode(&request).resource_spans[0];
    let service = find(
        &resource.resource.as_ref().unwrap().attributes,
        "service.name",
    );
    assert_eq!(*service, any_value::Value::StringValue("shop".into()));
    let scope = &resource.scope_spans[0];
    let library = scope.scope.as_ref().unwrap();
    assert_eq!((&*library.name, &*library.version), ("checkout", "1.2"));
    assert_eq!(scope.schema_url, "https://example.com/schema");

    let [pay, order] = &scope.spans[..] else {
        panic!("{:?}", scope.spans)
    };
    assert_eq!((&*pay.name, &*order.name, order.kind), ("pay", "order", 2));
    assert_eq!(
        (&pay.trace_id, &pay.parent_span_id),
        (&order.trace_id, &order.span_id)
    );
    assert_eq!(
        *find(&pay.attributes, "amount"),
        any_value::Value::DoubleValue(12.5)
    );
    let any_value::Value::ArrayValue(tags) = find(&pay.attributes, "tags") else {
        panic!()
    };
    assert_eq!(tags.values.len(), 2);
    assert_eq!(
        (&*pay.events[0].name, &pay.links[0].span_id),
        ("charged", &order.span_id)
    );
    let status = pay.status.as_ref().unwrap();
    assert_eq!((&*status.message, status.code), ("declined", 2));
    assert!(order.start_time_unix_nano <= pay.start_time_unix_nano);
    assert!(pay.end_time_unix_nano <= order.end_time_unix_nano);
}

#[test]
fn ten_thousand_spans_of_four_threads_arrive_once_each() {
    let server = Server::start(|_| Reply::ok());
    let provider = provider(&server);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let tracer = provider.tracer("load");
                for number in 0..2_500 {
                    tracer.start("work").set("n", number);
                }
            });
        }
    });
    provider.flush(SOON).unwrap();
    let mut ids = std::collections::HashSet::new();
    while ids.len() < 10_000 {
        for span in spans(&server.request()) {
            assert!(ids.insert(span.span_id), "a span came twice");
        }
    }
    assert!(server.has_no_request());
    let stats = provider.stats();
    assert_eq!((stats[0].exported, stats[0].started), (10_000, 10_000));
    assert!(stats[0].is_balanced());
}

#[test]
fn conf_080_a_busy_receiver_gets_the_batch_again() {
    let busy = "retry-after: 0\r\n";
    let server = Server::start(move |n| match n {
        0 => Reply::status("503 Service Unavailable", busy, b""),
        1 => Reply::Close(Vec::new()),
        _ => Reply::ok(),
    });
    let provider = provider(&server);
    drop(provider.tracer("retry").start("kept"));
    provider.flush(SOON).unwrap();
    let bodies: Vec<Vec<u8>> = (0..3).map(|_| server.request().body).collect();
    assert!(bodies.iter().all(|body| *body == bodies[0]));
    assert_eq!(provider.stats()[0].exported, 1);
}

#[test]
fn conf_084_what_a_receiver_rejects_is_counted_and_not_sent_again() {
    let partial = ExportTracePartialSuccess {
        rejected_spans: 2,
        error_message: "too old".into(),
    };
    let body = ExportTraceServiceResponse {
        partial_success: Some(partial),
    }
    .encode_to_vec();
    let server = Server::start(move |_| Reply::status("200 OK", "", &body));
    let provider = provider(&server);
    (0..3).for_each(|_| drop(provider.tracer("reject").start("span")));
    provider.flush(SOON).unwrap();
    let stats = provider.stats();
    assert_eq!((stats[0].exported, stats[0].dropped_rejected), (1, 2));
    assert!(stats[0].is_balanced());
}

#[test]
fn conf_074_json_and_compression_are_options() {
    let server = Server::start(|_| Reply::ok());
    let config = Config::new()
        .service_name("shop")
        .otlp(server.url(""))
        .otlp_protocol("http/json")
        .otlp_compression("gzip");
    let provider = TracerProvider::new(&config).unwrap();
    drop(provider.tracer("json").start("work"));
    provider.flush(SOON).unwrap();
    let request = server.request();
    assert_eq!(request.line, "POST /v1/traces HTTP/1.1");
    assert_eq!(request.header("content-type"), Some("application/json"));
    assert_eq!(request.header("content-encoding"), Some("gzip"));
    let body = flate2::read::GzDecoder::new(&request.body[..]);
    let request: ExportTraceServiceRequest = serde_json::from_reader(body).unwrap();
    let scope = &request.resource_spans[0].scope_spans[0];
    assert_eq!(scope.spans[0].name, "work");
    assert_eq!(scope.spans[0].trace_id.len(), 16);
    assert_eq!(provider.stats()[0].exported, 1);
}

#[test]
fn a_dead_endpoint_does_not_hold_up_a_shutdown() {
    let silent = Server::start(|_| Reply::Silence);
    let provider = provider(&silent);
    drop(provider.tracer("dead").start("lost"));
    let start = Instant::now();
    provider.shutdown(Duration::from_millis(300)).unwrap_err();
    assert!(
        start.elapsed() < Duration::from_millis(1500),
        "{:?}",
        start.elapsed()
    );
}

#[test]
fn conf_089_two_collectors_each_get_every_span() {
    let servers = [
        Server::start(|_| Reply::ok()),
        Server::start(|_| Reply::ok()),
    ];
    let config = servers
        .iter()
        .fold(Config::new(), |config, server| config.otlp(server.url("")));
    let provider = TracerProvider::new(&config).unwrap();
    provider.tracer("t").start("twice").end();
    provider.flush(SOON).unwrap();
    for server in &servers {
        assert_eq!(spans(&server.request())[0].name, "twice");
    }
    assert_eq!(provider.stats().len(), 2);
}
