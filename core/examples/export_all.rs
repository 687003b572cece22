//! Sends one trace with everything that a span can hold to where the `OTEL_*` variables say, and
//! prints the account. `tests/backends` reads it back from real servers: what is sent here stands a
//! second time, as plain values, in `tests/backends/sent.py`.
#![expect(clippy::print_stdout, reason = "the account is for the caller")]

use libtracer::{Config, Link, Span, SpanContext, SpanKind, Status, Tracer, TracerProvider, Value};
use std::error::Error;
use std::time::Duration;

/// When the trace begins, in Unix nanoseconds: all digits count.
const START: u64 = 1_700_000_000_123_456_789;
const MILLISECOND: u64 = 1_000_000;

const TRACEPARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const TRACESTATE: &str = "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE";
const ELSEWHERE: &str = "00-1111111111111111aaaaaaaaaaaaaaaa-2222222222222222-01";
const UNSAMPLED: &str = "00-33333333333333334444444444444444-5555555555555555-00";

fn main() -> Result<(), Box<dyn Error>> {
    let provider = TracerProvider::new(&Config::from_env())?;
    let tracer = provider.tracer_with(
        "export.all",
        "1.2.3",
        "https://opentelemetry.io/schemas/1.30.0",
    );
    let remote = SpanContext::from_traceparent(TRACEPARENT, TRACESTATE).ok_or("traceparent")?;
    let request = request(&tracer, &remote)?;
    let below = request.context();
    values(&tracer, &below);
    kinds(&provider.tracer("häuser"), &below);
    request.end_at(START + 50 * MILLISECOND);
    extremes(&tracer);
    provider.flush(Duration::from_secs(20))?;
    let stats = provider.stats();
    let stats = stats.first().ok_or("no pipeline")?;
    println!(
        "{{\"started\": {}, \"exported\": {}, \"dropped\": {}}}",
        stats.started,
        stats.exported,
        stats.dropped()
    );
    provider.shutdown(Duration::from_secs(5))?;
    Ok(())
}

/// A server's span below a remote one, with events and links.
fn request(tracer: &Tracer, remote: &SpanContext) -> Result<Span, Box<dyn Error>> {
    let elsewhere = SpanContext::from_traceparent(ELSEWHERE, "vendor=1").ok_or("link")?;
    let unsampled = SpanContext::from_traceparent(UNSAMPLED, "").ok_or("link")?;
    let links = [Link {
        context: &elsewhere,
        attributes: &[("reason", Value::String("batch")), ("index", Value::Int(0))],
    }];
    let span = tracer
        .span("GET /shop/{id}")
        .parent(remote)
        .kind(SpanKind::Server)
        .start_time(START)
        .attributes(&[("http.request.method", Value::String("GET"))])
        .links(&links)
        .start();
    span.set("http.response.status_code", 200);
    span.set("server.address", "shop.example");
    let handle = span.handle();
    handle.add_event("received", START + MILLISECOND, &Value::Map(&[]));
    let attributes = [
        ("exception.type", Value::String("ValueError")),
        ("exception.message", Value::String("zu spät ⏰")),
        ("attempt", Value::Int(2)),
    ];
    handle.add_event(
        "exception",
        START + 2 * MILLISECOND,
        &Value::Map(&attributes),
    );
    span.add_link(&unsampled, &[]);
    span.set_status(Status::Ok);
    Ok(span)
}

/// A span with an attribute of each type.
fn values(tracer: &Tracer, below: &SpanContext) {
    let span = tracer
        .span("attributes 🏠")
        .parent(below)
        .start_time(START + 3 * MILLISECOND)
        .start();
    span.set("text", "häuser 🏠");
    span.set("text.empty", "");
    span.set(
        "text.control",
        "tab\t quote\" backslash\\ newline\n bell\u{7}",
    );
    span.set("schlüssel", "Schlüssel");
    span.set("yes", true).set("no", false);
    span.set("int.least", i64::MIN).set("int.most", i64::MAX);
    span.set("int.zero", 0);
    span.set("double", 0.1).set("double.whole", 2.0);
    span.set("double.large", 1.797e308);
    span.set("bytes", Value::Bytes(&[0, 1, 127, 128, 255]));
    span.set("bytes.empty", Value::Bytes(&[]));
    span.set("null", Value::Null);
    let strings = [Value::String("a"), Value::String(""), Value::String("ç")];
    span.set("array.strings", Value::Array(&strings));
    let ints = [Value::Int(i64::MIN), Value::Int(0), Value::Int(i64::MAX)];
    span.set("array.ints", Value::Array(&ints));
    let doubles = [Value::Double(0.5), Value::Double(-3.0)];
    span.set("array.doubles", Value::Array(&doubles));
    let bools = [Value::Bool(true), Value::Bool(false)];
    span.set("array.bools", Value::Array(&bools));
    span.set("array.empty", Value::Array(&[]));
    let inner = [("deep", Value::Array(&strings)), ("none", Value::Null)];
    let mixed = [
        Value::Int(1),
        Value::String("two"),
        Value::Bool(true),
        Value::Null,
        Value::Double(2.5),
        Value::Bytes(b"raw"),
        Value::Array(&ints),
        Value::Map(&inner),
    ];
    span.set("array.mixed", Value::Array(&mixed));
    span.set(
        "map",
        Value::Map(&[("a", Value::Int(1)), ("b", Value::Map(&inner))]),
    );
    span.set("map.empty", Value::Map(&[]));
    span.end_at(START + 4 * MILLISECOND);
}

/// The kinds that are left, from another scope; a failure among them.
fn kinds(tracer: &Tracer, below: &SpanContext) {
    let kinds = [
        ("query", SpanKind::Client),
        ("publish", SpanKind::Producer),
        ("receive", SpanKind::Consumer),
    ];
    for (name, kind) in kinds {
        let span = tracer
            .span(name)
            .parent(below)
            .kind(kind)
            .start_time(START + 5 * MILLISECOND)
            .start();
        if kind == SpanKind::Client {
            span.set("peer.service", "datenbank");
            span.set("server.address", "127.0.0.9")
                .set("server.port", 5432);
            span.set_status(Status::Error("zu spät"));
        }
        // Shorter than the microsecond that Zipkin and Jaeger count in.
        span.end_at(START + 5 * MILLISECOND + 999);
    }
}

/// A trace of its own, for what not every format can say: numbers that are none, and limits passed.
fn extremes(tracer: &Tracer) {
    let span = tracer.span("extremes").root().start_time(START).start();
    span.set("nan", f64::NAN);
    span.set("infinite", f64::INFINITY)
        .set("infinite.minus", f64::NEG_INFINITY);
    for index in 0..130_u8 {
        span.set(&format!("many.{index}"), i64::from(index));
        span.handle()
            .add_event("many", START + u64::from(index), &Value::Map(&[]));
        if let Some(other) = SpanContext::from_traceparent(ELSEWHERE, "") {
            span.add_link(&other, &[]);
        }
    }
    span.end_at(START + 1);
}
