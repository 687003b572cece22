//! Declarative configuration from the file to the requests that receivers get.
#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a helper of a test fails by a panic"
)]

mod common;

use common::receiver::{Reply, Request, Server};
use libtracer::{Config, TracerProvider, propagator};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message;
use std::path::PathBuf;
use std::time::Duration;

const SOON: Duration = Duration::from_secs(10);

fn written(name: &str, text: &str) -> PathBuf {
    let name = format!("libtracer-{name}-{}.yaml", std::process::id());
    let path = std::env::temp_dir().join(name);
    std::fs::write(&path, text).unwrap();
    path
}

fn decode(request: &Request) -> ExportTraceServiceRequest {
    ExportTraceServiceRequest::decode(&*request.body).unwrap()
}

fn span_names(request: &Request) -> Vec<String> {
    let resources = decode(request).resource_spans.into_iter();
    let scopes = resources.flat_map(|resource| resource.scope_spans);
    let spans = scopes.flat_map(|scope| scope.spans);
    spans.map(|span| span.name).collect()
}

/// Two destinations, at FIRST and SECOND.
const TWO: &str = "file_format: \"1.0\"
resource:
  attributes:
    - {name: service.name, value: shop}
propagator:
  composite: [{jaeger: }]
attribute_limits: {attribute_value_length_limit: 3}
tracer_provider:
  sampler: {parent_based: {root: {always_on: }}}
  processors:
    - batch:
        max_export_batch_size: 2
        exporter:
          otlp_http:
            endpoint: FIRST
            headers_list: x-key=weak,x-list=a%20b
            headers:
              - {name: x-key, value: strong}
              - {name: x-none, value: }
    - simple:
        exporter:
          otlp_http:
            endpoint: SECOND
            compression: gzip
";

#[test]
fn conf_110_each_exporter_of_a_file_has_options_of_its_own() {
    let (one, two) = (
        Server::start(|_| Reply::ok()),
        Server::start(|_| Reply::ok()),
    );
    let (first, second) = (one.url("/custom/path"), two.url("/v1/traces"));
    let text = TWO.replace("FIRST", &first).replace("SECOND", &second);
    let path = written("two", &text);
    let config = Config::from_file(&path);
    std::fs::remove_file(&path).unwrap();
    assert_eq!(config.take_warnings(), Vec::<String>::new());
    let provider = TracerProvider::new(&config).unwrap();
    provider.set_default();
    assert_eq!(propagator().fields(), ["uber-trace-id"]);
    let tracer = provider.tracer("t");
    for name in ["a", "b", "c"] {
        tracer.start(name).set("key", "value");
    }
    provider.flush(SOON).unwrap();

    check_first(&one);
    check_second(&two);
    assert!(one.has_no_request() && two.has_no_request());
    let names: Vec<_> = provider
        .stats()
        .into_iter()
        .map(|stats| stats.pipeline)
        .collect();
    assert_eq!(names, ["otlp", "otlp"]);
}

fn check_first(one: &Server) {
    let request = one.request();
    assert_eq!(request.line, "POST /custom/path HTTP/1.1");
    assert_eq!(request.header("x-key"), Some("strong"));
    assert_eq!(request.header("x-list"), Some("a b"));
    assert_eq!(
        (request.header("x-none"), request.header("content-encoding")),
        (None, None)
    );
    assert_eq!(span_names(&request), ["a", "b"]);
    let resource = &decode(&request).resource_spans[0];
    let attributes = format!("{:?}", resource.resource.as_ref().unwrap().attributes);
    assert!(attributes.contains("\"shop\""), "{attributes}");
    let span = format!("{:?}", resource.scope_spans[0].spans[0].attributes);
    assert!(span.contains("\"val\""), "{span}");
    assert_eq!(span_names(&one.request()), ["c"]);
}

fn check_second(two: &Server) {
    for _ in 0..3 {
        let request = two.request();
        assert_eq!(request.line, "POST /v1/traces HTTP/1.1");
        assert_eq!(request.header("content-encoding"), Some("gzip"));
        assert_eq!(request.header("x-key"), None);
    }
}

#[test]
fn conf_110_a_disabled_file_exports_nothing() {
    let server = Server::start(|_| Reply::ok());
    let url = server.url("/v1/traces");
    let path = written(
        "off",
        &format!(
            "file_format: \"1.1\"
disabled: true
tracer_provider:
  processors: [{{simple: {{exporter: {{otlp_http: {{endpoint: \"{url}\"}}}}}}}}]
"
        ),
    );
    let provider = TracerProvider::new(&Config::from_file(&path)).unwrap();
    std::fs::remove_file(&path).unwrap();
    provider.tracer("t").start("s").end();
    provider.flush(SOON).unwrap();
    assert!(server.has_no_request());
}
