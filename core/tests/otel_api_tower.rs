//! Existing instrumentation works unchanged: `opentelemetry-instrumentation-tower` on an axum server,
//! through the global provider, on `opentelemetry_sdk` and on us, answering real HTTP requests.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a helper of a test fails by a panic"
)]
#![cfg(feature = "otel")]

#[expect(dead_code, reason = "requests are compared in their own way")]
#[path = "common/reference.rs"]
mod reference;

use axum::{Router, extract::Path, http::StatusCode, routing::get};
use libtracer::otel;
use opentelemetry::global;
use opentelemetry_http::HeaderInjector;
use opentelemetry_instrumentation_tower::http::server::Layer;
use opentelemetry_proto::tonic::trace::v1 as otlp;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use reference::{captured, reference};
use std::fmt::Write as _;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// A plain HTTP/1.1 request; the status line of the answer.
fn request(server: SocketAddr, path: &str, headers: &[(&str, &str)]) -> String {
    let mut text = format!("GET {path} HTTP/1.1\r\nhost: here\r\nconnection: close\r\n");
    for (name, value) in headers {
        write!(text, "{name}: {value}\r\n").unwrap();
    }
    let mut stream = TcpStream::connect(server).unwrap();
    stream.write_all(format!("{text}\r\n").as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.lines().next().unwrap().to_owned()
}

/// Calls the next service the way an instrumented client does, with what is current injected.
async fn relay(Path(port): Path<u16>) -> String {
    tokio::task::yield_now().await;
    let mut headers = axum::http::HeaderMap::new();
    global::get_text_map_propagator(|propagator| {
        propagator.inject_context(&otel::current(), &mut HeaderInjector(&mut headers));
    });
    let server = SocketAddr::from(([127, 0, 0, 1], port));
    let call = move || {
        let headers = headers.iter();
        let headers: Vec<_> = headers
            .map(|(name, value)| (name.as_str(), value.to_str().unwrap()))
            .collect();
        request(server, "/orders/9", &headers)
    };
    tokio::task::spawn_blocking(call).await.unwrap()
}

/// Serves three requests over the provider that is global.
fn serve() {
    global::set_text_map_propagator(TraceContextPropagator::new());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let app = Router::new()
        .route(
            "/orders/{id}",
            get(async |Path(id): Path<u32>| id.to_string()),
        )
        .route("/relay/{port}", get(relay))
        .route("/broken", get(async || StatusCode::INTERNAL_SERVER_ERROR))
        .layer(Layer::new());
    let listener = runtime
        .block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))
        .unwrap();
    let server = listener.local_addr().unwrap();
    runtime.spawn(axum::serve(listener, app).into_future());
    let called = [
        ("traceparent", CALLER),
        ("tracestate", "a=1"),
        ("user-agent", "test"),
    ];
    assert_eq!(
        request(server, "/orders/7?full=1", &called),
        "HTTP/1.1 200 OK"
    );
    assert!(request(server, "/broken", &[]).ends_with("500 Internal Server Error"));
    let relayed = request(server, &format!("/relay/{}", server.port()), &called);
    assert_eq!(relayed, "HTTP/1.1 200 OK");
}

fn theirs() -> Vec<otlp::ScopeSpans> {
    reference(|provider| {
        global::set_tracer_provider(provider);
        serve();
    })
}

fn ours() -> Vec<otlp::ScopeSpans> {
    captured(|provider| {
        global::set_tracer_provider(otel::TracerProvider::from(provider));
        serve();
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

/// A span without what differs from run to run: its parent by name, its port as a word.
fn comparable(scopes: Vec<otlp::ScopeSpans>) -> Vec<(otlp::Span, String)> {
    let scope = scopes[0].scope.clone();
    assert!(scope.unwrap().name.contains("tower"));
    let mut spans: Vec<_> = scopes.into_iter().flat_map(|scope| scope.spans).collect();
    spans.sort_by(|a, b| (&a.name, &a.trace_state).cmp(&(&b.name, &b.trace_state)));
    let all = spans.clone();
    let each = spans.into_iter().map(|mut span| {
        let parent = all
            .iter()
            .find(|other| other.span_id == span.parent_span_id);
        let parent = match parent {
            Some(parent) => parent.name.clone(),
            None => hex(&span.parent_span_id),
        };
        assert!(span.start_time_unix_nano <= span.end_time_unix_nano);
        if span.parent_span_id.is_empty() {
            span.trace_id.clear();
        }
        span.parent_span_id.clear();
        span.span_id.clear();
        (span.start_time_unix_nano, span.end_time_unix_nano) = (0, 0);
        span.status.get_or_insert_default();
        span.flags &= !2;
        for attribute in span
            .attributes
            .iter_mut()
            .filter(|pair| pair.key == "url.path")
        {
            let text = format!("{:?}", attribute.value);
            if text.contains("relay") {
                attribute.value = None;
            }
        }
        (span, parent)
    });
    each.collect()
}

#[test]
fn requests_are_served_with_the_same_spans_as_on_the_reference() {
    let (theirs, ours) = (comparable(theirs()), comparable(ours()));
    let names: Vec<_> = ours
        .iter()
        .map(|(span, parent)| (span.name.as_str(), parent.as_str()))
        .collect();
    assert_eq!(
        names,
        [
            ("GET /broken", ""),
            ("GET /orders/{id}", "00f067aa0ba902b7"),
            ("GET /orders/{id}", "GET /relay/{port}"),
            ("GET /relay/{port}", "00f067aa0ba902b7"),
        ]
    );
    assert_eq!(hex(&ours[3].0.trace_id), TRACE);
    assert_eq!(ours, theirs);
}
